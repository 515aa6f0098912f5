"""What HAPI FHIR's validator and our checker say of the same records, in the same words, to be compared.

A `Said` is one deviation: which resource of which record, where in it, which kind of rule, and what about (the value
set of a binding, the name of an element or slice).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from babyconnect.fhir.check import structure
from babyconnect.fhir.grammar import choices
from babyconnect.fhir.profiles.checking import check
from babyconnect.fhir.profiles.surroundings import Surroundings
from babyconnect.fhir.profiles.tables import type_by_key


class Said(NamedTuple):
    record: str
    resource: int
    place: str
    kind: str
    about: str


# HAPI's message ids as the kinds that both are compared in.
KINDS = {
    "Validation_VAL_Profile_Minimum": "least",
    "Validation_VAL_Profile_Maximum": "most",
    "Validation_VAL_Profile_Minimum_SLICE": "least",
    "Validation_VAL_Profile_Maximum_SLICE": "most",
    "Validation_VAL_Profile_MatchMultiple": "two-slices",
    "Validation_VAL_Profile_NotSlice": "no-slice",
    "Validation_VAL_Profile_WrongType": "type",
    "Validation_VAL_Profile_WrongType2": "type",
    "Validation_VAL_Profile_NoType": "type",
    "Terminology_TX_NoValid_1_CC": "required",
    "Terminology_TX_NoValid_12": "required",
    "Terminology_TX_NoValid_16": "required",
    "Terminology_TX_NoValid_2_CC": "extensible",
    "Terminology_TX_NoValid_13": "extensible",
    "Terminology_TX_NoValid_17": "extensible",
    "Terminology_TX_Code_ValueSet_Ext": "extensible",
    "Terminology_TX_Code_ValueSet": "required",
    "Terminology_TX_NoValid_3_CC": "preferred",
    "Terminology_TX_NoValid_14": "preferred",
    "Reference_REF_BadTargetType": "target",
    "Reference_REF_BadTargetType2": "target",
    "Reference_REF_CantMatchChoice": "target",
    "Reference_REF_CantMatchType": "target",
    "Extension_EXT_Context_Wrong": "extension",
    "Extension_EXTP_Context_Wrong": "extension",
    "Extension_EXT_Type": "type",
    "Extension_PROF_Type": "type",
    "Type_Specific_Checks_DT_Date_Valid": "date",
    "Type_Specific_Checks_DT_DateTime_Regex": "date",
    "Validation_VAL_Profile_Unknown": "profile",
}
# What says nothing against a resource, and what cannot be known without a terminology server.
SILENT = {
    "Details_for__matching_against_Profile_": "a slice that an element does not belong to: no rule",
    "Reference_REF_MultipleMatches": "a reference that fits two profiles: no rule",
    "SLICING_CANNOT_BE_EVALUATED": "a profile whose slices nothing tells apart: not the resource's fault",
}
OFFLINE = {
    "Terminology_PassThrough_TX_Message": "a code system that is not at hand",
    "Terminology_TX_System_Unknown": "a code system that is not at hand",
}
_PLACE = re.compile(r"Bundle\.entry\[(\d+)\]\.resource(?:/\*.*?\*/)?(.*)")
_URL = re.compile(r"\((https?://[^|)\s]*ValueSet/[^|)\s]+)")
_LEAST = re.compile(r"^(?:Slice ')?[A-Za-z]+(?:\.[^':]*?)?\.?([A-Za-z\[\]]+)(?::([^':]+))?(?:'|:)")
_CHOICE = {key: f"{base}.ofType({kind})" for base in choices() for key, kind in type_by_key(f"{base}[x]").items()}


def of_hapi(messages: Iterable[Mapping[str, Any]]) -> tuple[list[tuple[Said, str]], list[tuple[Said, str]]]:
    """What HAPI says with its severity, and apart from it what it could not know."""
    said, offline = [], []
    for one in messages:
        one = {**one, "rule": one.get("rule") or _unnamed(one.get("text"))}
        if not one["rule"] or one["rule"] in SILENT:
            continue
        rule, (resource, place) = str(one["rule"]), _placed(one["place"] or "")
        kind = _kind(rule, one["text"])
        about = _about(kind, one["text"])
        found = Said(one["record"], resource, _parent(place, kind), kind, about)
        (offline if kind == "offline" else said).append((found, str(one["severity"]).lower()))
    # A choice of the wrong type is also in none of the slices, which are by type: the same said twice.
    mistyped = {(one.record, one.resource, one.place) for one, _ in said if one.kind == "type"}
    said = [s for s in said if s[0].kind != "no-slice" or s[0][:3] not in mistyped]
    return said, offline


def of_ours(record: str, resources: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Said, str]]:
    """What our checker says: structure, and the profiles where structure has no error."""
    surroundings = Surroundings(resources)
    for number, resource in enumerate(resources):
        issues = structure(resource)
        for issue in issues:
            place, kind, about = _ours(issue.place), issue.rule, ""
            if kind == "cardinality":
                place, kind, about = "", "least", place.rsplit(".", 1)[-1]
            yield Said(record, number, place, kind, about), issue.severity
        if any(issue.severity == "error" for issue in issues):
            continue
        for one in check(resource, surroundings):
            kind, place = one.rule, _ours(one.place)
            about = ""
            if kind in ("cardinality", "slice") and one.text.startswith("at "):
                kind = one.text.split()[1]
                about = one.place.rsplit(".", 1)[-1].split("[")[0]
            elif kind == "slice":
                kind = "two-slices" if one.text.startswith("in more") else "no-slice"
            elif kind == "binding":
                about, kind = one.text.split()[3], one.text.split("(")[1].rstrip(")")
            yield Said(record, number, _parent(place, kind), kind, about), one.severity


def _unnamed(text: str | None) -> str:
    """What HAPI's parser says bears no id."""
    return "unknown-element" if (text or "").startswith("Unrecognized property") else ""


def _kind(rule: str, text: str) -> str:
    if text.startswith("Error processing unit"):
        return "unit"
    return "offline" if rule in OFFLINE else KINDS.get(rule, rule.rsplit("#", 1)[-1])


def _placed(location: str) -> tuple[int, str]:
    found = _PLACE.match(location)
    return (int(found[1]), found[2].lstrip(".")) if found else (-1, location)


def _ours(place: str) -> str:
    """Our place below the resource, with choices as HAPI writes them."""
    steps = place.split(".")[1:]
    written = []
    for step in steps:
        name, bracket, rest = step.partition("[")
        written.append(_CHOICE.get(name, name.removeprefix("_")) + bracket + rest)
    return ".".join(written)


def _parent(place: str, kind: str) -> str:
    """How often something stands is said of what it stands in; for us the element itself is the place."""
    return "" if kind in ("least", "most") else place


def _about(kind: str, text: str) -> str:
    if kind in ("least", "most"):
        found = _LEAST.match(text)
        return found[1].split("[")[0] if found else text
    if kind in ("required", "extensible", "preferred"):
        found = _URL.search(text)
        return found[1] if found else ""
    return ""

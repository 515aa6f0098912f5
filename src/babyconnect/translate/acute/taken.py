"""One FHIR value → the attributes of one concept: the inverse of `giving`, transform by transform."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from babyconnect.birthcare import numbers, units
from babyconnect.translate import codes
from babyconnect.translate.acute import mapping
from babyconnect.translate.acute.giving import GENDERS, NEGATIVE, POSITIVE, PREGNANCY_NUMBER, URI, UUIDS
from babyconnect.translate.acute.node import Attributes
from babyconnect.translate.acute.tables import codes as listed
from babyconnect.translate.to_ada.graph import Found
from babyconnect.translate.to_ada.inverses import INVERSES, Target
from babyconnect.translate.values import SPECIFICATION

_SCT = "http://snomed.info/sct"
_FLAGS = {"POS": "true", "H": "true", "HH": "true", "A": "true", "NEG": "false", "N": "false"}
"""HL7's flags of a result, where the answer is whether the test was positive."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The concept: its value list and unit; `argument`: of the row; `loses(text)` reports what it cannot say."""

    listed: str
    unit: str
    argument: str
    loses: Callable[[str], None]

    @property
    def target(self) -> Target:
        return Target((), (self.unit,) if self.unit else (), self.argument)


def _ada(name: str) -> Taken:
    def taken(found: Found, wanted: Wanted) -> Attributes | None:
        made = INVERSES[name](found, wanted.target)
        return {k: v for k, v in made.items() if k not in ("datatype", "codeSystemVersion")} if made else None

    return taken


def quantity(found: Found, wanted: Wanted) -> Attributes | None:
    """A number in the unit of the concept; one of another kind of unit is none of its numbers."""
    made = INVERSES["quantity"](found, wanted.target)
    if made is None or not wanted.unit or made.get("unit") == wanted.unit:
        return made
    if "unit" not in made:
        wanted.loses("a number without a unit")
        return None
    number = units.said_in(made["value"], units.code_of(found.value), wanted.unit)
    if number is None:
        wanted.loses("its unit is not one of what the concept measures")
        return None
    return {"value": numbers.text(number), "unit": wanted.unit}


def coded(found: Found, wanted: Wanted) -> Attributes | None:
    """The code that the value list has, or the one that means the same; of anything else its name as another."""
    value = found.value
    if not isinstance(value, Mapping):
        return None
    codings = [one for one in value.get("coding") or () if isinstance(one, Mapping) and one.get("code")]
    text = {"originalText": str(value["text"])} if value.get("text") else {}
    for one in codings:
        oid, code = codes.oid(str(one.get("system", ""))), str(one["code"])
        if oid == codes.NULL_FLAVOR_OID:
            return {"code": code, "codeSystem": oid, **text}
        if (oid, code) in listed(wanted.listed):
            return _named(oid, code, str(one.get("display") or listed(wanted.listed)[oid, code]), text)
    for one in codings:
        if same := mapping.same_as(wanted.listed, str(one.get("system", "")), str(one["code"])):
            return _named(*same, listed(wanted.listed).get(same, ""), text)
    return _other(codings, text, wanted)


def _named(oid: str, code: str, display: str, text: Attributes) -> Attributes:
    return {"code": code, "codeSystem": oid, **({"displayName": display} if display else {}), **text}


def _other(codings: list[Mapping[str, Any]], text: Attributes, wanted: Wanted) -> Attributes | None:
    """A code of the list's own system that the list has not stays; else OTH with its name (HL7: outside the domain)."""
    own = {system for system, _ in listed(wanted.listed) if system != codes.NULL_FLAVOR_OID}
    for one in codings:
        oid = codes.oid(str(one.get("system", "")))
        if oid in own and oid.startswith("2.16.840.1.113883.2.4."):
            wanted.loses("a code that the value list has not; written as it is")
            return _named(oid, str(one["code"]), str(one.get("display", "")), text)
    name = text.get("originalText") or next((str(one["display"]) for one in codings if one.get("display")), "")
    if not name:
        return None
    wanted.loses("a code that the value list has not; written as another, with its name")
    return {"code": "OTH", "codeSystem": codes.NULL_FLAVOR_OID, "originalText": name}


def positive(found: Found, wanted: Wanted) -> Attributes | None:
    """Whether a test was positive."""
    for one in found.value.get("coding") or () if isinstance(found.value, Mapping) else ():
        if one.get("system") == _SCT and one.get("code") in (POSITIVE, NEGATIVE):
            return {"value": "true" if one["code"] == POSITIVE else "false"}
        if one.get("code") in _FLAGS and "hl7.org" in str(one.get("system", "")):
            return {"value": _FLAGS[one["code"]]}
    return None


def named(found: Found, wanted: Wanted) -> Attributes | None:
    """The name of a concept: its text, else that of a code."""
    if not isinstance(found.value, Mapping):
        return None
    codings = [one for one in found.value.get("coding") or () if isinstance(one, Mapping)]
    if any(one.get("system") == codes.NULL_FLAVOR for one in codings) and not found.value.get("text"):
        return {"nullFlavor": str(codings[0].get("code", "UNK"))}
    shown = found.value.get("text") or next((one["display"] for one in codings if one.get("display")), "")
    return {"value": str(shown)} if shown else None


def identifier(found: Found, wanted: Wanted) -> Attributes | None:
    """A number with its root; of a URI that is a UUID the number under its root."""
    value = found.value if isinstance(found.value, Mapping) else {}
    number = str(value.get("value", "")).removeprefix(f"urn:oid:{UUIDS}.")
    if value.get("system") == URI:
        return {"value": number, "root": UUIDS} if number.isdigit() else None
    return _ada("identifier")(found, wanted)


def phone(found: Found, wanted: Wanted) -> Attributes | None:
    value = found.value if isinstance(found.value, Mapping) else {}
    scheme = {"phone": "tel", "email": "mailto"}.get(str(value.get("system", "phone")))
    return {"value": f"{scheme}:{value['value']}"} if scheme and value.get("value") else None


def pregnancy_number(found: Found, wanted: Wanted) -> Attributes | None:
    value = found.value if isinstance(found.value, Mapping) else {}
    number = str(value.get("value", ""))
    return {"value": number} if value.get("system") == PREGNANCY_NUMBER and number.isdigit() else None


def gender(found: Found, wanted: Wanted) -> Attributes | None:
    """The code beside FHIR's own, else the one that means the same; not known is not said."""
    for one in found.beside.get("extension") or ():
        if one.get("url") == SPECIFICATION and isinstance(one.get("valueCodeableConcept"), Mapping):
            silent = replace(wanted, loses=lambda text: None)
            made = coded(Found(found.holder, found.name, one["valueCodeableConcept"], ()), silent)
            if made is not None and made["code"] != "OTH":
                return made
    code = next((code for code, known in GENDERS.items() if known == found.value), "")
    system = next((system for system, one in listed(wanted.listed) if one == code), "")
    return {"code": code, "codeSystem": system, "displayName": listed(wanted.listed)[system, code]} if code else None


def attached(found: Found, wanted: Wanted) -> Attributes | None:
    value = found.value if isinstance(found.value, Mapping) else {}
    if not value.get("data"):
        wanted.loses("a file that stands elsewhere: only what is in the record is sent along")
        return None
    return {"value": str(value["data"]), "mediaType": str(value.get("contentType", "application/octet-stream"))}


Taken = Callable[[Found, Wanted], Attributes | None]

_OF_ADA = ("birth", "birth-moment", "boolean", "centimetres", "concept", "count", "moment", "plain-coding", "text")
TAKEN: Mapping[str, Taken] = {
    **{name: _ada(name) for name in _OF_ADA},
    "coded": coded,
    "file": attached,
    "gender": gender,
    "identifier": identifier,
    "named": named,
    "phone": phone,
    "positive": positive,
    "pregnancy-number": pregnancy_number,
    "quantity": quantity,
}
DERIVED = frozenset({"group", "part", "none", "is-actual", "fixed", "fixed-concept", "progress", "instant", "name",
                     "content-number"})  # fmt: skip
"""What says nothing of its own on the way back, or (a name) is taken apart elsewhere."""

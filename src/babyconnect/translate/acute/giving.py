"""One concept of a handover → one FHIR value: a closed list, some of ADA's (`translate.values`), some of its own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from babyconnect.translate import codes, values
from babyconnect.translate.acute import mapping
from babyconnect.translate.acute.node import Node
from babyconnect.translate.acute.tables import codes as listed
from babyconnect.translate.composites import Composite, human_name
from babyconnect.translate.findings import Severity
from babyconnect.translate.hl7v3.message import numbered
from babyconnect.translate.values import Context, Given

PREGNANCY_NUMBER = "urn:oid:2.16.840.1.113883.2.4.3.11.60.90.77.2.4.80627"
"""The data element itself: the number has no code system of its own (concepts 80627 and 10590 of the data set)."""
URI, UUIDS = "urn:ietf:rfc:3986", "2.25"
"""The system of identifiers that are a URI, and the root of those that are a UUID (ITU-T X.667): one arc, no system."""
POSITIVE, NEGATIVE = "10828004", "260385009"
PARTS = {"voornamen": "first", "voorvoegsels": "own-prefix", "achternamen": "own",
         "voorvoegsels_partner": "partner-prefix", "achternaam_partner": "partner"}  # fmt: skip
GENDERS = {"1": "male", "2": "female", "3": "other"}
"""Value list 2.16.840.1.113883.2.4.11.30: mannelijk, vrouwelijk, twijfelachtig."""


@dataclass(frozen=True, slots=True)
class Ask:
    """`listed`: the value list of the concept; `argument`: of the row; `remark(severity, rule, text)` reports."""

    today: dt.date
    listed: str
    argument: str
    remark: Callable[[Severity, str, str], None]

    @property
    def context(self) -> Context:
        return Context(self.today, (), self.argument, self.remark)


def _silent(severity: Severity, rule: str, text: str) -> None:
    """A remark that need not be made."""


def _ada(name: str) -> Giving:
    """The transform of ADA of this name, on the same attributes; a null flavour as the reason why there is no value."""

    def given(node: Node, ask: Ask) -> Given | None:
        if flavor := node.attributes.get("nullFlavor"):
            masked = name == "identifier" and flavor == "MSK"
            return values.identifier(node.element(), ask.context) if masked else Given(absent=_absent(flavor))
        return values.TRANSFORMS[name](node.element(), ask.context)

    return given


def _absent(flavor: str) -> Mapping[str, Any]:
    """HL7's reason of absence for what nobody knows, else the null flavour itself."""
    row = codes.mapped("absent-reason", flavor, "*") if flavor == "UNK" else None
    if row is not None:
        return {"coding": [{"system": row["target_system"], "code": row["target"], "display": row["display"]}]}
    shown = (codes.mapped("null-flavor", flavor, codes.NULL_FLAVOR_OID) or {}).get("display", "")
    return {"coding": [{"system": codes.NULL_FLAVOR, "code": flavor, **({"display": shown} if shown else {})}]}


def coded(node: Node, ask: Ask) -> Given | None:
    """A CodeableConcept: what PWD 3.2 calls the same, then the handover's own code; `originalText` is its text."""
    system, code = node.attributes.get("codeSystem", ""), node.attributes.get("code", "")
    if not code:
        return None
    if system == codes.NULL_FLAVOR_OID and code != "OTH":
        return Given(absent=_absent(code))
    known = (system, code) in listed(ask.listed)
    if system != codes.NULL_FLAVOR_OID and ask.listed and not known:
        ask.remark("warning", "unknown-code", "the code is not in the value list of this concept; carried as given")
    # That the lists of the handover have code systems without a published address is no news of this message.
    own = values.coding(node.element(), replace(ask, remark=_silent).context if known else ask.context)
    if "display" not in own and (name := listed(ask.listed).get((system, code), "")):
        own["display"] = name
    same = mapping.equivalents().get((ask.listed, system, code))
    made: dict[str, Any] = {"coding": [*([dict(same)] if same else []), own]}
    if text := node.attributes.get("originalText"):
        made["text"] = text
    return Given(made)


def positive(node: Node, ask: Ask) -> Given | None:
    """Whether a test was positive, as SNOMED CT says it."""
    if flavor := node.attributes.get("nullFlavor"):
        return Given(absent=_absent(flavor))
    code, shown = (POSITIVE, "positief") if node.attributes.get("value") == "true" else (NEGATIVE, "negatief")
    return Given({"coding": [{"system": "http://snomed.info/sct", "code": code, "display": shown}]})


def named(node: Node, ask: Ask) -> Given | None:
    """A CodeableConcept of a name alone; a name that nobody knows says so."""
    if flavor := node.attributes.get("nullFlavor"):
        return Given(_absent(flavor) if flavor != "UNK" else {"coding": [
            {"system": codes.NULL_FLAVOR, "code": "UNK", "display": "unknown"}]})  # fmt: skip
    return Given({"text": node.attributes["value"]}) if node.attributes.get("value") else None


def name(node: Node, ask: Ask) -> Given | None:
    """HumanName of the parts that the message tells apart (nl-core-humanname)."""
    made = Composite("name", None, "")
    for part, kind in PARTS.items():
        text = " ".join(child.attributes.get("value", "") for child in node.of(part)).strip()
        if text:
            whole = Node(part)
            whole.attributes = {"value": text}
            made.parts[kind] = (whole.element(), ask.context)
    assembled = human_name(made)
    return Given(assembled) if assembled else None


def phone(node: Node, ask: Ask) -> Given | None:
    """ContactPoint of a telecom: a number (`tel:`), or an address of e-mail (`mailto:`)."""
    scheme, _, rest = node.attributes.get("value", "").rpartition(":")
    if not rest:
        return None
    return Given({"system": "email" if scheme == "mailto" else "phone", "value": rest})


def pregnancy_number(node: Node, ask: Ask) -> Given | None:
    value = node.attributes.get("value", "")
    return Given({"system": PREGNANCY_NUMBER, "value": value}) if value else None


def gender(node: Node, ask: Ask) -> Given | None:
    """Sex as FHIR has it, beside the code of the handover."""
    given = coded(node, ask)
    if given is None or given.value is None:
        return None
    known = GENDERS.get(node.attributes["code"]) if (node.attributes["codeSystem"], node.attributes["code"]) in listed(
        ask.listed) else "unknown"  # fmt: skip
    return Given(known, {"extension": [{"url": values.SPECIFICATION, "valueCodeableConcept": given.value}]})


def attached(node: Node, ask: Ask) -> Given | None:
    """An Attachment; its title is that of the concept."""
    given = values.content(node.element(), ask.context)
    if given is None:
        return None
    media = node.attributes.get("mediaType", "application/octet-stream")
    return Given({"contentType": media, "data": given.value, "title": ask.argument})


def content_number(node: Node, ask: Ask) -> Given | None:
    """An Identifier that follows from the content of a file."""
    return Given({"system": URI, "value": f"urn:oid:{UUIDS}.{numbered(node.attributes.get('value', ''))}"})


def instant(node: Node, ask: Ask) -> Given | None:
    """An instant: only of a moment that has a time."""
    given = values.moment(node.element(), ask.context)
    return given if given and given.value and "T" in given.value else None


def progress(node: Node, ask: Ask) -> Given | None:
    """event-status of a delivery: over when a child or the placenta is there, else going on."""
    born = node.root.select("uitkomst_per_kind/baring/demografische_gegevens/geboortedatum")
    after = [*node.root.select("bevalling/placenta"),
             *node.root.select("uitkomst_per_kind/baring/kindspecifieke_uitkomstgegevens")]  # fmt: skip
    return Given("completed" if born or after else "in-progress")


def fixed(node: Node, ask: Ask) -> Given | None:
    return Given(ask.argument)


def fixed_concept(node: Node, ask: Ask) -> Given | None:
    return Given({"coding": [mapping.coding(ask.argument)]})


def identifier(node: Node, ask: Ask) -> Given | None:
    """An Identifier; `argument`: the root, where the concept has one of its own."""
    if ask.argument and "root" not in node.attributes:
        node.attributes["root"] = ask.argument
    if node.attributes.get("root") == UUIDS and node.attributes.get("value", "").isdigit():
        return Given({"system": URI, "value": f"urn:oid:{UUIDS}.{node.attributes['value']}"})
    return _ada("identifier")(node, ask)


Giving = Callable[[Node, Ask], Given | None]

_OF_ADA = ("birth", "birth-moment", "boolean", "centimetres", "concept", "count", "moment", "plain-coding", "quantity",
           "text")  # fmt: skip
GIVINGS: Mapping[str, Giving] = {
    **{name: _ada(name) for name in _OF_ADA},
    "coded": coded,
    "content-number": content_number,
    "file": attached,
    "fixed": fixed,
    "fixed-concept": fixed_concept,
    "gender": gender,
    "identifier": identifier,
    "instant": instant,
    "name": name,
    "named": named,
    "phone": phone,
    "positive": positive,
    "pregnancy-number": pregnancy_number,
    "progress": progress,
}
SILENT = frozenset({"group", "part", "none", "is-actual"})
"""What no value comes of: groups, parts of others, what is not mapped, and what chose a rule."""

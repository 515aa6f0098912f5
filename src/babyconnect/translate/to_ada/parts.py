"""Names, addresses and telephone numbers taken apart: one FHIR value → the data elements that make it together.

The inverse of `translate.composites` (nl-core-humanname, nl-core-address, nl-core-contactpoint of zib2017).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from babyconnect.translate import codes
from babyconnect.translate.to_ada.inverses import Attributes, Target, coded, coding
from babyconnect.translate.values import SPECIFICATION

_QUALIFIER = "http://hl7.org/fhir/StructureDefinition/iso21090-EN-qualifier"
_ORDER = "http://hl7.org/fhir/StructureDefinition/humanname-assembly-order"
_HUMAN = "http://hl7.org/fhir/StructureDefinition/humanname-"
_LINE = "http://hl7.org/fhir/StructureDefinition/iso21090-ADXP-"
_NICTIZ = "http://nictiz.nl/fhir/StructureDefinition/"
_ISO_3166_OID = "1.0.3166.1.2.2"

Parts = Iterator[tuple[str, Attributes]]
Targets = Mapping[str, Target]
"""The data elements that the group has, by the name of the part."""


def _extensions(holder: Any) -> Mapping[str, Any]:
    """The values of extensions by their address."""
    listed = holder.get("extension") if isinstance(holder, Mapping) else None
    made: dict[str, Any] = {}
    for one in listed if isinstance(listed, list) else []:
        if isinstance(one, Mapping) and isinstance(one.get("url"), str):
            made[one["url"]] = next((value for key, value in one.items() if key.startswith("value")), None)
    return made


def _texts(*pairs: tuple[str, Any]) -> Parts:
    for name, value in pairs:
        if isinstance(value, str) and value:
            yield name, {"value": value}


def human_name(name: Any, targets: Targets) -> Parts:
    """The parts by their qualifiers; what has none is a first name, or the surname."""
    if not isinstance(name, Mapping):
        return
    yield from _given(name)
    own = {url.removeprefix(_HUMAN): value for url, value in _extensions(name.get("_family")).items()}
    kinds = {"own-prefix": "own-prefix", "own-name": "own", "partner-prefix": "partner-prefix",
             "partner-name": "partner"}  # fmt: skip
    yield from _texts(*((part, own.get(kind)) for kind, part in kinds.items()))
    if not any(kind in own for kind in kinds):
        yield from _texts(("own", name.get("family") or (None if name.get("given") else name.get("text"))))
    order = _extensions(name).get(_ORDER)
    if isinstance(order, str) and order and "use" in targets:
        yield "use", _listed(order, targets["use"])


def _given(name: Mapping[str, Any]) -> Parts:
    given, beside = name.get("given"), name.get("_given")
    parts: dict[str, list[str]] = {}
    for place, text in enumerate(given if isinstance(given, list) else []):
        own = beside[place] if isinstance(beside, list) and place < len(beside) else None
        kind = {"IN": "initials", "CL": "call"}.get(str(_extensions(own).get(_QUALIFIER)), "first")
        if isinstance(text, str):
            parts.setdefault(kind, []).append(text)
    yield from ((kind, {"value": " ".join(texts)}) for kind, texts in parts.items())


def _listed(code: str, target: Target) -> Attributes:
    """A code in the system that the data element's list gives it; none of the list: a null flavour."""
    system = codes.system_of(target.lists, code)
    return coding({"system": codes.system(system), "code": code}, target) if system else {"nullFlavor": code}


def address(place: Any, targets: Targets) -> Parts:
    if not isinstance(place, Mapping):
        return
    yield from _line(place, targets)
    yield from _texts(*((name, place.get(name)) for name in ("city", "district", "postalCode")))
    country = _extensions(place.get("_country")).get(SPECIFICATION)
    if "country" in targets and (made := coded(country, targets["country"]) or _country(place.get("country"))):
        yield "country", made
    kind = _extensions(place).get(f"{_NICTIZ}zib-AddressInformation-AddressType")
    if "kind" in targets and (made := coded(kind, targets["kind"]) or _kind(place, targets["kind"])):
        yield "kind", made


def _line(place: Mapping[str, Any], targets: Targets) -> Parts:
    lines, beside = place.get("line"), place.get("_line")
    lines = [line for line in lines if isinstance(line, str)] if isinstance(lines, list) else []
    listed = beside[0].get("extension") if isinstance(beside, list) and beside and isinstance(beside[0], dict) else None
    kinds: dict[str, list[str]] = {}
    for one in listed if isinstance(listed, list) else []:
        if isinstance(one, Mapping) and isinstance(one.get("valueString"), str):
            kinds.setdefault(str(one.get("url")).removeprefix(_LINE), []).append(one["valueString"])
    if not kinds:
        yield from _texts(("street", lines[0] if lines else ""), ("additional", ", ".join(lines[1:])))
        return
    first = {kind: texts[0] for kind, texts in kinds.items()}
    yield from _texts(("street", first.get("streetName")), ("number", first.get("houseNumber")),
                      ("additional", first.get("unitID")))  # fmt: skip
    suffixes = kinds.get("buildingNumberSuffix", [])
    is_letter = len(suffixes) > 1 or (len(suffixes) == 1 and len(suffixes[0]) == 1 and suffixes[0].isalpha())
    yield from zip(("letter", "addition") if is_letter else ("addition",), ({"value": s} for s in suffixes))  # noqa: B905
    if "locator" in targets and "additionalLocator" in first:
        yield "locator", _listed(first["additionalLocator"], targets["locator"])


def _country(name: Any) -> Attributes | None:
    """A code of two letters is one of ISO 3166; anything else is a name."""
    if not isinstance(name, str) or not name:
        return None
    if len(name) == 2 and name.isupper():
        return {"code": name, "codeSystem": _ISO_3166_OID}
    return {"value": name}


def _kind(place: Mapping[str, Any], target: Target) -> Attributes | None:
    for table, key in (("address-type", "type"), ("address-use", "use")):
        rows = codes.sources(table, str(place.get(key, "")))
        listed = [row for row in rows if codes.position(target.lists, row["code"], row["system"])]
        if listed and key != "type":
            return coding({"system": codes.system(listed[0]["system"]), "code": listed[0]["code"]}, target)
        if listed and place.get("type") != "both":
            return coding({"system": codes.system(listed[0]["system"]), "code": listed[0]["code"]}, target)
    return None


def telecom(contact: Any, targets: Targets) -> Parts:
    """A telephone number or an e-mail address; the kind of each has lists of its own."""
    if not isinstance(contact, Mapping):
        return
    is_email = contact.get("system") == "email"
    if ("email" if is_email else "number") not in targets:
        return
    yield from _texts(("email" if is_email else "number", contact.get("value")))
    kind = _extensions(contact).get(f"{_NICTIZ}zib-ContactInformation-TelecomType")
    if "type" in targets and not is_email:
        made = coded(kind, targets["type"]) or _by(contact, "telecom-type-use", "use", targets["type"])
        if made is None and contact.get("system") != "phone":
            made = _by(contact, "telecom-system", "system", targets["type"])
        if made:
            yield "type", made
    if "use" in targets and (use := _by(contact, "telecom-use", "use", targets["use"])):
        yield "use", use


def _by(contact: Mapping[str, Any], table: str, key: str, target: Target) -> Attributes | None:
    rows = codes.sources(table, str(contact.get(key, "")))
    listed = [row for row in rows if codes.position(target.lists, row["code"], row["system"])]
    return coding({"system": codes.system(listed[0]["system"]), "code": listed[0]["code"]}, target) if listed else None


TAKE_APART: Mapping[str, Callable[[Any, Targets], Parts]] = {
    "name": human_name,
    "address": address,
    "telecom": telecom,
}

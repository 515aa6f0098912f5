"""Values that several data elements make together: a name, an address, a telephone number.

A group's row opens a composite; rows with transform `part` fill it; at the end it is assembled after nl-core-humanname,
nl-core-address and nl-core-contactpoint (zib2017).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from babyconnect.birthcare.ada import AdaElement
from babyconnect.translate import codes
from babyconnect.translate.values import SPECIFICATION, Context, concept

_HL7 = "http://hl7.org/fhir/StructureDefinition/"
_ISO_3166 = "urn:iso:std:iso:3166"
_NICTIZ = "http://nictiz.nl/fhir/StructureDefinition/"


@dataclass(slots=True)
class Composite:
    """One being filled: `parts` by their name in the map's rows, each with the element and its context."""

    kind: str
    instance: Any
    path: str
    parts: dict[str, tuple[AdaElement, Context]] = field(default_factory=dict)

    def text(self, part: str) -> str:
        return self.parts[part][0].value if part in self.parts else ""

    def concept(self, part: str) -> dict[str, Any] | None:
        given = concept(*self.parts[part]) if part in self.parts else None
        return given.value if given else None

    def target(self, part: str, table: str) -> str:
        if part not in self.parts:
            return ""
        element = self.parts[part][0]
        row = codes.mapped(table, element.code, element.attributes.get("codeSystem", ""))
        return row["target"] if row else ""


def _extension(url: str, kind: str, value: Any) -> dict[str, Any]:
    return {"url": url, f"value{kind}": value}


def _joined(*parts: str, by: str = " ") -> str:
    return by.join(part for part in parts if part)


def _family(name: Composite) -> str:
    """The surname in the order she uses (NL1 own, NL2 partner's, NL3 partner's–own, NL4 own–partner's)."""
    own = _joined(name.text("own-prefix"), name.text("own"))
    partner = _joined(name.text("partner-prefix"), name.text("partner"))
    order = name.parts["use"][0].code if "use" in name.parts else ""
    orders: Mapping[str, tuple[str, ...]] = {"NL2": (partner,), "NL3": (partner, own), "NL4": (own, partner)}
    return _joined(*orders.get(order, (own,)), by="-") or _joined(own, partner, by="-")


def human_name(name: Composite) -> dict[str, Any] | None:
    """HumanName of nl-core-humanname."""
    family = _family(name)
    made: dict[str, Any] = {}
    if "use" in name.parts and (code := name.parts["use"][0].code or name.parts["use"][0].null_flavor):
        made["extension"] = [_extension(f"{_HL7}humanname-assembly-order", "Code", code)]
    called = _joined(name.text("first"), name.text("initials")) or name.text("call")
    if shown := _joined(called, family):
        made["text"] = shown
    if family:
        made["family"] = family
        kinds = (("own-prefix", "own-prefix"), ("own", "own-name"), ("partner-prefix", "partner-prefix"),
                 ("partner", "partner-name"))  # fmt: skip
        own = [
            _extension(f"{_HL7}humanname-{url}", "String", name.text(part)) for part, url in kinds if name.text(part)
        ]
        made["_family"] = {"extension": own}
    given = [(name.text(part), code) for part, code in (("first", "BR"), ("initials", "IN"), ("call", "CL"))]
    if any(text for text, _ in given):
        made["given"] = [text for text, _ in given if text]
        made["_given"] = [{"extension": [_extension(f"{_HL7}iso21090-EN-qualifier", "Code", code)]}
                          for text, code in given if text]  # fmt: skip
    return made or None


_LINE = (("street", "streetName"), ("number", "houseNumber"), ("letter", "buildingNumberSuffix"),
         ("addition", "buildingNumberSuffix"), ("additional", "unitID"))  # fmt: skip


def address(place: Composite) -> dict[str, Any] | None:
    """Address of nl-core-address."""
    made: dict[str, Any] = {}
    if kind := place.concept("kind"):
        made["extension"] = [_extension(f"{_NICTIZ}zib-AddressInformation-AddressType", "CodeableConcept", kind)]
        for name, table in (("use", "address-use"), ("type", "address-type")):
            if target := place.target("kind", table):
                made[name] = target
    locator = place.target("locator", "house-number-locator")
    pieces = [(place.text(part), url) for part, url in _LINE]
    line = _joined(*(text for text, _ in pieces[:1]), locator, *(text for text, _ in pieces[1:]))
    if line:
        own = [_extension(f"{_HL7}iso21090-ADXP-{url}", "String", text) for text, url in pieces if text]
        if locator:
            own.append(_extension(f"{_HL7}iso21090-ADXP-additionalLocator", "String", locator))
        made["line"], made["_line"] = [line], [{"extension": own}]
    for name in ("city", "district"):
        if text := place.text(name):
            made[name] = text
    if code := place.text("postalCode").replace(" ", ""):
        made["postalCode"] = code
    if country := place.concept("country"):
        given = place.parts["country"][0]
        iso = given.code if country.get("coding", [{}])[0].get("system") == _ISO_3166 else ""
        made["country"] = (
            place.target("country", "country") or iso or given.attributes.get("displayName", "") or given.value
        )
        made["_country"] = {"extension": [{"url": SPECIFICATION, "valueCodeableConcept": country}]}
    return made or None


def _country(element: AdaElement) -> str:
    """The code when it is an ISO 3166 code, else the name."""
    iso = codes.system(element.attributes.get("codeSystem", "")) == _ISO_3166
    return element.code if iso else element.attributes.get("displayName", "").strip() or element.value or element.code


def telecom(contact: Composite) -> dict[str, Any] | None:
    """ContactPoint of nl-core-contactpoint: a telephone number or an e-mail address."""
    number, email = contact.text("number"), contact.text("email")
    if not (number or email):
        return None
    made: dict[str, Any] = {}
    if number and (kind := contact.concept("type")):
        made["extension"] = [_extension(f"{_NICTIZ}zib-ContactInformation-TelecomType", "CodeableConcept", kind)]
    made["system"] = "email" if email else contact.target("type", "telecom-system") or "phone"
    made["value"] = email or number
    use = contact.target("use", "telecom-use") or contact.target("type", "telecom-type-use")
    if use:
        made["use"] = use
    return made


ASSEMBLE: Mapping[str, Callable[[Composite], dict[str, Any] | None]] = {
    "name": human_name,
    "address": address,
    "telecom": telecom,
}

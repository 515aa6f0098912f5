"""The client of a list of dispenses: number, name, sex and birth date as ADA has them.

An address is not read: nothing here needs it, and what is not kept cannot come out.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from babyconnect.birthcare.ada import AdaElement
from babyconnect.translate.medication.tree import Sheet, element, text
from babyconnect.translate.medication.values import moment


def patient(read: Sheet, found: etree._Element) -> AdaElement:
    return element(found, "patient", {}, _children(read, found))


def _children(read: Sheet, found: etree._Element) -> Iterator[AdaElement]:
    read.below(found, "statusCode")
    for number in read.below(found, "id"):
        said = {"root": number.get("root", ""), "value": number.get("extension", "")}
        yield element(number, "identificatienummer", {name: value for name, value in said.items() if value})
    for name in read.below(found, "Person/name")[:1]:
        yield element(name, "naamgegevens", {}, _name(read, name))
    for born in read.below(found, "Person/birthTime"):
        yield from moment(read, born, "geboortedatum")
    for sex in read.below(found, "Person/administrativeGenderCode")[:1]:
        yield element(sex, "geslacht", {"code": sex.get("code", ""), "codeSystem": sex.get("codeSystem", "")})


def _name(read: Sheet, name: etree._Element) -> Iterator[AdaElement]:
    """Parts in their order: a prefix belongs to the family name after it; SP is that of her partner."""
    read.take_all(name)
    prefix = ""
    if not len(name) and text(name):
        yield element(name, "ongestructureerde_naam", {"value": text(name)})
    for part in name.iter(etree.Element):
        kind, qualifier, said = etree.QName(part).localname, part.get("qualifier", ""), text(part)
        if part is name or not said:
            continue
        if kind == "given":
            named = {"IN": "initialen", "CL": "roepnaam"}.get(qualifier, "voornamen")
            yield element(part, named, {"value": said})
        elif kind == "prefix":
            prefix = said
        elif kind == "family":
            yield _family(part, "_partner" if qualifier == "SP" else "", prefix, said)
            prefix = ""


def _family(part: etree._Element, whose: str, prefix: str, said: str) -> AdaElement:
    before = [element(part, f"voorvoegsels{whose}", {"value": prefix})] if prefix else []
    return element(part, f"geslachtsnaam{whose}", {}, [*before, element(part, f"achternaam{whose}", {"value": said})])

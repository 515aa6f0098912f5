"""The one engine: the rows of a message, applied to a record, make the tree of the message in the order of the rows.

A row is there once for each element of the record that its path leads to.  What would hold nothing of the record is
left out, whatever is fixed in it; what the message cannot do without says by a null flavour that nothing was there.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lxml import etree

from babyconnect.definitions import document
from babyconnect.translate.findings import Finding, Severity
from babyconnect.translate.hl7v3.conditions import holds
from babyconnect.translate.hl7v3.fills import XSI_TYPE, Circumstances, Filled, fill, is_hidden
from babyconnect.translate.hl7v3.rows import Row, is_statement
from babyconnect.translate.hl7v3.sites import Site

NAMESPACE, SDTC = "urn:hl7-org:v3", "urn:hl7-org:sdtc"


@dataclass(slots=True)
class Build:
    """One message in the making.

    `given`: what is made for the message and not in the record (ids, moments).  `affirms`: what is so says that it is
    not negated.  `masked`: the BSNs that the message does not show.
    """

    circumstances: Circumstances
    given: Mapping[str, str]
    findings: list[Finding] = field(default_factory=list)
    masked: set[str] = field(default_factory=set)
    affirms: bool = True

    def elements(self, row: Row, here: Site) -> Iterator[tuple[etree._Element, bool]]:
        """The elements of a row, each with whether it holds something of the record."""
        if row.apart:
            for site, _ in _sites(row, here):
                yield from self._apart(row, site)
            return
        made = [self._element(row, site, here, asked) for site, asked in _sites(row, here)]
        kept = [one for one in made if one is not None]
        if not kept and row.absent:
            kept = [(self._absent(row), True)]
        yield from kept

    def _apart(self, row: Row, site: Site) -> Iterator[tuple[etree._Element, bool]]:
        """An element of its own around each thing that lies in it."""
        for child in row.children:
            for made, told in self.elements(child, site):
                element = _started(row)
                element.append(made)
                yield _wrapped(row, element), told

    def _element(self, row: Row, site: Site, here: Site, asked: bool) -> tuple[etree._Element, bool] | None:
        element = _started(row)
        informs = bool(row.negated) and self._negate(row, element, site if row.negated.startswith("./") else here)
        if row.fill and asked:
            informs = self._fill(row, site, element) or informs
        for child in row.children:
            for made, told in self.elements(child, site):
                element.append(made)
                informs = informs or told
        if not informs and row.fill != "FIXED" and (row.fill or row.children or row.each):
            return None
        if is_statement(row):
            _ordered(element)
        return _wrapped(row, element), informs

    def _absent(self, row: Row) -> etree._Element:
        """The message cannot do without it: a null flavour, or the value that the message then has."""
        element = _started(row)
        target = _value(row, element)
        target.set("nullFlavor" if row.absent.isupper() else "value", row.absent)
        return _wrapped(row, element)

    def _negate(self, row: Row, element: etree._Element, asked: Site) -> bool:
        """The answer to a question as negationInd; what nobody knows as a null flavour of the whole statement."""
        question = asked.first(row.negated)
        if question is None:
            return False
        question.used = True
        answer = question.element.value
        if answer in ("true", "false"):
            if answer == "false" or self.affirms:
                element.set("negationInd", "false" if answer == "true" else "true")
            return True
        flavor = question.element.null_flavor or answer
        if flavor not in document("hl7v3/shapes.toml")["null_flavors"]["known"]:
            self._find(question, "bad-value", "neither true nor false")
            return False
        element.set("nullFlavor", flavor)
        return True

    def _fill(self, row: Row, site: Site, element: etree._Element) -> bool:
        if row.fill == "FIXED":
            element.text = row.argument or None
            return False
        if row.fill == "THERE":
            return True  # said by what it lies in being there
        if row.fill == "GIVEN":
            return self._give(row, element)
        source = site.first(row.source) if row.source else site
        if source is None:
            return False
        source.used = True
        if not (source.element.is_filled or source.element.null_flavor):
            return False  # an element that says nothing
        if source.element.value and is_hidden(row.fill, source.element, self.circumstances):
            self.masked.add(source.element.value)
        filled = fill(row.fill, row.argument, source.element, self.circumstances)
        if filled.fault:
            self._find(source, *filled.fault)
            return False
        target = _value(row, element)
        if row.argument == "typed":
            target.set(XSI_TYPE, row.fill)
        _write(filled, target)
        return True

    def _give(self, row: Row, element: etree._Element) -> bool:
        """What is made for the message.  It says nothing of the record, but the message is not one without it."""
        value = self.given.get(row.argument, "")
        if value and row.source:
            element.set(row.source, value)
        elif value:
            element.text = value
        return bool(value)

    def _find(self, site: Site, rule: str, text: str) -> None:
        """What cannot be written: a date that does not exist refuses the record, as it does in every other format."""
        element = site.element
        severity: Severity = "error" if rule == "date" else "warning"
        self.findings.append(
            Finding(severity, site.place, element.line, element.concept, rule, f"{element.name}: {text}; left out")
        )


def _sites(row: Row, here: Site) -> list[tuple[Site, bool]]:
    """Where a row is there, and whether it then has its value; a question without details has none."""
    found = [(site, True) for site in here.select(row.each)]
    if not found and row.otherwise:
        found = [(site, False) for site in here.select(row.otherwise)]
    return [(site, asked) for site, asked in found if holds(row.when, site, here)]


def _name(name: str) -> str:
    """`sdtc:id`: an element of HL7's extension of CDA; others are HL7's own."""
    prefix, _, local = name.rpartition(":")
    return f"{{{SDTC}}}{local}" if prefix else f"{{{NAMESPACE}}}{local}"


def _started(row: Row) -> etree._Element:
    element = etree.Element(_name(row.element), dict(row.attributes))
    for root in row.templates:
        etree.SubElement(element, f"{{{NAMESPACE}}}templateId", {"root": root})
    if row.code:
        etree.SubElement(element, f"{{{NAMESPACE}}}code", dict(row.code))
    return element


def _value(row: Row, element: etree._Element) -> etree._Element:
    if not is_statement(row):
        return element
    return etree.SubElement(element, f"{{{NAMESPACE}}}value", {XSI_TYPE: row.fill})


def _write(filled: Filled, target: etree._Element) -> None:
    for name, value in filled.attributes.items():
        target.set(name, value)
    if filled.text:
        target.text = filled.text
    if filled.original:
        etree.SubElement(target, f"{{{NAMESPACE}}}originalText").text = filled.original


def _ordered(element: etree._Element) -> None:
    """The children in the order that HL7's models give the parts of a statement; relations to others come last."""
    ranks = _ranks()
    places = [ranks.get(str(child.tag), len(ranks)) for child in element]
    if places != sorted(places):
        element[:] = sorted(element, key=lambda child: ranks.get(str(child.tag), len(ranks)))


@functools.cache
def _ranks() -> Mapping[str, int]:
    order = document("hl7v3/shapes.toml")["order"]["parts"]
    return {f"{{{NAMESPACE}}}{name}": rank for rank, name in enumerate(order)}


def _wrapped(row: Row, element: etree._Element) -> etree._Element:
    if not row.wrap:
        return element
    wrapper = etree.Element(f"{{{NAMESPACE}}}{row.wrap}", dict(row.wrap_attributes))
    wrapper.append(element)
    return wrapper

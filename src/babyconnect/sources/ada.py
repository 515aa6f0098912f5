"""ADA XML of data set PWD 3.2, the medication process, the kernsets for Perined: bytes → a frozen tree, nothing added.

Refused, with the line and a rule: what is empty, not UTF-8, has a document type, is not well-formed (truncated), has
another root or namespace, is of another data set (PWD 2.3) or transaction, holds no or several records, or a date that
does not exist.  Format: Nictiz ADA (`adaxml/data/<transaction>`), definitions in `definitions/ada`.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import sys
from collections.abc import Mapping
from types import MappingProxyType

from lxml import etree

from babyconnect.birthcare.ada import PWD_32, AdaElement, AdaRecord
from babyconnect.definitions import document, rows
from babyconnect.fhir.malformed import Malformed
from babyconnect.fhir.xml_safety import refuse_crowded, refuse_unsafe, syntax_fault

_RELATIVE = re.compile(r"T(?:([+-]\d{1,6})([DMY]))?(?:\{(\d\d):(\d\d)(?::(\d\d))?\})?")
_ABSOLUTE = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?)?)?"
)
_REPEATED = frozenset({"codeSystem", "codeSystemName", "codeSystemVersion", "datatype", "unit", "root", "code",
                       "nullFlavor", "displayName"})  # fmt: skip
_NONE: Mapping[str, str] = MappingProxyType({})
_DATED = frozenset({"datetime", "date"})
_PWD_2 = ("2.16.840.1.113883.2.4.3.11.60.90.77.2.5.", "2.16.840.1.113883.2.4.3.11.60.90.77.2.6.")


def read(content: bytes) -> AdaRecord:
    """Read one ADA record.  Raises `Malformed` (place `line N`, a rule, a sentence that quotes nothing).

    Streamed: what the parser has built is let go as soon as it is ours, so a large file is in memory once.
    """
    refuse_unsafe(content)
    try:
        return _record(_tree(content))
    except etree.XMLSyntaxError as fault:
        raise syntax_fault(fault) from None


def _tree(content: bytes) -> AdaElement:
    events = etree.iterparse(
        io.BytesIO(content), events=("start", "end"), resolve_entities=False, no_network=True, load_dtd=False,
        huge_tree=False, remove_comments=True, remove_pis=True,
    )  # fmt: skip
    open_elements: list[list[AdaElement]] = [[]]
    for event, element in events:
        if event == "start":
            if element.tag.startswith("{"):
                raise Malformed(f"line {element.sourceline or 1}", "namespace", "ADA has no XML namespace")
            refuse_crowded(element)
            open_elements.append([])
            continue
        made = _element(element, tuple(open_elements.pop()))
        open_elements[-1].append(made)
        element.clear()
        parent = element.getparent()
        while parent is not None and element.getprevious() is not None:
            del parent[0]
    return open_elements[0][0]


def _element(element: etree._Element, children: tuple[AdaElement, ...]) -> AdaElement:
    """Ours of the parser's.  What thousands of elements repeat (names, systems, concepts) is one string for all."""
    attributes = {
        sys.intern(str(name)): sys.intern(str(value)) if name in _REPEATED else str(value)
        for name, value in element.attrib.items()
        if name != "conceptId"
    }
    concept = sys.intern(str(element.get("conceptId", "")).removeprefix(PWD_32))
    line = element.sourceline if isinstance(element.sourceline, int) else 0
    return AdaElement(sys.intern(str(element.tag)), concept, attributes or _NONE, children, line)


def _record(root: AdaElement) -> AdaRecord:
    form = _form(root)
    reference = form.attributes.get("transactionRef", "")
    if form.name in (kernsets := document("hl7v3/transactions.toml")):
        return _kernset(form, reference, kernsets[form.name])
    if form.name in (medication := document("medication/ada.toml")["transactions"]):
        return _medication(form, reference, medication[form.name])
    known = document("ada/transactions.toml").get(form.name)
    if known is None:
        if any(element.concept.startswith(_PWD_2) for element in form.walk()):
            raise _at(form, "data-set", "a record of data set PWD 2.x; only PWD 3.2 is translated")
        raise _at(form, "transaction", "this transaction is not one that can be translated")
    _refuse_other_reference(form, reference, known["ref"])
    _refuse_impossible_dates(form, known["structure"])
    return AdaRecord(form.name, reference, known["version"], form.id, form.attributes.get("title", ""), form)


def _kernset(form: AdaElement, reference: str, known: Mapping[str, str]) -> AdaRecord:
    """A record of another data set, made for a registry; its dates are looked at where they are written."""
    _refuse_other_reference(form, reference, known["ref"])
    return AdaRecord(form.name, reference, known["version"], form.id, form.attributes.get("title", ""), form)


def _medication(form: AdaElement, reference: str, known: Mapping[str, str]) -> AdaRecord:
    """A record of the medication process: another data set, of which the moments are known by their names."""
    _refuse_other_reference(form, reference, known["ref"])
    dated = frozenset(document("medication/ada.toml")["dates"]["names"])
    for element in form.walk():
        if element.name in dated and element.value and not exists(element.value):
            raise _at(element, "date", f"the date of {element.name} does not exist")
    return AdaRecord(form.name, reference, known["version"], form.id, form.attributes.get("title", ""), form)


def is_medication(record: AdaRecord) -> bool:
    return record.transaction in document("medication/ada.toml")["transactions"]


def _refuse_other_reference(form: AdaElement, reference: str, own: str) -> None:
    if reference not in ("", own):
        raise _at(form, "transaction", "the transactionRef is not that of this transaction")


def is_kernset(record: AdaRecord) -> bool:
    return record.transaction in document("hl7v3/transactions.toml")


def _form(root: AdaElement) -> AdaElement:
    """The element of the transaction: in `adaxml/data`, or the root itself."""
    if root.name != "adaxml":
        if "transactionRef" in root.attributes or root.name in document("hl7v3/transactions.toml"):
            return root
        raise _at(root, "root", "the root is not adaxml")
    forms = [form for data in root.children if data.name == "data" for form in data.children]
    if len(forms) != 1:
        raise _at(root, "root", f"adaxml/data holds {len(forms)} records, not one")
    return forms[0]


def _refuse_impossible_dates(form: AdaElement, structure: str) -> None:
    dated = {row["concept"] for row in rows(f"ada/{structure}") if row["datatype"] in _DATED}
    for element in form.walk():
        is_dated = element.concept in dated or element.attributes.get("datatype") in _DATED
        if is_dated and element.value and not exists(element.value):
            raise _at(element, "date", f"the date of {element.name} does not exist")


def _at(element: AdaElement, rule: str, text: str) -> Malformed:
    return Malformed(f"line {element.line or 1}", rule, text)


def exists(text: str) -> bool:
    """True for a moment that ADA allows and a calendar has: `T-111D{11:00}`, `2024`, `2024-02-29T10:00:00`."""
    if relative := _RELATIVE.fullmatch(text):
        hours, minutes, seconds = relative[3], relative[4], relative[5]
        return int(hours or 0) < 24 and int(minutes or 0) < 60 and int(seconds or 0) < 60
    absolute = _ABSOLUTE.fullmatch(text)
    if not absolute:
        return False
    year, month, day, *time = absolute.groups()
    try:
        dt.date(int(year), int(month or "1"), int(day or "1"))
        hours, minutes, seconds = (int(part or 0) for part in time)
        dt.time(hours, minutes, seconds)
    except ValueError:
        return False
    return True

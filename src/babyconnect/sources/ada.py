"""ADA XML of data set PWD 3.2: bytes → a frozen tree.  No meaning is added.

Refused, with the line and a rule: what is empty, not UTF-8, has a document type, is not well-formed (truncated), has
another root or namespace, is of another data set (PWD 2.3) or transaction, holds no or several records, or a date that
does not exist.  Format: Nictiz ADA (`adaxml/data/<transaction>`), definitions in `definitions/ada`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping

from lxml import etree

from babyconnect.birthcare.ada import PWD_32, AdaElement, AdaRecord
from babyconnect.definitions import document, rows
from babyconnect.fhir.malformed import Malformed
from babyconnect.fhir.xml_safety import refuse_unsafe, syntax_fault

_RELATIVE = re.compile(r"T(?:([+-]\d{1,6})([DMY]))?(?:\{(\d\d):(\d\d)(?::(\d\d))?\})?")
_ABSOLUTE = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?)?)?"
)
_DATED = frozenset({"datetime", "date"})
_PWD_23 = ("2.16.840.1.113883.2.4.3.11.60.90.77.2.5.", "2.16.840.1.113883.2.4.3.11.60.90.77.2.6.")


def read(content: bytes) -> AdaRecord:
    """Read one ADA record.  Raises `Malformed` (place `line N`, a rule, a sentence that quotes nothing)."""
    refuse_unsafe(content)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
                             remove_comments=True, remove_pis=True)  # fmt: skip
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as fault:
        raise syntax_fault(fault) from None
    return _record(root)


def _record(root: etree._Element) -> AdaRecord:
    form = _form(root)
    known = document("ada/transactions.toml")
    name = form.tag
    if name not in known:
        _refuse_other_data_set(form)
        raise Malformed(_line(form), "transaction", "this transaction is not one that can be translated")
    if form.get("transactionRef") not in (None, "", known[name]["ref"]):
        raise Malformed(_line(form), "transaction", "the transactionRef is not that of this transaction")
    dated = _dated_concepts(known[name]["structure"])
    return AdaRecord(
        transaction=name, transaction_ref=form.get("transactionRef", ""), version=known[name]["version"],
        id=form.get("id", ""), title=form.get("title", ""), root=_element(form, dated),
    )  # fmt: skip


def _form(root: etree._Element) -> etree._Element:
    """The element of the transaction: in `adaxml/data`, or the root itself."""
    if etree.QName(root).namespace:
        raise Malformed(_line(root), "namespace", "ADA has no XML namespace")
    if root.tag != "adaxml":
        if root.get("transactionRef"):
            return root
        raise Malformed(_line(root), "root", "the root is not adaxml")
    forms = [form for data in root.iterchildren("data") for form in data.iterchildren(tag=etree.Element)]
    if len(forms) != 1:
        raise Malformed(_line(root), "root", f"adaxml/data holds {len(forms)} records, not one")
    return forms[0]


def _refuse_other_data_set(form: etree._Element) -> None:
    for element in form.iter(tag=etree.Element):
        if element.get("conceptId", "").startswith(_PWD_23):
            raise Malformed(_line(form), "data-set", "a record of data set PWD 2.x; only PWD 3.2 is translated")


def _dated_concepts(structure: str) -> frozenset[str]:
    return frozenset(row["concept"] for row in rows(f"ada/{structure}") if row["datatype"] in _DATED)


def _element(element: etree._Element, dated: frozenset[str]) -> AdaElement:
    if not isinstance(element.tag, str) or element.tag.startswith("{"):
        raise Malformed(_line(element), "namespace", "ADA has no XML namespace")
    attributes: Mapping[str, str] = {str(k): str(v) for k, v in element.attrib.items()}
    concept = attributes.get("conceptId", "").removeprefix(PWD_32)
    value = attributes.get("value", "").strip()
    if value and (concept in dated or attributes.get("datatype") in _DATED) and not exists(value):
        raise Malformed(_line(element), "date", f"the date of {element.tag} does not exist")
    children = tuple(_element(child, dated) for child in element)
    return AdaElement(element.tag, concept, attributes, children, element.sourceline or 0)  # type: ignore[arg-type]


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
        dt.time(*(int(part or 0) for part in time))
    except ValueError:
        return False
    return True


def _line(element: etree._Element) -> str:
    return f"line {element.sourceline or 1}"

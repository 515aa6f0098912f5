"""An ADA record as the bytes of a file, with what published forms say of themselves (`definitions/ada/forms.toml`)."""

from __future__ import annotations

import datetime as dt
import hashlib

from lxml import etree

from babyconnect.birthcare.ada import PWD_32, AdaElement, AdaRecord
from babyconnect.definitions import document

_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_APP = "perinatologie-326"
_FIRST = ("id", "value", "unit", "root", "code", "codeSystem", "codeSystemVersion", "displayName", "originalText",
          "nullFlavor", "datatype")  # fmt: skip


def written(record: AdaRecord, today: dt.date) -> bytes:
    """The file of a record.  Its id follows from what it says, so the same record is the same file."""
    form = etree.Element(record.transaction)
    for child in record.root.children:
        form.append(_element(child))
    identity = record.id or hashlib.sha256(etree.tostring(form)).hexdigest()[:16]
    said: dict[str, str] = {
        "app": _APP, "shortName": record.transaction, "formName": record.transaction,
        "transactionRef": record.transaction_ref,
        "transactionEffectiveDate": document("ada/forms.toml").get(record.transaction, {}).get("effective", ""),
        "versionDate": "development", "prefix": "peri20-", "language": "nl-NL", "title": record.title or identity,
        "desc": "", "id": identity,
    }  # fmt: skip
    for name, text in said.items():
        form.set(name, text)
    root = etree.Element("adaxml", nsmap={"xsi": _XSI})
    root.set(f"{{{_XSI}}}noNamespaceSchemaLocation", f"../projects/{_APP}/schemas/ada_{record.transaction}.xsd")
    made = {"created-by": "babyconnect", "last-update-by": "babyconnect"}
    dates = dict.fromkeys(("creation-date", "last-update-date"), f"{today.isoformat()}T00:00:00.000Z")
    etree.SubElement(root, "meta", {"status": "new", **made, **dates})
    etree.SubElement(root, "data").append(form)
    etree.indent(root, "   ")
    return bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=True))


def _element(element: AdaElement) -> etree._Element:
    made = etree.Element(element.name)
    for name in _FIRST:
        if name in element.attributes:
            made.set(name, _allowed(element.attributes[name]))
    made.set("conceptId", f"{PWD_32}{element.concept}" if element.concept.isdigit() else element.concept)
    for child in element.children:
        made.append(_element(child))
    return made


def _allowed(text: str) -> str:
    """Without what no XML may hold: control characters."""
    return "".join(c for c in text if c in "\t\n\r" or (c >= " " and not "\ud800" <= c <= "\udfff" and c < "\ufffe"))

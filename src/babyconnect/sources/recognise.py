"""Which format is this?  Decided by the content, never by the file's name, and refused early where it cannot be right.

Order of the questions: size (before anything is read into a parser), emptiness, UTF-8, a document type, the root.
"""

from __future__ import annotations

import codecs
import datetime as dt
import io
from collections.abc import Mapping

from lxml import etree

from babyconnect.birthcare.ultrasound import ExportTable, provided
from babyconnect.fhir.grammar import NAMESPACE
from babyconnect.fhir.malformed import Malformed
from babyconnect.fhir.xml_safety import refuse_unsafe, syntax_fault
from babyconnect.sources import Format, Record, Rejected, ada, astraia, hl7v3, relative_dates, stu3

LIMIT = 9_000_000
"""Bytes of one input, where nobody configured another number (`settings`)."""
STU3_VERSION = "3.0.2"
_MESSAGES: Mapping[str, Format] = {
    "4.1.3": "jgz-4.1.3",
    "4.2.0": "jgz-4.2.0",
    hl7v3.ACUTE: "hl7v3-acute",
    hl7v3.DISPENSES: "hl7v3-medication",
}


def recognise(
    content: bytes,
    name: str,
    limit: int = LIMIT,
    dates: Mapping[str, dt.date] | None = None,
    ultrasound: ExportTable | None = None,
) -> Record | Rejected:
    """What an input is, with its resources where it is STU3; or where and why it is refused.

    `ultrasound`: what the organisation's ultrasound system calls things, when that is not the table provided.
    """
    kind: Format | None = None
    try:
        if len(content) > limit:
            raise Malformed("the file", "size", f"larger than the limit of {limit:,} bytes")
        content = relative_dates.resolve(content, dates or {})
        start = content.removeprefix(codecs.BOM_UTF8).lstrip()[:1]
        if start == b"{":
            kind = "stu3-json"
            return _stu3(name, "stu3-json", content, stu3.read_json(content))
        refuse_unsafe(content)
        if start != b"<":
            raise Malformed("line 1", "format", "neither XML, a JSON object nor a sheet of a template")
        root = _root(content)
        kind = "stu3-xml" if root.startswith(f"{{{NAMESPACE}}}") else None
        return _xml(content, name, root, ultrasound or provided())
    except Malformed as fault:
        return Rejected(name, fault.place, fault.rule, fault.text, kind or "")


def _xml(content: bytes, name: str, root: str, ultrasound: ExportTable) -> Record:
    if root.startswith(f"{{{NAMESPACE}}}"):
        return _stu3(name, "stu3-xml", content, stu3.read_xml(content))
    if root.startswith("{urn:hl7-org:v3}"):
        version, message = hl7v3.read(content)
        return Record(name, _MESSAGES[version], version, "", content, message=message)
    if root.startswith("{"):
        raise Malformed("line 1", "namespace", "neither FHIR's namespace nor that of another known format")
    if astraia.is_export(root, ultrasound):
        return Record(name, "astraia", "", "", content, message=astraia.read(content), table=ultrasound)
    record = ada.read(content)
    kind: Format = "ada-medication" if ada.is_medication(record) else "ada-kernset" if ada.is_kernset(record) else "ada"
    return Record(name, kind, record.version, record.transaction, content, ada=record)


def _stu3(name: str, kind: Format, content: bytes, read: stu3.Read) -> Record:
    return Record(name, kind, STU3_VERSION, "", content, read.resources, bundled=read.bundled)


def _root(content: bytes) -> str:
    """The root's name with its namespace; nothing after it is read."""
    events = etree.iterparse(
        io.BytesIO(content), events=("start",), resolve_entities=False, no_network=True, huge_tree=True
    )
    try:
        for _, node in events:
            return str(node.tag)
    except etree.XMLSyntaxError as fault:
        raise syntax_fault(fault) from None
    return ""

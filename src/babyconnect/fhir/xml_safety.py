"""What is looked at before an XML parser sees a byte: encoding and document type.

A document type declaration is the door to entity bombs and to files on this machine.  No format that we take has one,
so it is refused as such, before parsing.
"""

from __future__ import annotations

import codecs
import re

from lxml import etree

from babyconnect.fhir.malformed import Malformed

MOST_ATTRIBUTES = 64
"""On one element.  The parser looks for each from the first on, so a million of them would hold it for hours."""
_CHUNK = 1 << 20
_DECLARATION = re.compile(rb"\s*<\?xml[^>]*?encoding\s*=\s*[\"']([^\"']+)[\"']")
_SKIP = re.compile(rb"\s+|<\?.*?\?>|<!--.*?-->", re.DOTALL)


def refuse_unsafe(content: bytes) -> None:
    """Raise `Malformed` for what is empty, not UTF-8, or has a document type."""
    if not content.strip():
        raise Malformed("line 1", "empty", "the file is empty")
    _refuse_other_encodings(content)
    start = 3 if content.startswith(codecs.BOM_UTF8) else 0
    while found := _SKIP.match(content, start):
        start = found.end()
    if content[start : start + 2] == b"<!":
        raise Malformed(_line(content, start), "doctype", "a document type or entity is not accepted")


def syntax_fault(fault: etree.XMLSyntaxError) -> Malformed:
    """lxml's fault without its message, which may quote the content."""
    kind = etree.ErrorTypes._getName(fault.code or 0, "ERR_SYNTAX")  # type: ignore[attr-defined]
    words = str(kind).removeprefix("ERR_").replace("_", " ").lower()
    return Malformed(f"line {fault.lineno or 1}", "xml", f"not well-formed XML ({words})")


def refuse_crowded(element: etree._Element) -> None:
    """Raise `Malformed` for an element with more attributes than any format has, before one of them is read."""
    if len(element.attrib) > MOST_ATTRIBUTES:
        raise Malformed(f"line {element.sourceline or 1}", "attributes", "an element has too many attributes")


def _refuse_other_encodings(content: bytes) -> None:
    """In pieces: decoding a large file whole would take four times its size."""
    declared = _DECLARATION.match(content[:400])
    if declared and declared[1].lower() not in (b"utf-8", b"us-ascii"):
        raise Malformed("line 1", "utf-8", "the file says it is not UTF-8")
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(content), _CHUNK):
        piece = content[start : start + _CHUNK]
        try:
            decoder.decode(piece, final=start + _CHUNK >= len(content))
        except UnicodeDecodeError as fault:
            raise Malformed(_line(content, start + fault.start), "utf-8", "not UTF-8") from None


def _line(content: bytes, position: int) -> str:
    return f"line {content.count(10, 0, max(position, 0)) + 1}"

"""XML that an ultrasound centre exports from Astraia: bytes → a tree that nobody changes.  No meaning is added.

The vendor publishes no schema; which root an export has is a row of `definitions/ultrasound/astraia.csv`
(docs/ultrasound.md says what is known and what is assumed).  Refused as every format is: encoding, a document type,
what is not well-formed, crowded elements; and files that nest deeper than any export.
"""

from __future__ import annotations

from lxml import etree

from babyconnect.birthcare.ultrasound import ExportTable
from babyconnect.fhir.malformed import Malformed
from babyconnect.fhir.xml_safety import refuse_crowded, refuse_unsafe, syntax_fault

_DEEPEST = 24
_MOST = 200_000
"""Elements of one file: a hundred examinations of triplets are 30,000."""


def is_export(root: str, table: ExportTable) -> bool:
    """True when the table says that an export has this root."""
    return any(row["level"] == "file" and row["path"] == root for row in table.rows)


def read(content: bytes) -> etree._Element:
    """The tree of an export.  Raises `Malformed` (place `line N`, a rule, a sentence that quotes nothing)."""
    refuse_unsafe(content)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
                             remove_comments=True, remove_pis=True)  # fmt: skip
    try:
        root: etree._Element = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as fault:
        raise syntax_fault(fault) from None
    for number, element in enumerate(root.iter(), start=1):
        if number > _MOST:
            raise _at(element, "size", f"more than {_MOST:,} elements")
        if not isinstance(element.tag, str):
            raise _at(element, "xml", "an entity is not accepted")
        if element.tag.startswith("{"):
            raise _at(element, "namespace", "an export has no XML namespace")
        refuse_crowded(element)
    _refuse_deep(root)
    return root


def files(root: etree._Element, own: ExportTable) -> list[str]:
    """The names of files that an export speaks of: its images."""
    table = own.rows
    named = [row for row in table if row["kind"] == "image-file"]
    found: dict[str, None] = {}
    for row in named:
        tags = {r["path"].rpartition("/")[2] for r in table if r["kind"] == "level" and r["argument"] == row["level"]}
        for element in root.iter(*tags):
            at, _, attribute = row["path"].rpartition("@")
            holder = element.find(at.rstrip("/")) if at else element
            if holder is not None and attribute in holder.attrib:
                found[str(holder.get(attribute)).strip()] = None
    return list(found)


def _refuse_deep(root: etree._Element) -> None:
    level, depth = [root], 0
    while level:
        depth += 1
        if depth > _DEEPEST:
            raise _at(level[0], "depth", f"elements nested deeper than {_DEEPEST}")
        level = [child for element in level for child in element]


def _at(element: etree._Element, rule: str, text: str) -> Malformed:
    return Malformed(f"line {element.sourceline or 1}", rule, text)

"""HL7 version 3 messages that are read: the file transfer of youth health care.  Bytes → a tree; no meaning is added.

Refused, with the line and a rule: what is not well-formed (truncated), another message, one whose interaction is not
that of its root, one that carries no file, too many attributes.  Comments and processing instructions are no part of
a message and are not read.
"""

from __future__ import annotations

import io

from lxml import etree

from babyconnect.definitions import document
from babyconnect.fhir.malformed import Malformed
from babyconnect.fhir.xml_safety import refuse_crowded, refuse_unsafe, syntax_fault

V3 = "{urn:hl7-org:v3}"


def read(content: bytes) -> tuple[str, etree._Element]:
    """The version and the tree of a message.  Raises `Malformed` (place `line N`, a rule, a sentence)."""
    refuse_unsafe(content)
    try:
        root = _tree(content)
    except etree.XMLSyntaxError as fault:
        raise syntax_fault(fault) from None
    return _version(root), root


def _tree(content: bytes) -> etree._Element:
    events = etree.iterparse(
        io.BytesIO(content), events=("start",), resolve_entities=False, no_network=True, load_dtd=False,
        huge_tree=False, remove_comments=True, remove_pis=True, remove_blank_text=True,
    )  # fmt: skip
    for _, element in events:
        refuse_crowded(element)
    root: etree._Element = events.root
    return root


def _version(root: etree._Element) -> str:
    tables = document("jgz/versions.toml")
    version = next((v for v, name in tables["interactions"].items() if root.tag == f"{V3}{name}"), "")
    if not version:
        text = "an HL7 version 3 message; only the file transfer of youth health care is read (BDS 4.1.3, 4.2.0)"
        raise Malformed("line 1", "format", text)
    stated = [(one.get("root"), one.get("extension")) for one in root.findall(f"{V3}interactionId")]
    if stated != [(tables["oids"]["interaction"], tables["interactions"][version])]:
        raise Malformed(f"line {root.sourceline or 1}", "interaction", "its interactionId is not that of its root")
    if root.find(f"{V3}ControlActProcess/{V3}subject/{V3}CareProvisionRequest") is None:
        raise Malformed(f"line {root.sourceline or 1}", "incomplete", "a file transfer without a file")
    return version

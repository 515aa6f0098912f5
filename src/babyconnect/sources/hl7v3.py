"""HL7 version 3 messages that are read: files of youth health care, the acute handover, a pharmacy's list of dispenses.

Bytes → a tree.
Refused, with the line and a rule: what is not well-formed (truncated), another message, one whose interaction is not
that of its root, one that carries no file or handover, too many attributes.  Comments and processing instructions are
no part of a message and are not read; no meaning is added.
"""

from __future__ import annotations

import io

from lxml import etree

from babyconnect.definitions import document
from babyconnect.fhir.malformed import Malformed
from babyconnect.fhir.xml_safety import refuse_crowded, refuse_unsafe, syntax_fault

V3 = "{urn:hl7-org:v3}"
ACUTE = "2.1"
"""The version of the acute handover."""
DISPENSES = "6.12"
"""The version of the medication process whose list of dispenses is read."""


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
    tables, acute = document("jgz/versions.toml"), document("acute/message.toml")["message"]
    if root.tag == f"{V3}{acute['interaction']}":
        _refuse_other_interaction(root, acute["interaction_root"], acute["interaction"])
        _refuse_other_handover(root, acute["template"])
        return ACUTE
    listed = document("medication/dispense_list.toml")["message"]
    if root.tag == f"{V3}{listed['interaction']}":
        _refuse_other_interaction(root, listed["interaction_root"], listed["interaction"])
        _refuse_other_than_one(root, f"{V3}ControlActProcess/{V3}subject/{V3}{listed['list']}")
        return DISPENSES
    version = next((v for v, name in tables["interactions"].items() if root.tag == f"{V3}{name}"), "")
    if not version:
        text = (
            "an HL7 version 3 message; read are the file transfer of youth health care (BDS 4.1.3, 4.2.0), the acute "
            "handover of birth care (2.1) and a pharmacy's list of dispenses (6.12, QURX_IN990113NL)"
        )
        raise Malformed("line 1", "format", text)
    _refuse_other_interaction(root, tables["oids"]["interaction"], tables["interactions"][version])
    if root.find(f"{V3}ControlActProcess/{V3}subject/{V3}CareProvisionRequest") is None:
        raise Malformed(f"line {root.sourceline or 1}", "incomplete", "a file transfer without a file")
    return version


def _refuse_other_interaction(root: etree._Element, oid: str, name: str) -> None:
    stated = [(one.get("root"), one.get("extension")) for one in root.findall(f"{V3}interactionId")]
    if stated != [(oid, name)]:
        raise Malformed(f"line {root.sourceline or 1}", "interaction", "its interactionId is not that of its root")


def _refuse_other_than_one(root: etree._Element, path: str) -> None:
    if (count := len(root.findall(path))) != 1:
        raise Malformed(f"line {root.sourceline or 1}", "incomplete", f"one list of dispenses, this one holds {count}")


def _refuse_other_handover(root: etree._Element, template: str) -> None:
    """One handover, that says by its template that it is the acute one."""
    found = root.findall(f"{V3}ControlActProcess/{V3}subject/{V3}careProvisionRequest")
    if len(found) != 1:
        text = f"an acute handover message holds one handover, this one {len(found)}"
        raise Malformed(f"line {root.sourceline or 1}", "incomplete", text)
    if template not in [one.get("root") for one in found[0].findall(f"{V3}templateId")]:
        raise Malformed(f"line {found[0].sourceline or 1}", "template", "not the template of the acute handover")

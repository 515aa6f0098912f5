"""A message without a BSN: its identifications as null flavour MSK, the number starred wherever else it stands.

An attachment may hold the number where nobody can see it (a PDF), so without BSN it is masked whole.
"""

from __future__ import annotations

import copy

from lxml import etree

from babyconnect.translate.findings import Finding
from babyconnect.translate.jgz.statements import found
from babyconnect.translate.jgz.tables import oid


def without_bsn(message: etree._Element) -> etree._Element:
    """A copy of the message without any BSN."""
    root = copy.deepcopy(message)
    numbers = {str(node.get("extension")) for node in root.iter() if _is_bsn(node) and node.get("extension")}
    for node in root.iter():
        if node.get("representation") == "B64":
            node.text = None
            node.set("nullFlavor", "MSK")
        elif _is_bsn(node) and node.attrib.pop("extension", ""):
            node.set("nullFlavor", "MSK")
        _star(node, numbers)
    return root


def attachments(message: etree._Element) -> list[Finding]:
    """What was masked with it, to be reported."""
    text = "an attachment may hold a BSN; it is left out, write with BSN to have it"
    within = [node for node in message.iter() if node.get("representation") == "B64"]
    return [found("warning", node, "masked", text) for node in within if node.get("nullFlavor") == "MSK"]


def _is_bsn(node: etree._Element) -> bool:
    return node.get("root") == oid("bsn")


def _star(node: etree._Element, numbers: set[str]) -> None:
    for number in numbers:
        stars = "*" * len(number)
        node.text = node.text and node.text.replace(number, stars)
        node.tail = node.tail and node.tail.replace(number, stars)
        for name, value in node.attrib.items():
            if number in str(value):
                node.set(name, str(value).replace(number, stars))

"""A message without a BSN: its identifications as null flavour MSK, the number starred wherever else it stands.

An attachment may hold the number where nobody can see it (a PDF), so without BSN it is masked whole.
"""

from __future__ import annotations

import copy
import re

from lxml import etree

from babyconnect.translate.findings import Finding
from babyconnect.translate.jgz.statements import found
from babyconnect.translate.jgz.tables import oid

_LENGTHS = (9, 8)  # a BSN; of an old one the leading nought may be left out
_DIGITS = re.compile(r"\d{8,}")


def without_bsn(message: etree._Element) -> etree._Element:
    """A copy of the message without any BSN."""
    root = copy.deepcopy(message)
    stated = {str(node.get("extension", "")) for node in root.iter() if _is_bsn(node)}
    numbers = frozenset(number for number in stated if number.isdecimal() and len(number) in _LENGTHS)
    for node in root.iter():
        if node.get("representation") == "B64":
            node.text = None
            node.set("nullFlavor", "MSK")
        elif _is_bsn(node) and node.attrib.pop("extension", ""):
            node.set("nullFlavor", "MSK")
        if numbers:
            _star(node, numbers)
    return root


def attachments(message: etree._Element) -> list[Finding]:
    """What was masked with it, to be reported."""
    text = "an attachment may hold a BSN; it is left out, write with BSN to have it"
    within = [node for node in message.iter() if node.get("representation") == "B64"]
    return [found("warning", node, "masked", text) for node in within if node.get("nullFlavor") == "MSK"]


def _is_bsn(node: etree._Element) -> bool:
    return node.get("root") == oid("bsn")


def _star(node: etree._Element, numbers: frozenset[str]) -> None:
    node.text = node.text and _starred(node.text, numbers)
    for name, value in node.attrib.items():
        node.set(name, _starred(str(value), numbers))


def _starred(text: str, numbers: frozenset[str]) -> str:
    return _DIGITS.sub(lambda run: _without(run[0], numbers), text)


def _without(run: str, numbers: frozenset[str]) -> str:
    """A run of digits may begin or end with more: each stretch of it is looked at."""
    for length in _LENGTHS:
        for start in range(len(run) - length + 1):
            if run[start : start + length] in numbers:
                run = run[:start] + "*" * length + run[start + length :]
    return run

"""The door of this package: a message → STU3 resources, STU3 resources → a message.

Both are pure: the day, and whether the receiver gets BSNs, are arguments; the numbers that a message needs follow from
what it says.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lxml import etree

from babyconnect.birthcare.identifiers import BSN_OID
from babyconnect.translate.acute import counting, from_message, to_acute, to_stu3
from babyconnect.translate.acute.giving import UUIDS
from babyconnect.translate.acute.node import Node, record
from babyconnect.translate.acute.tables import message_rows
from babyconnect.translate.completeness import Filled
from babyconnect.translate.findings import Finding
from babyconnect.translate.hl7v3 import message
from babyconnect.translate.hl7v3.build import Build
from babyconnect.translate.hl7v3.fills import Circumstances
from babyconnect.translate.hl7v3.sites import sites


@dataclass(frozen=True, slots=True)
class Message:
    """The message's bytes (none where a finding is an error), and what was found on the way."""

    content: bytes
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Handed:
    """The resources of a message, the findings in its order (an error: refuse it), what it fills of its data set."""

    resources: list[dict[str, Any]]
    findings: list[Finding]
    counted: Filled


def read(tree: etree._Element, today: dt.date) -> Handed:
    root, unread = from_message.read(tree)
    if any(finding.severity == "error" for finding in unread):
        return Handed([], unread, counting.filled(root, unread))
    made = to_stu3.translate(root, today)
    findings = sorted([*unread, *made.findings], key=lambda finding: finding.line)
    return Handed(made.resources, findings, counting.filled(root, findings))


def write(resources: Sequence[Mapping[str, Any]], today: dt.date, with_bsn: bool = False) -> Message:
    """The acute handover of a record; without `with_bsn` BSNs are masked, and files that may hold one stay behind."""
    root, findings = to_acute.handover(resources)
    if any(finding.severity == "error" for finding in findings):
        return Message(b"", tuple(findings))
    if not with_bsn:
        findings += _without_files(root)
    number = _number(root, today)
    _date(root, number, today)
    given = {"message-id": number, "created": today.strftime("%Y%m%d")}
    build = Build(Circumstances(today, with_bsn), given)
    made = [element for element, _ in build.elements(message_rows(), sites(record(root)))]
    findings += build.findings
    if not made or any(finding.severity == "error" for finding in findings):
        return Message(b"", tuple(findings))
    return Message(message.serialised(message.assembled(made[0], build.masked)), tuple(findings))


def _number(root: Node, today: dt.date) -> str:
    """A UUID that follows from what the message says: the same record is the same message on the same day."""
    said = [(node.place, sorted(node.attributes.items())) for node in root.walk()]
    return message.numbered(repr((today.isoformat(), said)))


def _date(root: Node, number: str, today: dt.date) -> None:
    """The handover's own number and moment, where the record has none: it is made now."""
    if root.first("bericht/nummer") is None:
        root.enter("bericht").add("nummer").attributes = {"root": UUIDS, "value": number}
    if root.first("bericht/datum") is None:
        root.enter("bericht").add("datum").attributes = {"value": today.isoformat()}


def _without_files(root: Node) -> list[Finding]:
    """A file may hold a BSN where nobody can see it: without BSNs it is said that there is one, and no more."""
    found = []
    for node in root.walk():
        if "mediaType" in node.attributes:
            node.attributes = {"nullFlavor": "MSK"}
            text = "an attachment may hold a BSN; it is left out, write with BSN to have it"
            found.append(Finding("warning", node.place, 0, "", "masked", text))
        elif node.attributes.get("root") == BSN_OID and "value" in node.attributes:
            found.append(Finding("information", node.place, 0, "", "masked", "a BSN is masked"))
    return found

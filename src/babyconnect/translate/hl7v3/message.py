"""A record of a kernset → the message of the format asked: the door of this package.

`write` is pure: the day and the ids that a message needs are arguments or follow from the record's content.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree

from babyconnect.birthcare.ada import AdaRecord
from babyconnect.definitions import document
from babyconnect.translate.findings import Finding
from babyconnect.translate.hl7v3 import coverage
from babyconnect.translate.hl7v3.build import NAMESPACE, SDTC, Build
from babyconnect.translate.hl7v3.fills import Circumstances
from babyconnect.translate.hl7v3.rows import message
from babyconnect.translate.hl7v3.sites import sites

_NAMESPACES: dict[Any, str] = {None: NAMESPACE, "sdtc": SDTC, "xsi": "http://www.w3.org/2001/XMLSchema-instance"}
MOST = 500
"""Of one element in one place: no record of one pregnancy has as many, and each compared with each would take hours."""


@dataclass(frozen=True, slots=True)
class Message:
    """The file's bytes (none where a finding is an error) and what was found on the way, in the record's order."""

    content: bytes
    findings: tuple[Finding, ...]


def outputs() -> list[str]:
    """The formats that this package writes."""
    return list(document("hl7v3/messages.toml"))


def transactions() -> Mapping[str, str]:
    """The ADA transactions that become such a message, with their reference."""
    return {name: ref for wanted in document("hl7v3/messages.toml").values()
            for name, ref in wanted["transactions"].items()}  # fmt: skip


def write(record: AdaRecord, output: str, today: dt.date, with_bsn: bool = False) -> Message:
    """The record as the message of this format; without `with_bsn` every BSN is masked (null flavour MSK)."""
    wanted: Mapping[str, Any] = document("hl7v3/messages.toml")[output]
    if record.transaction not in wanted["transactions"]:
        return Message(b"", (_other(record, wanted),))
    root = sites(record)
    if (crowd := next((site for site in root.walk() if site.occurrence > MOST), None)) is not None:
        text = f"more than {MOST} of one element in one place"
        return Message(b"", (Finding("error", crowd.place, crowd.element.line, crowd.element.concept, "size", text),))
    build = Build(Circumstances(today, with_bsn), _given(record, output, today), affirms=wanted.get("affirms", True))
    made = [element for element, _ in build.elements(message(tuple(wanted["tables"]), wanted["version"]), root)]
    found = sorted([*build.findings, *coverage.findings(root, output, wanted)], key=lambda finding: finding.line)
    if not made or any(finding.severity == "error" for finding in found):
        return Message(b"", tuple(found))
    return Message(serialised(assembled(made[0], build.masked)), tuple(found))


def _other(record: AdaRecord, wanted: Mapping[str, Any]) -> Finding:
    names = " or ".join(wanted["transactions"])
    return Finding(
        "error", record.transaction, record.root.line, "", "transaction", f"only {names} becomes this message"
    )


def _given(record: AdaRecord, output: str, today: dt.date) -> dict[str, str]:
    """Names and moments of the message itself.  The same record gives the same message, another day another."""
    number = numbered(repr((output, today.isoformat(), record.root)))
    return {"message-id": number, "created": today.strftime("%Y%m%d"), "receiver-name": "Perined"}


def numbered(content: str) -> str:
    """A number under 2.25 that follows from the content: a UUID of version 8 (RFC 9562)."""
    digest = int.from_bytes(hashlib.sha256(content.encode()).digest()[:16])
    return str(digest & ~(0xF << 76) & ~(0x3 << 62) | (0x8 << 76) | (0x2 << 62))


def assembled(made: etree._Element, masked: frozenset[str] | set[str]) -> etree._Element:
    """The message as a tree of its own, with what it does not show starred."""
    root = etree.Element(made.tag, None, _NAMESPACES)
    root.attrib.update(made.attrib)
    root.extend(list(made))
    for element in root.iter():
        _star(element, masked)
    etree.cleanup_namespaces(root, keep_ns_prefixes=["xsi"])
    etree.indent(root)
    return root


def serialised(root: etree._Element) -> bytes:
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def _star(element: etree._Element, numbers: frozenset[str] | set[str]) -> None:
    """A masked number is masked wherever it stands, in a text too."""
    for number in numbers:
        for name, value in element.attrib.items():
            if number in str(value):
                element.set(name, str(value).replace(number, "*" * len(number)))
        if element.text and number in element.text:
            element.text = element.text.replace(number, "*" * len(number))

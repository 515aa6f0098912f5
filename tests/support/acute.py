"""Acute handovers to test with: one of a synthetic record, and what a message says, concept by concept."""

from __future__ import annotations

import datetime as dt
import functools
from collections import Counter
from pathlib import Path

from lxml import etree

from babyconnect import synthetic
from babyconnect.translate.acute import from_message, handover
from babyconnect.translate.acute.node import Node
from babyconnect.translate.findings import Finding

TODAY = dt.date(2026, 11, 22)
FOLDER = "geboortezorg-acute-overdracht-2.1"
MESSAGES = ("REPC_EX002120NL_AcuteOverdracht-2voorgaande-3kinderen", "REPC_EX002120NL_AcuteOverdracht-dp",
            "Scenario_S05-AW")  # fmt: skip
Fact = tuple[str, tuple[tuple[str, str], ...]]


def parsed(content: bytes) -> etree._Element:
    parser = etree.XMLParser(remove_comments=True, remove_blank_text=True, remove_pis=True, resolve_entities=False)
    return etree.fromstring(content, parser)


def published(root: Path, name: str) -> etree._Element:
    return parsed((root / FOLDER / "instances" / f"{name}.xml").read_bytes())


@functools.cache
def written() -> bytes:
    """The handover of the synthetic record of which every format has an example."""
    return handover.write(synthetic.sample(TODAY, 1).resources, TODAY, with_bsn=True).content


def facts(root: Node) -> Counter[Fact]:
    """Each concept that says something, wherever of its kind it stands; names of codes count not."""
    return Counter(
        (node.path, tuple(sorted((k, v) for k, v in node.attributes.items() if k != "displayName")))
        for node in root.walk()
        if node.attributes
    )


def read(message: etree._Element) -> tuple[Counter[Fact], list[Finding]]:
    root, found = from_message.read(message)
    return facts(root), found

"""Nothing of a file transfer is lost, or new, without being told: what a conversion has to account for."""

from __future__ import annotations

from lxml import etree

from babyconnect.definitions import rows
from babyconnect.translate.jgz.convert import Converted
from tests.support.message_facts import fact, facts

ROOTS = {"REPC_IN902120NL03", "REPC_IN902120NL04", "interactionId"}
DISPLAYS = {row[f"display_{version}"] for table in ("elements", "codes") for row in rows(f"jgz/{table}")
            for version in ("4.1.3", "4.2.0")}  # fmt: skip
NEW = {"originalText"}


def untold(message: etree._Element, made: Converted) -> list[str]:
    """What the message says and what was made of it does not, without a finding; and what is new there."""
    after = etree.fromstring(made.content)
    lost, new = facts(message) - facts(after), facts(after) - facts(message)
    told = {finding.line for finding in made.findings}
    for node in message.iter(etree.Element):
        one = fact(node)
        if one is not None and lost[one] and _accounted(node, told):
            lost[one] -= 1
    wrong = [f"lost: {name} {attributes}" for (name, attributes, _), n in lost.items() if n > 0]
    return wrong + [f"new: {name} {attributes}" for (name, attributes, _) in new if not _allowed(name, attributes)]


def _accounted(node: etree._Element, told: set[int]) -> bool:
    renamed = node.tag.endswith("}code") or node.tag.endswith("}value")
    return (
        etree.QName(node).localname in ROOTS
        or any(one.sourceline in told for one in (node, *node.iterancestors()))
        or any(child.sourceline in told for child in node)  # the component around a section that went
        or (renamed and node.get("displayName") in DISPLAYS)
    )


def _allowed(name: str, attributes: str) -> bool:
    """Words instead of a code, the words of the other version, a group of its own, the root."""
    words = any(f"displayName={' '.join(display.split())}" in attributes for display in DISPLAYS if display)
    return name in ROOTS | NEW or "nullFlavor=OTH" in attributes or words or "code=G019" in attributes

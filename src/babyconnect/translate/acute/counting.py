"""What a handover fills of its data set, for the count that shows a supplier how complete its export is."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence

from babyconnect.definitions import rows
from babyconnect.translate.acute.node import Node
from babyconnect.translate.acute.tables import ROOT, concepts
from babyconnect.translate.completeness import Chapter, Filled, Item
from babyconnect.translate.findings import Finding

VERSION = "2.1"
_LOST = frozenset({"not-mapped", "bad-value"})


def filled(root: Node, findings: Iterable[Finding]) -> Filled:
    told = list(findings)
    said = {number for node in root.walk() if (number := _number(node)) and "nullFlavor" not in node.attributes}
    lost = {finding.concept for finding in told if finding.rule in _LOST} & said
    return Filled(ROOT, VERSION, frozenset(said), frozenset(lost), sum(f.rule == "unread" for f in told))


def _number(node: Node) -> str:
    """The concept that a node fills; a name is filled by its parts."""
    known = concepts().get(node.path)
    holds = node.attributes or (known is not None and known.datatype and node.children)
    return known.number if known is not None and holds else ""


@functools.cache
def chapters(data_set: str, version: str) -> Sequence[Chapter]:
    """The groups of the data set with their items, () for another data set."""
    if (data_set, version) != (ROOT, VERSION):
        return ()
    names = {row["path"]: row["name"] for row in rows("acute/dataset")}
    found: dict[str, list[Item]] = {}
    for row in rows("acute/dataset"):
        above, *within = row["path"].split("/")
        if row["kind"] == "item":
            steps = ["/".join([above, *within[: number + 1]]) for number in range(len(within))]
            found.setdefault(above, []).append(Item(row["concept"], " / ".join(names[step] for step in steps)))
    return tuple(Chapter(names[group], tuple(items)) for group, items in found.items())

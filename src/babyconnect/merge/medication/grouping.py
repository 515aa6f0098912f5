"""Which blocks are about one medicine: blocks of one treatment, and blocks about one product, of one person."""

from __future__ import annotations

from collections.abc import Sequence

from babyconnect.merge.medication.blocks import Read
from babyconnect.merge.medication.products import keys_of


def medicines(reads: Sequence[Read]) -> list[list[Read]]:
    """The blocks in groups, each in a fixed order, whatever the order of the blocks."""
    ordered = sorted(reads, key=lambda read: (read.subject, read.block.item))
    parent: dict[tuple[str, str, str], tuple[str, str, str]] = {}

    def root(key: tuple[str, str, str]) -> tuple[str, str, str]:
        parent.setdefault(key, key)
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    for read in ordered:
        first, *others = _keys(read)
        for other in others:
            low, high = sorted((root(first), root(other)))
            parent[high] = low
    found: dict[tuple[str, str, str], list[Read]] = {}
    for read in ordered:
        found.setdefault(root(_keys(read)[0]), []).append(read)
    return list(found.values())


def _keys(read: Read) -> list[tuple[str, str, str]]:
    """What ties this block to others; a block without anything is tied to itself alone."""
    own = [("item", read.block.item)]
    own += [("treatment", read.block.treatment)] if read.block.treatment else []
    own += [("product", key) for key in keys_of(read.block.product)]
    return [(read.subject, kind, key) for kind, key in own]

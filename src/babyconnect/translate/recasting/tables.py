"""A table as a tree of the other data set, and the codes that this calls otherwise.  Columns: definitions/recasting."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field

from babyconnect.definitions import rows


@dataclass(slots=True)
class Node:
    """One element of the other data set: what it is there for each of, what fills it."""

    name: str
    each: str = ""
    sources: tuple[str, ...] = ()
    transform: str = ""
    argument: str = ""
    children: dict[str, Node] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Coded:
    code: str
    system: str
    display: str


@functools.cache
def tree(table: str) -> Node:
    """The elements that have a source, each in what it lies in."""
    root = Node("")
    for row in rows(f"recasting/{table}"):
        if row["reason"] and not row["source"]:
            continue
        node = root
        for name in row["target"].split("/"):
            node = node.children.setdefault(name, Node(name))
        node.each, node.transform, node.argument = row["each"], row["transform"], row["argument"]
        node.sources = tuple(source.strip() for source in row["source"].split("|") if source.strip())
    return root


@functools.cache
def maps() -> Mapping[tuple[str, str, str], Coded]:
    """By map, code system and code: what the other data set calls it."""
    return {(row["map"], row["system"], row["code"]): Coded(row["to_code"], row["to_system"], row["to_display"])
            for row in rows("recasting/codes")}  # fmt: skip


@functools.cache
def listed(codes: str, lists: str) -> Mapping[tuple[str, str], str]:
    """The codes of these value lists, by system and code, with their display."""
    wanted = frozenset(lists.split())
    return {(row["system"], row["code"]): row["display"] for row in rows(codes) if row["list"] in wanted}

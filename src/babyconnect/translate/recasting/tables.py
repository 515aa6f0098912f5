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
    when: str = ""
    children: dict[str, Node] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Coded:
    code: str
    system: str
    display: str


@functools.cache
def tree(tables: str) -> Node:
    """The elements that have a source, each in what it lies in; what a later table says of an element stands."""
    said = {row["target"]: row for table in tables.split() for row in rows(f"recasting/{table}")}
    root = Node("")
    for row in said.values():
        if row["reason"] and not row["source"]:
            continue
        node = root
        for name in row["target"].split("/"):
            node = node.children.setdefault(name, Node(name))
        node.each, node.transform, node.argument = row["each"], row["transform"], row["argument"]
        node.sources, node.when = alternatives(row["source"]), row.get("when", "")
    return root


def alternatives(paths: str) -> tuple[str, ...]:
    return tuple(path.strip() for path in paths.split(" | ") if path.strip())


@functools.cache
def unheld(tables: str) -> Mapping[str, str]:
    """What no record of birth care holds for this output, and why: by element."""
    said = {row["target"]: row["reason"] for table in tables.split() for row in rows(f"recasting/{table}")}
    return {target: reason for target, reason in said.items() if reason}


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

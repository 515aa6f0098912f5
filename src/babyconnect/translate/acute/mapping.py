"""The tables between concepts and resources, read once: what becomes a resource, and where each value goes."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from babyconnect.definitions import document, rows

Coding = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Link:
    """`path` refers to the nearest resource of the first of `rules` that there is (`every`: to each of them)."""

    path: str
    rules: tuple[str, ...]
    every: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """Where a concept is filled (`path`; "": the handover itself) a resource of this pattern is made.

    `takes`: on the way back, codes that it takes beside its own.
    """

    name: str
    path: str
    template: str
    type: str
    profiles: tuple[str, ...]
    fixed: Mapping[str, Any]
    label: str
    codings: tuple[Coding, ...]
    takes: frozenset[tuple[str, str]]
    links: tuple[Link, ...]
    when: str


@dataclass(frozen=True, slots=True)
class Row:
    """Where the value of a concept goes; `every`: into every resource of the rule, wherever it is."""

    path: str
    rule: str
    every: bool
    target: str
    transform: str
    argument: str
    reason: str


@functools.cache
def rules() -> tuple[Rule, ...]:
    templates = document("ada/templates.toml") | document("acute/templates.toml")
    return tuple(_rule(row, templates[row["template"]]) for row in rows("acute/rules"))


@functools.cache
def rule(name: str) -> Rule:
    return next(one for one in rules() if one.name == name)


@functools.cache
def mapped() -> tuple[Row, ...]:
    return tuple(
        Row(row["path"], row["resource"].removesuffix("*"), row["resource"].endswith("*"), row["target"],
            row["transform"], row["argument"], row["reason"])
        for row in rows("acute/map")
    )  # fmt: skip


def _rule(row: Mapping[str, str], template: Mapping[str, Any]) -> Rule:
    codings = tuple(coding(text) for text in row["code"].split(" ;; ") if text)
    own = {(one["system"], one["code"]) for one in codings}
    takes = {(system, code) for system, _, code in (text.partition("|") for text in row["takes"].split())}
    return Rule(
        row["rule"], row["path"], row["template"], template["type"], tuple(template["profiles"]),
        template.get("fixed", {}), template["label"], codings, frozenset(own | takes),
        tuple(_link(text) for text in row["links"].split("; ") if text), row["when"],
    )  # fmt: skip


def _link(text: str) -> Link:
    path, _, names = text.partition(" = ")
    return Link(path, tuple(names.removesuffix("*").split("|")), names.endswith("*"))


def coding(text: str) -> dict[str, str]:
    """`system|code|display`."""
    system, code, display = text.split("|", 2)
    return {"system": system, "code": code, "display": display}


@functools.cache
def equivalents() -> Mapping[tuple[str, str, str], Coding]:
    """By list, code system (OID) and code of the handover: the coding that means the same in PWD 3.2."""
    return {
        (row["list"], row["system"], row["code"]):
            {"system": row["target_system"], "code": row["target"], "display": row["display"]}
        for row in rows("acute/equivalents")
    }  # fmt: skip


@functools.cache
def same_as(listed: str, system: str, code: str) -> tuple[str, str] | None:
    """The code system (OID) and code of the handover that a coding of PWD 3.2 means the same as."""
    for (name, oid, own), target in equivalents().items():
        if (name, target["system"], target["code"]) == (listed, system, code):
            return oid, own
    return None

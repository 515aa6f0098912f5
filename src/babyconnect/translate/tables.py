"""A map as tables, read once: rules (what becomes a resource), rows (where each value goes), links and borrowed values.

The columns are documented in `definitions/ada/README.md`.  Nothing here knows a data element: all of that is rows.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from babyconnect.definitions import document, rows
from babyconnect.translate.element_units import units_of


@dataclass(frozen=True, slots=True)
class Template:
    """What resources of one pattern have in common."""

    name: str
    type: str
    profiles: tuple[str, ...]
    fixed: Mapping[str, Any]
    links: tuple[tuple[str, str], ...]
    label: str
    merge: bool
    members: str


@dataclass(frozen=True, slots=True)
class Rule:
    """Where a data element is filled, a resource of this template is made (when the condition holds)."""

    name: str
    concept: str
    template: Template
    when: str
    codings: tuple[Mapping[str, str], ...]
    supports: tuple[tuple[str, str], ...]
    label: str


@dataclass(frozen=True, slots=True)
class Row:
    """Where the value of a data element goes.

    `resource` names a rule, or `@` and a link: the resource that the link finds from there.  `transform` is one of the
    closed list.
    """

    concept: str
    resource: str
    path: str
    transform: str
    argument: str
    when: str
    reason: str


@dataclass(frozen=True, slots=True)
class Borrowed:
    """A value that a resource takes from elsewhere in the record: `source` names data elements (`sites.Tree.trace`)."""

    resource: str
    path: str
    transform: str
    argument: str
    source: str


@dataclass(frozen=True, slots=True)
class Link:
    """How a resource finds another: a data element to follow, or a rule to find, inside `within`; else `otherwise`.

    `when`: the link is there only where this condition holds.  `every`: a row is about all that it
    finds, not the first.  `only`: what it finds counts when it finds one, not when it finds several.
    """

    name: str
    within: str
    via: str
    rule: str
    otherwise: str
    form: str
    when: str
    every: bool
    only: bool


@dataclass(frozen=True, slots=True)
class AdaMap:
    name: str
    rules: Mapping[str, tuple[Rule, ...]]
    rows: Mapping[str, tuple[Row, ...]]
    borrowed: Mapping[str, tuple[Borrowed, ...]]
    links: Mapping[str, Link]
    targets: Mapping[str, str]
    elements: Mapping[str, str]
    lists: Mapping[str, tuple[str, ...]]
    units: Mapping[str, tuple[str, ...]]
    anchors: Mapping[str, Mapping[str, str]]
    rule_of: Mapping[str, Rule] = field(default_factory=dict)


@functools.cache
def ada_map(names: str, structure: str, beside: str = "") -> AdaMap:
    """The map over the transaction of table `structure`; `names`: prefixes of its tables, separated by spaces.

    Each builds on the one before: its rules and rows of a data element replace those before it.  `beside`: a folder
    with one layer more, and what its own `structure` adds to the transaction's.
    """
    templates, layers = _templates(), [f"ada/{name}_" for name in names.split()]
    known = {row["concept"]: row for table in reversed(structure.split()) for row in rows(f"ada/{table}")}
    if beside:
        layers.append(f"{beside}/")
        known |= {row["concept"]: row for row in rows(f"{beside}/structure")}
    rules: dict[str, tuple[Rule, ...]] = {}
    mapped: dict[str, tuple[Row, ...]] = {}
    borrowed: list[Borrowed] = []
    rule_of: dict[str, Rule] = {}
    for name in layers:
        made = [_rule(row, templates) for row in rows(f"{name}rules")]
        rule_of |= {rule.name: rule for rule in made}
        rules |= _grouped(made, "concept")
        mapped |= _grouped([_row(row) for row in rows(f"{name}map") if row["concept"] in known], "concept")
        borrowed += [_borrowed(row) for row in rows(f"{name}borrowed")]
    return AdaMap(
        name=names,
        rules=rules,
        rows=mapped,
        borrowed=_grouped(borrowed, "resource"),
        links=_links(),
        targets={concept: row["target"] for concept, row in known.items() if row["target"]},
        elements={concept: row["element"] for concept, row in known.items()},
        lists={concept: tuple(row["lists"].split()) for concept, row in known.items() if row["lists"]},
        units={concept: units_of(concept, row["units"]) for concept, row in known.items() if row.get("units")},
        anchors=document("ada/anchors.toml"),
        rule_of=rule_of,
    )


def _grouped(items: list[Any], key: str) -> Mapping[str, tuple[Any, ...]]:
    groups: dict[str, list[Any]] = defaultdict(list)
    for item in items:
        groups[getattr(item, key)].append(item)
    return {name: tuple(group) for name, group in groups.items()}


def _templates() -> Mapping[str, Template]:
    return {name: _template(name, row) for name, row in document("ada/templates.toml").items()}


def _template(name: str, row: Mapping[str, Any]) -> Template:
    links = tuple((path, link) for path, _, link in (text.partition(" = ") for text in row.get("links", ())))
    return Template(name, row["type"], tuple(row["profiles"]), row.get("fixed", {}), links, row["label"],
                    row.get("merge", False), row.get("members", ""))  # fmt: skip


def _rule(row: Mapping[str, str], templates: Mapping[str, Template]) -> Rule:
    template = templates[row["template"]]
    supports = tuple((rule, unless) for rule, _, unless in (text.partition("!") for text in row["supports"].split()))
    return Rule(row["rule"], row["concept"], template, row["when"], codings(row["code"]), supports,
                row["label"] or template.label)  # fmt: skip


def codings(text: str) -> tuple[Mapping[str, str], ...]:
    """`system|code|display`, several separated by ` ;; `."""
    parts = [part.split("|", 2) for part in text.split(" ;; ") if part]
    return tuple({"system": system, "code": code, "display": display} for system, code, display in parts)


def _row(row: Mapping[str, str]) -> Row:
    return Row(row["concept"], row["resource"], row["path"], row["transform"], row["argument"], row["when"],
               row["reason"])  # fmt: skip


def _borrowed(row: Mapping[str, str]) -> Borrowed:
    return Borrowed(row["resource"], row["path"], row["transform"], row["argument"], row["source"])


def _links() -> Mapping[str, Link]:
    return {
        name: Link(name, row.get("within", ""), row.get("via", ""), row.get("rule", ""), row.get("otherwise", ""),
                   row.get("form", "plain"), row.get("when", ""), row.get("every", False), row.get("only", False))
        for name, row in document("ada/links.toml").items()
    }  # fmt: skip

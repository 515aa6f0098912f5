"""The tables of a transaction read backwards: the rows and codes of each rule, and what tells like rules apart."""

from __future__ import annotations

import functools
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from babyconnect.definitions import document
from babyconnect.definitions import rows as table_rows
from babyconnect.translate.tables import AdaMap, Link, Row, Rule, ada_map
from babyconnect.translate.to_ada.draft import Structure, structure


@dataclass(frozen=True, slots=True)
class Backwards:
    """The tables of a transaction read backwards."""

    table: AdaMap
    structure: Structure
    rules: tuple[Rule, ...]
    rows: Mapping[str, tuple[Row, ...]]
    """By rule (or `@link`), in the structure's order: the rows that give its resources their values."""
    codes: Mapping[str, frozenset[tuple[str, str]]]
    """By rule: system and code of what it takes; none where it takes whatever has no code of its own."""

    def links(self, rule: Rule) -> Iterator[tuple[str, Link]]:
        return ((path, self.table.links[name]) for path, name in rule.template.links)

    def alternatives(self, link: Link) -> Iterator[Link]:
        """A link and what it falls back on, in order."""
        here: Link | None = link
        while here is not None:
            yield here
            here = self.table.links[here.otherwise] if here.otherwise else None

    def reaches(self, rule: Rule, link: Link) -> bool:
        """True when what a link looks for within a group can be there: the rule's element, or what refers to it, is."""
        if not link.within:
            return True
        return any(w in self.structure.chain(way) for w in link.within.split() for way in self.ways(rule.concept))

    def ways(self, concept: str) -> list[str]:
        """A concept and the references to it: where a resource's element, or what refers to it, can lie."""
        return [concept, *self.structure.referring.get(concept, ())]


@functools.cache
def backwards(names: str, structure_name: str) -> Backwards:
    """The tables of a transaction (`ada_map` of these names) backwards."""
    table, its_structure = ada_map(names, structure_name), structure(structure_name)
    rules = tuple(rule for concept in its_structure.concepts for rule in table.rules.get(concept, ()))
    rows: dict[str, list[Row]] = defaultdict(list)
    for concept in its_structure.concepts:
        for row in table.rows.get(concept, ()):
            if row.path and row.transform not in ("none", "group", "follow", "element", "suffix"):
                rows[row.resource].append(row)
    taken = {rule.name: _taking(named_tests().get(rule.name) or rule.codings) for rule in rules}
    return Backwards(table, its_structure, rules, {name: tuple(made) for name, made in rows.items()}, taken)


def _taking(codings: Sequence[Mapping[str, str]]) -> frozenset[tuple[str, str]]:
    return frozenset((one["system"], one["code"]) for one in codings)


@functools.cache
def _frequency() -> Mapping[str, int]:
    """How many templates have a profile."""
    return Counter(profile for row in document("ada/templates.toml").values() for profile in row["profiles"])


def known_profiles() -> frozenset[str]:
    return frozenset(_frequency())


def specific(profiles: Iterable[str]) -> set[str]:
    """The profiles of a resource that say most: those that fewest templates have."""
    listed = list(profiles)
    least = min((_frequency()[profile] for profile in listed), default=0)
    return {profile for profile in listed if _frequency()[profile] == least}


def is_of(rule: Rule, profiles: set[str]) -> bool:
    """True when rule and resource agree on what the resource is, not just on what it is besides."""
    own = set(rule.template.profiles)
    return bool(specific(own) & profiles) and bool(specific(profiles) & own)


@functools.cache
def usual() -> frozenset[str]:
    """The rules that a resource is of where nothing tells it from others."""
    return frozenset(row["concept"] for row in table_rows("ada/to_ada_choices") if not row["path"] + row["template"])


@functools.cache
def neutral() -> Mapping[str, str]:
    """By template: the rule that states nothing where several of its rules explain a resource alike."""
    return {row["template"]: row["concept"] for row in table_rows("ada/to_ada_choices") if row["template"]}


@functools.cache
def named_tests() -> Mapping[str, Sequence[Mapping[str, str]]]:
    """By rule: the only codes it takes (`to_ada_codes.csv`)."""
    tests: dict[str, list[Mapping[str, str]]] = defaultdict(list)
    for row in table_rows("ada/to_ada_codes"):
        tests[row["rule"]].append(row)
    return tests


@functools.cache
def conditions() -> Mapping[str, Mapping[tuple[str, str], Sequence[str]]]:
    """By rule and code: when the rule takes that code."""
    made: dict[str, dict[tuple[str, str], list[str]]] = defaultdict(lambda: defaultdict(list))
    for row in table_rows("ada/to_ada_codes"):
        made[row["rule"]][row["system"], row["code"]].append(row["when"])
    return made

"""Which rule of the transaction each resource is of: by its type, profile, code, links and codes that a rule takes.

A rule says what becomes a resource; read backwards it says what a resource was.  Where several rules make the same kind
of resource, the one that explains most of it stands, and the first of the table among equals.
"""

from __future__ import annotations

import functools
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from babyconnect.definitions import document
from babyconnect.definitions import rows as table_rows
from babyconnect.translate import codes
from babyconnect.translate.tables import AdaMap, Link, Row, Rule, ada_map
from babyconnect.translate.to_ada.draft import Structure, structure
from babyconnect.translate.to_ada.graph import Graph, Resource, found, matches, places, same_coding
from babyconnect.translate.to_ada.whose import is_theirs, on_the_day_of_birth, persons, says_a_fetus

# What a template fixes that tells its resources from others: their code, and their shield.
_TELLING = frozenset({"code", "meta"})
Score = tuple[int, int, int, int, int, int]
_ABOUT = 5
"""What a resource is about weighs more than what is said of it."""


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
    taken = {rule.name: _taking(_named_tests().get(rule.name) or rule.codings) for rule in rules}
    return Backwards(table, its_structure, rules, {name: tuple(made) for name, made in rows.items()}, taken)


def _taking(codings: Sequence[Mapping[str, str]]) -> frozenset[tuple[str, str]]:
    return frozenset((one["system"], one["code"]) for one in codings)


class Assigning:
    """The rules of all resources of one record.

    `others`: the tables of the other transactions.  A resource that is better explained there is of no rule here: a
    procedure of the delivery is not made one of the history because this transaction has no delivery.
    """

    def __init__(self, graph: Graph, tables: Backwards, others: Sequence[Backwards]) -> None:
        self._graph, self._tables = graph, tables
        self._by_type: dict[str, list[tuple[Backwards, Rule]]] = defaultdict(list)
        seen: set[str] = set()
        for their in (tables, *sorted(others, key=lambda other: -len(other.rules))):  # the fullest knows a rule best
            for rule in their.rules:
                if rule.name not in seen:
                    self._by_type[rule.template.type].append((their, rule))
            seen |= {rule.name for rule in their.rules}
        self.alike: dict[str, list[Rule]] = {}
        """Rules that explain a resource as well as its own: for when that has no place left."""
        self._reported = self._members()
        self._consider({key: self._possible(key, resource) for key, resource in graph.all.items()})
        self._claimed = self._claims(self.possible)
        self.rules = {key: self._best(key, found) for key, found in self._explained_by.items()}
        # Once more, now that it is known who everyone is: what is about a child is never its mother's or a foetus'.
        everyone = self._explained_by
        self._consider(self._of_their_own())
        self.misplaced = frozenset(key for key, pairs in everyone.items() if pairs and not self._explained_by[key])
        """Resources that only another than the one they are about has a place for."""
        self.rules = {key: self._best(key, found) for key, found in self._explained_by.items()}
        # And now that what refers to a resource is known for what it is: a request is that of its procedure.
        self._claimed = self._claims({k: frozenset({rule.name}) for k, rule in self.rules.items() if rule is not None})
        self.rules = {key: self._best(key, found) for key, found in self._explained_by.items()}

    def _consider(self, explained_by: dict[str, list[tuple[Backwards, Rule]]]) -> None:
        """These are the rules that each resource can be of."""
        self._explained_by = explained_by
        self.possible = {key: frozenset(rule.name for _, rule in found) for key, found in explained_by.items()}
        self._present = frozenset(name for names in self.possible.values() for name in names)
        self.candidates = {
            key: [rule for their, rule in found if their is self._tables] for key, found in explained_by.items()
        }

    def _of_their_own(self) -> dict[str, list[tuple[Backwards, Rule]]]:
        """The rules that each resource can be of, less those about somebody else than it is about."""
        known = ((key, self.rules[key]) for key in persons(self._graph))
        people = {key: frozenset({rule.name} if rule is not None else ()) for key, rule in known}
        return {
            key: [pair for pair in pairs if is_theirs(self._graph, people, key, *pair)]
            for key, pairs in self._explained_by.items()
        }

    def _possible(self, key: str, resource: Resource) -> list[tuple[Backwards, Rule]]:
        """By code and profile; a resource without a profile that any rule knows goes by its code alone."""
        listed = _codings(resource)
        codings = listed if isinstance(listed, list) else []
        pairs = {(one.get("system"), one.get("code")) for one in codings if isinstance(one, Mapping)}
        coded = [
            (their, rule)
            for their, rule in self._by_type[str(resource.get("resourceType"))]
            if self._takes(key, their, rule, pairs) and _has_fixed(resource, rule)
        ]
        profiles = _profiles(resource) & known_profiles()
        if profiles:
            return [pair for pair in coded if _is_of(pair[1], profiles)]
        with_code = [pair for pair in coded if pair[1].codings]
        if with_code or not self._named(str(resource.get("resourceType")), pairs):
            return with_code or coded
        return []  # its code has a place, but not for this: it is no result of a laboratory, which any code could be

    def _named(self, kind: str, pairs: Collection[tuple[Any, Any]]) -> bool:
        """True when a rule names one of the codes, for whomever and whenever."""
        return any(not their.codes[rule.name].isdisjoint(pairs) for their, rule in self._by_type[kind])

    def _takes(self, key: str, their: Backwards, rule: Rule, pairs: Collection[tuple[Any, Any]]) -> bool:
        """True when a rule takes one of a resource's codes, as it is said of this resource, or whatever has none."""
        wanted, only = their.codes[rule.name], _conditions().get(rule.name, {})
        return not wanted or any(
            self._holds(when, key, their, rule) for pair in wanted.intersection(pairs) for when in only.get(pair, ("",))
        )

    def _holds(self, when: str, key: str, their: Backwards, rule: Rule) -> bool:
        """A condition of `to_ada_codes.csv`."""
        resource = self._graph.all[key]
        if when == "fetus":
            return key in self._reported or says_a_fetus(self._graph, resource, their, rule)
        if when == "profile":
            return bool(_specific(rule.template.profiles) & _profiles(resource))
        return not when or on_the_day_of_birth(self._graph, resource)

    def _best(self, key: str, possible: list[tuple[Backwards, Rule]]) -> Rule | None:
        """The rule that explains most; None when only one of another transaction explains the resource."""
        candidates = self.candidates[key]
        if not candidates or candidates[0].template.merge or len(possible) == 1:
            return candidates[0] if candidates else None
        scored = [(self._score(key, their, rule), their is self._tables, rule) for their, rule in possible]
        own = [(score, rule) for score, is_own, rule in scored if is_own]
        best = max(score for score, _ in own)
        if any(_beats(score, best) for score, is_own, _ in scored if not is_own):
            return None
        self.alike[key] = [rule for score, rule in own if score == best]
        first = self.alike[key][0]
        neutral = _neutral().get(first.template.name) if len(self.alike[key]) > 1 else None
        return self._tables.table.rule_of.get(neutral, first) if neutral else first

    def _score(self, key: str, their: Backwards, rule: Rule) -> Score:
        resource = self._graph.all[key]
        fixed = sum(1 if matches(resource.get(name), value) else -1 for name, value in rule.template.fixed.items())
        claim = self._claim(key, their, rule)
        links = self._links(resource, their, rule) - self._without(key, their, rule) + min(claim, 0)
        own = sum(1 if same_coding(_codings(resource), [coding]) else -1 for coding in rule.codings)
        usual = int(rule.name in _usual())
        own += _ABOUT * (rule.name in _named_tests())  # a rule of which the codes are named is only for these
        about = own + _codes(resource, their, rule) + _ABOUT * max(claim, 0)
        return (links, about, fixed, usual, claim, _taken(resource, their, rule))

    def _members(self) -> frozenset[str]:
        """The resources that a report has as its results."""
        paths = {rule.template.members for rules in self._by_type.values() for _, rule in rules} - {""}
        listed = (found(resource, path) for resource in self._graph.all.values() for path in paths)
        return frozenset(self._graph.target(one.value) for each in listed for one in each)

    def _claims(self, rules: Mapping[str, frozenset[str]]) -> frozenset[tuple[str, str]]:
        """Resources with the rule that others refer to them as: the problem of a plan, the insurer of a policy."""
        claimed = set()
        for key, names in rules.items():
            resource = self._graph.all[key]
            for their, rule in self._by_type[str(resource.get("resourceType"))]:
                if rule.name in names:
                    claimed |= {(self._graph.target(one.value), as_) for path, as_ in _referring(their, rule)
                                for one in found(resource, path)}  # fmt: skip
        return frozenset(claimed)

    def _claim(self, key: str, their: Backwards, rule: Rule) -> int:
        """1: another resource refers to it as this; -1: only what is referred to stands there, and nothing refers."""
        if (key, rule.name) in self._claimed:
            return 1
        claims = [row for row in their.table.rows.get(rule.concept, ()) if row.transform == "self" and not row.when]
        return -1 if any(row.resource in their.table.rule_of for row in claims) else 0

    def _without(self, key: str, their: Backwards, rule: Rule) -> int:
        """How many resources this rule's element would lie in that are not there, or are not of it: a report.

        One that has it among its results counts for the rule.
        """
        count = 0
        for concept in their.structure.chain(rule.concept)[:-1]:
            rules = their.table.rules.get(concept, ())
            present = [other for other in rules if other.name in self._present]
            of_a_report = [other for other in rules if other.template.members]
            count += bool(rules and not present)
            if of_a_report:
                count += 1 if key not in self._reported else -1
        return count

    def _links(self, resource: Resource, their: Backwards, rule: Rule) -> int:
        """References that the rule's links can make, less those they cannot."""
        explained: dict[tuple[str, str], bool] = {}
        for path, link in their.links(rule):
            for key in {self._graph.target(one.value) for one in found(resource, path)} - {""}:
                explained[path, key] = explained.get((path, key), False) or self._explained(their, rule, link, key)
        return sum(1 if is_explained else -1 for is_explained in explained.values())

    def explains(self, rule: Rule, link: Link, key: str) -> bool:
        """True when a link of a rule of this transaction can lead to a resource."""
        return self._explained(self._tables, rule, link, key)

    def _explained(self, their: Backwards, rule: Rule, link: Link, key: str) -> bool:
        return any(one.rule in self.possible[key] and their.reaches(rule, one) for one in their.alternatives(link))


def _referring(their: Backwards, rule: Rule) -> Iterator[tuple[str, str]]:
    """Paths of a rule's resources, with the rule of what they refer to."""
    for row in their.rows.get(rule.name, ()):
        if row.transform == "self":
            yield from ((row.path, made.name) for made in their.table.rules.get(row.concept, ()))
        elif row.transform == "reference":
            yield from ((row.path, name) for name in row.argument.split())
    links = ((path, link) for path, link in their.links(rule) if their.reaches(rule, link))
    yield from ((path, link.rule) for path, link in links if link.rule and not link.otherwise)


def _codes(resource: Resource, their: Backwards, rule: Rule) -> int:
    """Codes that the value lists of the rule's data elements have, less those they lack."""
    score = 0
    for row in their.rows.get(rule.name, ()):
        lists = their.table.lists.get(row.concept, ())
        if lists and row.transform in ("concept", "value-concept"):
            for one in found(resource, row.path):
                score += _weight(row) * _listed(one.value, lists)
    return score


def _taken(resource: Resource, their: Backwards, rule: Rule) -> int:
    """Elements of the resource that the rule's data elements give."""
    rows = their.rows.get(rule.name, ())
    return sum(any(found(resource, place) for place in places(row.path, row.transform)) for row in rows)


@functools.cache
def _frequency() -> Mapping[str, int]:
    """How many templates have a profile."""
    return Counter(profile for row in document("ada/templates.toml").values() for profile in row["profiles"])


def known_profiles() -> frozenset[str]:
    return frozenset(_frequency())


def _specific(profiles: Iterable[str]) -> set[str]:
    """The profiles of a resource that say most: those that fewest templates have."""
    listed = list(profiles)
    least = min((_frequency()[profile] for profile in listed), default=0)
    return {profile for profile in listed if _frequency()[profile] == least}


def _is_of(rule: Rule, profiles: set[str]) -> bool:
    """True when rule and resource agree on what the resource is, not just on what it is besides."""
    own = set(rule.template.profiles)
    return bool(_specific(own) & profiles) and bool(_specific(profiles) & own)


def _weight(row: Row) -> int:
    return _ABOUT if row.path == "code" else 1


def _has_fixed(resource: Resource, rule: Rule) -> bool:
    fixed = rule.template.fixed
    return all(matches(resource.get(name), fixed[name]) for name in _TELLING & fixed.keys())


def _beats(other: Score, own: Score) -> bool:
    """True when another transaction explains references that this one cannot, or has the code where this one lacks it.

    Where neither has the code, the usual place counts: a procedure of the pregnancy is none of the history.
    """
    if other[0] != own[0]:
        return other[0] > own[0]
    return own[1] < 0 and (other[1], other[3]) > (own[1], own[3])


@functools.cache
def _usual() -> frozenset[str]:
    """The rules that a resource is of where nothing tells it from others."""
    return frozenset(row["concept"] for row in table_rows("ada/to_ada_choices") if not row["path"] + row["template"])


@functools.cache
def _neutral() -> Mapping[str, str]:
    """By template: the rule that states nothing where several of its rules explain a resource alike."""
    return {row["template"]: row["concept"] for row in table_rows("ada/to_ada_choices") if row["template"]}


@functools.cache
def _named_tests() -> Mapping[str, Sequence[Mapping[str, str]]]:
    """By rule: the only codes it takes (`to_ada_codes.csv`)."""
    tests: dict[str, list[Mapping[str, str]]] = defaultdict(list)
    for row in table_rows("ada/to_ada_codes"):
        tests[row["rule"]].append(row)
    return tests


@functools.cache
def _conditions() -> Mapping[str, Mapping[tuple[str, str], Sequence[str]]]:
    """By rule and code: when the rule takes that code."""
    made: dict[str, dict[tuple[str, str], list[str]]] = defaultdict(lambda: defaultdict(list))
    for row in table_rows("ada/to_ada_codes"):
        made[row["rule"]][row["system"], row["code"]].append(row["when"])
    return made


def _codings(resource: Resource) -> Any:
    code = resource.get("code")
    return code.get("coding") if isinstance(code, Mapping) else None


def _profiles(resource: Resource) -> set[str]:
    meta = resource.get("meta")
    listed = meta.get("profile") if isinstance(meta, Mapping) else None
    return {one for one in listed if isinstance(one, str)} if isinstance(listed, list) else set()


def _listed(value: Any, lists: tuple[str, ...]) -> int:
    """2 when a list names one of the codes, 1 when it takes any of its system, -1 when it has none of them."""
    codings = value.get("coding") if isinstance(value, Mapping) else None
    best = -1
    for one in codings if isinstance(codings, list) else []:
        if isinstance(one, Mapping):
            code, system = str(one.get("code", "")), codes.oid(str(one.get("system", "")))
            known = 1 if codes.is_known(lists, code, system) else -1
            best = max(best, 2 if codes.position(lists, code, system) else known)
    return best

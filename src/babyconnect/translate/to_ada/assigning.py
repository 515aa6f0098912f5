"""Which rule of the transaction each resource is of: by its type, profile, code, links and codes that a rule takes.

A rule says what becomes a resource; read backwards it says what a resource was.  Where several rules make the same kind
of resource, the one that explains most of it stands, and the first of the table among equals.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from babyconnect.translate.tables import Link, Rule
from babyconnect.translate.to_ada.backwards import Backwards, conditions, is_of, known_profiles, neutral, specific
from babyconnect.translate.to_ada.graph import Graph, Resource, codings, matches, profiles
from babyconnect.translate.to_ada.scoring import Scoring, beats
from babyconnect.translate.to_ada.whose import is_theirs, on_the_day_of_birth, persons, says_a_fetus

# What a template fixes that tells its resources from others: their code, and their shield.
_TELLING = frozenset({"code", "meta"})
_REQUEST = "ProcedureRequest"


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
        self.rules: dict[str, Rule | None] = {}
        self._scoring = Scoring(graph, self._by_type)
        self._consider({key: self._possible(key, resource) for key, resource in graph.all.items()})
        self._scoring.refer(self.possible)
        self._choose()
        # Once more, now that it is known who everyone is: what is about a child is never its mother's or a foetus'.
        everyone = self._explained_by
        self._consider(self._of_their_own())
        self.misplaced = frozenset(key for key, pairs in everyone.items() if pairs and not self._explained_by[key])
        """Resources that only another than the one they are about has a place for."""
        self._choose()
        # And now that what refers to a resource is known for what it is: a request is that of its procedure, and that
        # there is a delivery when a problem of one is there.
        known = {key: rule for key, rule in self.rules.items() if rule is not None}
        self._scoring.refer({key: frozenset({rule.name}) for key, rule in known.items()})
        self._scoring.stand(concept for rule in known.values() for concept in tables.structure.chain(rule.concept))
        self._choose()
        self.rules = {key: None if self._asks_for_nothing(key, rule) else rule for key, rule in self.rules.items()}

    def _choose(self) -> None:
        self.rules = {key: self._best(key, found) for key, found in self._explained_by.items()}

    def _asks_for_nothing(self, key: str, rule: Rule | None) -> bool:
        """True for a request that nothing answers: in the element of what was done it would say that it was done."""
        return rule is not None and rule.template.type == _REQUEST and not self._scoring.claims(key, rule)

    def _consider(self, explained_by: dict[str, list[tuple[Backwards, Rule]]]) -> None:
        """These are the rules that each resource can be of."""
        self._explained_by = explained_by
        self.possible = {key: frozenset(rule.name for _, rule in found) for key, found in explained_by.items()}
        self._scoring.consider(self.possible)
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
        listed = codings(resource)
        own = listed if isinstance(listed, list) else []
        pairs = {(one.get("system"), one.get("code")) for one in own if isinstance(one, Mapping)}
        coded = [
            (their, rule)
            for their, rule in self._by_type[str(resource.get("resourceType"))]
            if self._takes(key, their, rule, pairs) and _has_fixed(resource, rule)
        ]
        if known := profiles(resource) & known_profiles():
            return [pair for pair in coded if is_of(pair[1], known)]
        with_code = [pair for pair in coded if pair[1].codings]
        if with_code or not self._named(str(resource.get("resourceType")), pairs):
            return with_code or coded
        return []  # its code has a place, but not for this: it is no result of a laboratory, which any code could be

    def _named(self, kind: str, pairs: Collection[tuple[Any, Any]]) -> bool:
        """True when a rule names one of the codes, for whomever and whenever."""
        return any(not their.codes[rule.name].isdisjoint(pairs) for their, rule in self._by_type[kind])

    def _takes(self, key: str, their: Backwards, rule: Rule, pairs: Collection[tuple[Any, Any]]) -> bool:
        """True when a rule takes one of a resource's codes, as it is said of this resource, or whatever has none."""
        wanted, only = their.codes[rule.name], conditions().get(rule.name, {})
        return not wanted or any(
            self._holds(when, key, their, rule) for pair in wanted.intersection(pairs) for when in only.get(pair, ("",))
        )

    def _holds(self, when: str, key: str, their: Backwards, rule: Rule) -> bool:
        """A condition of `to_ada_codes.csv`."""
        resource = self._graph.all[key]
        if when == "fetus":
            return key in self._scoring.reported or says_a_fetus(self._graph, resource, their, rule)
        if when == "profile":
            return bool(specific(rule.template.profiles) & profiles(resource))
        return not when or on_the_day_of_birth(self._graph, resource)

    def _best(self, key: str, possible: list[tuple[Backwards, Rule]]) -> Rule | None:
        """The rule that explains most; None when only one of another transaction explains the resource."""
        candidates = self.candidates[key]
        if not candidates or candidates[0].template.merge or len(possible) == 1:
            return candidates[0] if candidates else None
        scored = [(self._scoring.of(key, their, rule), their is self._tables, rule) for their, rule in possible]
        own = [(score, rule) for score, is_own, rule in scored if is_own]
        best = max(score for score, _ in own)
        if any(beats(score, best) for score, is_own, _ in scored if not is_own):
            return None
        self.alike[key] = [rule for score, rule in own if score == best]
        first = self.alike[key][0]
        nothing = neutral().get(first.template.name) if len(self.alike[key]) > 1 else None
        return self._tables.table.rule_of.get(nothing, first) if nothing else first

    def explains(self, rule: Rule, link: Link, key: str) -> bool:
        """True when a link of a rule of this transaction can lead to a resource."""
        return self._scoring.explained(self._tables, rule, link, key)


def _has_fixed(resource: Resource, rule: Rule) -> bool:
    fixed = rule.template.fixed
    return all(matches(resource.get(name), fixed[name]) for name in _TELLING & fixed.keys())

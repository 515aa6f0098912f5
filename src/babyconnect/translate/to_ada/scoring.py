"""How well a rule explains a resource: its references, its code and values, what it fixes, who refers to it.

What counts first is what the resource refers to, and what its element would lie in; then its codes; then the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from babyconnect.translate import codes
from babyconnect.translate.tables import Link, Row, Rule
from babyconnect.translate.to_ada.backwards import Backwards, named_tests, usual
from babyconnect.translate.to_ada.graph import Graph, Resource, codings, found, matches, places, same_coding
from babyconnect.translate.to_ada.timing import Births

ByType = Mapping[str, list[tuple[Backwards, Rule]]]
_ABOUT = 5
"""What a resource is about weighs more than what is said of it."""
_CODED = ("concept", "concept-or-reason", "narrowed-concept", "value-concept")


class Score(NamedTuple):
    """In the order of what weighs most."""

    links: int
    about: int
    fixed: int
    usual: int
    claim: int
    naming: int
    taken: int


class Scoring:
    """Scores of the rules of one record, by what is known so far of what else is in it."""

    def __init__(self, graph: Graph, by_type: ByType) -> None:
        self._graph, self._by_type = graph, by_type
        self.reported = self._members()
        self.possible: Mapping[str, frozenset[str]] = {}
        self._births = Births(graph, {})
        self._present: frozenset[str] = frozenset()
        self._groups: frozenset[str] = frozenset()
        self._claimed: frozenset[tuple[str, str]] = frozenset()

    def consider(self, possible: Mapping[str, frozenset[str]]) -> None:
        """These are the rules that each resource can be of."""
        self.possible = possible
        self._births = Births(self._graph, possible)
        self._present = frozenset(name for names in possible.values() for name in names)

    def stand(self, groups: Iterable[str]) -> None:
        """These groups will be in the record, whether a resource says so or not: what lies in them is there."""
        self._groups = frozenset(groups)

    def of(self, key: str, their: Backwards, rule: Rule) -> Score:
        resource = self._graph.all[key]
        fixed = sum(1 if matches(resource.get(name), value) else -1 for name, value in rule.template.fixed.items())
        claim = self._claim(key, their, rule)
        links = self._links(resource, their, rule) - self._without(key, their, rule) + min(claim, 0)
        own = sum(1 if same_coding(codings(resource), [coding]) else -1 for coding in rule.codings)
        own += _ABOUT * (rule.name in named_tests())  # a rule of which the codes are named is only for these
        about = own + _codes(resource, their, rule) + _ABOUT * max(claim, 0)
        naming, taken = _naming(resource, their, rule), self._taken(resource, their, rule)
        return Score(links, about, fixed, int(rule.name in usual()), claim, naming, taken)

    def _members(self) -> frozenset[str]:
        """The resources that a report has as its results."""
        paths = {rule.template.members for rules in self._by_type.values() for _, rule in rules} - {""}
        listed = (found(resource, path) for resource in self._graph.all.values() for path in paths)
        return frozenset(self._graph.target(one.value) for each in listed for one in each)

    def refer(self, rules: Mapping[str, frozenset[str]]) -> None:
        """What others refer to as what: the problem of a plan, the insurer of a policy; `rules` of those that refer."""
        claimed = set()
        for key, names in rules.items():
            resource = self._graph.all[key]
            for their, rule in self._by_type[str(resource.get("resourceType"))]:
                if rule.name in names:
                    claimed |= {(self._graph.target(one.value), as_) for path, as_ in _referring(their, rule)
                                for one in found(resource, path)}  # fmt: skip
        self._claimed = frozenset(claimed)

    def claims(self, key: str, rule: Rule) -> bool:
        """True when another resource refers to it as what this rule is of."""
        return (key, rule.name) in self._claimed

    def _claim(self, key: str, their: Backwards, rule: Rule) -> int:
        """1: another resource refers to it as this; -1: only what is referred to stands there, and nothing refers."""
        if self.claims(key, rule):
            return 1
        claims = [row for row in their.table.rows.get(rule.concept, ()) if row.transform == "self" and not row.when]
        return -1 if any(row.resource in their.table.rule_of for row in claims) else 0

    def _without(self, key: str, their: Backwards, rule: Rule) -> int:
        """How many resources this rule's element would lie in that are not there, or that it is not of: a report, or a
        delivery long after it.

        A report that has it among its results counts for the rule.
        """
        count = int(self._births.lie_after(self._graph.all[key], rule))
        for concept in their.structure.chain(rule.concept)[:-1]:
            rules = their.table.rules.get(concept, ())
            present = concept in self._groups or any(other.name in self._present for other in rules)
            of_a_report = [other for other in rules if other.template.members]
            count += bool(rules and not present)
            if of_a_report:
                count += 1 if key not in self.reported else -1
        return count

    def _links(self, resource: Resource, their: Backwards, rule: Rule) -> int:
        """References that the rule's links can make, less those they cannot."""
        explained: dict[tuple[str, str], bool] = {}
        for path, link in their.links(rule):
            for key in {self._graph.target(one.value) for one in found(resource, path)} - {""}:
                explained[path, key] = explained.get((path, key), False) or self.explained(their, rule, link, key)
        return sum(1 if is_explained else -1 for is_explained in explained.values())

    def _taken(self, resource: Resource, their: Backwards, rule: Rule) -> int:
        """What of the resource the rule's data elements give: an element or a reference counts once, however many of
        them could give it, and a reference only where what it leads to can be what they refer to.
        """
        given: set[tuple[str, str]] = set()
        for row in their.rows.get(rule.name, ()):
            wanted = _referred(their, row)
            for place in places(row.path, row.transform):
                keys = {self._graph.target(one.value) if wanted else "" for one in found(resource, place)}
                given |= {(place, key) for key in keys if not wanted or wanted & self.possible.get(key, frozenset())}
        return len(given)

    def explained(self, their: Backwards, rule: Rule, link: Link, key: str) -> bool:
        return any(one.rule in self.possible[key] and their.reaches(rule, one) for one in their.alternatives(link))


def beats(other: Score, own: Score) -> bool:
    """True when another transaction explains references that this one cannot, or has the code where this one lacks it.

    Where neither has the code, the usual place counts: a procedure of the pregnancy is none of the history.
    """
    if other.links != own.links:
        return other.links > own.links
    return own.about < 0 and (other.about, other.usual) > (own.about, own.usual)


def _referring(their: Backwards, rule: Rule) -> Iterator[tuple[str, str]]:
    """Paths of a rule's resources, with the rule of what they refer to."""
    for row in their.rows.get(rule.name, ()):
        yield from ((row.path, name) for name in _referred(their, row))
    links = ((path, link) for path, link in their.links(rule) if their.reaches(rule, link))
    yield from ((path, link.rule) for path, link in links if link.rule and not link.otherwise)


def _referred(their: Backwards, row: Row) -> frozenset[str]:
    """The rules of what a data element refers to; none of one that says something itself."""
    if row.transform == "self":
        return frozenset(made.name for made in their.table.rules.get(row.concept, ()))
    return frozenset(row.argument.split() if row.transform == "reference" else ())


def _codes(resource: Resource, their: Backwards, rule: Rule) -> int:
    """Codes that the value lists of the rule's data elements have, less those they lack."""
    score = 0
    for row in their.rows.get(rule.name, ()):
        lists = their.table.lists.get(row.concept, ())
        if lists and row.transform in _CODED:
            for one in found(resource, row.path):
                score += _weight(row) * _listed(one.value, lists)
    return score


def _naming(resource: Resource, their: Backwards, rule: Rule) -> int:
    """How many of a hundred value lists of the data element that says what the resource is about name its code.

    A problem that the lists of three professions have as congenital is so, though one of them has it as another too.
    """
    shares = [0]
    for row in their.rows.get(rule.name, ()):
        lists = their.table.lists.get(row.concept, ()) if row.path == "code" and row.transform in _CODED else ()
        named = [sum(_listed(one.value, (name,)) == 2 for name in lists) for one in found(resource, row.path)]
        shares += [100 * number // len(lists) for number in named if lists]
    return max(shares)


def _weight(row: Row) -> int:
    return _ABOUT if row.path == "code" else 1


def _listed(value: Any, lists: tuple[str, ...]) -> int:
    """2 when a list names one of the codes, 1 when it takes any of its system, -1 when it has none of them.

    0 when there is no code: a problem without a name lies no more outside the list of one group than of another.
    """
    codings = value.get("coding") if isinstance(value, Mapping) else None
    best = -1 if codings else 0
    for one in codings if isinstance(codings, list) else []:
        if isinstance(one, Mapping):
            code, system = str(one.get("code", "")), codes.oid(str(one.get("system", "")))
            known = 1 if codes.is_known(lists, code, system) else -1
            best = max(best, 2 if codes.position(lists, code, system) else known)
    return best

"""Where a measurement stands that is one resource and several elements of the record.

A duration of the pregnancy is said near each problem, procedure or contact that it belongs to; forward they become one
Observation (`merge` of its template) that supports them all.  Backwards its references say near which it stands, and
where it has none, what it borrows: the day on which a problem began, the moment of a contact.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from babyconnect.translate.tables import Rule
from babyconnect.translate.to_ada.assigning import Assigning
from babyconnect.translate.to_ada.backwards import Backwards
from babyconnect.translate.to_ada.draft import Node
from babyconnect.translate.to_ada.graph import Graph, Resource, found
from babyconnect.translate.to_ada.wishes import Wish

if TYPE_CHECKING:
    from babyconnect.translate.to_ada.placing import Placing


class Merging:
    """Places merged measurements."""

    def __init__(self, graph: Graph, tables: Backwards, assigning: Assigning, placing: Placing) -> None:
        self._graph, self._tables, self._assigning, self._placing = graph, tables, assigning, placing

    def homes(self, key: str) -> list[tuple[Rule, Node]]:
        """A measurement that stands for several elements: one near each that it says it supports."""
        resource = self._graph.all[key]
        paths = "extension{+supporting-info}/valueReference"
        left = [target for one in found(resource, paths) if (target := self._graph.target(one.value))]
        candidates = self._assigning.candidates[key]
        left = left or self._lenders(resource, candidates)
        made = [home for target in left for home in self._of_its_own(resource, target, candidates)]
        while left:
            covered = {rule.name: self._covers(rule, left) for rule in candidates}
            best = max(candidates, key=lambda rule: len(covered[rule.name]))
            if not covered[best.name]:
                break
            node = self._near(best, covered[best.name][0])
            made += [(best, node)] if node is not None else []
            left = [target for target in left if target not in covered[best.name]]
        if not made:
            rule = next((rule for rule in candidates if not rule.supports), candidates[0])
            wish = self._placing.wish(key, rule)
            node = self._placing.make(rule.concept, wish)
            made = [(rule, node)] if node is not None else []
        return made

    def _of_its_own(self, resource: Resource, target: str, candidates: list[Rule]) -> Iterator[tuple[Rule, Node]]:
        """What is measured in the element of a resource itself, known by what it borrows there: the day of onset."""
        home, rule_of_target = self._placing.home(target), self._assigning.rules[target]
        for rule in candidates:
            parent = self._tables.structure.concepts[rule.concept].parent
            if home is None or rule_of_target is None or home.concept != parent:
                continue
            if self._borrows(rule, resource, rule_of_target, self._graph.all[target]):
                node = self._placing.make(rule.concept, Wish(fixed={home.concept: home}))
                yield from [(rule, node)] if node is not None else []

    def _lenders(self, resource: Resource, candidates: list[Rule]) -> list[str]:
        """The one contact that it is a measurement of, when it says none: its context, or that of its moment."""
        context = self._graph.target(resource.get("context"))
        linked = {one.rule for rule in candidates for name, _ in rule.supports if name in self._tables.table.links
                  for one in self._tables.alternatives(self._tables.table.links[name])}  # fmt: skip
        others = [
            (key, rule) for key, rule in self._assigning.rules.items() if rule is not None and rule.name in linked
        ]
        if any(key == context for key, _ in others):
            return [context]
        plain = [rule for rule in candidates if not rule.supports]
        if any(
            self._borrows(rule, resource, other, self._graph.all[key])
            for rule in plain for key, other in self._assigning.rules.items() if other is not None
        ):  # fmt: skip
            return []
        lenders = [
            key for key, other in others
            if any(self._borrows(rule, resource, other, self._graph.all[key]) for rule in candidates)
        ]  # fmt: skip
        return lenders if len(lenders) == 1 else []

    def _borrows(self, rule: Rule, resource: Resource, other: Rule, lender: Resource) -> bool:
        """True when a value is the one that the rule borrows from another resource."""
        for borrowed in self._tables.table.borrowed.get(rule.name, ()):
            values = [one.value for one in found(resource, borrowed.path)]
            lent = [source.rpartition(">")[2] for source in borrowed.source.split("|")]
            rows = [row for concept in lent for row in self._tables.table.rows.get(concept, ())]
            there = ([one.value for one in found(lender, row.path)] for row in rows if row.resource == other.name)
            if values and values in there:
                return True
        return False

    def _covers(self, rule: Rule, targets: list[str]) -> list[str]:
        supports = {name for name, _ in rule.supports}
        links = [self._tables.table.links[name] for name in supports if name in self._tables.table.links]
        rules = supports | {one.rule for link in links for one in self._tables.alternatives(link)}
        covered = [t for t in targets if any(made.name in rules for made, _ in self._placing.of(t))]
        own = {self._assigning.rules[t].concept: t for t in reversed(covered) if self._assigning.rules[t]}  # type: ignore[union-attr]
        parent = self._tables.structure.concepts[rule.concept].parent
        if parent in own:  # one that lies in what it supports stands for that one, and for what lies in it
            first = own[parent]
            home = self._placing.home(first)
            inside = [t for t in covered if t == first or self._lies_in(t, home)]
            return [first, *(t for t in inside if t != first)]
        return covered if not links else covered[:1]

    def _lies_in(self, key: str, home: Node | None) -> bool:
        return any(home is not None and home in node.up() for _, node in self._placing.of(key))

    def _near(self, rule: Rule, target: str) -> Node | None:
        wish = Wish()
        linked = [self._tables.table.links[n] for n, _ in rule.supports if n in self._tables.table.links]
        if linked:
            for link in linked:
                self._placing.from_link(wish, rule, link, target)
        else:
            self._placing.inside(wish, rule, self._placing.home(target))
        return self._placing.make(rule.concept, wish)

"""Values that a resource takes from elsewhere in the record, put there when nothing else put them there.

Only where they are nobody else's: a day that would become the onset of a problem is not stated because a measurement
borrowed it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from babyconnect.translate.tables import Borrowed, Rule
from babyconnect.translate.to_ada.backwards import Backwards
from babyconnect.translate.to_ada.draft import Node
from babyconnect.translate.to_ada.graph import Found, found
from babyconnect.translate.to_ada.inverses import INVERSES
from babyconnect.translate.to_ada.spots import Spots


@dataclass(frozen=True, slots=True)
class _Way:
    """Where a borrowed value is looked for: from a scope, along data elements."""

    scope: Node
    steps: tuple[str, ...]


class Lending:
    """Lends the values of resources to the places that they borrow from."""

    def __init__(self, tables: Backwards, spots: Spots) -> None:
        self._tables, self._spots, self._draft = tables, spots, spots.draft

    def lend(self, resource: Mapping[str, Any], rule: Rule, node: Node) -> None:
        for row in self._tables.table.borrowed.get(rule.name, ()):
            if row.transform in INVERSES:
                for one in found(resource, row.path):
                    self._lent(node, row, one)

    def _lent(self, node: Node, row: Borrowed, one: Found) -> None:
        ways = [way for source in row.source.split("|") if (way := self._way(node, source)) is not None]
        if any(self._is_said(way) for way in ways):
            return
        for way in ways:
            concept = way.steps[-1]
            attributes = INVERSES[row.transform](one, self._spots.target(concept, row.argument))
            holder = self._reached(way, make=bool(attributes))
            if attributes and holder is not None and not self._is_anothers(holder, concept):
                made = self._draft.put(holder, concept)
                if made is not None:
                    made.attributes = attributes
                return

    def _is_said(self, way: _Way) -> bool:
        holder = self._reached(way, make=False)
        return holder is not None and next(self._draft.within(holder, way.steps[-1]), None) is not None

    def _way(self, node: Node, source: str) -> _Way | None:
        """A source (`sites.Tree.trace`) as where it begins and its data elements; None where it goes back or away."""
        first, *rest = source.lstrip("^~").split(">")
        steps = [first.partition(":")[0], *rest]
        if any(step not in self._tables.structure.concepts for step in steps):
            return None
        if source.startswith("~"):
            group = node.above(steps[0])
            return _Way(group, tuple(rest)) if group is not None and rest else None
        return _Way(self._draft.root if source.startswith("^") else self._spots.scope(node, steps[0]), tuple(steps))

    def _reached(self, way: _Way, make: bool) -> Node | None:
        """What the last step lies in: the scope, or what a reference in it leads to (`make`: a block made for it)."""
        here = way.scope
        for step in way.steps[:-1]:
            there = next(self._draft.within(here, step), None)
            if there is not None and there.attributes.get("datatype") == "reference":
                there = self._draft.named(there.attributes.get("value", ""))
            elif there is None and make:
                there = self._block(here, step)
            if there is None:
                return None
            here = there
        return here if self._draft.steps(here, way.steps[-1]) else None

    def _block(self, scope: Node, step: str) -> Node | None:
        """A new building block that a reference leads to, when it is no resource of its own."""
        target = self._tables.structure.concepts[step].target
        if target not in self._tables.structure.concepts or target in self._tables.table.rules:
            return None
        holder = self._draft.put(scope, step)
        block = self._draft.put(self._draft.root, target) if holder is not None else None
        if holder is not None and block is not None:
            self._draft.reference(holder, block)
        return block

    def _is_anothers(self, holder: Node, concept: str) -> bool:
        """True when the value would become another resource, or a value of one that is there: not ours to state."""
        table = self._tables.table
        homes = (table.rule_of.get(row.resource) for row in table.rows.get(concept, ()))
        there = (node for rule in homes if rule is not None for node in self._draft.within(holder, rule.concept))
        return concept in table.rules or any(node.rules for node in there)

"""Values that a resource takes from elsewhere in the record, put there when nothing else put them there.

Only where they are nobody else's: a day that would become the onset of a problem is not stated because a measurement
borrowed it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from babyconnect.translate.tables import Borrowed, Rule
from babyconnect.translate.to_ada.assigning import Backwards
from babyconnect.translate.to_ada.draft import Node
from babyconnect.translate.to_ada.graph import Found, found
from babyconnect.translate.to_ada.inverses import INVERSES
from babyconnect.translate.to_ada.spots import Spots


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
        sources = [self._source(node, source) for source in row.source.split("|")]
        known = [(holder, concept) for holder, concept in sources if holder is not None]
        if any(next(self._draft.within(holder, concept), None) is not None for holder, concept in known):
            return
        for holder, concept in known:
            attributes = INVERSES[row.transform](one, self._spots.target(concept, row.argument))
            if attributes and not self._is_anothers(holder, concept):
                made = self._draft.put(holder, concept)
                if made is not None:
                    made.attributes = attributes
                return

    def _source(self, node: Node, source: str) -> tuple[Node | None, str]:
        """What a source (`sites.Tree.trace`) lies in, and its last data element; None where the way is not there."""
        first, *rest = source.removeprefix("^").split(">")
        steps = [first.partition(":")[0], *rest]
        if any(step not in self._tables.structure.concepts for step in steps):
            return None, ""
        scope = self._draft.root if source.startswith("^") else self._spots.scope(node, steps[0])
        return self._reached(scope, steps), steps[-1]

    def _reached(self, scope: Node, steps: list[str]) -> Node | None:
        """What the last step lies in: the scope, or what a reference in it leads to."""
        here = scope
        for step in steps[:-1]:
            there = next(self._draft.within(here, step), None)
            if there is not None and there.attributes.get("datatype") == "reference":
                there = self._draft.named(there.attributes.get("value", ""))
            if there is None:
                return None
            here = there
        return here if self._draft.steps(here, steps[-1]) else None

    def _is_anothers(self, holder: Node, concept: str) -> bool:
        """True when the value would become another resource, or a value of one that is there: not ours to state."""
        table = self._tables.table
        homes = (table.rule_of.get(row.resource) for row in table.rows.get(concept, ()))
        there = (node for rule in homes if rule is not None for node in self._draft.within(holder, rule.concept))
        return concept in table.rules or any(node.rules for node in there)

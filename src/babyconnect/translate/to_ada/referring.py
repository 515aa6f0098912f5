"""References of resources as reference elements: to an element of the kind that the data element refers to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from babyconnect.translate.linking import ROLE
from babyconnect.translate.tables import Row
from babyconnect.translate.to_ada.backwards import Backwards
from babyconnect.translate.to_ada.draft import Node
from babyconnect.translate.to_ada.graph import Found, Graph, found
from babyconnect.translate.to_ada.inverses import INVERSES, Target, coded
from babyconnect.translate.to_ada.placing import Placing
from babyconnect.translate.to_ada.spots import Spot, Spots

_PARTICIPANTS = frozenset({"performer", "attendant", "administrator"})
_WITH_ROLE = frozenset({"performer", "administrator"})
REFERENCES = _PARTICIPANTS | {"reference", "practitioner", "interval"}


class Referring:
    """Puts the references of resources into the record."""

    def __init__(self, graph: Graph, tables: Backwards, placing: Placing, spots: Spots) -> None:
        self._graph, self._tables, self._placing, self._spots = graph, tables, placing, spots

    def refer(self, spot: Spot, row: Row, one: Found) -> bool:
        """Make the row's data element refer to what the resource refers to; False when it cannot."""
        if row.transform == "interval":
            target = self._interval(one.value)
        else:
            target = self._referred(row, one.value)
        made = self._spots.place(spot, row.concept) if target is not None else None
        if target is None or made is None or made.attributes:
            return False
        self._spots.draft.reference(made, target)
        if row.transform in _WITH_ROLE and isinstance(one.value, Mapping):
            self._function(target, one.value.get("role"))
        return True

    def _referred(self, row: Row, value: Any) -> Node | None:
        """The node that a reference leads to, when it is of the kind that the data element refers to."""
        if row.transform in _PARTICIPANTS and isinstance(value, Mapping):
            value = value.get("actor")
        wanted, names = self._tables.structure.concepts[row.concept].target, row.argument.split()
        for key in (self._role(value), self._graph.target(value)):
            for rule, node in self._placing.of(key) if key else ():
                right = not wanted.isdigit() or node.concept == wanted
                if right and (not names or rule.name in names or node.concept == wanted):
                    return node
        return None

    def _role(self, value: Any) -> str:
        """The role beside a reference to a professional: her element in that role."""
        extensions = value.get("extension") if isinstance(value, Mapping) else None
        for one in extensions if isinstance(extensions, list) else []:
            if isinstance(one, Mapping) and one.get("url") == ROLE:
                return self._graph.target(one.get("valueReference"))
        return ""

    def _interval(self, value: Any) -> Node | None:
        """A period as a building block of its own."""
        anchor = self._tables.table.anchors["interval"]
        parts = [(anchor[name], one) for name in ("start", "end") for one in found(value, name)]
        chain = self._tables.structure.chain(anchor["start"])
        draft = self._spots.draft
        block = draft.put(draft.root, chain[-2]) if parts and len(chain) > 1 else None
        if block is None:
            return None
        for concept, one in parts:
            attributes = INVERSES["moment"](one, Target((), (), ""))
            made = draft.put(block, concept) if attributes else None
            if made is not None and attributes:
                made.attributes = attributes
        return block

    def _function(self, node: Node, role: Any) -> None:
        """Her function stands in the professional's own element."""
        concept = self._tables.table.anchors["professional"]["function"]
        if node.concept not in self._tables.structure.chain(concept):
            return
        attributes = coded(role, self._spots.target(concept, ""))
        made = self._spots.draft.put(node, concept) if attributes else None
        if made is not None and attributes:
            made.attributes = attributes

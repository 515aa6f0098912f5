"""Where the elements of a resource's values come to stand, and what of them is said already."""

from __future__ import annotations

from dataclasses import dataclass

from babyconnect.translate.tables import Link
from babyconnect.translate.to_ada.backwards import Backwards
from babyconnect.translate.to_ada.draft import Draft, Node
from babyconnect.translate.to_ada.inverses import Attributes, Target
from babyconnect.translate.to_ada.placing import Placing
from babyconnect.translate.to_ada.wishes import Wish


@dataclass(frozen=True, slots=True)
class Spot:
    """A value of the resource `key`, whose element is `node`.

    `group`: values of one element of a list share a group; `link`: the row is about what a link finds.
    """

    key: str
    node: Node
    group: object = None
    link: Link | None = None


class Spots:
    """Makes the nodes of values and knows whose they are."""

    def __init__(self, tables: Backwards, placing: Placing, draft: Draft) -> None:
        self._tables, self._placing, self.draft = tables, placing, draft
        self.structure = tables.structure
        self._owners: dict[Node, str] = {}

    def target(self, concept: str, argument: str) -> Target:
        return Target(self._tables.table.lists.get(concept, ()), self.structure.concepts[concept].units, argument)

    def put(self, spot: Spot, concept: str, attributes: Attributes) -> bool:
        """Say it in the data element; False when there is no room, or it says something else."""
        if self.is_said(spot, concept, [attributes]):
            return True
        made = self.place(spot, concept)
        if made is None or made.attributes:
            return made is not None and made.attributes == attributes
        made.attributes = attributes
        return True

    def place(self, spot: Spot, concept: str) -> Node | None:
        """The node of a data element: the resource's own, one below or beside it, or where its link looks."""
        if spot.node.concept == concept:
            return spot.node
        link = spot.link
        if link is not None and link.within:
            return self._placing.make(concept, Wish(led=[(link.within, link.via, spot.node)]))
        scope = self.draft.root if link is not None else self.scope(spot.node, concept)
        made = self.draft.put(scope, concept, spot.group)
        if made is not None:
            self._owners[made] = spot.key
        return made

    def scope(self, node: Node, concept: str) -> Node:
        """The nearest group of a node in which a data element can stand."""
        chain = self.structure.chain(concept)
        return next((above for above in node.up() if above.concept in chain), self.draft.root)

    def is_said(self, spot: Spot, concept: str, values: list[Attributes]) -> bool:
        """True when another resource of the same element said the same there (an organisation and its place)."""
        if len(spot.node.rules) < 2:
            return False
        for there in self.draft.within(spot.node, concept):
            said = [each.attributes for each in there.walk() if each.attributes]
            if self._owners.get(there, spot.key) != spot.key and said == values:
                return True
        return False

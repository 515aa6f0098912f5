"""The values of each resource, put back into the data elements that its rule's rows take them from."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any

from babyconnect.definitions import rows as table_rows
from babyconnect.translate import codes
from babyconnect.translate.tables import Link, Row, Rule
from babyconnect.translate.to_ada.backwards import Backwards
from babyconnect.translate.to_ada.draft import Draft, Node
from babyconnect.translate.to_ada.graph import Found, Graph, found, matches, places
from babyconnect.translate.to_ada.inverses import INVERSES, coded, reason
from babyconnect.translate.to_ada.lending import Lending
from babyconnect.translate.to_ada.parts import TAKE_APART
from babyconnect.translate.to_ada.placing import Placing
from babyconnect.translate.to_ada.referring import REFERENCES, Referring
from babyconnect.translate.to_ada.spots import Spot, Spots


@functools.cache
def _preferred() -> Mapping[str, str]:
    """By path: the data element that takes a value where several could."""
    return {row["path"]: row["concept"] for row in table_rows("ada/to_ada_choices") if row["path"]}


class Filling:
    """Fills the elements of all resources of one record."""

    def __init__(self, graph: Graph, tables: Backwards, placing: Placing, draft: Draft) -> None:
        self._graph, self._tables, self._placing = graph, tables, placing
        self._spots = Spots(tables, placing, draft)
        self._referring = Referring(graph, tables, placing, self._spots)
        self._said: set[tuple[str, Node, str, int]] = set()
        self._read: set[tuple[str, Node, int, str, int, str]] = set()
        """What a data element read of a resource: two rows of it, by two paths, do not say one value twice."""

    def run(self) -> None:
        placed = [(key, rule, node) for key, homes in self._placing.homes.items() for rule, node in homes]
        for key, rule, node in placed:
            self._fill(Spot(key, node), self._tables.rows.get(rule.name, ()), self._linked(key, rule), rule)
        for key, rule, node in placed:
            for link, rows in self._of_links(rule):
                self._fill(Spot(key, node, link=link), rows, frozenset(), rule)
        self._imply(placed)
        self._adopt()
        self._shorten()
        lending = Lending(self._tables, self._spots)
        for key, rule, node in placed:
            lending.lend(self._graph.all[key], rule, node)

    def _imply(self, placed: list[tuple[str, Rule, Node]]) -> None:
        """What a resource says by being there: that a child is born, that a fetus is not; who a mother is."""
        for row in table_rows("ada/to_ada_implied"):
            concept, path = row["concept"], row["path"]
            for key, rule, node in placed if self._tables.structure.chain(concept) else ():
                if rule.template.name != row["template"] or (path and not found(self._graph.all[key], path)):
                    continue
                if row["value"] == "@client":
                    self._refer_to_client(key, node, concept)
                else:
                    self._spots.put(Spot(key, node), concept, {"value": row["value"]})

    def _refer_to_client(self, key: str, node: Node, concept: str) -> None:
        """The data element refers to the woman, where she is said to be the one of this resource."""
        element = self._tables.table.anchors["client"]["element"]
        for woman, homes in self._placing.homes.items():
            here = next((home for rule, home in homes if rule.name == element), None)
            links = {self._graph.target(one.value) for one in found(self._graph.all[woman], "link[]/other")}
            made = self._spots.place(Spot(key, node), concept) if here is not None and key in links else None
            if made is not None and here is not None:
                self._spots.draft.reference(made, here)

    def _adopt(self) -> None:
        """A building block that is no resource of its own is referred to, where only one data element can."""
        table, draft = self._tables.table, self._spots.draft
        referred = draft.referred()
        for concept, ways in self._tables.structure.referring.items():
            is_block = concept in self._tables.structure.concepts and concept not in table.rules and len(ways) == 1
            for node in draft.within(draft.root, concept) if is_block else ():
                holder = draft.put(draft.root, ways[0]) if draft.name(node) not in referred else None
                if holder is not None:
                    draft.reference(holder, node)

    def _shorten(self) -> None:
        """A name that ends with what an element beside it says (where an organisation is) is the name alone."""
        table, draft = self._tables.table, self._spots.draft
        for ending in [row for rows in table.rows.values() for row in rows if row.transform == "suffix"]:
            names = [row.concept for row in self._tables.rows[ending.resource] if row.path == ending.path]
            for node in draft.within(draft.root, ending.concept):
                behind = f" - {node.attributes.get('value', '')}"
                for name in [one for concept in names if node.parent for one in node.parent.of(concept)]:
                    name.attributes["value"] = name.attributes.get("value", "").removesuffix(behind)

    def _of_links(self, rule: Rule) -> Iterator[tuple[Link, tuple[Row, ...]]]:
        """Rows about what a link finds, where it finds resources of this rule by a reference or anywhere."""
        for name, rows in self._tables.rows.items():
            link = self._tables.table.links[name[1:]] if name.startswith("@") else None
            if link is not None and link.rule == rule.name and (link.via or not link.within):
                yield link, rows

    def _linked(self, key: str, rule: Rule) -> frozenset[tuple[str, str]]:
        """The references that follow from where the element stands: no data element says them again."""
        return frozenset(
            (path, target)
            for path, link in self._tables.links(rule)
            for one in found(self._graph.all[key], path)
            if (target := self._graph.target(one.value)) and self._placing.explains(rule, link, target)
        )

    def _fill(self, spot: Spot, rows: tuple[Row, ...], linked: frozenset[tuple[str, str]], rule: Rule) -> None:
        resource = self._graph.all[spot.key]
        paths: dict[str, list[Row]] = {}
        for row in rows:
            if row.transform not in ("self", "part"):
                paths.setdefault(row.path, []).append(row)
        for path, takers in paths.items():
            for place in places(path, takers[0].transform):
                for number, one in enumerate(found(resource, place)):
                    said = (spot.key, spot.node, place, number)
                    is_link = (path, self._graph.target(one.value)) in linked
                    if is_link or said in self._said or _is_fixed(rule, one):
                        continue
                    group = (spot.key, one.items[0]) if one.items else None
                    value = (spot.key, spot.node, id(one.holder), one.name, id(one.value))
                    free = [row for row in takers if (*value, row.concept) not in self._read]
                    if taker := self._give(Spot(spot.key, spot.node, group, spot.link), free, one):
                        self._said.add(said)
                        self._read.add((*value, taker.concept))
            self._absent(resource, spot, path, takers[0])

    def _give(self, spot: Spot, takers: list[Row], one: Found) -> Row | None:
        """Hand a value to the first data element that has it in its list, or room for it: the row that took it."""
        for row in self._ordered(takers, one):
            if row.transform in REFERENCES:
                done = self._referring.refer(spot, row, one)
            elif row.transform in TAKE_APART:
                done = self._take_apart(spot, row, one)
            else:
                inverse, target = INVERSES[row.transform], self._spots.target(row.concept, row.argument)
                attributes = inverse(one, target)
                done = attributes is not None and self._spots.put(spot, row.concept, attributes)
            if done:
                return row
        return None

    def _ordered(self, takers: list[Row], one: Found) -> list[Row]:
        if len(takers) < 2:
            return takers
        preferred = _preferred().get(takers[0].path)
        return sorted(takers, key=lambda row: (not self._has(row, one.value), row.concept != preferred, row.when != ""))

    def _has(self, row: Row, value: Any) -> bool:
        target = self._spots.target(row.concept, row.argument)
        made = coded(value, target) if target.lists else None
        return made is not None and codes.is_known(target.lists, made.get("code", ""), made.get("codeSystem", ""))

    def _absent(self, resource: Mapping[str, Any], spot: Spot, path: str, row: Row) -> None:
        """Why a value is absent stands beside where it would be."""
        before, _, last = path.rpartition("/")
        if not last.startswith("value") or row.transform in REFERENCES:
            return
        for one in found(resource, f"{before}/dataAbsentReason" if before else "dataAbsentReason"):
            attributes = reason(one.value, row.transform in ("any", "value-concept"))
            if attributes and not any(name.startswith("value") for name in one.holder):
                self._spots.put(spot, row.concept, attributes)

    def _take_apart(self, spot: Spot, row: Row, one: Found) -> bool:
        """A name, address or number: into the parts that its group has."""
        parts = {part.argument: part for part in self._parts(row.concept)}
        targets = {name: self._spots.target(part.concept, part.argument) for name, part in parts.items()}
        values = [(parts[name], said) for name, said in TAKE_APART[row.transform](one.value, targets) if name in parts]
        if self._spots.is_said(spot, row.concept, [said for _, said in values]):
            return True
        opened = self._spots.place(spot, row.concept) if values else None
        if opened is None:
            return False
        for part, attributes in values:
            made = self._spots.draft.put(opened, part.concept)
            if made is not None:
                made.attributes = attributes
        return True

    def _parts(self, concept: str) -> Iterator[Row]:
        for number, rows in self._tables.table.rows.items():
            if concept in self._tables.structure.chain(number):
                yield from (row for row in rows if row.transform == "part")


def _is_fixed(rule: Rule, one: Found) -> bool:
    """True for an element of a list that every resource of the rule has: nothing the source said."""
    fixed = rule.template.fixed.get(one.name)
    return isinstance(fixed, list) and any(matches(one.value, content) for content in fixed)

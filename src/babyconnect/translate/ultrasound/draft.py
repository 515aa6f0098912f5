"""A record in the making: data elements put in their groups, at the place that the data set gives them.

Each element keeps the number of the place in the export that it came from, which findings are told by.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from babyconnect.birthcare.ada import AdaElement, AdaRecord
from babyconnect.translate.ultrasound.layout import TRANSACTION, groups, says


@dataclass(slots=True, eq=False)
class Node:
    """An element of the record.  `source`: number of the place in the export; `day`: of the examination it is of."""

    concept: str
    name: str
    source: int
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)
    day: str = ""
    exam: str = ""

    def walk(self) -> Iterator[Node]:
        yield self
        for child in self.children:
            yield from child.walk()

    @property
    def says_something(self) -> bool:
        return any(node.attributes.keys() & {"value", "code"} for node in self.walk())


Scope = Mapping[str, Node]
"""The groups that an element of the export opened, by data element: what is found there lies in them."""


class Draft:
    """One record.  `name`: the source's own name of it; `part`: what tells its top groups from another record's."""

    def __init__(self, name: str, part: str) -> None:
        self.name, self._part = name, part
        self.root = Node("", TRANSACTION, 0)
        self.day = self.exam = ""
        """Of the examination that is being read, and what it is called; "" outside one."""
        self._names: set[str] = set()

    def has(self, identity: str) -> bool:
        return identity in self._names

    def open(self, concept: str, scope: Scope, source: int, identity: str = "") -> Node:
        """A new group, beside those of its kind that are there."""
        node = self._made(concept, source)
        if identity:
            node.attributes["id"] = identity
            self._names.add(identity)
        self._inside(groups()[concept].parent, scope, source).children.append(node)
        return node

    def close(self, group: Node, scope: Scope) -> None:
        """Without a group after all."""
        self._inside(groups()[group.concept].parent, scope, group.source).children.remove(group)

    def put(self, concept: str, scope: Scope, source: int, attributes: Mapping[str, str]) -> Node:
        """A data element with what it says; the groups around it are made where they are not there."""
        node = self._made(concept, source)
        node.attributes.update(attributes)
        self._inside(groups()[concept].parent, scope, source).children.append(node)
        return node

    def refer(self, concept: str, scope: Scope, source: int, identity: str) -> None:
        self.put(concept, scope, source, {"value": identity, "datatype": "reference"})

    def _inside(self, concept: str, scope: Scope, source: int) -> Node:
        if not concept:
            return self.root
        if concept in scope:
            return scope[concept]
        outer = self._inside(groups()[concept].parent, scope, source)
        dated = concept in says()  # what one examination saw is not what another saw
        for child in outer.children:
            if child.concept == concept and (not dated or child.exam == self.exam):
                return child
        node = self._made(concept, source)
        if outer is self.root or (dated and self.exam and not self._lies_in(concept, scope)):
            node.attributes["id"] = "|".join((concept, self._part, self.exam if dated else ""))
        outer.children.append(node)
        return node

    def _lies_in(self, concept: str, scope: Scope) -> bool:
        while concept and concept not in scope:
            concept = groups()[concept].parent
        return bool(concept)

    def _made(self, concept: str, source: int) -> Node:
        return Node(concept, groups()[concept].element, source, day=self.day, exam=self.exam)

    def record(self, reference: str, version: str) -> AdaRecord:
        """The record, with what every examination says where the export did not say it."""
        for node in list(self.root.walk()):
            if node.concept in says() and node.says_something:
                _complete(node)
        return AdaRecord(TRANSACTION, reference, version, self.name, "", _frozen(self.root))


def _complete(group: Node) -> None:
    there = {child.concept for child in group.children}
    for concept, said in says()[group.concept]:
        if concept in there or (said == "exam" and not group.day):
            continue
        node = Node(concept, groups()[concept].element, group.source)
        if said == "exam":
            node.attributes["value"] = group.day
        else:
            system, code, display = said.split("|")
            node.attributes.update(code=code, codeSystem=system, displayName=display)
        group.children.append(node)


def _frozen(node: Node) -> AdaElement:
    children = tuple(_frozen(child) for child in node.children)
    return AdaElement(node.name, node.concept, node.attributes, children, node.source)

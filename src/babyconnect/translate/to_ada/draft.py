"""An ADA record in the making, kept within the structure of its transaction.

`Structure` is the table of the transaction's concepts; `Draft` the tree that grows.  A node can only be made where the
structure has it and as often as the structure allows; in the end the tree becomes an `AdaRecord` in the table's order.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from babyconnect.birthcare.ada import AdaElement
from babyconnect.definitions import rows
from babyconnect.translate.element_units import units_of


@dataclass(frozen=True, slots=True)
class Concept:
    """One row of a structure table; `most`: how often it may stand in its parent (None: as often as one likes)."""

    number: str
    parent: str
    element: str
    kind: str
    datatype: str
    target: str
    least: int
    most: int | None
    mandatory: bool
    lists: tuple[str, ...]
    units: tuple[str, ...]
    order: int


class Structure:
    """The concepts of a transaction, and the way from one to another."""

    def __init__(self, name: str) -> None:
        self.concepts: dict[str, Concept] = {}
        for order, row in enumerate(rows(f"ada/{name}")):
            most = None if row["max"] == "*" else int(row["max"] or 1)
            self.concepts[row["concept"]] = Concept(
                row["concept"], row["parent"], row["element"], row["kind"], row["datatype"], row["target"],
                int(row["min"] or 0), most, row["mandatory"] == "true", tuple(row["lists"].split()),
                units_of(row["concept"], row["units"]), order,
            )  # fmt: skip
        self._chains = {number: tuple(reversed([*self._up(number)])) for number in self.concepts}
        self.referring: dict[str, list[str]] = {}
        for number, concept in self.concepts.items():
            if concept.target:
                self.referring.setdefault(concept.target, []).append(number)
        self.children: dict[str, list[str]] = {}
        for number, concept in self.concepts.items():
            self.children.setdefault(concept.parent, []).append(number)

    def _up(self, number: str) -> Iterator[str]:
        while number:
            yield number
            number = self.concepts[number].parent

    def chain(self, number: str) -> tuple[str, ...]:
        """The concept with all it lies in, the outermost first; nothing for one that the transaction does not have."""
        return self._chains.get(number, ())

    def repeats(self, number: str) -> bool:
        return self.concepts[number].most is None or (self.concepts[number].most or 0) > 1


@functools.cache
def structure(name: str) -> Structure:
    return Structure(name)


@dataclass(eq=False, slots=True)
class Node:
    """One element in the making.  `keys`: what this occurrence of a repeating group was made for."""

    concept: str
    parent: Node | None
    children: list[Node] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)
    keys: set[object] = field(default_factory=set)
    rules: set[str] = field(default_factory=set)
    number: int = 0

    def up(self) -> Iterator[Node]:
        """This node and what it lies in, from the inside out."""
        here: Node | None = self
        while here is not None:
            yield here
            here = here.parent

    def above(self, concept: str) -> Node | None:
        """This node or the one it lies in that is of this concept."""
        return next((node for node in self.up() if node.concept == concept), None)

    def of(self, concept: str) -> list[Node]:
        return [child for child in self.children if child.concept == concept]

    def walk(self) -> Iterator[Node]:
        yield self
        for child in self.children:
            yield from child.walk()

    @property
    def is_filled(self) -> bool:
        return bool(self.attributes)


class Draft:
    """The tree of one record."""

    def __init__(self, structure: Structure) -> None:
        self.structure = structure
        self.root = Node("", None)
        self._count = 0
        self._nodes: dict[str, list[Node]] = {}
        self._named: dict[str, Node] = {}

    def room(self, parent: Node, concept: str) -> bool:
        most = self.structure.concepts[concept].most
        return most is None or len(parent.of(concept)) < most

    def add(self, parent: Node, concept: str) -> Node:
        """A new node; the caller has asked for room."""
        self._count += 1
        made = Node(concept, parent, number=self._count)
        parent.children.append(made)
        self._nodes.setdefault(concept, []).append(made)
        self._named[self.name(made)] = made
        return made

    def remove(self, node: Node) -> None:
        """Take a node out, with what refers to it."""
        for holder in self.referred().get(self.name(node), ()):
            if holder.parent is not None:
                holder.parent.children.remove(holder)
                self._nodes[holder.concept].remove(holder)
        if node.parent is not None:
            node.parent.children.remove(node)
        for gone in node.walk():
            self._nodes[gone.concept].remove(gone)

    def steps(self, scope: Node, concept: str) -> tuple[str, ...]:
        """The concepts from below `scope` to `concept`; nothing when that does not lie in it."""
        chain = self.structure.chain(concept)
        if not scope.concept:
            return chain
        return chain[chain.index(scope.concept) + 1 :] if scope.concept in chain else ()

    def within(self, scope: Node, concept: str) -> Iterator[Node]:
        """The nodes of a concept in a scope, the scope itself included."""
        return (node for node in self._nodes.get(concept, ()) if scope is self.root or scope in node.up())

    def put(self, scope: Node, concept: str, key: object = None) -> Node | None:
        """A new node of a concept within a scope, with the groups between them; None when there is no room.

        `key`: values of one key share the repeating group that they lie in, and share it with no other key.
        """
        steps = self.steps(scope, concept)
        here = scope
        for place, step in enumerate(steps[:-1]):
            entered = self._enter(here, step, steps[place + 1 :], key)
            if entered is None:
                return None
            here = entered
        return self.add(here, concept) if steps and self.room(here, concept) else None

    def _enter(self, here: Node, step: str, rest: tuple[str, ...], key: object) -> Node | None:
        there = here.of(step)
        if not self.structure.repeats(step):
            return there[0] if there else self.add(here, step)
        if key is not None:
            there = [node for node in there if key in node.keys] or [node for node in there if not node.keys]
        for node in there:
            if self.fits(node, rest):
                node.keys |= {key} if key is not None else set()
                return node
        if not self.room(here, step):
            return None
        made = self.add(here, step)
        made.keys |= {key} if key is not None else set()
        return made

    def fits(self, node: Node, rest: tuple[str, ...]) -> bool:
        """True when there is room for the last of `rest` below a node."""
        if len(rest) == 1:
            return self.room(node, rest[0])
        there = node.of(rest[0])
        if not there or (self.structure.repeats(rest[0]) and self.room(node, rest[0])):
            return True
        return any(self.fits(child, rest[1:]) for child in there)

    def reference(self, holder: Node, target: Node) -> None:
        """Make `holder` refer to `target`."""
        holder.attributes = {"value": self.name(target), "datatype": "reference"}

    def named(self, name: str) -> Node | None:
        """The node of an id."""
        return self._named.get(name)

    def name(self, node: Node) -> str:
        """The id of an element: its name and a number, nothing of the source's."""
        return f"{self.structure.concepts[node.concept].element}-{node.number}"

    def referred(self) -> dict[str, list[Node]]:
        """The references of the record by the id they refer to."""
        found: dict[str, list[Node]] = {}
        for node in self.root.walk():
            if node.attributes.get("datatype") == "reference" and "value" in node.attributes:
                found.setdefault(node.attributes["value"], []).append(node)
        return found

    def element(self, form: str) -> tuple[AdaElement, dict[int, Node]]:
        """The finished tree without what is empty, and the node of each element (by identity)."""
        nodes: dict[int, Node] = {}
        named = set(self.referred())
        children = self._finished(self.root, named, nodes)
        return AdaElement(form, "", {}, children, 0), nodes

    def _finished(self, parent: Node, named: set[str], nodes: dict[int, Node]) -> tuple[AdaElement, ...]:
        made = []
        for node in sorted(parent.children, key=lambda n: self.structure.concepts[n.concept].order):
            children = self._finished(node, named, nodes)
            is_named = self.name(node) in named
            if not children and not node.attributes and not is_named:
                continue
            attributes: Mapping[str, str] = node.attributes
            if is_named:
                attributes = {"id": self.name(node), **attributes}
            element = AdaElement(self.structure.concepts[node.concept].element, node.concept, attributes, children, 0)
            nodes[id(element)] = node
            made.append(element)
        return tuple(made)

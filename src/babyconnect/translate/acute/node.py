"""An acute handover as a tree in the making: concepts by their short names, each with the line it came from."""

from __future__ import annotations

from collections.abc import Iterator

from babyconnect.birthcare.ada import AdaElement, AdaRecord
from babyconnect.translate.acute.tables import ROOT, TRANSACTION_REF, concepts

Attributes = dict[str, str]


class Node:
    """One element.

    `attributes`: as ADA has them (`value`, `code`, `codeSystem`, `unit`, `root`, `nullFlavor`).  `path`: the names from
    the root down, without it, which is the key of the table of concepts.
    """

    __slots__ = ("attributes", "children", "line", "name", "parent", "path")

    def __init__(self, name: str = ROOT, parent: Node | None = None, line: int = 0) -> None:
        self.name, self.parent, self.line = name, parent, line
        self.path: str = "" if parent is None else f"{parent.path}/{name}".lstrip("/")
        self.attributes: Attributes = {}
        self.children: list[Node] = []

    @property
    def place(self) -> str:
        """As `path`, with the occurrence where an element repeats; of the root its name."""
        names: list[str] = []
        here = self
        while here.parent is not None:
            same = [child for child in here.parent.children if child.name == here.name]
            number = next((n for n, child in enumerate(same, 1) if child is here), 1)
            names.append(f"{here.name}[{number}]" if number > 1 else here.name)
            here = here.parent
        return "/".join(reversed(names)) or ROOT

    @property
    def root(self) -> Node:
        here = self
        while here.parent is not None:
            here = here.parent
        return here

    def rename(self, name: str) -> None:
        """Another name for what has nothing in it."""
        self.path = f"{self.path.rpartition('/')[0]}/{name}".lstrip("/")
        self.name = name

    def of(self, name: str) -> list[Node]:
        return [child for child in self.children if child.name == name]

    def add(self, name: str, line: int = 0) -> Node:
        made = Node(name, self, line)
        self.children.append(made)
        return made

    def enter(self, path: str, line: int = 0) -> Node:
        """The place of a path from here (grammar: `Site.select`), made where it is not there.

        The last step is a new element, unless it is a group that the data set has once.
        """
        here = self.root if path.startswith("/") else self
        steps = [step for step in path.strip("/").split("/") if step not in ("", ".")]
        for number, step in enumerate(steps, 1):
            if step == "..":
                here = here.parent or here
                continue
            there = here.of(step)
            here = there[-1] if there and (number < len(steps) or _is_single_group(there[-1])) else here.add(step, line)
        return here

    def first(self, path: str) -> Node | None:
        """The first node that a path of names leads to."""
        found = self.select(path)
        return found[0] if found else None

    def select(self, path: str) -> list[Node]:
        """The nodes that a path leads to: names, and `..` up."""
        here = [self]
        for step in path.split("/"):
            if step == "..":
                here = [node.parent for node in here if node.parent is not None]
            else:
                here = [child for node in here for child in node.of(step)]
        return here

    def chain(self) -> Iterator[Node]:
        """This node and what it lies in, from the inside out."""
        here: Node | None = self
        while here is not None:
            yield here
            here = here.parent

    def walk(self) -> Iterator[Node]:
        yield self
        for child in list(self.children):
            yield from child.walk()

    def prune(self) -> bool:
        """Drop what says nothing; False when nothing is left of this."""
        self.children = [child for child in self.children if child.prune()]
        return bool(self.attributes or self.children)

    def element(self) -> AdaElement:
        known = concepts().get(self.path)
        number = known.number if known else ""
        return AdaElement(self.name, number, self.attributes, tuple(c.element() for c in self.children), self.line)


def record(root: Node) -> AdaRecord:
    """The tree as a record of the transaction, for the engine that writes messages."""
    return AdaRecord(ROOT, TRANSACTION_REF, "2.1", "", "", root.element())


def _is_single_group(node: Node) -> bool:
    known = concepts().get(node.path)
    return known is not None and known.is_group and known.is_single

"""An ADA record as places to look around in: by names of elements, relative to where one stands."""

from __future__ import annotations

from collections.abc import Iterator

from babyconnect.birthcare.ada import AdaElement, AdaRecord


class Site:
    """One element at its place.  `used`: something of it is in the message."""

    __slots__ = ("children", "element", "occurrence", "parent", "used")

    def __init__(self, element: AdaElement, parent: Site | None = None, occurrence: int = 1) -> None:
        self.element, self.parent, self.occurrence, self.used = element, parent, occurrence, False
        seen: dict[str, int] = {}
        children = []
        for child in element.children:
            seen[child.name] = seen.get(child.name, 0) + 1
            children.append(Site(child, self, seen[child.name]))
        self.children = tuple(children)

    @property
    def root(self) -> Site:
        here = self
        while here.parent is not None:
            here = here.parent
        return here

    @property
    def path(self) -> str:
        """The names from the record's root down, without it: the key of the table of elements."""
        names: list[str] = []
        here: Site | None = self
        while here is not None and here.parent is not None:
            names.append(here.element.name)
            here = here.parent
        return "/".join(reversed(names))

    @property
    def place(self) -> str:
        """As `path`, with the root and with the occurrence where an element repeats."""
        names: list[str] = []
        here: Site | None = self
        while here is not None:
            names.append(here.element.name + (f"[{here.occurrence}]" if here.occurrence > 1 else ""))
            here = here.parent
        return "/".join(reversed(names))

    def walk(self) -> Iterator[Site]:
        yield self
        for child in self.children:
            yield from child.walk()

    def select(self, path: str) -> list[Site]:
        """The sites that a path of names leads to: `a/b` from here, `/a/b` from the root, `..` up, `.` here,
        `*` whatever lies in it, `->` what a reference means."""
        here = [self.root if path.startswith("/") else self]
        for name in path.strip("/").split("/"):
            here = [found for site in here for found in site.step(name)]
        return here

    def first(self, path: str) -> Site | None:
        return next(iter(self.select(path)), None)

    def step(self, name: str) -> list[Site]:
        if name in ("", "."):
            return [self]
        if name == "..":
            return [self.parent] if self.parent is not None else []
        if name == "*":
            return list(self.children)
        if name == "->":
            return self._meant()
        return [child for child in self.children if child.element.name == name]

    def _meant(self) -> list[Site]:
        """What a reference means: the element with that id, anywhere in the record."""
        self.used = True
        return [site for site in self.root.walk() if self.element.value and site.element.id == self.element.value]


def sites(record: AdaRecord) -> Site:
    """The root of the record."""
    return Site(record.root)

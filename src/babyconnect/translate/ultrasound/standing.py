"""What stands in an element of an export, by the rows of its level; and what stands there that no row knows."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from babyconnect.translate.ultrasound.export import Export
from babyconnect.translate.ultrasound.layout import Item, Level

_MOST_OF_A_LEVEL = 300
"""Examinations of one pregnancy, structures of one fetus: more than anybody has."""

Found = tuple[str, str, int, tuple[Item, ...]]
"""Path, text, source and rows of something that stands in an element."""


class Standing:
    """Looks around in an export, and tells it what nothing knows."""

    def __init__(self, export: Export) -> None:
        self.export = export

    def key(self, element: etree._Element, level: Level) -> str:
        """What an element is called in the source, at most 100 characters of it."""
        keys = (text for _, text, _, items in self.stated(element, level) if any(i.kind == "key" for i in items))
        return next(keys, "")[:100]

    def stated(self, element: etree._Element, level: Level) -> list[Found]:
        return [found for found in self._walk(element, level, "") if found[3] and found[1]]

    def _walk(self, element: etree._Element, level: Level, path: str) -> Iterator[Found]:
        """Every text and attribute below an element that is in no level of its own; without rows: unknown."""
        text, own = (element.text or "").strip(), path or "."
        rows = tuple(i for i in level.items.get(own, ()) if i.kind != "level")
        yield own, text, self.export.source(element), rows
        for name, value in element.attrib.items():
            attribute = str(name)
            where = f"{path}/@{attribute}" if path else f"@{attribute}"
            measured = attribute == "unit" and any(i.kind == "number" for i in rows)
            if not measured:
                yield where, str(value).strip(), self.export.source(element, attribute), level.items.get(where, ())
        for child in element:
            below = f"{path}/{child.tag}" if path else str(child.tag)
            if any(item.kind == "level" for item in level.items.get(below, ())):
                continue
            if below in level.items or below in level.ways:
                yield from self._walk(child, level, below)
            else:
                yield below, "?", self.export.source(child), ()
        for child in element:
            yield own, (child.tail or "").strip(), self.export.source(element), ()

    def inside(self, element: etree._Element, level: Level, quiet: bool = False
                ) -> list[tuple[etree._Element, Item]]:  # fmt: skip
        """The elements in an element that are levels of their own; what no row knows is told, unless `quiet`."""
        for path, text, source, items in () if quiet else self._walk(element, level, ""):
            if text and not items:
                what = "an attribute" if "@" in path else "an element or a text"
                self.export.tell("warning", source, "unknown-element",
                                 f"{what} that no row of the table knows; kept in the original only")  # fmt: skip
        opens = [(path, items[0]) for path, items in level.items.items() if items[0].kind == "level"]
        found = [(child, item) for path, item in opens for child in _children(element, path)]
        if len(found) > _MOST_OF_A_LEVEL:
            self.export.tell("error", self.export.source(element), "size", f"more than {_MOST_OF_A_LEVEL} parts")
            return []
        return found


def _children(element: etree._Element, path: str) -> Iterator[etree._Element]:
    here = [element]
    for step in path.split("/"):
        here = [child for one in here for child in one if child.tag == step]
    yield from here


def at(element: etree._Element, path: str) -> etree._Element:
    return next(_children(element, path), element) if path != "." else element

"""What a record of the medication process fills of its data set, for the page of how complete an export is.

Data elements are told by their places (`definitions/medication/dataset.toml`): not every source writes concept ids.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence

from babyconnect.birthcare.ada import AdaElement, AdaRecord
from babyconnect.definitions import document
from babyconnect.translate.completeness import Chapter, Filled, Item

_TABLE = document("medication/dataset.toml")
_TREATMENT = "medicamenteuze_behandeling"


def filled(record: AdaRecord, is_lost: Callable[[AdaElement], bool]) -> Filled:
    """`is_lost`: whether what an element says reached no resource."""
    known = {item.concept for chapter in chapters(record.transaction, record.version) for item in chapter.items}
    said: set[str] = set()
    lost: set[str] = set()
    unknown = 0
    for place, element in _placed(record.root):
        item = _within(place, known)
        if item:
            said.add(item)
        if item and is_lost(element):
            lost.add(item)
        unknown += not item
    return Filled(record.transaction, record.version, frozenset(said), frozenset(lost), unknown)


def _placed(root: AdaElement) -> Iterator[tuple[tuple[str, ...], AdaElement]]:
    """Everything that says something, with its place: from its chapter on."""
    for part in root.children:
        if part.name != _TREATMENT:
            yield from _below(part, ())
            continue
        for block in part.children:
            yield from _below(block, () if block.children else (_TREATMENT,))


def _below(element: AdaElement, above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], AdaElement]]:
    place = (*above, _TABLE["alias"].get(element.name, element.name))
    if element.is_filled:
        yield place, element
    for child in element.children:
        yield from _below(child, place)


def _within(place: tuple[str, ...], known: set[str]) -> str:
    """The data element at this place, or the nearest that it lies in."""
    for length in range(len(place), 1, -1):
        if (found := "/".join(place[:length])) in known:
            return found
    return ""


@functools.cache
def chapters(data_set: str, version: str) -> Sequence[Chapter]:
    """The groups of a data set with their items; () for a data set of another format."""
    found = []
    for name in _TABLE["sets"].get(data_set, ()):
        chapter = _TABLE["chapter"][name]
        found.append(Chapter(chapter["name"], tuple(_items(name, chapter["items"]))))
    return tuple(found)


def _items(chapter: str, rows: Sequence[Sequence[str]]) -> Iterator[Item]:
    for path, name, *shared in rows:
        if not shared:
            yield Item(f"{chapter}/{path}", name)
        for below, called in (row for one in shared for row in _TABLE["shared"][one.removeprefix("@")]):
            yield Item(f"{chapter}/{path}/{below}", f"{name} › {called}")

"""Is an ADA record one of its data set?  Names, nesting, order, how often, and the data types of its values."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from babyconnect.birthcare.ada import AdaElement, AdaRecord
from babyconnect.definitions import document, rows

_SHAPES = {
    "boolean": r"true|false",
    "count": r"[+-]?\d+(\.\d+)?",
    "quantity": r"[+-]?\d+([.,]\d+)?",
    "datetime": r"\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?)?",
    "date": r"\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?)?",
}


def misplaced(record: AdaRecord) -> list[str]:
    """A sentence for each element that is not where, or not what, the structure of its transaction says."""
    table = rows(f"ada/{document('ada/transactions.toml')[record.transaction]['structure']}")
    known = {row["concept"]: (place, row) for place, row in enumerate(table)}
    names = {element.id for element in record.root.walk() if element.id}
    return list(_group(record.root, "", known, names))


def _group(element: AdaElement, concept: str, known: Mapping[str, tuple[int, Mapping[str, str]]],
           names: set[str]) -> Iterator[str]:  # fmt: skip
    places = []
    for child in element.children:
        if child.concept not in known:
            yield f"{child.name}: no data element of this transaction"
            continue
        place, row = known[child.concept]
        places.append(place)
        if row["element"] != child.name or row["parent"] != concept:
            yield f"{child.name}: not in {element.name}"
        yield from _value(child, row, names)
        yield from _group(child, child.concept, known, names)
    if places != sorted(places):
        yield f"{element.name}: its parts are not in order"
    for number, times in Counter(child.concept for child in element.children).items():
        most = known[number][1]["max"] if number in known else "*"
        if most != "*" and times > int(most or 1):
            yield f"{known[number][1]['element']}: {times} times in {element.name}, at most {most}"


def _value(element: AdaElement, row: Mapping[str, str], names: set[str]) -> Iterator[str]:
    value, kind = element.value, row["datatype"]
    if row["kind"] == "group" and kind != "reference" and (value or element.code):
        yield f"{element.name}: a group has no value"
    if kind == "reference" and value not in names:
        yield f"{element.name}: refers to what is not there"
    if kind in _SHAPES and value and not re.fullmatch(_SHAPES[kind], value):
        yield f"{element.name}: not a {kind}"
    if kind == "code" and not (element.code or element.null_flavor or value):
        yield f"{element.name}: no code"

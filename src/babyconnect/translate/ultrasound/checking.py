"""Can exports be read by this table?  Each fault with its row, so that whoever edits it can mend it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation

from babyconnect.birthcare import units
from babyconnect.translate.ultrasound.layout import KINDS, groups, words

COLUMNS = ("level", "path", "kind", "concept", "argument", "least", "most", "status", "citation")
_LEVELS = {"patient": "export", "episode": "patient", "exam": "episode", "fetus": "exam"}
"""The levels that every export has, and in which each lies."""
_KEYED = ("patient", "fetus")
Rows = Sequence[Mapping[str, str]]


def faults(table: Rows) -> list[str]:
    """Nothing when the table can be used."""
    if not table or tuple(table[0]) != COLUMNS:
        return [f"the columns are not {', '.join(COLUMNS)}"]
    found = [f"row {number}: {fault}" for number, row in enumerate(table, 1) for fault in _of_row(row, table)]
    return [*found, *_of_all(table)]


def _of_row(row: Mapping[str, str], table: Rows) -> Iterator[str]:
    if None in row or None in row.values():
        yield "not as many columns as the head"
        return
    kind, concept, argument = row["kind"], row["concept"], row["argument"]
    if kind not in KINDS:
        yield f"kind is not one of {', '.join(sorted(KINDS))}"
    if not row["path"] or (row["level"] != "file" and not _opened(row["level"], table)):
        yield "no path, or a level that no row opens"
    if concept and concept not in groups():
        yield "concept is no data element of the transaction or of ultrasound/structure.csv"
    if kind == "number" and units.unit(argument) is None:
        yield "argument is no unit of terminology/units.csv"
    if kind == "code" and argument not in {listed for listed, _ in words()}:
        yield "argument is no list of ultrasound/codes.csv"
    if any(text and not _number(text) for text in (row["least"], row["most"])):
        yield "least or most is not a number"


def _of_all(table: Rows) -> Iterator[str]:
    if sum(row["level"] == "file" for row in table) != 1:
        yield "not exactly one row of level file (the root)"
    for level, above in _LEVELS.items():
        if not any((r["level"], r["kind"], r["argument"]) == (above, "level", level) for r in table):
            yield f"no row of {above} opens the level {level}"
    for level in _KEYED:
        if not any((r["level"], r["kind"]) == (level, "key") for r in table):
            yield f"no key of {level}"
    if sum((r["level"], r["kind"]) == ("exam", "exam-date") for r in table) != 1:
        yield "not exactly one exam-date of exam"


def _opened(level: str, table: Rows) -> bool:
    return any((row["kind"], row["argument"]) == ("level", level) for row in table)


def _number(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False

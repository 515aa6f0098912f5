"""Laws of filled-in templates: what a row says is said, once and of whom it is, however the file is written."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from babyconnect.birthcare.ada import AdaElement
from babyconnect.birthcare.templates import Column, sheets
from babyconnect.flows.inputs import Input, Refusal, read
from babyconnect.flows.translating import READERS
from babyconnect.sources import Record
from babyconnect.translate.tabular.build import build
from babyconnect.translate.tabular.structure import choices
from tests.support import filled_in

TODAY = dt.date(2026, 11, 22)
QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
DAYS = st.dates(dt.date(2025, 12, 1), dt.date(2026, 11, 20))
WORDS = st.text(st.characters(codec="cp1252", exclude_categories=("Cc", "Zs")), min_size=1, max_size=12)
SENTENCES = st.lists(WORDS, min_size=1, max_size=4).map(" ".join)


def cell(column: Column) -> st.SearchStrategy[tuple[str, str]]:
    """What somebody may write in a column, and what that says: (cell, value or code)."""
    least, most = float(column.least or 0), float(column.most or 300)
    if column.type == "code":
        return st.sampled_from(choices(column.concept)).map(lambda one: (one.code, one.code))
    if column.type == "yes-no":
        return st.sampled_from([("ja", "true"), ("NEE", "false"), ("waar", "true"), ("n", "false")])
    if column.type == "whole":
        return st.integers(int(least), int(most)).map(lambda n: (str(n), str(n)))
    if column.type == "number":
        tenths = st.integers(int(least * 10) + 1, int(most * 10))
        return tenths.map(lambda n: (f"{n // 10},{n % 10}", f"{n // 10}.{n % 10}"))
    if column.type == "gestation":
        return st.integers(120, 300).map(lambda n: (f"{n // 7}+{n % 7}", str(n)))
    if column.type == "date":
        return DAYS.map(lambda day: (f"{day:%d-%m-%Y}", day.isoformat()))
    if column.type == "moment":
        moments = st.datetimes(dt.datetime(2025, 12, 1), dt.datetime(2026, 11, 20)).map(
            lambda m: m.replace(second=0, microsecond=0)
        )
        return moments.map(lambda m: (f"{m:%d-%m-%Y %H:%M}", m.isoformat()))
    return SENTENCES.map(lambda text: (text, " ".join(text.split())))


FREE = {"text", "number", "whole", "gestation", "date", "moment", "yes-no", "code"}


@st.composite
def rows(draw: st.DrawFn, key: str) -> tuple[dict[str, str], dict[str, str]]:
    """A row of a sheet with some of its cells, and by data element what it says."""
    cells, said = {}, {}
    for column in sheets()[key].columns.values():
        if column.type in FREE and column.concept and (column.required or draw(st.booleans())):
            cells[column.header], said[column.concept] = draw(cell(column))
    return cells, said


SAID_BY_ROWS = ["zwangerschap", "controles", "laboratorium", "problemen", "verrichtingen", "bevalling", "nacontrole"]


def record(content: bytes) -> list[AdaElement]:
    (item,) = read([Input("praktijk", content=content)], 9_000_000, {})
    assert isinstance(item, Record) and item.extract is not None, item
    built = build(item.extract, TODAY)
    assert built.record is not None, built.findings
    return [element for element in built.record.root.walk() if element.concept]


def facts(content: bytes) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    return sorted((e.concept, tuple(sorted(e.attributes.items()))) for e in record(content))


@QUICK
@given(st.sampled_from(SAID_BY_ROWS).flatmap(lambda key: st.tuples(st.just(key), rows(key))))
def test_every_cell_is_a_data_element_with_its_value(made: tuple[str, tuple[dict[str, str], dict[str, str]]]) -> None:
    key, (cells, said) = made
    filled = filled_in.small()
    filled.pop("controles")
    filled[key] = [{"Dossiernummer": "D-1", **cells}]

    found = {(e.concept, e.code or e.value) for e in record(filled_in.text(filled))}

    assert {(concept, value) for concept, value in said.items()} <= found


@QUICK
@given(st.sampled_from(SAID_BY_ROWS).flatmap(lambda key: st.tuples(st.just(key), rows(key))), st.data())
def test_the_way_of_writing_changes_nothing(made: tuple[str, tuple[dict[str, str], Any]], data: st.DataObject) -> None:
    key, (cells, _) = made
    filled = filled_in.small()
    filled[key] = [{"Dossiernummer": "D-1", **cells}]
    plain = facts(filled_in.text(filled))

    assert facts(filled_in.text(filled, data.draw(st.sampled_from(",\t")), "utf-8-sig")) == plain
    assert facts(filled_in.workbook(filled)) == plain
    shuffled = {key: data.draw(st.permutations(rows)) for key, rows in filled.items()}
    assert facts(filled_in.text(dict(reversed(shuffled.items())))) == plain


@QUICK
@given(st.lists(rows("controles"), min_size=1, max_size=4, unique_by=lambda row: row[0]["Datum en tijd"]))
def test_a_client_s_rows_say_the_same_alone_as_among_others(made: list[tuple[dict[str, str], Any]]) -> None:
    alone = filled_in.small()
    alone["controles"] = [{"Dossiernummer": "D-1", **cells} for cells, _ in made]
    among = filled_in.joined(filled_in.small("D-0", "999990019"), alone, filled_in.small("D-2", "999990020"))

    mine = list(read([Input("praktijk", content=filled_in.text(among))], 9_000_000, {}))[1]

    assert isinstance(mine, Record)
    assert facts(mine.content) == facts(filled_in.text(alone))


@QUICK
@given(st.binary(max_size=400))
def test_any_bytes_are_refused_or_read_and_never_a_fault(content: bytes) -> None:
    for prefix in (b"", b"#blad: Controles\r\n", b"Dossiernummer;BSN\r\n", b"PK\x03\x04"):
        for item in read([Input("praktijk", content=prefix + content)], 9_000_000, {}):
            if isinstance(item, Refusal):
                assert item.finding.severity == "error" and item.finding.text
            elif isinstance(item, Record):
                READERS[item.format].read(item, TODAY, "")

"""A file comes back with what is wrong beside it: the same cells, coloured and told, and it can be handed in again."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import openpyxl

from babyconnect.flows.handing_in import checked
from babyconnect.flows.marking import with_faults
from tests.spec.templates.test_spreadsheets import as_kept, facts
from tests.spec.templates.test_what_is_wrong import LIMIT, TODAY
from tests.support import filled_in
from tests.support.filled_in import changed, joined, small

TITLE = "Wat er niet klopt"
WRONG = joined(small("D-1"), changed(small("D-2", "999990019"), "controles", {"Gewicht (kg)": "zwaar"}))


def returned(content: bytes, name: str = "mijn blad van maart.xlsx") -> bytes:
    made = with_faults(content, checked(content, name, LIMIT, TODAY).findings)
    assert made is not None
    return made


def opened(content: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(content))


def test_a_wrong_cell_is_coloured_and_told_beside_its_row_and_listed_first() -> None:
    for content in (filled_in.workbook(WRONG), filled_in.text(WRONG)):
        book = opened(returned(content))
        place = book["Controles"]
        beside = place.max_column

        assert place["H3"].value == "zwaar" and place["H3"].fill.fgColor.rgb == "FFF9D6D5"
        assert "dit is geen getal" in place["H3"].comment.text
        assert place.cell(1, beside).value == TITLE and place.cell(2, beside).value is None
        assert place.cell(3, beside).value.startswith("Gewicht (kg): dit is geen getal")
        assert [cell.value for cell in book[TITLE][2]][:4] == ["Fout", "Controles", "3", "Gewicht (kg)"]


def test_what_was_right_says_the_same_when_it_is_handed_in_again() -> None:
    book = as_kept()
    book["clienten"][0] |= {"Straat": '=HYPERLINK("http://evil.test")', "Toevoeging": "+1", "Huisnummer": "012"}
    content = filled_in.workbook(book)
    unread = filled_in.text({**filled_in.example(), "clienten": [{**filled_in.example()["clienten"][0],
                             "Straat": '=HYPERLINK("http://evil.test")'}]})  # fmt: skip

    assert facts(returned(filled_in.workbook(as_kept()))) == facts(filled_in.workbook(as_kept()))
    assert facts(returned(unread)) == facts(unread)
    assert all(cell.data_type != "f" for sheet in opened(returned(unread)) for row in sheet.iter_rows() for cell in row)
    assert opened(returned(content))["Cliënten"]["J2"].value == "012"


def test_mended_and_handed_in_again_its_own_remarks_are_not_read() -> None:
    book = opened(returned(filled_in.workbook(WRONG)))
    book["Controles"]["H3"] = "68,5"
    again = filled_in.saved(book)

    made = checked(again, "praktijk", LIMIT, TODAY)
    assert (made.good, made.refused, made.findings) == (2, 0, ())
    assert opened(returned(again))["Controles"].max_column == opened(again)["Controles"].max_column - 1


def test_faults_of_columns_and_sheets_are_listed_too() -> None:
    content = filled_in.text(WRONG).replace(b"Datum en tijd", b"Wanneer") + b"#blad: a/b:[c]\r\nx;y\r\n1;2\r\n"

    rows = [[cell.value for cell in row] for row in opened(returned(content))[TITLE].iter_rows(min_row=2)]

    assert ["Fout", "Controles", "1"] in [row[:3] for row in rows] and len(rows) > 2


def test_dates_that_a_spreadsheet_cannot_count_come_back_as_text() -> None:
    wrong = changed(small(), "clienten", {"Geboortedatum": "01-01-1800"})
    kept = changed(small(), "controles", {"Datum en tijd": dt.datetime(2026, 4, 14, 10, 20)})

    assert opened(returned(filled_in.workbook(wrong)))["Cliënten"]["G2"].value == "01-01-1800"
    assert opened(returned(filled_in.workbook(kept)))["Controles"]["B2"].value == dt.datetime(2026, 4, 14, 10, 20)


def test_what_is_no_spreadsheet_cannot_come_back() -> None:
    assert with_faults(b"PK\x03\x04 damaged", ()) is None

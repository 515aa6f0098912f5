"""A workbook by another program's hand: dates, numbers and texts as spreadsheets keep them, or a named error."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from babyconnect.birthcare.templates import sheets
from babyconnect.flows.inputs import Input, Refusal, read
from babyconnect.flows.templates import workbook
from babyconnect.sources import Record
from babyconnect.translate.tabular.build import build
from tests.spec.templates.test_what_is_wrong import LIMIT, TODAY, found, remade, rules, zipped
from tests.support import filled_in
from tests.support.filled_in import changed, small


def facts(content: bytes) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    """What the one client of a file is said to be: each data element with its attributes, identities left out."""
    (item,) = read([Input("praktijk", content=content)], LIMIT, {})
    assert isinstance(item, Record) and item.extract is not None
    built = build(item.extract, TODAY)
    assert built.record is not None, built.findings
    return sorted(
        (element.concept, tuple(sorted(element.attributes.items())))
        for element in built.record.root.walk()
        if element.concept and not element.children
    )


def typed(cell: str, kind: str) -> Any:
    """The example of a column as a spreadsheet would keep it."""
    if kind in ("date", "moment"):
        day, month, year = (int(part) for part in cell[:10].split("-"))
        clock = dt.time.fromisoformat(cell[11:]) if len(cell) > 10 else None
        return dt.datetime.combine(dt.date(year, month, day), clock) if clock else dt.date(year, month, day)
    if kind in ("number", "whole", "child", "fetus"):
        return float(cell.replace(",", "."))
    return cell == "ja" if kind == "yes-no" else cell


def part(content: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(name)


def as_kept() -> filled_in.Filled:
    return {
        key: [{h: typed(cell, sheets()[key].columns[h].type) for h, cell in row.items()} for row in rows]
        for key, rows in filled_in.example().items()
    }


def test_a_workbook_says_what_the_csv_says() -> None:
    plain = {(c, a) for c, a in facts(filled_in.text(filled_in.example())) if c != "1074"}

    assert {(c, a) for c, a in facts(filled_in.workbook(as_kept())) if c != "1074"} == plain


@pytest.mark.parametrize("separator", [";", ",", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_separators_and_byte_order_marks_change_nothing(separator: str, encoding: str) -> None:
    filled = changed(filled_in.example(), "zwangerschap", {"Toelichting": 'twee regels;\nen een "citaat", met tabs\t.'})

    assert facts(filled_in.text(filled, separator, encoding)) == facts(filled_in.text(filled))


def test_unicode_text_as_excel_saves_it_is_read() -> None:
    assert facts(filled_in.text(filled_in.example(), "\t", "utf-16")) == facts(filled_in.text(filled_in.example()))


def test_a_text_of_windows_is_read_where_it_can_be_nothing_else_and_this_is_told() -> None:
    filled = changed(small(), "clienten", {"Achternaam": "Coördinée"})

    assert facts(filled_in.text(filled, encoding="cp1252")) == facts(filled_in.text(filled))
    (finding,) = found(filled_in.text(filled, encoding="cp1252"))
    assert (finding.severity, finding.rule) == ("warning", "utf-8")


def test_hard_spaces_and_what_nobody_sees_change_nothing() -> None:
    filled = changed(small(), "clienten", {"Dossiernummer": "\ufeffD-1\u00a0", "BSN": "\u00a0999990007\u200b"})

    assert facts(filled_in.text(filled)) == facts(filled_in.text(small()))
    assert facts(filled_in.workbook(filled)) == facts(filled_in.workbook(small()))


def test_rows_and_sheets_that_are_hidden_are_read_and_this_is_told() -> None:
    book = filled_in.book(small())
    book["Controles"].row_dimensions[2].hidden = True
    book["Cliënten"].sheet_state = "hidden"

    findings = found(filled_in.saved(book))
    assert [(f.severity, f.rule) for f in findings] == [("warning", "hidden")] * 2
    assert "het hele blad" in findings[0].text and "1 rijen" in findings[1].text
    assert facts(filled_in.saved(book)) == facts(filled_in.workbook(small()))


def test_the_result_of_a_formula_that_was_kept_is_used_and_this_is_told() -> None:
    content = filled_in.workbook(changed(small(), "controles", {"Gewicht (kg)": "=60+8.5"}))

    worked_out = remade(content, xl__worksheets__sheet3_xml=part(content, "xl/worksheets/sheet3.xml").replace(
        b"<v></v>", b"<v>68.5</v>").replace(b"<v />", b"<v>68.5</v>").replace(b"<v/>", b"<v>68.5</v>"))  # fmt: skip
    assert [(f.severity, f.rule) for f in found(worked_out)] == [("warning", "computed")]
    assert ("1074", (("unit", "kg"), ("value", "68.5"))) in facts(worked_out)


@pytest.mark.parametrize(
    ("parts", "named"),
    [
        ({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"<x/>"}, ".ods"),
        ({"Index/Document.iwa": b"x"}, "Numbers"),
        ({"[Content_Types].xml": b"<x/>", "word/document.xml": b"<x/>"}, "Word"),
    ],
)
def test_a_file_of_another_program_is_named_with_how_to_save_it(parts: dict[str, bytes], named: str) -> None:
    (finding,) = found(zipped(**parts))

    assert finding.rule == "format" and named in finding.text and "Excel-werkmap (.xlsx)" in finding.text


def test_dates_count_from_1904_where_the_workbook_says_so() -> None:
    book = filled_in.book(as_kept())
    book.epoch = CALENDAR_MAC_1904

    assert facts(filled_in.saved(book)) == facts(filled_in.workbook(as_kept()))


def test_a_bsn_that_became_a_number_gets_its_zero_back_and_this_is_told() -> None:
    number = "012345672"
    filled = changed(small(), "clienten", {"BSN": int(number)})

    assert ("682", (("root", "2.16.840.1.113883.2.4.6.3"), ("value", number))) in facts(filled_in.workbook(filled))
    assert [f.rule for f in found(filled_in.workbook(filled))] == ["zero"]


@pytest.mark.parametrize(
    ("cells", "rule"),
    [
        ({"Datum en tijd": 46126}, "date-number"),
        ({"Gewicht (kg)": "=1+1"}, "fault"),
        ({"Gewicht (kg)": "#N/A"}, "fault"),
        ({"Gewicht (kg)": dt.date(2026, 5, 3)}, "number"),
        ({"Fundusstand": 2}, "code"),
    ],
)
def test_what_a_spreadsheet_made_of_a_cell_is_refused_by_name(cells: dict[str, Any], rule: str) -> None:
    assert rule in rules(filled_in.workbook(changed(small(), "controles", cells)))


def test_numbers_that_were_kept_as_text_are_read() -> None:
    assert ("1074", (("unit", "kg"), ("value", "68.5"))) in facts(filled_in.workbook(small()))


def test_joined_cells_are_refused_since_only_one_of_them_holds_something() -> None:
    book = filled_in.book(small())
    book["Controles"].merge_cells("A2:A4")

    finding, *_ = [f for f in found(filled_in.saved(book)) if f.severity == "error"]
    assert finding.rule == "merged" and "A2:A4" in finding.place


def test_sheets_of_the_practice_itself_are_left_alone_and_told() -> None:
    book = filled_in.book(small())
    book.create_sheet("Rooster").append(["maandag", "dinsdag"])

    assert [(f.severity, f.rule) for f in found(filled_in.saved(book))] == [("warning", "sheet")]


def test_a_link_to_another_file_is_never_opened() -> None:
    book = filled_in.book(small())
    book["Controles"]["H2"] = "=[1]Blad1!A1"

    assert "fault" in rules(filled_in.saved(book))


def test_the_template_says_what_is_expected_and_offers_the_value_lists() -> None:
    made = openpyxl.load_workbook(io.BytesIO(workbook("verloskundigenpraktijk")))
    place = made["Controles"]
    headers = {cell.value: cell for cell in place[1]}
    lists = [v for v in place.data_validations.dataValidation if v.type == "list"]
    offered = [cell.value for row in made["Lijsten"].iter_rows() for cell in row]

    assert "118" in headers["Bloeddruk systolisch (mmHg)"].comment.text
    assert len(lists) == sum(column.type == "code" for column in sheets()["controles"].columns.values())
    assert "heeft nooit gerookt" in offered and made["Lijsten"].sheet_state == "hidden"
    assert made["Cliënten"].column_dimensions["B"].number_format == "@"
    assert found(workbook("verloskundigenpraktijk"))[0].rule == "no-client"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("made", ["gegevensblad-{}.csv", "{}.csv"])
def test_the_csv_files_that_an_office_program_makes_of_every_sheet_are_taken(made: str, encoding: str) -> None:
    """LibreOffice puts the name of the workbook before that of the sheet, and saves the template's own sheets too."""
    filled = filled_in.small()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for key in filled:
            content = filled_in.single(filled_in.table(filled, key), encoding=encoding)
            archive.writestr(made.format(sheets()[key].name), content)
        archive.writestr(made.format("Uitleg"), "Gegevensblad: Verloskundigenpraktijk\r\n".encode(encoding))

    assert facts(out.getvalue()) == facts(filled_in.text(filled))
    assert not [one for one in found(out.getvalue()) if one.rule == "sheet"]


def csv_files(names: str, **others: str) -> dict[str, bytes]:
    """The filled-in sheets as CSV files of these names; `others`: of one sheet another."""
    filled = filled_in.small()
    return {
        others.get(key, names).format(sheets()[key].name) + ".csv": filled_in.single(filled_in.table(filled, key))
        for key in filled
    }


@pytest.mark.parametrize(
    ("names", "of_checks"),
    [
        ("praktijkA-{}", "praktijkB-{}"),
        ("{}", "praktijkB-{}"),
        ("praktijkA/{}", "praktijkB/{}"),
        ("{}", "controles-Lijsten"),
    ],
)
def test_csv_files_of_two_workbooks_are_refused_and_never_one_file(names: str, of_checks: str, tmp_path: Path) -> None:
    files = csv_files(names, controles=of_checks)

    (finding,) = found(zipped(**files))
    assert (finding.severity, finding.rule) == ("error", "sheet") and "niet van één werkmap" in finding.text
    if "/" not in names:
        for name, content in files.items():
            (tmp_path / name).write_bytes(content)
        (refused,) = read([Input("praktijk", path=tmp_path)], LIMIT, {})
        assert isinstance(refused, Refusal) and refused.finding.rule == "sheet"


def test_texts_that_each_name_their_own_sheets_are_not_put_together() -> None:
    filled = small()
    apart = [{k: rows for k, rows in filled.items() if (k == "controles") is own} for own in (False, True)]

    (finding,) = found(zipped(**{f"{n}.csv": filled_in.text(part) for n, part in enumerate(apart)}))
    assert finding.rule == "sheet"


@pytest.mark.parametrize("names", ["2026-11-{}", "Praktijk De Ooievaar-{}", "map/gegevens-{}", "map\\{}"])
def test_csv_files_of_one_workbook_are_one_file_whatever_it_is_called(names: str) -> None:
    assert facts(zipped(**csv_files(names), **{"map/Rooster.csv": b"maandag;dinsdag\r\n"})) == facts(
        filled_in.text(small())
    )


def test_a_file_name_in_utf8_that_does_not_say_so_is_read_as_it_was_written() -> None:
    """As macOS and Unix pack them: taken for a name of MS-DOS it would be `Cli├½nten`."""
    filled = filled_in.small()
    files = {f"{sheets()[key].name}.csv": filled_in.single(filled_in.table(filled, key)) for key in filled}
    content = zipped(**{name.replace("ë", "##"): text for name, text in files.items()})
    assert facts(content.replace(b"Cli##nten", "Cliënten".encode())) == facts(filled_in.text(filled))


def test_a_text_that_ends_within_a_row_is_refused_and_not_read_as_half_of_it() -> None:
    whole = filled_in.text(small()).rstrip(b"\r\n")

    assert rules(whole.rpartition(b"68,")[0] + b"68,") == {"csv"}


@pytest.mark.parametrize("cut", [b"#blad: Contr", b"#blad: Controles\r\nDossiernummer;Datum en tijd;Gew"])
def test_a_text_that_ends_in_the_name_or_the_headers_of_a_sheet_is_refused_too(cut: bytes) -> None:
    before = filled_in.text({key: rows for key, rows in small().items() if key != "controles"})

    assert rules(before + cut) == {"csv"}
    assert rules(before) == set()


def test_a_last_row_without_a_line_end_is_read_where_it_has_all_its_cells() -> None:
    assert facts(filled_in.text(small()).rstrip(b"\r\n")) == facts(filled_in.text(small()))


@pytest.mark.parametrize("divided", [b"68;5;", b"68,5;;"])
def test_a_row_with_more_cells_than_headers_is_refused_as_its_values_may_stand_under_others(divided: bytes) -> None:
    assert "csv" in rules(filled_in.text(small()).replace(b"68,5;", divided))


def test_a_column_without_a_header_is_no_such_row() -> None:
    plain = filled_in.text(small())
    last = plain.rstrip().rpartition(b"\n")[2]
    remark = plain.replace(b"Kenmerk\r\n", b"Kenmerk;\r\n").replace(last, last + b";nog eens")
    assert remark.count(b"nog eens") == 1

    assert facts(remark) == facts(plain)

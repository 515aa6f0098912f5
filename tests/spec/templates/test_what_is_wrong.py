"""A filled-in template: what is wrong is said by sheet, row and column, all at once, and refuses that client only."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from typing import Any

import pytest
from openpyxl.utils import get_column_letter

from babyconnect.birthcare.templates import sheets, templates
from babyconnect.flows.findings import Finding
from babyconnect.flows.handing_in import checked
from babyconnect.flows.inputs import Input, Refusal, read
from babyconnect.flows.templates import packed, workbook
from babyconnect.flows.translating import READERS
from babyconnect.sources import Record
from tests.support import filled_in
from tests.support.filled_in import changed, joined, small

TODAY = dt.date(2026, 11, 22)
LIMIT = 2_000_000


def found(content: bytes, limit: int = LIMIT) -> list[Finding]:
    """Every finding on a file, of its clients and of itself."""
    findings: list[Finding] = []
    for item in read([Input("praktijk", content=content)], limit, {}):
        if isinstance(item, Refusal):
            findings.append(item.finding)
        elif isinstance(item, Record):
            findings += READERS[item.format].read(item, TODAY, "").findings
    return findings


def rules(content: bytes, limit: int = LIMIT) -> set[str]:
    return {f.rule for f in found(content, limit) if f.severity == "error"}


def wrong(key: str, cells: dict[str, Any], filled: filled_in.Filled | None = None) -> Finding:
    """The one error that these cells give."""
    content = filled_in.text(changed(filled or filled_in.example(), key, cells))
    errors = [f for f in found(content) if f.severity == "error"]
    assert len(errors) == 1, errors
    return errors[0]


@pytest.mark.parametrize("kind", templates())
def test_the_example_of_every_template_is_taken_as_it_is(kind: str) -> None:
    for content in (workbook(kind, example=True), packed(kind, example=True), filled_in.text(filled_in.example(kind))):
        findings = found(content)
        assert {f.severity for f in findings} <= {"information"}, findings


@pytest.mark.parametrize("kind", templates())
def test_no_cell_of_a_template_is_lost_on_the_way(kind: str) -> None:
    lost = {f.place.rpartition("kolom ")[2] for f in found(filled_in.text(filled_in.example(kind)))}

    # Twice the data set's own reason: that there are no antibodies is said already; a fetus has no number in STU3.
    assert lost <= {"Welke antistoffen (J2)", "Foetus (B2)"}


@pytest.mark.parametrize(
    ("key", "header", "cell", "rule"),
    [
        ("controles", "Gewicht (kg)", "zwaar", "number"),
        ("controles", "Gewicht (kg)", "3.450", "number-thousands"),
        ("controles", "Bloeddruk systolisch (mmHg)", "118,5", "whole"),
        ("controles", "Zwangerschapsduur (weken+dagen)", "13", "gestation"),
        ("controles", "Zwangerschapsduur (weken+dagen)", "13+8", "gestation"),
        ("controles", "Datum en tijd", "31-02-2026", "date"),
        ("controles", "Datum en tijd", "14/04/2026", "date-order"),
        ("controles", "Datum en tijd", "14-04-26", "date"),
        ("controles", "Datum en tijd", "14-04-2062", "date-far"),
        ("controles", "Datum en tijd", "14-04-2026 25:00", "date"),
        ("controles", "Datum en tijd", None, "empty"),
        ("controles", "Fundusstand", "ergens", "code"),
        ("echo", "Conclusie", "-1", "code"),
        ("controles", "Zorgverlener", "§", "caregiver"),
        ("controles", "Zorgverlener", "XX", "caregiver"),
        ("clienten", "BSN", "999990008", "bsn"),
        ("clienten", "BSN", "99999", "bsn"),
        ("clienten", "BSN", "1,23E+08", "scientific"),
        ("controles", "Gewicht (kg)", "6,8E+01", "scientific"),
        ("clienten", "Geboortedatum", "14-05-1994 10:00", "date-time"),
        ("kinderen", "Overleden", "misschien", "yes-no"),
        ("kraambed_kind", "Kind", "2", "no-child"),
        ("organisatie", "AGB", "12", "identifier"),
    ],
)  # fmt: skip
def test_a_wrong_cell_is_told_with_its_place_and_what_is_expected(
    key: str, header: str, cell: str | None, rule: str
) -> None:
    error = wrong(key, {header: cell})

    address = f"{get_column_letter(filled_in.table(filled_in.example(), key)[0].index(header) + 1)}2"
    assert error.rule == rule
    assert error.place.endswith(f"blad {sheets()[key].name}, rij 2, kolom {header} ({address})")
    assert cell is None or cell not in error.text.replace("13+0", "")


def test_a_place_is_said_as_the_spreadsheet_says_it() -> None:
    error = wrong("controles", {"Gewicht (kg)": "zwaar"}, small())

    assert error.place == "praktijk (Cliënten rij 2): blad Controles, rij 2, kolom Gewicht (kg) (H2)"
    assert error.text == "dit is geen getal (zonder eenheid of andere tekens); verwacht: 30 tot 300"


def test_all_errors_of_a_file_are_told_in_one_go() -> None:
    filled = changed(small(), "controles", {"Gewicht (kg)": "zwaar", "Datum en tijd": "31-02-2026"})
    filled = changed(filled, "clienten", {"Achternaam": None, "BSN": "123456789"})

    assert rules(filled_in.text(filled)) == {"number", "date", "empty", "bsn"}


def test_a_wrong_row_refuses_its_client_only() -> None:
    filled = joined(small("D-1"), changed(small("D-2", "999990019"), "controles", {"Gewicht (kg)": "zwaar"}))
    items = list(read([Input("praktijk", content=filled_in.text(filled))], LIMIT, {}))

    made = [READERS[item.format].read(item, TODAY, "") for item in items if isinstance(item, Record)]
    assert [bool(one.resources) for one in made] == [True, False]


def test_the_bytes_that_are_kept_of_a_client_tell_nothing_of_another() -> None:
    filled = joined(small("D-1"), small("D-2", "999990019"))
    first, second = read([Input("praktijk", content=filled_in.workbook(filled))], LIMIT, {})

    assert isinstance(first, Record) and isinstance(second, Record)
    assert b"D-2" not in first.content and b"999990019" not in first.content
    assert b"D-1" not in second.content and b"D-2" in second.content


def test_no_cell_of_what_is_kept_can_become_a_formula_and_it_reads_as_it_was() -> None:
    filled = changed(
        small(), "clienten", {"Straat": '=HYPERLINK("http://evil.test")', "Toevoeging": "@a", "Initialen": "-1"}
    )
    (item,) = read([Input("praktijk", content=filled_in.text(filled))], LIMIT, {})

    assert isinstance(item, Record) and item.extract is not None
    kept = item.content.decode()
    assert '" =HYPERLINK(""http://evil.test"")"' in kept and "; @a;" in kept and ";-1;" in kept
    (again,) = read([Input("praktijk", content=item.content)], LIMIT, {})
    assert isinstance(again, Record) and again.extract is not None
    assert [row.cells for row in again.extract.rows] == [row.cells for row in item.extract.rows]


def test_a_row_of_nobody_is_told_and_the_others_go_in() -> None:
    filled = small()
    filled["controles"].append({"Datum en tijd": "01-05-2026", "Gewicht (kg)": "70"})
    items = list(read([Input("praktijk", content=filled_in.text(filled))], LIMIT, {}))

    assert [type(item) for item in items] == [Refusal, Record]
    assert isinstance(items[0], Refusal) and "rij 3" in items[0].finding.place


def test_a_dossier_that_is_no_client_s_is_refused() -> None:
    filled = joined(small(), {"controles": [{"Dossiernummer": "D-9", "Datum en tijd": "01-05-2026"}]})

    made = checked(filled_in.text(filled), "praktijk", LIMIT, TODAY)
    assert [f.rule for f in made.findings] == ["no-client"] and (made.good, made.refused) == (1, 0)


@pytest.mark.parametrize(
    ("key", "cells", "rule"),
    [
        ("controles", {"Gewicht (kg)": "685"}, "implausible"),
        ("controles", {"Fundushoogte (cm)": "300"}, "implausible"),
        ("controles", {"Bloeddruk systolisch (mmHg)": "70", "Bloeddruk diastolisch (mmHg)": "110"}, "order"),
        ("clienten", {"Einde zorg": "01-03-2026"}, "order"),
        ("organisatie", {"AGB": "8000001"}, "zero"),
    ],
)
def test_a_doubtful_cell_is_kept_and_told(key: str, cells: dict[str, str], rule: str) -> None:
    findings = found(filled_in.text(changed(small(), key, cells)))

    assert [(f.severity, f.rule) for f in findings if f.severity != "information"] == [("warning", rule)]


def test_a_column_that_the_template_does_not_have_is_told_and_kept_in_the_original() -> None:
    filled = changed(small(), "controles", {"Gewicht": "68,5"})
    (item,) = read([Input("praktijk", content=filled_in.text(filled))], LIMIT, {})

    (warning,) = [f for f in found(filled_in.text(filled)) if f.severity == "warning"]
    assert warning.rule == "column" and "Gewicht (kg)" in warning.text
    assert isinstance(item, Record) and item.content.count(b"68,5") == 2


def test_the_same_row_twice_is_used_once() -> None:
    filled = small()
    filled["controles"] *= 2

    assert [f.rule for f in found(filled_in.text(filled))] == ["same-row"]


def test_a_second_row_for_what_there_is_one_of_is_refused() -> None:
    filled = small()
    filled["clienten"].append({**filled["clienten"][0], "Achternaam": "Anders"})

    assert "duplicate-row" in rules(filled_in.text(filled))


def test_two_rows_of_one_moment_are_kept_apart_and_told() -> None:
    filled = small()
    filled["controles"].append({**filled["controles"][0], "Gewicht (kg)": "69"})

    assert [f.rule for f in found(filled_in.text(filled))] == ["same-moment"]


# The file -----------------------------------------------------------------------------------------------------------


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def remade(content: bytes, **parts: bytes | None) -> bytes:
    """A workbook with other parts."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    for name, part in parts.items():
        name = name.replace("__", "/").replace("_xml", ".xml")
        if part is None:
            files.pop(name)
        else:
            files[name] = part
    return zipped(**files)


GOOD = filled_in.workbook(small())
OTHER = workbook("huisarts", example=True)
"""By a program that keeps its texts in a part of their own."""
NAMESPACE = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def sheet_of(rows: bytes) -> bytes:
    """A sheet by hand."""
    return b"<worksheet " + NAMESPACE + b"><sheetData>" + rows + b"</sheetData></worksheet>"


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><sst ' + NAMESPACE + b">&b;</sst>"


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (GOOD[: len(GOOD) // 2], "zip"),
        (GOOD[:100], "zip"),
        (zipped(readme=b"x"), "zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "format"),
        (remade(GOOD, xl__workbook_xml=None), "xlsx"),
        (remade(GOOD, xl__workbook_xml=b"<workbook"), "xlsx"),
        (remade(OTHER, xl__sharedStrings_xml=BOMB), "doctype"),
        (remade(OTHER, xl__sharedStrings_xml=b""), "xlsx"),
        (remade(GOOD, xl__worksheets__sheet1_xml=b"\xff\xfe<"), "utf-8"),
        (remade(GOOD, xl__media__x_xml=b"\0" * 70_000_000), "size"),
        (remade(GOOD, xl__worksheets__sheet1_xml=sheet_of(b"<row>" + b"<c/>" * 300_000 + b"</row>")), "size"),
        (remade(GOOD, xl__worksheets__sheet1_xml=sheet_of(b"<x/>" * 300_000)), "size"),
        (remade(GOOD, xl__worksheets__sheet1_xml=sheet_of(b'<row><c r="ZZ1"><v>1</v></c></row>')), "size"),
        (remade(GOOD, xl__worksheets__sheet1_xml=sheet_of(b'<row r="2"/><row r="2"/>')), "xlsx"),
        (zipped(**{f"{n}.csv": b"a;b\r\n" for n in range(600)}), "size"),
        (filled_in.text(small(), encoding="mac_roman"), "utf-8"),
        (filled_in.text(small(), encoding="cp850"), "utf-8"),
        (filled_in.text(small()).replace(b"Proef", b"Pro\xebf"), "utf-8"),
        (filled_in.text(small(), encoding="utf-16")[:-1], "utf-8"),
        (filled_in.text(small()).replace(b"Proef", b'"Proef'), "csv"),
        (filled_in.text(small()).replace(b"Proef", b"Pro\0f"), "utf-8"),
        (filled_in.text({"controles": small()["controles"]}), "no-client"),
        (filled_in.text(small()).replace(b"#blad: Controles", b"#blad: Kontroles"), "sheet"),
        (filled_in.text(small()) + filled_in.text({"controles": small()["controles"]}), "sheet"),
        (filled_in.text(small()).replace(b"Datum en tijd", b"Wanneer"), "column"),
        (filled_in.text(small()).replace(b"Soort contact", b"Fundusstand"), "column"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_cannot_be_read_is_refused_by_name(content: bytes, rule: str) -> None:
    assert rule in rules(content)


def cell_of(**attributes: str) -> bytes:
    """A row with one cell, by hand."""
    said = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return sheet_of(f"<row><c{said}><v>1</v></c></row>".encode())


@pytest.mark.parametrize("number", ["²", "٣", "-1", "1.0", "9" * 5000, "abc"])
def test_a_workbook_whose_own_numbers_are_none_is_refused(number: str) -> None:
    text = sheet_of(f'<row><c t="s"><v>{number}</v></c></row>'.encode())
    row = sheet_of(f'<row r="{number}"><c><v>1</v></c></row>'.encode())
    format_ = f'<styleSheet {NAMESPACE.decode()}><cellXfs><xf numFmtId="{number}"/></cellXfs></styleSheet>'.encode()
    own = format_.replace(b"<cellXfs>", b'<numFmts><numFmt formatCode="0" numFmtId="x"/></numFmts><cellXfs>').replace(
        f'"{number}"'.encode(), b'"0"'
    )
    for parts in (
        {"xl__worksheets__sheet1_xml": text},
        {"xl__worksheets__sheet1_xml": row},
        {"xl__worksheets__sheet1_xml": cell_of(s=number)},
        {"xl__worksheets__sheet1_xml": cell_of(s="0"), "xl__styles_xml": format_},
        {"xl__worksheets__sheet1_xml": cell_of(s="0"), "xl__styles_xml": own},
    ):
        assert rules(remade(GOOD, **parts)) == {"xlsx"}, parts


def test_a_workbook_that_is_refused_takes_no_other_of_the_same_hand_in_with_it() -> None:
    broken = remade(GOOD, xl__worksheets__sheet1_xml=cell_of(s="²"))

    refused, taken = read([Input("een", content=broken), Input("ander", content=GOOD)], LIMIT, {})
    assert isinstance(refused, Refusal) and isinstance(taken, Record)


def test_the_last_moment_that_a_workbook_can_say_is_a_fault_and_no_day_after_it() -> None:
    content = part_with(b"2958465.9999999")

    assert "fault" in rules(content)


def part_with(number: bytes) -> bytes:
    """A workbook in which the first date of the checks is this number."""
    book = filled_in.book(changed(small(), "controles", {"Datum en tijd": dt.date(2026, 5, 3)}))
    content = filled_in.saved(book)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheet = archive.read("xl/worksheets/sheet3.xml")
    assert sheet.count(b"<v>46145</v>") == 1
    return remade(content, xl__worksheets__sheet3_xml=sheet.replace(b"46145", number))


def test_a_few_bytes_do_not_show_a_long_text_in_more_cells_than_a_file_may_hold() -> None:
    """As text would this file be 655 MB: it is refused at the first row that is too much."""
    text = b"<sst " + NAMESPACE + b"><si><t>" + b"a\xc2\xa0" * 16_000 + b"</t></si></sst>"
    rows = sheet_of((b"<row>" + b'<c t="s"><v>0</v></c>' * 400 + b"</row>") * 50)
    parts = {"xl__sharedStrings_xml": text, "xl__worksheets__sheet1_xml": rows}

    (finding,) = found(remade(OTHER, **parts))
    assert finding.rule == "size" and "rij 2" in finding.place


def test_the_time_that_a_number_format_takes_grows_with_its_length_and_no_faster() -> None:
    """A million characters: at once where each is read once, minutes where every bracket is sought to the end."""
    code = b"x[" * 500_000
    styles = b"<styleSheet " + NAMESPACE + b'><numFmts><numFmt numFmtId="200" formatCode="' + code
    content = remade(GOOD, xl__styles_xml=styles + b'"/></numFmts><cellXfs><xf numFmtId="200"/></cellXfs></styleSheet>')

    assert found(content) == []


def test_a_file_over_the_limit_is_refused_before_it_is_opened() -> None:
    assert rules(GOOD, len(GOOD) - 1) == {"size"}


def test_a_text_in_an_unknown_code_is_told_how_to_save_itself() -> None:
    (finding,) = found(filled_in.text(small(), encoding="mac_roman"))

    assert "CSV UTF-8" in finding.text and ".xlsx" in finding.text


# All at once, also of a file that is refused as a whole --------------------------------------------------------------


def test_a_missing_column_hides_nothing_else_that_is_wrong() -> None:
    filled = changed(joined(small("D-1"), small("D-2", "999990019")), "controles", {"Gewicht (kg)": "zwaar"}, row=1)
    filled = changed(filled, "clienten", {"BSN": "123456789"})
    content = (
        filled_in.text(filled).replace(b"Datum en tijd", b"Wanneer").replace(b"#blad: Controles", b"#blad: Kontroles")
    )

    made = checked(content, "praktijk", LIMIT, TODAY)

    assert sorted(f.rule for f in made.findings if f.severity == "error") == ["bsn", "column", "number", "sheet"]
    assert (made.good, made.refused) == (0, 2)


@pytest.mark.parametrize("key", ["clienten", "controles"])
def test_rows_without_the_column_that_says_whose_they_are_are_judged_too(key: str) -> None:
    filled = changed(small(), key, {"BSN": "1"} if key == "clienten" else {"Gewicht (kg)": "zwaar"})
    rows = [{h: c for h, c in row.items() if h != "Dossiernummer"} for row in filled[key]]
    content = filled_in.text({**filled, key: rows}).replace(
        f"#blad: {sheets()[key].name}\r\nDossiernummer".encode(), f"#blad: {sheets()[key].name}\r\nNummer".encode()
    )

    made = checked(content, "praktijk", LIMIT, TODAY)

    errors = [f.rule for f in made.findings if f.severity == "error"]
    assert errors == ["column", "bsn" if key == "clienten" else "number"] and made.refused == 1


def test_what_is_wrong_with_the_organisation_is_told_once_whatever_the_number_of_clients() -> None:
    filled = changed(joined(small("D-1"), small("D-2", "999990019")), "organisatie", {"AGB": "12"})

    made = checked(filled_in.text(filled), "praktijk", LIMIT, TODAY)

    assert [f.rule for f in made.findings] == ["identifier"] and made.refused == 2


def test_headers_that_do_not_stand_first_are_found_and_told() -> None:
    book = filled_in.book(changed(small(), "controles", {"Gewicht (kg)": "zwaar"}))
    book["Controles"].insert_rows(1, 2)
    book["Controles"]["A1"] = "Controles van maart"

    errors = {f.rule: f for f in found(filled_in.saved(book)) if f.severity == "error"}

    assert errors.keys() == {"column", "number", "file"} and "rij 3" in errors["column"].text
    assert errors["number"].place.endswith("(H4)")


def test_what_stands_below_no_header_is_told_and_kept() -> None:
    book = filled_in.book(small())
    book["Controles"]["Z2"] = "bijschrift"
    (item,) = read([Input("praktijk", content=filled_in.saved(book))], LIMIT, {})

    (warning,) = [f for f in found(filled_in.saved(book)) if f.severity == "warning"]
    assert "heeft geen naam" in warning.text and warning.place.endswith("kolom Z")
    assert isinstance(item, Record) and b"bijschrift" in item.content

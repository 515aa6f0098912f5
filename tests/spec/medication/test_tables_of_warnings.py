"""An organisation puts its own table of warnings in the provided one's place; a bad one is refused, with its place."""

from __future__ import annotations

import pathlib
from types import SimpleNamespace
from typing import Any

import pytest

from babyconnect.birthcare.medication import Table
from babyconnect.definitions import content
from babyconnect.merge.medication import provided, tables
from babyconnect.settings import SettingsRefused
from babyconnect.wiring.medication import warnings

HEAD = "# name: Licentietabel\n# version: 7\n"
COLUMNS = "system,code,phase,from,until,level,nl,en,source\n"
ROW = "atc,M01A,pregnancy,28+0,,avoid,niet na 28 weken,not after 28 weeks,formularium 2026\n"


def read(text: str) -> Table | list[str]:
    found = tables.read(text.encode())
    return found if isinstance(found, Table) else [str(wrong) for wrong in found]


def test_a_table_has_a_name_a_version_and_rules() -> None:
    table = read(HEAD + COLUMNS + ROW)
    assert isinstance(table, Table)
    assert (table.name, table.version, table.provisional) == ("Licentietabel", "7", False)
    assert [(rule.code, rule.first, rule.last, rule.level) for rule in table.rules] == [("M01A", 196, None, "avoid")]


def test_a_spreadsheet_may_write_semicolons_a_mark_at_the_start_and_other_line_ends() -> None:
    text = "﻿" + (HEAD + COLUMNS + ROW).replace(",", ";").replace("\n", "\r\n")
    assert isinstance(read(text), Table)


def test_the_columns_may_stand_in_another_order() -> None:
    text = HEAD + "code,system,phase,level,from,until,nl,en,source\nM01A,atc,pregnancy,avoid,,,a,b,c\n"
    assert isinstance(read(text), Table)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the file: has no header and no rows"),
        (HEAD + COLUMNS, "the file: has no rows"),
        (COLUMNS + ROW, "the file: has no line '# name: …'"),
        (HEAD + "system,code\natc,M01A\n", "row 3: the header lacks phase, from, until, level, nl, en, source"),
        (HEAD + COLUMNS + "atc,M01A\n", "row 4: has 2 columns, not 9"),
        (HEAD + COLUMNS + ROW.replace("atc", "snomed"), "row 4, column system: must be one of atc, gpk, prk, hpk"),
        (HEAD + COLUMNS + ROW.replace("M01A,", "M01?,"), "row 4, column code: is no ATC code"),
        (HEAD + COLUMNS + ROW.replace("atc,M01A", "gpk,M01A"), "row 4, column code: is no GPK code"),
        (HEAD + COLUMNS + ROW.replace("pregnancy", "childhood"), "row 4, column phase: must be one of pregnancy"),
        (HEAD + COLUMNS + ROW.replace("28+0", "28+7"), "row 4, column from: must be weeks and days as 30+0, or empty"),
        (HEAD + COLUMNS + ROW.replace("28+0,", "28+0,27+6"), "row 4, column until: lies before from"),
        (HEAD + COLUMNS + ROW.replace("pregnancy", "lactation"), "row 4, column from: must be empty in the phase"),
        (HEAD + COLUMNS + ROW.replace("avoid", "bad"), "row 4, column level: must be one of"),
        (HEAD + COLUMNS + ROW.replace("not after 28 weeks", ""), "row 4, column en: must not be empty"),
        (HEAD + COLUMNS + ROW.replace("formularium 2026", ""), "row 4, column source: must not be empty"),
        (HEAD + COLUMNS + ROW + ROW, "row 5, column code: says again of this code and phase what row 4 says"),
        (HEAD + COLUMNS + ROW.replace("niet na", '"niet na'), "row 4: is not CSV"),
    ],
)  # fmt: skip
def test_a_bad_table_is_refused_with_row_and_column(text: str, told: str) -> None:
    found = read(text)
    assert isinstance(found, list) and found[0].startswith(told)


def test_what_is_not_utf8_is_refused_with_its_row() -> None:
    found = tables.read((HEAD + COLUMNS).encode() + ROW.replace("na", "né").encode("latin-1"))
    assert not isinstance(found, Table) and str(found[0]) == "row 4: is not UTF-8"


def test_at_most_twenty_faults_are_told() -> None:
    found = read(HEAD + COLUMNS + ROW.replace("avoid", "bad") * 50)
    assert isinstance(found, list) and len(found) == 20


def link(tmp_path: pathlib.Path, name: str) -> Any:
    chosen = SimpleNamespace(medication=SimpleNamespace(warnings_file=name))
    return SimpleNamespace(chosen=chosen, beside=lambda file: tmp_path / file)


def test_without_a_setting_the_provisional_table_is_used(tmp_path: pathlib.Path) -> None:
    assert warnings(link(tmp_path, "")) is provided() and provided().provisional


def test_the_provided_table_itself_is_a_table_that_an_organisation_could_start_from(tmp_path: pathlib.Path) -> None:
    (tmp_path / "own.csv").write_bytes(content("medication/warnings.csv"))
    assert warnings(link(tmp_path, "own.csv")) == provided()


def test_a_bad_table_refuses_the_start(tmp_path: pathlib.Path) -> None:
    (tmp_path / "own.csv").write_text(HEAD + COLUMNS + ROW.replace("28+0", "week 28"))
    with pytest.raises(SettingsRefused, match=r"own\.csv: medication\.warnings_file: row 4, column from: must be"):
        warnings(link(tmp_path, "own.csv"))


def test_a_table_that_is_not_there_refuses_the_start(tmp_path: pathlib.Path) -> None:
    with pytest.raises(SettingsRefused, match="cannot be read"):
        warnings(link(tmp_path, "own.csv"))

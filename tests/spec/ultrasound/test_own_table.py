"""An organisation whose export calls things otherwise edits a table, and no code."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from lxml import etree

from babyconnect.birthcare.ultrasound import provided
from babyconnect.cli.main import main
from babyconnect.definitions import rows
from babyconnect.settings import SettingsRefused
from babyconnect.sources import Record, Rejected
from babyconnect.sources.recognise import recognise
from babyconnect.translate.ultrasound.checking import faults
from babyconnect.translate.ultrasound.layout import groups, words
from babyconnect.translate.ultrasound.translating import chapters
from babyconnect.wiring import ultrasound
from tests.spec.publishing.records import Node as Publishing
from tests.support.ultrasound import WHOLE, translated


def written(table: list[dict[str, str]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(table[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    return out.getvalue()


def shouted() -> list[dict[str, str]]:
    """Every name of an element or attribute in capitals."""
    return [{**row, "path": row["path"].upper()} for row in provided().rows]


def shouting(content: bytes) -> bytes:
    root = etree.fromstring(content)
    for element in root.iter():
        element.tag = str(element.tag).upper()
        for name in [n for n in element.attrib if n != "unit"]:
            element.set(str(name).upper(), element.attrib.pop(name))
    return etree.tostring(root)


def test_our_own_table_has_no_fault_and_a_source_in_each_row() -> None:
    table = provided().rows
    assert faults(table) == [] and len(table) > 100
    assert all(row["citation"] and row["status"] in ("public", "assumed") for row in table)
    assert all("PROVISIONAL" in row["citation"] or row["status"] == "public" or row["concept"] for row in table)


def test_every_other_table_of_exports_points_to_what_is_there() -> None:
    for row in rows("ultrasound/says"):
        assert row["group"] in groups() and row["concept"] in groups() and row["citation"]
        assert groups()[row["concept"]].parent == row["group"]
    assert all(row["citation"] and row["code"] and row["system"] for row in rows("ultrasound/codes"))
    assert len(words()) == len(rows("ultrasound/codes"))  # no word twice
    for table in ("map", "rules"):
        assert all(row["concept"] in groups() and row["citation"] for row in rows(f"ultrasound/{table}"))


def test_an_export_with_other_names_says_the_same_by_a_table_with_those_names(tmp_path: Path) -> None:
    before = translated(WHOLE).resources
    assert isinstance(recognise(shouting(WHOLE), "x"), Rejected)
    (tmp_path / "own.csv").write_text("# ours\n" + written(shouted()))
    own = ultrasound.table(tmp_path / "own.csv")
    found = recognise(shouting(WHOLE), "x", ultrasound=own)
    assert isinstance(found, Record) and found.table is own
    assert translated(shouting(WHOLE), table=own).resources == before
    assert isinstance(recognise(WHOLE, "x", ultrasound=own), Rejected)
    assert translated(WHOLE).resources == before  # beside it in one process, the table provided


async def test_two_nodes_in_one_process_each_read_by_their_own_table(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text(written(shouted()))
    ours, theirs = Publishing(), Publishing(ultrasound=ultrasound.table(tmp_path / "own.csv"))
    for content, ours_is, theirs_is in ((WHOLE, "published", "refused"), (shouting(WHOLE), "refused", "published")):
        assert ((await ours.one(content)).status, (await theirs.one(content)).status) == (ours_is, theirs_is)
    assert ours.store.versions.keys() == theirs.store.versions.keys()


def test_what_is_shown_of_how_complete_an_export_is_has_the_names_of_its_own_table(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text(written(shouted()))
    own = chapters("astraia", table=ultrasound.table(tmp_path / "own.csv"))
    names = {item.name for chapter in own for item in chapter.items}
    assert "BPD" in names and "bpd" not in names


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("kind", "nummer", "kind is not one of"),
        ("concept", "99999", "concept is no data element"),
        ("argument", "el", "argument is no unit"),
        ("level", "child", "no row opens"),
        ("path", "", "no path"),
        ("least", "weinig", "not a number"),
    ],
)
def test_a_table_with_a_wrong_row_is_refused_with_the_row(tmp_path: Path, column: str, value: str, said: str) -> None:
    table = [dict(row) for row in provided().rows]
    at = next(n for n, row in enumerate(table) if row["path"] == "bpd")
    table[at][column] = value
    (tmp_path / "own.csv").write_text(written(table))
    with pytest.raises(SettingsRefused, match=f"row {at + 1}: .*{said}"):
        ultrasound.table(tmp_path / "own.csv")


@pytest.mark.parametrize("kind", ["key", "exam-date", "level"])
def test_a_table_that_leaves_out_what_tells_one_from_another_is_refused(kind: str) -> None:
    assert faults([row for row in provided().rows if row["kind"] != kind])


def test_the_command_takes_such_a_table_and_refuses_one_that_is_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "own.csv").write_text(written(shouted()))
    (tmp_path / "echo.xml").write_bytes(shouting(WHOLE))
    command = ["translate", str(tmp_path / "echo.xml"), "--ultrasound-table"]
    assert main([*command, str(tmp_path / "own.csv")]) == 0
    assert "DiagnosticReport" in capsys.readouterr().out
    assert main([*command, str(tmp_path / "weg.csv")]) != 0
    assert "cannot be read" in capsys.readouterr().err

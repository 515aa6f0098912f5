"""`babyconnect translate --to` a message: files, exit codes, what is said where."""

from __future__ import annotations

import pathlib

import pytest
from lxml import etree

from babyconnect.cli.main import main
from tests.spec.messages.records import BSN, child, kernset

WHOLE = "<zwangerschap><graviditeit value='2'/></zwangerschap>" + child(1)
TO = "hl7v3-kernset-2.3.6"


@pytest.fixture
def record(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "kernset.xml"
    path.write_bytes(kernset(WHOLE))
    return path


def test_a_record_becomes_a_file_of_its_name_that_parses(record: pathlib.Path, tmp_path: pathlib.Path) -> None:
    assert main(["translate", str(record), "--to", TO, "--strict", "--out", str(tmp_path / "out")]) == 0

    root = etree.parse(str(tmp_path / "out" / "kernset.xml")).getroot()
    assert etree.QName(root).localname == "REPC_IN004014NL"


def test_a_bsn_is_in_a_message_only_when_asked_for(record: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["translate", str(record), "--to", TO]) == 0
    assert BSN not in capsys.readouterr().out
    assert main(["translate", str(record), "--to", TO, "--with-bsn"]) == 0
    assert BSN in capsys.readouterr().out


def test_what_is_left_out_is_said_with_its_line_and_ends_a_strict_run_with_1(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "k.xml"
    path.write_bytes(kernset("<zwangerschap><onbekend value='1'/></zwangerschap>"))

    assert main(["translate", str(path), "--to", TO]) == 0
    said = capsys.readouterr()
    assert "k.xml: line " in said.err
    assert "[unknown-concept]" in said.err
    assert main(["translate", str(path), "--to", TO, "--strict"]) == 1


@pytest.mark.parametrize("to", ["hl7v3-kernset-2.2", "cda-neonatology", "stu3", "ada", "kernset-3.2"])
def test_a_kernset_that_cannot_become_this_writes_nothing_and_ends_with_1(
    to: str, record: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["translate", str(record), "--to", to]) == 1
    said = capsys.readouterr()
    assert said.out.strip() == ""
    assert "error at kernset.xml" in said.err


def test_a_kernset_with_another_reference_than_its_own_is_refused(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "k.xml"
    path.write_bytes(kernset(WHOLE, ref="1.2.3"))

    assert main(["translate", str(path), "--to", TO]) == 1
    assert "[transaction]" in capsys.readouterr().err

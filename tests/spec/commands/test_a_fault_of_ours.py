"""What this program breaks on is told of its input, and of no other: the rest is translated, and checked."""

from __future__ import annotations

import json
import pathlib
from dataclasses import replace
from typing import Any

import pytest

from babyconnect.cli.main import main
from babyconnect.flows import translating

WORDS = "999911120 could not be understood"
BSN = {"system": "http://fhir.nl/fhir/NamingSystem/bsn", "value": "999911120"}
NAMES = ("first", "bad", "last")


def bundle(name: str) -> str:
    woman = {"resourceType": "Patient", "id": name, "identifier": [BSN]}
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": [{"resource": woman}]})


@pytest.fixture
def given(tmp_path: pathlib.Path) -> list[str]:
    for name in NAMES:
        (tmp_path / f"{name}.json").write_text(bundle(name))
    return [str(tmp_path / f"{name}.json") for name in NAMES]


def breaking(real: Any) -> Any:
    """What does as it did, and breaks on the input called bad."""

    def broken(first: Any, *others: Any) -> Any:
        if first.name.startswith("bad"):
            raise RuntimeError(WORDS)
        return real(first, *others)

    return broken


def break_reader(patch: pytest.MonkeyPatch) -> None:
    real = translating.READERS["stu3-json"]
    patch.setitem(translating.READERS, "stu3-json", replace(real, read=breaking(real.read)))


def break_writer(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(translating.WRITERS, "stu3", breaking(translating.WRITERS["stu3"]))


def assert_told_of_the_bad_one_only(told: str) -> None:
    errors = [line for line in told.splitlines() if line.startswith("error")]
    assert [line.split(" [fault]")[0] for line in errors] == ["error at bad.json"]
    assert "RuntimeError" in told, "the log names what broke"
    assert WORDS not in told
    assert "999911120" not in told
    assert "Traceback" not in told


@pytest.mark.parametrize("breaks", [break_reader, break_writer], ids=["reading", "writing"])
def test_a_fault_in_translating_one_input_leaves_the_others_translated(
    breaks: Any, given: list[str], tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    breaks(monkeypatch)

    assert main(["translate", *given, "--out", str(tmp_path / "out")]) == 1

    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["first.json", "last.json"]
    assert_told_of_the_bad_one_only(capsys.readouterr().err)


def test_what_is_printed_stays_what_was_translated(
    given: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    break_reader(monkeypatch)

    assert main(["translate", *given]) == 1

    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [made["entry"][0]["resource"]["id"] for made in printed] == ["first", "last"]


@pytest.mark.parametrize("to", ["stu3", "ips"], ids=["each", "together"])
def test_a_fault_on_one_of_the_loose_files_of_a_folder_is_told_of_that_file(
    to: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "hers").mkdir()
    (tmp_path / "hers" / "bad.json").write_text(json.dumps({"resourceType": "Patient", "id": "1"}))
    (tmp_path / "hers" / "good.json").write_text(json.dumps({"resourceType": "Patient", "id": "2"}))
    real = translating.measured
    monkeypatch.setattr(translating, "measured", lambda one, at, *of: 1 / 0 if "bad" in at else real(one, at, *of))

    assert main(["translate", str(tmp_path / "hers"), "--to", to, "--out", str(tmp_path / "out")]) == 1

    assert "error at hers/bad.json [fault]" in capsys.readouterr().err
    whole = ["good.json"] if to == "stu3" else []  # half of a record is not written
    assert [path.name for path in (tmp_path / "out").iterdir()] == whole


def test_a_fault_in_checking_one_input_leaves_the_others_checked(
    given: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    break_reader(monkeypatch)

    assert main(["validate", *given]) == 1

    told = capsys.readouterr()
    assert_told_of_the_bad_one_only(told.out + told.err)
    assert "3 records of 2 resources checked, 1 with errors" in told.out

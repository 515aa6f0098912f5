"""`babyconnect template KIND --out PATH`: a workbook, a zip or a folder, by the path; `translate` takes it back."""

from __future__ import annotations

from pathlib import Path

import pytest

from babyconnect.cli.main import main
from babyconnect.flows.templates import kinds, packed, workbook


@pytest.mark.parametrize("name", ["blad.xlsx", "bladen.zip", "bladen"])
def test_a_template_filled_in_is_translated(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["template", "kraamzorg", "--example", "--out", str(tmp_path / name)]) == 0
    assert main(["translate", str(tmp_path / name), "--from", "csv", "--out", str(tmp_path / "uit")]) == 0

    assert "Kraamzorgorganisatie" in capsys.readouterr().out
    assert len(list((tmp_path / "uit").iterdir())) == 1


def test_an_empty_template_is_told_to_be_empty(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["template", "huisarts", "--out", str(tmp_path / "a.xlsx")])

    assert main(["translate", str(tmp_path / "a.xlsx")]) == 1
    assert "er is geen enkele cliënt ingevuld" in capsys.readouterr().err


def test_another_kind_is_bad_use_and_a_place_that_is_none_a_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["template", "tandarts", "--out", str(tmp_path / "a.xlsx")])
    assert stopped.value.code == 2
    assert main(["template", "huisarts", "--out", str(tmp_path / "nergens" / "a.xlsx")]) == 1
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize("kind", kinds())
def test_the_same_template_is_the_same_bytes(kind: str) -> None:
    assert workbook(kind) == workbook(kind) and packed(kind, example=True) == packed(kind, example=True)

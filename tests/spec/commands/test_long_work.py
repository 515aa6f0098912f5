"""Whoever waits for a large file or folder sees on the error stream that it goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from babyconnect.cli import long
from babyconnect.cli.main import main
from tests.support import filled_in
from tests.support.filled_in import joined, small


@pytest.mark.parametrize("command", ["validate", "translate"])
def test_it_is_told_now_and_then_how_many_records_are_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    file = tmp_path / "all.csv"
    file.write_bytes(filled_in.text(joined(*(small(f"D-{number}", "") for number in range(5)))))
    monkeypatch.setattr(long, "OFTEN", 2)

    main([command, str(file)])

    told = [line for line in capsys.readouterr().err.splitlines() if "so far" in line]
    assert told == ["2 records so far", "4 records so far"]

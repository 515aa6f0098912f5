"""`publish --replaces`: shows what an earlier sheet held and this one does not, and asks to confirm the number."""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from babyconnect.cli import long
from babyconnect.cli import publish as command
from babyconnect.cli.failure import Failure
from babyconnect.flows import publish, replacing
from babyconnect.flows.findings import Report
from babyconnect.flows.inputs import Input
from babyconnect.flows.replacing import Gone
from tests.spec.publishing.records import Node
from tests.support import filled_in
from tests.support.filled_in import joined, small

GROWN = {**small(), "controles": [*small()["controles"], {"Dossiernummer": "D-1", "Datum en tijd": "12-05-2026"}]}


class Opened:
    """A node in memory, as the command opens one."""

    def __init__(self) -> None:
        self.node, self.noted = Node(), 0

    def _inputs(self, paths: list[Path]) -> list[Input]:
        return [Input(path.name, path) for path in paths]

    async def publish(self, paths: list[Path], _bsns: Any, _dates: Any, passed: Any) -> Report:
        return await publish.publish(self._inputs(paths), self.node.node, passed)

    async def vanishing(self, paths: list[Path], *_: Any) -> Any:
        return await replacing.vanishing(self._inputs(paths), self.node.node)

    async def publish_instead(self, paths: list[Path], _bsns: Any, _dates: Any, shown: Any) -> Report:
        async def note(gone: Gone) -> None:
            self.noted += len(gone.items)

        return await replacing.publish_instead(self._inputs(paths), self.node.node, shown, note)

    async def announce(self, _: Any) -> str:
        return ""


def run(opened: Opened, monkeypatch: pytest.MonkeyPatch, *given: str) -> int:
    @asynccontextmanager
    async def opening(_: Path) -> AsyncIterator[Opened]:
        yield opened

    monkeypatch.setattr(command.publishing, "opened", opening)
    parser = argparse.ArgumentParser()
    command.arguments(parser)
    return command.run(parser.parse_args([*given, "--config", "node.toml"]))


def test_what_would_go_is_printed_and_goes_when_its_number_is_confirmed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened, before, now = Opened(), tmp_path / "may.xlsx", tmp_path / "june.xlsx"
    before.write_bytes(filled_in.workbook(GROWN))
    now.write_bytes(filled_in.workbook(small()))
    run(opened, monkeypatch, str(before))

    for wrong in ((), ("--confirm", "7")):
        with pytest.raises(Failure, match="nothing was published; if that is right, add --confirm 1"):
            run(opened, monkeypatch, str(now), "--replaces", *wrong)
    assert "Controles: 12-05-2026" in capsys.readouterr().out and not opened.noted

    assert run(opened, monkeypatch, str(now), "--replaces", "--confirm", "1") == 0
    assert "1 withdrawn" in capsys.readouterr().out and opened.noted == 1
    assert run(opened, monkeypatch, str(now), "--replaces") == 0


def test_a_large_file_is_told_of_while_it_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "all.csv"
    file.write_bytes(filled_in.text(joined(*(small(f"D-{number}", "") for number in range(3)))))
    monkeypatch.setattr(long, "OFTEN", 2)

    run(Opened(), monkeypatch, str(file))

    assert capsys.readouterr().err == "2 records so far\n"

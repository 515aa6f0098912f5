"""`babyconnect synthesise --examples`: one record in every format, and the supplier's guide lists them all."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest

from babyconnect.cli.main import main
from babyconnect.flows.examples import EXAMPLES, File, case, examples
from babyconnect.flows.inputs import Input
from babyconnect.flows.material import Wanted
from babyconnect.flows.translating import READERS, called, inputs_offered, outputs_offered, translating
from babyconnect.sources.recognise import LIMIT
from babyconnect.translate.jgz import convert

TODAY = dt.date(2026, 11, 22)
OTHER_DATA_SETS = convert.outputs()
"""Read to be written in another version; not what a client's record is made of."""
GUIDE = Path(__file__).parents[3] / "docs" / "suppliers.md"


@pytest.fixture(scope="module")
def made() -> list[File]:
    return list(examples(case(TODAY)))


def test_every_format_has_an_example() -> None:
    assert EXAMPLES.keys() == {*inputs_offered(), *outputs_offered()}


def test_the_same_day_gives_the_same_bytes(made: list[File]) -> None:
    assert list(examples(case(TODAY))) == made


def test_nothing_that_is_written_is_refused(made: list[File]) -> None:
    refused = {file.name: f for file in made for f in file.findings if f.severity == "error" or not file.content}
    assert refused == {}


def test_what_can_be_handed_in_is_read_as_the_format_it_shows(made: list[File]) -> None:
    wanted, seen = Wanted(TODAY), set()
    for file in made:
        [outcome] = translating([Input(file.name, content=file.content)], LIMIT, {}, wanted)
        if outcome.format not in READERS or not file.name.startswith(called(outcome.format)):
            continue
        seen.add(called(outcome.format))
        if outcome.format in OTHER_DATA_SETS:
            assert [f.rule for f in outcome.findings if f.severity == "error"] == ["data-set"]
            continue
        assert not outcome.refused, outcome.findings[:3]
        assert len(outcome.resources) > 3, file.name
    assert seen == EXAMPLES.keys() & set(inputs_offered())


def test_the_guide_lists_every_format_with_its_files(made: list[File]) -> None:
    chapter = GUIDE.read_text(encoding="utf-8").split("## An example of every format")[1].split("\n## ")[0]
    named = set(re.findall(r"`([^`]+)`", chapter.split("|---|---|")[1]))
    assert named == {file.name for file in made} | EXAMPLES.keys()


def test_the_command_writes_them(tmp_path: Path, made: list[File]) -> None:
    assert main(["synthesise", "--examples", str(tmp_path), "--today", TODAY.isoformat()]) == 0
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {f.name: f.content for f in made}


def test_without_a_folder_it_says_what_to_give(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["synthesise"]) == 2
    assert "--examples DIR" in capsys.readouterr().err

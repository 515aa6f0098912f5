"""Where this program breaks on one input, that one is refused and told so; no other is lost by it, and nothing by half.

What breaks in a store is no input's fault, and stops everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from babyconnect.fhir.search_index import index
from babyconnect.flows import inputs, preparing, translating, units
from babyconnect.flows.examples import EXAMPLES, case
from babyconnect.flows.findings import InputReport, Report
from babyconnect.flows.handing_in import checked
from babyconnect.flows.inputs import Input
from babyconnect.flows.publish import publish
from tests.spec.publishing.records import (
    Node,
    Resource,
    bundle,
    encounter,
    episode,
    folder,
    pregnancy,
    record,
    weight,
    woman,
)
from tests.spec.publishing.test_units import TODAY

WORDS = "999901023 could not be understood"


def another() -> list[Resource]:
    made = [woman("BAD", "999900857"), episode("EB", "BAD"), pregnancy("P-EB", "BAD"), encounter("NB", "BAD", "EB")]
    return [*made, weight("WB", "BAD", "Encounter/NB")]


def breaking(real: Any, on: str) -> Any:
    """What does as it did, and breaks on what names this."""

    def broken(first: Any, *others: Any) -> Any:
        if on in str(first):
            raise RuntimeError(WORDS)
        return real(first, *others)

    return broken


def of(report: Report) -> Mapping[str, InputReport]:
    return {one.name: one for one in report.inputs}


def assert_alone(report: Report, bad: str, good: str, logged: str) -> None:
    found = of(report)
    assert (found[bad].status, found[good].status) == ("refused", "published")
    assert [finding.rule for finding in found[bad].findings if finding.severity == "error"] == ["fault"]
    assert "RuntimeError" in logged
    assert WORDS not in logged + report.text()


async def test_a_fault_in_reading_is_told_of_its_input_and_the_next_is_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(inputs, "recognise", breaking(inputs.recognise, "BAD"))
    node = Node()

    report = await node.publish(bundle(*another()), bundle(*record()))

    assert_alone(report, "input-0", "input-1", "".join(capsys.readouterr()))
    assert "Patient/BAD" not in node.kept


async def test_a_fault_in_translating_is_told_of_its_input_and_the_next_is_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = translating.READERS["stu3-json"]
    monkeypatch.setitem(translating.READERS, "stu3-json", replace(real, read=breaking(real.read, "input-0")))
    node = Node()

    report = await node.publish(bundle(*another()), bundle(*record()))

    assert_alone(report, "input-0", "input-1", "".join(capsys.readouterr()))


async def test_a_fault_halfway_in_a_record_leaves_none_of_it_and_all_of_the_next(
    capsys: pytest.CaptureFixture[str],
) -> None:
    node = Node()
    torn = replace(node.node, index=breaking(index, "999900857"))
    given = [Input("bad", content=bundle(*another())), Input("good", content=bundle(*record()))]

    report = await publish(given, torn)

    assert_alone(report, "bad", "good", "".join(capsys.readouterr()))
    alone = Node()
    await alone.one(bundle(*record()))
    assert node.kept == alone.kept
    assert node.store.originals == alone.store.originals


async def test_a_fault_on_one_of_many_loose_files_is_told_of_its_client_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(units, "measured", breaking(units.measured, "'WB'"))
    node = Node()

    report = await node.publish(folder(tmp_path, "hers", record()), folder(tmp_path, "other", another()))

    assert_alone(report, "other", "hers", "".join(capsys.readouterr()))
    assert "Patient/BAD" not in node.kept


async def test_a_fault_over_all_loose_files_is_told_of_each_and_what_was_kept_before_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(_: Sequence[Any]) -> Any:
        raise RuntimeError(WORDS)

    monkeypatch.setattr(units, "families", breaks)
    node = Node()

    report = of(await node.publish(bundle(*record()), folder(tmp_path, "other", another())))

    assert {name: one.status for name, one in report.items()} == {"input-0": "published", "other": "refused"}


async def test_a_store_that_breaks_is_no_fault_of_an_input_and_stops_everything() -> None:
    node = Node()

    class Full:
        def __getattr__(self, name: str) -> Any:
            return getattr(node.store.writer, name)

        async def publish(self, batch: Iterable[Any], *_: Any) -> Any:
            raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        await publish([Input("good", content=bundle(*record()))], replace(node.node, writer=Full()))
    assert node.empty


def test_checking_a_sheet_says_so_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: Any) -> Any:
        raise RuntimeError(WORDS)

    real = translating.READERS["csv"]
    monkeypatch.setitem(translating.READERS, "csv", replace(real, read=breaks))
    content = next(file.content for file in EXAMPLES["csv"](case(TODAY)) if file.name.endswith(".xlsx"))

    found = checked(content, "sheet.xlsx", 9_000_000, TODAY)

    assert found.good == 0
    assert {finding.rule for finding in found.findings if finding.severity == "error"} == {"fault"}


async def test_a_fault_before_anything_is_kept_is_told_of_its_input_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("babyconnect.flows.preparing.said", breaking(preparing.said, "999900857"))
    node = Node()

    report = await node.publish(bundle(*another()), bundle(*record()))

    assert_alone(report, "input-0", "input-1", "".join(capsys.readouterr()))

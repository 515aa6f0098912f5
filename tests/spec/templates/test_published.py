"""A filled-in template is published like any record: again is nothing new, a changed row is one new version."""

from __future__ import annotations

from pathlib import Path

import pytest

from babyconnect.flows.completeness import Completeness
from babyconnect.network.tallies import Tallies
from tests.spec.publishing.records import NOW, Node
from tests.spec.publishing.test_intake import Desk
from tests.support import filled_in
from tests.support.filled_in import changed, joined, small

TWO = joined(small("D-1"), small("D-2", "999990019"))


async def test_each_client_of_a_file_is_a_record_and_the_same_file_again_is_nothing_new() -> None:
    node = Node()

    first = await node.publish(filled_in.text(TWO))
    again = await node.publish(filled_in.workbook(TWO))

    assert [one.status for one in first.inputs] == ["published", "published"]
    assert [one.status for one in again.inputs] == ["already published", "already published"]
    assert len({one.client for one in first.inputs}) == 2


async def test_a_changed_cell_is_a_new_version_of_exactly_that() -> None:
    node = Node()
    await node.publish(filled_in.text(TWO))

    report = await node.publish(filled_in.text(changed(TWO, "controles", {"Gewicht (kg)": "70"}, row=1)))

    assert [(one.created, one.updated) for one in report.inputs] == [(0, 0), (0, 1)]


async def test_a_row_in_between_makes_no_version_of_another() -> None:
    node = Node()
    await node.publish(filled_in.text(small()))
    more = small()
    more["controles"].insert(0, {"Dossiernummer": "D-1", "Datum en tijd": "01-04-2026", "Gewicht (kg)": "67"})

    (report,) = (await node.publish(filled_in.text(more))).inputs

    assert report.created == 2 and report.updated == 0


async def test_a_row_with_a_name_of_its_own_keeps_it_when_its_moment_is_corrected() -> None:
    node = Node()
    named = changed(small(), "controles", {"Kenmerk": "C-17"})
    await node.publish(filled_in.text(named))

    (report,) = (
        await node.publish(filled_in.text(changed(named, "controles", {"Datum en tijd": "15-04-2026"})))
    ).inputs

    assert (report.created, report.updated) == (0, 2)


async def test_a_woman_with_two_pregnancies_is_one_client() -> None:
    node = Node()

    report = await node.publish(filled_in.text(joined(small("D-1"), small("D-2"))))

    assert len({one.client for one in report.inputs}) == 1


async def test_the_intake_takes_it_and_tells_of_each_client() -> None:
    desk = Desk()
    filled = joined(small("D-1"), changed(small("D-2", "999990019"), "controles", {"Gewicht (kg)": "zwaar"}))

    answer = await desk.post(filled_in.text(filled), **{"content-type": "text/csv; charset=utf-8"})

    issues = answer.json()["issue"]
    assert answer.status == 422
    assert [event["outcome"] for event in desk.events] == ["ok", "refused"]
    assert issues[0]["diagnostics"].startswith("intake (Cliënten rij 2): published")
    assert issues[-1]["diagnostics"].endswith("blad Controles, rij 3, kolom Gewicht (kg) (H3)")
    assert not desk.node.empty


@pytest.mark.parametrize(
    "media", ["application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "text/csv", "application/zip"]
)
async def test_the_intake_knows_the_types_of_templates(media: str) -> None:
    content = filled_in.text(small()) if media == "text/csv" else filled_in.workbook(small())

    assert (await Desk().post(content, **{"content-type": media})).status == 200


async def test_sheets_that_lie_in_a_folder_are_one_file(tmp_path: Path) -> None:
    for key, name in (("organisatie", "Organisatie"), ("clienten", "Cliënten"), ("controles", "controles")):
        (tmp_path / f"{name}.csv").write_bytes(filled_in.single(filled_in.table(small(), key)))
    (tmp_path / "appointments.csv").write_text("patient,start,kind\n")
    node = Node()

    report = await node.publish(tmp_path)

    assert [one.status for one in report.inputs] == ["published"]


async def test_what_a_template_fills_is_counted_by_its_own_columns(tmp_path: Path) -> None:
    tallies = Tallies(tmp_path / "counts.sqlite")
    counts = Completeness(tallies, lambda: NOW)
    node = Node(tally=counts.note)

    await node.publish(filled_in.text(small()))

    (export,) = counts.exports()
    filled = {(group.name, one.item.name) for group in export.groups for one in group.of("filled")}
    assert export.tally.transaction == "gegevensblad-ziekenhuis"
    assert ("Controles", "Gewicht (kg)") in filled
    assert ("Controles", "Fundusstand") not in filled

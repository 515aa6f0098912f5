"""A sheet that replaces the earlier one: what is gone from it is shown first, and then taken back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from babyconnect.flows.findings import Report
from babyconnect.flows.inputs import Input
from babyconnect.flows.replacing import Gone, publish_instead, vanishing
from tests.spec.publishing.records import Node, bundle, record
from tests.support import filled_in
from tests.support.filled_in import Filled, changed, joined, small

MAY = {"Dossiernummer": "D-1", "Datum en tijd": "12-05-2026 09:00", "Gewicht (kg)": "70"}


def grown(**cells: Any) -> Filled:
    """A sheet with a second check."""
    filled = small()
    return {**filled, "controles": [*filled["controles"], {**MAY, **cells}]}


def sent(filled: Filled) -> list[Input]:
    return [Input("praktijk", content=filled_in.text(filled))]


async def shown(node: Node, filled: Filled) -> Sequence[Gone]:
    return await vanishing(sent(filled), node.node)


async def replaced(node: Node, filled: Filled, agreed: Sequence[Gone] | None = None) -> tuple[Report, list[Gone]]:
    noted: list[Gone] = []

    async def note(gone: Gone) -> None:
        noted.append(gone)

    agreed = await shown(node, filled) if agreed is None else agreed
    return await publish_instead(sent(filled), node.node, agreed, note), noted


def weights(node: Node) -> list[str]:
    """The weights that somebody who may see everything of her is shown."""
    current = [kept[-1].publication for kept in node.store.versions.values()]
    return sorted(
        str(one.resource["valueQuantity"]["value"])
        for one in current
        if one.type == "Observation" and one.group != "entered-in-error" and "valueQuantity" in one.resource
    )


async def test_a_row_that_is_gone_is_shown_by_its_moment_and_then_taken_back_with_its_history() -> None:
    node = Node()
    await node.publish(filled_in.text(grown()))

    (gone,) = await shown(node, small())
    report, noted = await replaced(node, small())

    assert gone.rows == ("Controles: 12-05-2026 09:00",)
    assert weights(node) == ["68.5"] and noted == [gone]
    assert report.inputs[0].withdrawn == len(gone.items) and f"{len(gone.items)} withdrawn" in report.text()
    assert all(len(node.store.versions[item]) == 2 for item in gone.items)


async def test_without_saying_that_it_replaces_nothing_disappears() -> None:
    node = Node()
    await node.publish(filled_in.text(grown()))

    await node.publish(filled_in.text(small()))

    assert weights(node) == ["68.5", "70"]


async def test_a_cell_that_was_emptied_is_taken_back_and_its_row_stays() -> None:
    node = Node()
    await node.publish(filled_in.text(grown(**{"Fundushoogte (cm)": "20"})))

    (gone,) = await shown(node, grown())
    await replaced(node, grown())

    assert gone.rows == ("Controles: 12-05-2026 09:00, Fundushoogte (cm)",)
    assert weights(node) == ["68.5", "70"]


async def test_only_what_was_shown_goes() -> None:
    node = Node()
    await node.publish(filled_in.text(grown()))

    _, noted = await replaced(node, small(), ())

    assert weights(node) == ["68.5", "70"] and not noted


async def test_once_gone_is_not_shown_again_and_handed_in_again_it_is_back() -> None:
    node = Node()
    await node.publish(filled_in.text(grown()))
    await replaced(node, small())

    assert not await shown(node, small())
    await node.publish(filled_in.text(grown()))
    assert weights(node) == ["68.5", "70"] and len(await shown(node, small())) == 1


async def test_a_dossier_that_is_not_in_the_file_keeps_all_that_it_has() -> None:
    node = Node()
    earlier = changed(small("D-0"), "controles", {"Datum en tijd": "01-02-2025", "Gewicht (kg)": "60"})
    await node.publish(filled_in.text(joined(earlier, grown(), small("D-3", "999990019"))))

    await replaced(node, small())

    assert weights(node) == ["60", "68.5", "68.5"]


async def test_two_dossiers_of_one_woman_are_compared_each_with_its_own() -> None:
    node = Node()
    earlier = changed(small("D-0"), "controles", {"Datum en tijd": "01-02-2025", "Gewicht (kg)": "60"})
    await node.publish(filled_in.text(joined(earlier, grown())))

    report, _ = await replaced(node, joined({**earlier, "controles": []}, small()))

    assert weights(node) == ["68.5"] and sorted(bool(one.withdrawn) for one in report.inputs) == [False, True]


async def test_what_another_system_sent_stays() -> None:
    node = Node()
    await node.publish(bundle(*record()))
    filled = small(bsn="999900730")
    await node.publish(filled_in.text(filled))

    await replaced(node, changed(filled, "controles", {"Gewicht (kg)": None}))

    assert weights(node) == ["68.50"]


async def test_the_client_her_child_and_her_pregnancy_are_never_taken_back() -> None:
    node = Node()
    await node.publish(filled_in.text(filled_in.example()))
    alone = {key: filled_in.example()[key] for key in ("organisatie", "zorgverleners", "clienten")}

    (gone,) = await shown(node, alone)

    assert not {"Patient", "EpisodeOfCare", "Organization", "Practitioner"} & {type for type, _ in gone.items}
    assert {row.partition(":")[0] for row in gone.rows} >= {"Controles", "Echo", "Kinderen", "Kraambed kind"}


async def test_of_a_client_who_is_refused_nothing_goes() -> None:
    node = Node()
    await node.publish(filled_in.text(grown()))
    wrong = changed(small(), "clienten", {"BSN": "123456789"})

    assert not await shown(node, wrong)
    await replaced(node, wrong)
    assert weights(node) == ["68.5", "70"]

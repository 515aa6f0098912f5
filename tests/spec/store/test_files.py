"""A file is released to whoever may see all that points to it now: it outlives nothing that it belongs to."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from babyconnect.birthcare.access import Filter
from babyconnect.store.contract import Publication, Query, Store
from tests.support.material import NOON, allowed, observation, publication, woman

LATER = NOON + dt.timedelta(hours=1)
GROUPS = ("prenatal_checks", "maternal_lab")
ALL = allowed("anna", groups=GROUPS)


def file(id: str = "scan", client: str = "anna", group: str = "prenatal_checks") -> Publication:
    content = {"resourceType": "Binary", "id": id, "contentType": "image/png", "content": "QUJD"}
    return publication(content, client, group)


def holder(id: str, *files: str, group: str = "prenatal_checks", client: str = "anna", **labels: Any) -> Publication:
    attachments = [{"contentType": "image/png", "url": f"Binary/{name}"} for name in files]
    content = {"resourceType": "DocumentReference", "id": id, "status": "current",
               "content": [{"attachment": each} for each in attachments]}  # fmt: skip
    return publication(content, client, group, **labels)


async def given(store: Store, filter: Filter, id: str = "scan") -> bool:
    """Whether a file is released; by every way to it alike."""
    reader = store.open_reader()
    found = [
        await reader.read("Binary", id, filter, "json") is not None,
        await reader.read("Binary", id, filter, "json", version=1) is not None,
        bool(await reader.history("Binary", id, filter, "xml")),
        f"Binary/{id}".encode() in (await reader.search(Query("Binary"), filter, "json")).entries,
    ]
    assert len(set(found)) == 1, found
    return found[0]


async def published(store: Store, *batch: Publication, at: dt.datetime = NOON) -> None:
    await store.writer.publish([woman("anna"), *batch], [], at)


async def test_a_file_is_released_with_what_points_to_it(store: Store) -> None:
    await published(store, file(), holder("plan", "scan"), observation("anna", "o1"))
    assert await given(store, ALL) and not await given(store, allowed("anna", groups=["maternal_lab"]))


async def test_what_was_taken_back_takes_its_file_along_and_brings_it_again(store: Store) -> None:
    await published(store, file(), holder("plan", "scan"))
    assert await given(store, ALL)
    await store.writer.withdraw("DocumentReference", "plan", "entered-in-error", LATER)
    assert not await given(store, ALL)
    await published(store, holder("plan", "scan"), at=LATER)
    assert await given(store, ALL)


async def test_what_is_pointed_to_no_more_is_released_to_nobody(store: Store) -> None:
    await published(store, file("old"), holder("plan", "old"))
    await published(store, file("new"), holder("plan", "new"), at=LATER)
    assert await given(store, ALL, "new") and not await given(store, ALL, "old")


async def test_a_file_that_nothing_ever_pointed_to_is_released_to_nobody(store: Store) -> None:
    await published(store, file(), holder("plan"))
    assert not await given(store, ALL)


@pytest.mark.parametrize(
    "narrower", [{"shielded": {"safety"}}, {"group": "maternal_lab"}, {"episodes": {"anna-earlier"}}]
)
async def test_of_two_that_point_to_a_file_both_must_be_allowed(store: Store, narrower: dict[str, Any]) -> None:
    await published(store, file(), holder("plan", "scan"))
    assert await given(store, allowed("anna", groups=["prenatal_checks"]))
    await published(store, holder("report", "scan", **narrower), at=LATER)
    assert not await given(store, allowed("anna", groups=["prenatal_checks"]))
    everything = allowed("anna", groups=GROUPS, shielded={"safety"}, episodes={"anna-episode", "anna-earlier"})
    assert await given(store, everything)


async def test_what_another_client_has_lets_no_file_be_released(store: Store) -> None:
    await published(store, file(), holder("of-bea", "scan", client="bea"))
    assert not await given(store, ALL)


async def test_text_that_looks_like_an_address_points_to_nothing(store: Store) -> None:
    said = observation("anna", "o1", value='"url":"Binary/scan"')
    await published(store, file(), said)
    assert not await given(store, ALL)


async def test_a_store_tells_which_files_an_item_points_to_and_ever_pointed_to(store: Store) -> None:
    await published(store, file("old"), file("other"), holder("plan", "old"), holder("report", "other", "never-sent"))
    await published(store, file("new"), holder("plan", "new"), at=LATER)
    assert list(await store.writer.files_of([("DocumentReference", "plan")])) == [("Binary", "new"), ("Binary", "old")]
    assert list(await store.writer.files_of([("DocumentReference", "report")])) == [("Binary", "other")]
    assert list(await store.writer.files_of([])) == []

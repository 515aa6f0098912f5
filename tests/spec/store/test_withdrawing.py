"""What its source took back is shown to nobody and kept with its history: no destruction (domain §4)."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from babyconnect.store.contract import Original, Query, Store
from tests.support.material import NOON, allowed, observation, woman

LATER = NOON + dt.timedelta(hours=1)


async def test_what_was_taken_back_is_in_no_answer_and_nothing_of_it_was_destroyed(store: Store) -> None:
    kept = [woman("anna"), observation("anna", "o1"), observation("anna", "o2")]
    await store.writer.publish(kept, [], NOON)
    outcome = await store.writer.withdraw("Observation", "o1", "entered-in-error", LATER)
    assert outcome is not None and (outcome.change, outcome.version) == ("updated", 2)
    reader = store.open_reader()
    page = await reader.search(Query("Observation"), allowed("anna"), "json")
    assert page.matched == 1 and b'"o1"' not in page.entries
    assert await reader.read("Observation", "o1", allowed("anna"), "json") is None
    assert await reader.read("Observation", "o1", allowed("anna"), "json", version=1) is None
    assert await reader.history("Observation", "o1", allowed("anna"), "json") == ()
    assert ("Observation", "o1") in await store.writer.items_of("anna")


async def test_taking_back_twice_is_once_and_what_is_not_there_is_not_taken_back(store: Store) -> None:
    await store.writer.publish([woman("anna"), observation("anna", "o1")], [], NOON)
    await store.writer.withdraw("Observation", "o1", "entered-in-error", LATER)
    again = await store.writer.withdraw("Observation", "o1", "entered-in-error", LATER)
    assert again is not None and again.change == "unchanged"
    assert await store.writer.withdraw("Observation", "never", "entered-in-error", LATER) is None


async def test_published_again_it_is_shown_again(store: Store) -> None:
    await store.writer.publish([woman("anna"), observation("anna", "o1")], [], NOON)
    await store.writer.withdraw("Observation", "o1", "entered-in-error", LATER)
    (outcome,) = await store.writer.publish([observation("anna", "o1")], [], LATER)
    assert outcome.change == "updated"
    assert await store.open_reader().read("Observation", "o1", allowed("anna"), "json") is not None


async def test_a_store_tells_which_originals_hold_what_was_not_taken_back(store: Store) -> None:
    sent = [Original(digest, "text/csv", digest.encode()) for digest in ("may", "june")]
    both = [replace(observation("anna", id), original="may") for id in ("o1", "o2", "o3")]
    await store.writer.publish([woman("anna"), *both, replace(observation("bea", "o9"), original="may")], sent, NOON)
    await store.writer.publish([replace(both[0], original="june")], [], LATER)
    await store.writer.withdraw("Observation", "o3", "entered-in-error", LATER)

    held = [(one.id, one.original, one.media) for one in await store.writer.origins("anna")]

    assert held == [("o1", "june", "text/csv"), ("o1", "may", "text/csv"), ("o2", "may", "text/csv")]

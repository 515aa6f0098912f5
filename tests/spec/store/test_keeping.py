"""A store keeps every version, whole batches or nothing, and says what changed."""

from __future__ import annotations

import dataclasses
import datetime as dt

import orjson
import pytest

from babyconnect.store.contract import SHARED, Original, Store
from tests.support.material import NOON, allowed, observation, organisation, woman

LATER = NOON + dt.timedelta(hours=1)


async def test_a_new_resource_is_created_as_version_one(store: Store) -> None:
    (outcome,) = await store.writer.publish([woman("anna")], [], NOON)
    assert (outcome.version, outcome.change) == (1, "created")


async def test_the_same_content_again_makes_no_new_version(store: Store) -> None:
    await store.writer.publish([woman("anna")], [], NOON)
    (outcome,) = await store.writer.publish([woman("anna")], [], LATER)
    assert (outcome.version, outcome.change) == (1, "unchanged")


async def test_other_content_makes_the_next_version(store: Store) -> None:
    await store.writer.publish([woman("anna")], [], NOON)
    (outcome,) = await store.writer.publish([woman("anna", name="Bakker")], [], LATER)
    assert (outcome.version, outcome.change) == (2, "updated")


async def test_other_labels_on_the_same_content_take_effect(store: Store) -> None:
    await store.writer.publish([observation("anna", "o1")], [], NOON)
    (outcome,) = await store.writer.publish([observation("anna", "o1", shielded={"genetics"})], [], LATER)
    assert outcome.change == "updated"
    assert await store.open_reader().read("Observation", "o1", allowed("anna"), "json") is None


async def test_the_bytes_say_which_version_they_are_and_from_when(store: Store) -> None:
    await store.writer.publish([woman("anna")], [], NOON)
    await store.writer.publish([woman("anna", name="Bakker")], [], LATER)
    now = await store.open_reader().read("Patient", "anna", allowed("anna"), "json")
    assert now is not None
    resource = orjson.loads(now.content)
    assert resource["meta"]["versionId"] == "2" and resource["meta"]["lastUpdated"] == "2026-03-01T13:00:00.000Z"
    assert (now.version, now.updated) == (2, LATER)


async def test_an_earlier_version_reads_as_it_was(store: Store) -> None:
    await store.writer.publish([woman("anna")], [], NOON)
    await store.writer.publish([woman("anna", name="Bakker")], [], LATER)
    first = await store.open_reader().read("Patient", "anna", allowed("anna"), "json", version=1)
    assert first is not None and b"De Vries" in first.content and b"Bakker" not in first.content


async def test_history_has_every_version_newest_first(store: Store) -> None:
    for hour, name in enumerate(("De Vries", "Bakker", "Visser")):
        await store.writer.publish([woman("anna", name=name)], [], NOON + dt.timedelta(hours=hour))
    history = await store.open_reader().history("Patient", "anna", allowed("anna"), "json")
    assert [s.version for s in history] == [3, 2, 1]


async def test_a_version_from_before_a_shield_is_withheld_with_the_resource(store: Store) -> None:
    await store.writer.publish([observation("anna", "o1")], [], NOON)
    await store.writer.publish([observation("anna", "o1", value="x", shielded={"safety"})], [], LATER)
    reader = store.open_reader()
    assert await reader.history("Observation", "o1", allowed("anna"), "json") == ()
    assert await reader.read("Observation", "o1", allowed("anna"), "json", version=1) is None
    seen = await reader.history("Observation", "o1", allowed("anna", shielded={"safety"}), "json")
    assert [s.version for s in seen] == [2, 1]


async def test_a_version_shielded_then_stays_withheld_when_the_resource_no_longer_is(store: Store) -> None:
    await store.writer.publish([observation("anna", "o1", value="x", shielded={"safety"})], [], NOON)
    await store.writer.publish([observation("anna", "o1")], [], LATER)
    history = await store.open_reader().history("Observation", "o1", allowed("anna"), "json")
    assert [s.version for s in history] == [2]


async def test_a_batch_with_a_resource_that_cannot_be_kept_keeps_nothing(store: Store) -> None:
    broken = dataclasses.replace(observation("anna", "bad"), resource={"resourceType": "Observation", "x": object()})
    with pytest.raises((TypeError, ValueError)):
        await store.writer.publish([woman("anna"), broken], [Original("d", "xml", b"<a/>")], NOON)
    reader = store.open_reader()
    assert await reader.read("Patient", "anna", allowed("anna"), "json") is None
    assert await store.writer.original("d") is None
    (outcome,) = await store.writer.publish([woman("anna")], [], LATER)
    assert outcome.change == "created"


async def test_the_same_resource_twice_in_a_batch_is_two_versions(store: Store) -> None:
    outcomes = await store.writer.publish([woman("anna"), woman("anna", name="Bakker")], [], NOON)
    assert [(o.version, o.change) for o in outcomes] == [(1, "created"), (2, "updated")]


async def test_what_a_source_sent_is_kept_byte_for_byte(store: Store) -> None:
    sent = Original("digest", "application/xml", b"<ada \xe2\x82\xac/>\r\n", b'{"untranslated":3}')
    await store.writer.publish([woman("anna")], [sent], NOON)
    assert await store.writer.original("digest") == sent
    assert await store.writer.original("another") is None


async def test_a_moment_finer_than_a_millisecond_is_told_as_the_bytes_tell_it(store: Store) -> None:
    await store.writer.publish([woman("anna")], [], NOON + dt.timedelta(microseconds=1999))
    stored = await store.open_reader().read("Patient", "anna", allowed("anna"), "json")
    assert stored is not None and stored.updated == NOON + dt.timedelta(milliseconds=1)


async def test_publishing_may_ask_whose_a_resource_is_but_not_what(store: Store) -> None:
    await store.writer.publish([woman("anna"), organisation("practice")], [], NOON)
    asked = [("Patient", "anna"), ("Organization", "practice"), ("Patient", "nobody")]
    assert await store.writer.known(asked) == {("Patient", "anna"): "anna", ("Organization", "practice"): SHARED}

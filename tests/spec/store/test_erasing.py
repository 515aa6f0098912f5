"""Erased is gone: from every answer, every table, and every byte of every file that the store keeps (WGBO 7:455)."""

from __future__ import annotations

import datetime as dt
import uuid
from pathlib import Path

import pytest

from babyconnect.store import postgres, sqlite
from babyconnect.store.contract import SHARED, Original, Query, Store
from tests.conftest import Postgres
from tests.support.material import NOON, allowed, episode, observation, organisation, woman

LATER = NOON + dt.timedelta(hours=1)
MARK, BSN = "Geheimzinnigheid", "999900730"


async def fill(store: Store, mark: str = MARK) -> None:
    """Anna's marked record in two versions, and Bea's, which must survive."""
    report = b'{"place": "' + mark.encode() + b'"}'
    for moment, name in ((NOON, f"{mark}-een"), (LATER, f"{mark}-twee")):
        sent = Original(f"sent-{name}", "application/xml", f"<record>{name} {BSN}</record>".encode(), report)
        await store.writer.publish(
            [
                woman("anna-opaque", BSN, name=name),
                episode("anna-opaque"),
                observation("anna-opaque", "anna-note", value=f"{name} " * 50, original=sent.digest),
                observation("anna-opaque", "anna-other", value="blijft", original=sent.digest),
            ],
            [sent],
            moment,
        )
    bea = [observation("bea", f"bea-{n}", value=f"van bea {n} " * 30, original="sent-bea") for n in range(40)]
    await store.writer.publish(
        [woman("bea"), episode("bea"), *bea], [Original("sent-bea", "application/xml", b"<record>Bea</record>")], NOON
    )


def holding(folder: Path, *words: str) -> list[str]:
    """Files below a folder in which one of the words stands, as UTF-8 or UTF-16."""
    forms = [word.encode(encoding) for word in words for encoding in ("utf-8", "utf-16-le")]
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in files if any(form in path.read_bytes() for form in forms)]


async def test_an_erased_resource_is_in_no_answer(store: Store) -> None:
    await fill(store)
    reader = store.open_reader()
    before = await reader.search(Query("Observation"), allowed("anna-opaque"), "json")
    assert await store.writer.erase("Observation", "anna-note") == 2
    after = await reader.search(Query("Observation"), allowed("anna-opaque"), "json")
    assert (before.matched, after.matched) == (2, 1) and b"anna-note" not in after.entries
    assert await reader.read("Observation", "anna-note", allowed("anna-opaque"), "json") is None
    assert await reader.history("Observation", "anna-note", allowed("anna-opaque"), "json") == ()


async def test_of_records_that_are_joined_no_byte_of_either_is_in_any_file(tmp_path: Path) -> None:
    store = await sqlite.open_store(tmp_path / "store.db")
    await fill(store)
    other = [woman("anna-echo", BSN, name=f"{MARK}-twee"), observation("anna-echo", "echo-note", value=f"{MARK} " * 50)]
    await store.writer.publish(other, [], LATER)
    (client,) = await store.open_reader().client_of(f"http://fhir.nl/fhir/NamingSystem/bsn|{BSN}")
    assert await store.writer.erase_client(client) > 5 and client != "anna-opaque"
    assert holding(tmp_path, MARK, BSN, "anna-opaque", "anna-echo", client) == []
    await store.close()
    assert holding(tmp_path, MARK, BSN, "anna-opaque", "anna-echo", client) == []


async def test_the_originals_that_held_it_go_too_and_others_stay(store: Store) -> None:
    await fill(store)
    await store.writer.erase("Observation", "anna-note")
    assert await store.writer.original(f"sent-{MARK}-een") is None
    assert await store.writer.original(f"sent-{MARK}-twee") is None
    assert await store.writer.original("sent-bea") is not None


async def test_an_original_that_changed_nothing_goes_too(store: Store) -> None:
    await store.writer.publish([observation("anna", "o1", original="first")], [Original("first", "x", b"1")], NOON)
    await store.writer.publish([observation("anna", "o1", original="again")], [Original("again", "x", b"2")], LATER)
    await store.writer.erase("Observation", "o1")
    assert [await store.writer.original(d) for d in ("first", "again")] == [None, None]


async def test_erasing_a_client_takes_everything_of_hers_and_nothing_else(store: Store) -> None:
    await fill(store)
    assert await store.writer.erase_client("anna-opaque") == 6
    reader = store.open_reader()
    assert await reader.client_of(f"http://fhir.nl/fhir/NamingSystem/bsn|{BSN}") == ()
    assert await reader.episodes_of("anna-opaque") == ()
    assert [c.id for c in await reader.clients()] == ["bea"]
    assert (await reader.search(Query("Observation"), allowed("anna-opaque"), "json")).entries == b""
    assert (await reader.search(Query("Observation"), allowed("bea"), "json")).matched == 40


async def test_what_was_never_there_erases_to_nothing(store: Store) -> None:
    assert await store.writer.erase("Observation", "none") == 0
    assert await store.writer.erase_client("nobody") == 0


async def test_the_same_id_begins_anew_after_erasure(store: Store) -> None:
    await fill(store)
    await store.writer.erase("Observation", "anna-note")
    (outcome,) = await store.writer.publish([observation("anna-opaque", "anna-note")], [], LATER)
    assert (outcome.version, outcome.change) == (1, "created")


async def test_what_is_shared_is_no_client(store: Store) -> None:
    await store.writer.publish([organisation("practice")], [], NOON)
    with pytest.raises(ValueError, match="no client"):
        await store.writer.erase_client(SHARED)


@pytest.mark.parametrize("what", ["client", "resource"])
async def test_sqlite_keeps_no_byte_of_it_in_any_file(tmp_path: Path, what: str) -> None:
    store = await sqlite.open_store(tmp_path / "store.db")
    try:
        await fill(store)
        await store.open_reader().search(Query("Observation"), allowed("anna-opaque"), "json")
        assert holding(tmp_path, MARK)
        if what == "client":
            await store.writer.erase_client("anna-opaque")
            assert holding(tmp_path, MARK, BSN, "anna-opaque", "anna-note") == []
        else:
            await store.writer.erase("Observation", "anna-note")
            await store.writer.erase("Patient", "anna-opaque")
            assert holding(tmp_path, MARK, BSN, "anna-note") == []
        assert holding(tmp_path, "van bea 7")
    finally:
        await store.close()


async def test_postgres_keeps_no_byte_of_it_in_any_file(postgres_server: Postgres) -> None:
    store = await postgres.open_store(postgres_server.dsn, f"t_{uuid.uuid4().hex}")
    try:
        mark = f"geheim-{uuid.uuid4().hex}"  # other tests leave records of their own on this server
        await fill(store, mark)
        await store.open_reader().search(Query("Observation"), allowed("anna-opaque"), "json")
        await store.writer.erase_client("anna-opaque")
        assert holding(postgres_server.data, mark) == []
        assert holding(postgres_server.data, "van bea 7")
    finally:
        await store.close()


async def test_what_may_not_be_destroyed_stays_and_the_rest_of_the_client_goes(store: Store) -> None:
    await fill(store)
    keep = [("Observation", "anna-other"), ("Patient", "anna-opaque")]
    assert await store.writer.erase_client("anna-opaque", keep) == 3
    assert await store.writer.items_of("anna-opaque") == sorted(keep)
    page = await store.open_reader().search(Query("Observation"), allowed("anna-opaque"), "json")
    assert page.matched == 1 and b"blijft" in page.entries
    assert await store.writer.items_of("bea")

"""Whose records are one client's is for the store to say; a roster that says otherwise opens nothing and is mended."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from babyconnect.birthcare.access import ALL, Asker, Consent, EmergencyTerms, Purpose
from babyconnect.birthcare.one_woman import JOINED
from babyconnect.birthcare.parties import Kind, Role
from babyconnect.flows.enrol import EnrollingWriter
from babyconnect.network.contract import ConsentsUnknown
from babyconnect.network.database import DatabaseFault
from babyconnect.network.roster import Roster
from babyconnect.store.contract import Store, Writer
from babyconnect.trust.rules import data_groups, rules_on
from babyconnect.wiring.holding import HolderGrounds
from tests.spec.trust.people import TODAY
from tests.support.material import NOON
from tests.support.node import HOLDER, HOSPITAL

from .test_joining import OTHERS, client_of, patient, record

NO = Consent("no", False, "*")
ASKER = Asker(HOSPITAL.ura, HOSPITAL.kind, "person-1", Role.GYNAECOLOGIST, Purpose.EMERGENCY)
OWN = replace(ASKER, ura=HOLDER.ura, kind=Kind.MIDWIFERY_PRACTICE)


class Register:
    """The region's: she said no to everybody, under her one pseudonym."""

    async def of(self, pseudonym: str) -> tuple[Consent, ...]:
        assert pseudonym == "pseudonym"
        return (NO,)

    async def as_if(self, stand_in: str) -> None:
        return None


@pytest.fixture
def roster(tmp_path: Path) -> Iterator[Roster]:
    opened = Roster(tmp_path / "roster.sqlite", b"k" * 32)
    yield opened
    opened.close()


def grounds(roster: Roster) -> HolderGrounds:
    played: Any = Register()
    unasked: Any = (None, lambda *_: None, EmergencyTerms())
    return HolderGrounds(HOLDER.ura, roster, played, lambda: rules_on(TODAY), *unasked)


async def named(roster: Roster) -> None:
    await roster.named({client: "pseudonym" for client, _ in roster.waiting()})


async def broken_off(store: Store, roster: Roster, monkeypatch: pytest.MonkeyPatch) -> str:
    """A second system delivers, and the process ends when only the store knows; the client's name there."""
    writer = EnrollingWriter(store.writer, roster)
    await writer.publish(record("anna"), [], NOON)

    async def full(*_: object) -> None:
        raise DatabaseFault("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(roster, "join", full)
        with pytest.raises(DatabaseFault):
            await writer.publish(record("bea"), [], NOON)
    await named(roster)
    return await client_of(store)


@pytest.mark.parametrize("asker", [ASKER, OWN], ids=["another", "our own"])
async def test_nothing_is_decided_about_records_that_only_the_store_has_joined(
    store: Store, roster: Roster, monkeypatch: pytest.MonkeyPatch, asker: Asker
) -> None:
    client = await broken_off(store, roster, monkeypatch)
    assert client.startswith(JOINED) and roster.records(client) == ()
    with pytest.raises(ConsentsUnknown):
        await grounds(roster).consents(client, asker)


async def test_a_node_that_opens_puts_right_what_was_broken_off(
    store: Store, roster: Roster, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await broken_off(store, roster, monkeypatch)
    await EnrollingWriter(store.writer, roster).reconcile()
    assert roster.records(client) == ("anna", "bea")
    assert await grounds(roster).consents(client, ASKER) == (NO,)


async def test_so_does_a_node_that_runs_also_after_it_could_not(
    store: Store, roster: Roster, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await broken_off(store, roster, monkeypatch)
    writer, times = EnrollingWriter(store.writer, roster), list[str]()
    once = writer.reconcile

    async def failing_at_first() -> None:
        times.append("tried")
        if len(times) == 1:
            raise DatabaseFault("the disk is full")
        await once()

    monkeypatch.setattr(writer, "reconcile", failing_at_first)
    following = asyncio.create_task(writer.keep_following(0.001))
    async with asyncio.timeout(30):
        while roster.records(client) != ("anna", "bea"):
            await asyncio.sleep(0.001)
    following.cancel()
    assert len(times) > 1 and await grounds(roster).consents(client, ASKER) == (NO,)


async def test_and_what_the_store_parted_meanwhile(store: Store, roster: Roster) -> None:
    writer = EnrollingWriter(store.writer, roster)
    await writer.publish([*record("anna"), *record("bea")], [], NOON)
    client = await client_of(store)
    assert roster.records(client) == ("anna", "bea")
    await store.writer.publish([patient("bea", OTHERS)], [], NOON)
    await writer.reconcile()
    assert roster.records(client) == () and roster.name("bea") == "bea"


@pytest.mark.parametrize("asker", ["another", "own"])
async def test_a_name_of_records_that_parted_is_refused_and_no_fault(store: Store, roster: Roster, asker: str) -> None:
    writer = EnrollingWriter(store.writer, roster)
    await writer.publish([*record("anna"), *record("bea")], [], NOON)
    client = await client_of(store)
    assert not roster.parted(client)
    await writer.publish([patient("bea", OTHERS)], [], NOON)
    assert roster.parted(client) and not roster.parted("anna") and not roster.parted("joined.never")
    who = OWN if asker == "own" else ASKER
    (said,) = await grounds(roster).consents(client, who)
    assert not said.permit and (said.actor, said.holder) == (f"ura:{who.ura}", f"ura:{HOLDER.ura}")
    assert ALL | data_groups() <= said.groups


async def test_a_name_that_is_no_clients_any_more_is_known_as_such(store: Store, roster: Roster) -> None:
    """By these a token is ended: whoever it was about has another name by now."""
    writer = EnrollingWriter(store.writer, roster)
    await writer.publish(record("anna"), [], NOON)
    assert not roster.moved("anna")
    await writer.publish(record("bea"), [], NOON)
    client = await client_of(store)
    assert roster.moved("anna") and roster.moved("bea") and not roster.moved(client)
    await writer.publish([patient("bea", OTHERS)], [], NOON)
    assert roster.moved(client) and not roster.moved("anna") and not roster.moved("nobody")


class Late:
    """A writer who hears what the store says of joining, and is held up before it can tell the roster, once."""

    def __init__(self, inner: Writer, go: asyncio.Event) -> None:
        self._inner, self._go = inner, go

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def joined(self, records: Any) -> Any:
        heard = await self._inner.joined(records)
        await self._go.wait()
        return heard


async def test_of_two_who_publish_at_once_the_slower_does_not_undo_what_the_other_noted(
    store: Store, roster: Roster
) -> None:
    go, late = asyncio.Event(), record("anna")
    slower: Any = Late(store.writer, go)
    first = asyncio.create_task(EnrollingWriter(slower, roster).publish(late, [], NOON))
    while await store.open_reader().client_of("http://fhir.nl/fhir/NamingSystem/bsn|999900730") != ("anna",):
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    await EnrollingWriter(store.writer, roster).publish(record("bea"), [], NOON)
    client = await client_of(store)
    go.set()
    await first
    assert roster.records(client) == ("anna", "bea")


async def test_of_whom_the_region_has_no_name_yet_nothing_is_shared_and_our_own_people_still_read(
    store: Store, roster: Roster
) -> None:
    await EnrollingWriter(store.writer, roster).publish(record("anna"), [], NOON)
    assert [one.permit for one in await grounds(roster).consents("anna", ASKER)] == [False]
    assert await grounds(roster).consents("anna", OWN) == ()

"""One woman of two source systems of one organisation: on its pages, in its registers, in her own record, destroyed."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from babyconnect.audit.event import Actor
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.definitions import document
from babyconnect.flows.break_glass import BreakGlass
from babyconnect.flows.destroy import Asked, Destroyed, NotDestroyed
from babyconnect.flows.enrol import EnrollingWriter
from babyconnect.flows.own_record import Looking
from babyconnect.flows.registers import Hold, Request
from babyconnect.merge import merge
from babyconnect.network.emergencies import Emergencies
from babyconnect.network.roster_outbox import Pointer
from babyconnect.store.memory import MemoryWriter
from babyconnect.trust.rules import rules_on
from babyconnect.trust.secrecy import Basis, Secrecy
from tests.spec.shielding.stage import BSN, NOW, Practice, mother, without_bsn
from tests.support.node import HOLDER

BORN = "1990-05-01"
BY = Actor(HOLDER.ura.value, "po", "privacy_officer")


def of(id: str, born: str = BORN, **more: Any) -> bytes:
    """Her record by another system, under an id of its own."""
    record = json.loads(without_bsn(id))
    number = {"system": "http://fhir.nl/fhir/NamingSystem/bsn", "value": BSN}
    her = {"identifier": [number], "name": [{"family": "Zij"}], "birthDate": born, **more}
    record["entry"][0]["resource"] |= her
    return json.dumps(record).encode()


@pytest.fixture
async def practice(tmp_path: Path) -> AsyncIterator[Practice]:
    made = Practice(tmp_path)
    await made.publish(of("EEN"))
    await made.publish(of("TWEE", telecom=[{"system": "phone", "value": "0612345678"}]))
    yield made
    made.roster.close()
    made.custody.close()


def only(practice: Practice) -> str:
    (client,) = practice.roster.clients(Bsn(BSN))
    return client


async def test_staff_find_her_once_and_her_other_patient_is_no_child(practice: Practice) -> None:
    staff = practice.as_staff()
    found = await staff.post("/viewer/eigen/zoek", {"csrf": practice.staff_session.csrf, "bsn": BSN})
    assert found.status == 303
    page = await staff.get(found.location)
    assert page.status == 200 and "zonder BSN" not in page.text
    resources = await practice.staff.record(practice.staff_session.person, only(practice))
    assert sum(one["resourceType"] == "EpisodeOfCare" for one in resources) == 2
    assert practice.staff.children(only(practice), resources) == []


async def shown_by(practice: Practice, number: str) -> str:
    """The page of whom this number finds at her own organisation."""
    staff = practice.as_staff()
    found = await staff.post("/viewer/eigen/zoek", {"csrf": practice.staff_session.csrf, "bsn": number})
    assert found.status == 303
    return (await staff.get(found.location)).text


async def test_staff_are_told_that_a_number_is_dark_because_of_a_child_with_that_number(practice: Practice) -> None:
    telling = "staat ook in een ander dossier van uw organisatie"
    record = json.loads(mother().replace(BSN.encode(), b"999901552"))
    await practice.publish(json.dumps(record).encode())
    assert telling not in await shown_by(practice, BSN) and telling not in await shown_by(practice, "999901552")
    child = next(one["resource"] for one in record["entry"] if one["resource"]["id"] == "KIND")
    child["identifier"] = [{"system": "http://fhir.nl/fhir/NamingSystem/bsn", "value": BSN}]
    await practice.publish(json.dumps(record).encode())
    assert await practice.store.open_reader().client_of(f"http://fhir.nl/fhir/NamingSystem/bsn|{BSN}") != (
        only(practice),
    )
    for number in (BSN, "999901552"):  # hers, and that of the mother whose child it is said to be
        page = await shown_by(practice, number)
        assert telling in page and "de geboortedata verschillen" in page


async def test_her_own_record_has_both_and_shows_one_woman(practice: Practice) -> None:
    answer = await practice.own.hers(Looking(Bsn(BSN)))
    text = json.dumps(answer.resources)
    assert "0612345678" in text and BSN not in text
    record = merge([answer], NOW.date())
    assert record.apart == () and record.woman is not None and len(record.woman.persons) == 2
    (look,) = practice.looks
    assert look.client == only(practice)


async def test_a_report_of_publishing_tells_that_she_was_known(tmp_path: Path) -> None:
    practice = Practice(tmp_path)
    assert await practice.reported(of("EEN")) == []
    assert await practice.reported(of("TWEE")) == [("information", "one-client")]
    assert await practice.reported(of("DRIE", "1991-05-01")) == [("warning", "one-bsn")]
    practice.roster.close()
    practice.custody.close()


async def test_one_pointer_tells_of_her_and_lasts_as_long_as_either_record(practice: Practice) -> None:
    await practice.roster.named(dict.fromkeys(practice.roster.records(only(practice)), "pseudonym"))
    assert practice.roster.named_so("pseudonym") == (only(practice),)
    assert practice.roster.pseudonym(only(practice)) == "pseudonym" and practice.roster.alone(only(practice))
    assert len(practice.roster.episodes(only(practice))) == 2
    await practice.roster.outbox.expect([Pointer("pseudonym", NOW)])
    assert len(practice.roster.outbox.unsent()) == 1


async def test_what_was_decided_of_one_record_holds_for_her_and_stays_with_each(practice: Practice) -> None:
    first, second = practice.roster.records(only(practice))
    kept = Secrecy(Basis.REQUEST, NOW.date(), NOW, by="mw-1")
    await practice.registers.keep_secret(first, kept)
    assert practice.registers.secrets(only(practice)) == (kept,)
    later = replace(kept, recorded=NOW + dt.timedelta(hours=1))
    await practice.registers.keep_secret(only(practice), later)
    assert practice.registers.secrets(only(practice)) == (kept, later)
    await practice.publish(of("TWEE", "1991-05-01"))
    assert len(practice.roster.clients(Bsn(BSN))) == 2
    assert practice.registers.secrets(second) == (later,)


async def test_the_channel_that_she_called_safe_holds_once_joined_and_what_she_chose_joined_ends_with_it(
    practice: Practice, tmp_path: Path
) -> None:
    book, roster = Emergencies(tmp_path / "emergencies.sqlite"), practice.roster
    glass = BreakGlass(
        *(practice.journal, book, rules_on, 60, roster.clients, roster.handle, roster.named_so),
        called=roster.names_of,
        records=roster.records,
    )
    joined, channels = only(practice), list(document("break_glass.toml")["channel"])
    first, second = roster.records(joined)
    await book.choose_channel(first, channels[0], "po", NOW)
    assert glass.channel(joined) == channels[0]
    await book.choose_channel(second, channels[1], "po", NOW)
    assert glass.channel(joined) == ""  # two choices are none
    assert await glass.choose_own_channel(Bsn(BSN), channels[1], "substantial")
    assert glass.channel(joined) == channels[1] and glass.channel(first) == channels[0]
    book.close()


async def test_what_she_was_called_before_finds_her_looks_in_the_log(practice: Practice) -> None:
    before = only(practice)
    records = set(practice.roster.records(before))
    await practice.publish(of("TWEE", "1991-05-01"))
    assert set(practice.roster.names(Bsn(BSN))) == {before, *records}


async def test_destroying_takes_both_records_and_all_that_names_them(practice: Practice) -> None:
    await practice.publish(mother().replace(BSN.encode(), b"999901552"))
    client = only(practice)
    records = practice.roster.records(client)
    practice.destroying = replace(practice.destroying, alone=True)
    done = await practice.destroying.destroy(Asked(client, "client", NOW.date(), BY))
    assert isinstance(done, Destroyed) and not done.kept
    assert practice.roster.names(Bsn(BSN)) == () and practice.roster.names_of(client) == (client,)
    left = {version.publication.client for versions in practice.store.versions.values() for version in versions}
    assert not left & set(records)
    content = b"".join(file.read_bytes() for file in practice.folder.iterdir())
    assert not [name for name in (client, *records) if name.encode() in content]


async def test_destroying_takes_both_also_when_the_roster_parts_them_halfway(
    practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = only(practice)
    records = practice.roster.records(client)
    await practice.registers.keep_secret(client, Secrecy(Basis.REQUEST, NOW.date(), NOW, by="mw-1"))
    erased = MemoryWriter.erase_client

    async def and_meanwhile(self: MemoryWriter, client: str, keep: Any = ()) -> int:
        gone = await erased(self, client, keep)
        await EnrollingWriter(practice.store.writer, practice.roster).reconcile()
        assert practice.roster.records(whose) == ()
        return gone

    whose = client
    monkeypatch.setattr(MemoryWriter, "erase_client", and_meanwhile)
    practice.destroying = replace(practice.destroying, alone=True)
    assert isinstance(await practice.destroying.destroy(Asked(client, "client", NOW.date(), BY)), Destroyed)
    assert practice.roster.names(Bsn(BSN)) == () and not any(practice.roster.known(one) for one in records)
    assert not any(practice.registers.secrets(one) for one in (client, *records))


async def test_where_an_item_of_one_record_must_stay_all_else_of_her_other_record_goes(practice: Practice) -> None:
    client = only(practice)
    stays, goes = practice.roster.records(client)
    episode = next(str(one["id"]) for one in practice.roster.episodes(stays))
    await practice.registers.hold(client, Hold(f"EpisodeOfCare/{episode}", "law_forbids", NOW, "po"))
    await practice.registers.keep_secret(client, Secrecy(Basis.REQUEST, NOW.date(), NOW, by="mw-1"))
    told: list[tuple[str, str]] = []

    async def tell(name: str, handle: str) -> None:
        told.append((name, handle))

    practice.destroying = replace(practice.destroying, alone=True, told=tell)
    done = await practice.destroying.destroy(Asked(client, "client", NOW.date(), BY))
    assert isinstance(done, Destroyed) and [hold.item for hold in done.kept] == [f"EpisodeOfCare/{episode}"]
    left = {version.publication.client for versions in practice.store.versions.values() for version in versions}
    assert stays in left and goes not in left
    assert only(practice) == stays and not practice.roster.known(goes)
    assert practice.roster.episodes(goes) == () and practice.roster.births(goes) == {}
    assert not practice.registers.secrets(goes) and not practice.registers.holds(goes)
    assert practice.registers.secrets(stays) and practice.registers.holds(stays)
    assert told == [(goes, "")]  # what is known by her BSN is of the record that stays too


async def test_a_request_to_destroy_waits_no_more_once_she_has_other_records(practice: Practice) -> None:
    client = only(practice)
    assert isinstance(await practice.destroying.destroy(Asked(client, "client", NOW.date(), BY)), Request)
    assert list(practice.registers.requests()) == [client]
    await practice.publish(of("TWEE", "1991-05-01"))
    assert practice.registers.requests() == {}
    for name in (client, *practice.roster.clients(Bsn(BSN))):
        other = replace(BY, person="po-2")
        assert await practice.destroying.confirm(name, other, "") == NotDestroyed("request")

"""Destroying at her request (WGBO 7:455): gone from every byte of every file, while the log tells that it happened."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from babyconnect.audit import AuditFault
from babyconnect.audit.event import Actor
from babyconnect.audit.log import AuditLog
from babyconnect.birthcare.access import Emergency, Filter, Relation
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Person, Role
from babyconnect.fhir.search_index import index
from babyconnect.flows import publish
from babyconnect.flows.break_glass import BreakGlass
from babyconnect.flows.destroy import Asked, Destroyed, Destroying, NotDestroyed
from babyconnect.flows.enrol import Enrolling, EnrollingWriter, send_pointers
from babyconnect.flows.inputs import Input
from babyconnect.flows.journal import Journal
from babyconnect.flows.mitz import Listening, MitzBeside
from babyconnect.flows.publish import PublishingNode
from babyconnect.flows.registers import Hold, Registers, Ward
from babyconnect.network.contract import RegionFault
from babyconnect.network.custody import Custody
from babyconnect.network.emergencies import Emergencies
from babyconnect.network.mitz.client import MitzAnswers
from babyconnect.network.mitz.subscribed import Subscribed
from babyconnect.network.roster import Roster
from babyconnect.network.roster_outbox import Pointer
from babyconnect.store import sqlite
from babyconnect.store.contract import Query
from babyconnect.trust import persons
from babyconnect.trust.authority import Authority, Standing
from babyconnect.trust.disclosure import Choice, Disclosure
from babyconnect.trust.rules import data_groups, rules_on
from babyconnect.trust.secrecy import Basis, Secrecy
from tests.spec.publishing.records import NOW, bundle, episode, organisation, pregnancy, record, weight, woman
from tests.spec.publishing.test_files import document
from tests.spec.store.test_erasing import holding
from tests.support.node import HOLDER

MARK, BSN, KEY = "Onvergetelijk", "999900730", b"k" * 32
TODAY = NOW.date()


@dataclass
class Index:
    """The region's index: whose pointers it was told to drop, and whether it is there."""

    dropped: list[str] = field(default_factory=list)
    away: bool = False
    knows: set[str] = field(default_factory=set)

    async def unregister(self, pseudonym: str, source: str = "") -> None:
        if self.away:
            raise RegionFault("away")
        self.dropped.append(pseudonym)
        self.knows.discard(pseudonym)

    async def register_all(self, pointers: Sequence[tuple[str, dt.datetime]], source: str) -> None:
        self.knows |= {pseudonym for pseudonym, _ in pointers}

    async def of_all(self, bsns: Sequence[Bsn]) -> Sequence[str]:
        return [f"pseudonym of {bsn.value[:4]}" for bsn in bsns]


@dataclass
class Node:
    """A node on files, with a marked record of Jamila and an unmarked one of Bea."""

    folder: Path
    store: sqlite.SqliteStore
    roster: Roster
    registers: Registers
    custody: Custody
    log: AuditLog
    index: Index = field(default_factory=Index)
    forgotten: list[str] = field(default_factory=list)

    @property
    def destroying(self) -> Destroying:
        journal = Journal(HOLDER, self.log, KEY, lambda: NOW)
        return Destroying(
            self.store.writer,
            self.roster,
            self.registers,
            self.index,
            journal,
            self.forgotten.append,  # type: ignore[arg-type]
            alone=True,
        )

    async def publish(self, content: bytes) -> str:
        node = PublishingNode(
            EnrollingWriter(self.store.writer, self.roster),
            KEY,
            "urn:t",
            index,
            lambda: NOW,
            known=self.store.writer.known,
        )
        report = await publish.publish([Input("intake", content=content)], node)
        return report.inputs[0].client

    def asked(self, client: str, **more: object) -> Asked:
        given: dict[str, object] = {"asked_by": "client", "asked_on": TODAY} | more
        return Asked(client, by=Actor(HOLDER.ura.value, "fg-1"), **given)  # type: ignore[arg-type]

    def events(self) -> list[dict[str, object]]:
        text = b"".join(p.read_bytes() for p in sorted((self.folder / "log").rglob("*")) if p.is_file())
        return [line for line in map(_event, text.splitlines()) if line.get("type") == "erase"]


def _event(line: bytes) -> dict[str, object]:
    """The event of one line of a log, {} for a line of another kind."""
    try:
        found = orjson.loads(line)
    except ValueError:
        return {}
    return found.get("event", {}) if isinstance(found, dict) else {}


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    store = await sqlite.open_store(tmp_path / "store.sqlite")
    roster, custody = Roster(tmp_path / "store.roster.sqlite", KEY), Custody(tmp_path / "store.custody.sqlite", KEY)
    log = AuditLog.open(tmp_path / "log")
    yield Node(tmp_path, store, roster, Registers(custody, roster), custody, log)
    log.close()
    roster.close()
    custody.close()
    await store.close()


def marked(round: int) -> bytes:
    """Jamila's record with the mark in every corner that a record has."""
    note = {"text": {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{MARK} verhaal</div>'}}
    her = {**woman(bsn=BSN), "name": [{"family": MARK, "given": [MARK]}], "address": [{"city": MARK}]}
    told = {**weight("X"), "comment": f"{MARK} {round}", **note}
    here = [her, episode(), pregnancy(), *record()[3:], told]
    return bundle(*here)


async def filled(node: Node) -> tuple[str, str]:
    """Both records in two versions, and all that is decided beside them."""
    await node.publish(marked(1))
    hers = await node.publish(marked(2))
    other = [{**r, "id": f"b-{r['id']}"} for r in (woman("BEA", "999901631"),)]
    beas = await node.publish(bundle(*other, episode("EPB", "b-BEA"), pregnancy("P-EPB", "b-BEA"), organisation()))
    await node.roster.named({hers: f"pseudonym-{MARK}", beas: "pseudonym-bea"})
    await node.roster.enrol([(Bsn(BSN), Relation("enrolment", f"{MARK}-inschrijving", TODAY))])
    review = TODAY + dt.timedelta(days=30)
    await node.registers.choose(hers, Disclosure("Observation/x", Choice.SHOW, f"{MARK} reden", review, "uzi", NOW))
    await node.registers.keep_secret(hers, Secrecy(Basis.SAFE_HOUSE, TODAY, NOW, by=MARK))
    child = Authority("kind", node.registers.handle(Bsn("999901643")), Standing.PARENT, "brp", TODAY, TODAY, NOW)
    await node.registers.record_authority(Ward(hers, f"{MARK} junior", None, child))
    return hers, beas


async def test_no_byte_of_hers_is_left_in_any_file_and_everything_else_stays(node: Node) -> None:
    hers, beas = await filled(node)
    reader = node.store.open_reader()
    await reader.episodes_of(hers)  # what is remembered must go too
    assert {"store.sqlite", "store.roster.sqlite", "store.custody.sqlite"} <= {
        name.removesuffix("-wal") for name in holding(node.folder, MARK)
    }
    done = await node.destroying.destroy(node.asked(hers))
    assert isinstance(done, Destroyed) and done.versions > 6 and not done.kept
    assert holding(node.folder, MARK, BSN) == []
    assert await reader.episodes_of(hers) == () and await node.store.writer.items_of(hers) == []
    assert await node.store.writer.items_of(beas) and node.roster.pseudonym(beas) == "pseudonym-bea"
    assert node.forgotten == [hers]


async def test_her_id_lives_on_in_the_log_only(node: Node) -> None:
    hers, _ = await filled(node)
    await node.destroying.destroy(node.asked(hers))
    logged = {path.name for path in (node.folder / "log").rglob("*")}
    assert set(holding(node.folder, hers)) <= logged
    (event,) = node.events()
    assert (event["outcome"], event["client"], event["actor"]["person"]) == ("ok", hers, "fg-1")  # type: ignore[index]


async def test_what_was_broken_off_halfway_is_finished_by_asking_again(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await node.publish(marked(1))
    assert node.roster.clients(Bsn(BSN)) == (client,)

    async def stopped(self: Roster, client: str) -> None:
        raise OSError("stopped")

    with monkeypatch.context() as broken:
        broken.setattr(Roster, "forget", stopped)
        with pytest.raises(OSError, match="stopped"):
            await node.destroying.destroy(node.asked(client))
    assert node.roster.clients(Bsn(BSN)) == (client,), "half of it is still there"
    assert isinstance(await node.destroying.destroy(node.asked(client)), Destroyed)
    assert node.roster.clients(Bsn(BSN)) == ()


async def test_the_pointer_is_withdrawn_first_and_without_that_nothing_goes(node: Node) -> None:
    hers, _ = await filled(node)
    node.index.away = True
    assert await node.destroying.destroy(node.asked(hers)) == NotDestroyed("region")
    assert holding(node.folder, MARK)
    node.index.away = False
    await node.destroying.destroy(node.asked(hers))
    assert set(node.index.dropped) == {f"pseudonym-{MARK}"}


async def test_without_the_log_nothing_is_destroyed(node: Node) -> None:
    hers, _ = await filled(node)
    node.log.close()
    with pytest.raises(AuditFault):
        await node.destroying.destroy(node.asked(hers))
    assert holding(node.folder, MARK)
    node.log = AuditLog.open(node.folder / "log")


async def test_what_the_law_forbids_to_destroy_stays_and_the_rest_goes(node: Node) -> None:
    hers, _ = await filled(node)
    items = await node.store.writer.items_of(hers)
    held = next(f"{type}/{id}" for type, id in items if type == "Condition")
    await node.registers.hold(hers, Hold(held, "interest_of_another", NOW, "fg-1"))
    found = await node.destroying.examine(hers)
    assert (found.items, [hold.item for hold in found.holds]) == (len(items) - 2, [held])
    done = await node.destroying.destroy(node.asked(hers))
    assert isinstance(done, Destroyed) and [hold.item for hold in done.kept] == [held]
    left = {"/".join(key) for key in await node.store.writer.items_of(hers)}
    assert left == {held, f"Patient/{hers}"}
    assert node.roster.clients(Bsn(BSN)) == (hers,), "who holds something of hers must be able to find it"


def born() -> dict[str, Any]:
    code = {"coding": [{"system": "http://snomed.info/sct", "code": "3950001"}]}
    performed = {"performedPeriod": {"end": str(TODAY)}, "context": {"reference": "Encounter/E"}}
    who = {"subject": {"reference": "Patient/JAMILA"}, "status": "completed"}
    return {"resourceType": "Procedure", "id": "born", "code": code, **performed, **who}


def noted(node: Node) -> set[str]:
    """What the roster holds of anybody's care beside who she is."""
    kept = {"episode": "id", "born": "id", "dating": "id", "appointment": "kind", "pointer": "pseudonym"}
    rows = {table: node.roster._db.rows(f"select {column} from {table}") for table, column in kept.items()}
    return {f"{table} {row[0]}" for table, found in rows.items() for row in found}


@pytest.mark.parametrize(
    ("held", "left"), [("Observation", ()), ("EpisodeOfCare", ("episode",)), ("Procedure", ("dating",))]
)
async def test_of_what_went_the_roster_keeps_no_episode_and_no_date(
    node: Node, held: str, left: tuple[str, ...]
) -> None:
    """A birth without its episode is evidence of nothing either."""
    other = woman("BEA", "999901631"), episode("EPB", "BEA"), pregnancy("P-EPB", "BEA"), organisation()
    await node.publish(bundle(*other))
    await node.roster.expect_visits([(Bsn("999901631"), NOW, "intake")])
    beas = noted(node)
    hers = await node.publish(bundle(*record(), born()))
    await node.roster.named({hers: "pseudonym-hers"})
    await node.roster.outbox.expect([Pointer("pseudonym-hers", NOW)])
    await node.roster.expect_visits([(Bsn(BSN), NOW, "controle")])
    assert len(beas) == 2 and len(noted(node) - beas) == 5
    stays = next(id for type, id in await node.store.writer.items_of(hers) if type == held)
    await node.registers.hold(hers, Hold(f"{held}/{stays}", "another_law", NOW, "fg-1"))
    assert isinstance(await node.destroying.destroy(node.asked(hers)), Destroyed)
    assert noted(node) == beas | {f"{table} {stays}" for table in left}
    assert node.roster.clients(Bsn(BSN)) == (hers,)


async def told(node: Node, index: Index | None = None) -> set[str]:
    """Whom the index knows once everything was sent that was still to be."""
    index = index or node.index
    await send_pointers(Enrolling(node.roster, index, index, dt.timedelta(days=365), NOW))  # type: ignore[arg-type]
    return node.index.knows


async def partly_destroyed(node: Node, client: str) -> Destroyed | NotDestroyed | object:
    stays = next(id for type, id in await node.store.writer.items_of(client) if type == "Observation")
    await node.registers.hold(client, Hold(f"Observation/{stays}", "another_law", NOW, "fg-1"))
    return await node.destroying.destroy(node.asked(client))


@pytest.mark.parametrize("before", ["told", "told and published again", "not yet told"])
async def test_a_pointer_that_went_does_not_come_back_before_something_is_published(node: Node, before: str) -> None:
    hers = await node.publish(bundle(*record(), born()))
    if before != "not yet told":
        assert len(await told(node)) == 1
    if before == "told and published again":
        await node.publish(bundle(*record(), {**born(), "performedPeriod": {"end": "2026-03-01"}}))
    assert isinstance(await partly_destroyed(node, hers), Destroyed)
    assert await told(node) == set()
    assert node.roster.waiting() == () and node.roster.pseudonym(hers), "what she refused is known by it"
    await node.publish(bundle(*record(), born()))
    assert len(await told(node)) == 1


async def test_nor_when_of_several_records_another_went_whole(node: Node) -> None:
    hers = await node.publish(bundle(*record(), born()))
    for one in ("TWEE", "DRIE"):
        same = {**woman(one, BSN), "name": woman()["name"]}
        last = await node.publish(bundle(same, episode(f"EP{one}", one), pregnancy(f"P{one}", one), organisation()))
    client = node.roster.name(hers)
    assert len(node.roster.records(client)) == 3 and len(await told(node)) == 1
    (other,) = set(node.roster.records(client)) - {hers, last}
    stays = next(id for type, id in await node.store.writer.items_of(other) if type == "Condition")
    await node.registers.hold(client, Hold(f"Condition/{stays}", "another_law", NOW, "fg-1"))
    assert isinstance(await partly_destroyed(node, client), Destroyed)
    assert set(node.roster.records(node.roster.name(hers))) == {hers, other}
    assert await told(node) == set()


async def test_nor_when_the_index_was_being_told_of_her_meanwhile(node: Node) -> None:
    hers = await node.publish(bundle(*record(), born()))

    class Slow(Index):
        async def register_all(self, pointers: Sequence[tuple[str, dt.datetime]], source: str) -> None:
            assert isinstance(await partly_destroyed(node, hers), Destroyed)
            node.index.knows |= {pseudonym for pseudonym, _ in pointers}

    assert await told(node, Slow(node.index.dropped, knows=node.index.knows)) == set()
    assert await told(node) == set()


async def test_an_episode_that_its_source_takes_back_is_no_evidence_any_more(node: Node) -> None:
    hers = await node.publish(bundle(*record(), born()))
    (kept,), days = node.roster.episodes(hers), node.roster.births(hers)
    assert days == {kept["id"]: TODAY}
    await EnrollingWriter(node.store.writer, node.roster).withdraw("EpisodeOfCare", kept["id"], "care", NOW)
    assert node.roster.episodes(hers) == () and node.roster.births(hers) == {}
    assert not [one for one in noted(node) if kept["id"] in one]


async def test_a_birth_that_its_source_takes_back_ends_no_episode(node: Node) -> None:
    hers = await node.publish(bundle(*record(), born()))
    assert list(node.roster.births(hers).values()) == [TODAY]
    await node.publish(bundle(*record(), {**born(), "status": "entered-in-error"}))
    assert node.roster.births(hers) == {}


async def test_a_document_that_stays_keeps_its_files(node: Node) -> None:
    await filled(node)
    hers = await node.publish(bundle(woman(bsn=BSN), episode(), pregnancy(), document()))
    items = await node.store.writer.items_of(hers)
    [plan], [file] = ([item for item in items if item[0] == type] for type in ("DocumentReference", "Binary"))
    await node.registers.hold(hers, Hold("/".join(plan), "another_law", NOW, "fg-1"))
    assert (await node.destroying.examine(hers)).items == len(items) - 3
    await node.destroying.destroy(node.asked(hers))
    assert set(await node.store.writer.items_of(hers)) == {plan, file, ("Patient", hers)}


async def test_a_record_that_is_held_as_a_whole_is_not_destroyed_until_that_ends(node: Node) -> None:
    hers, _ = await filled(node)
    await node.registers.hold(hers, Hold("", "complaint", NOW, "fg-1"))
    assert await node.destroying.destroy(node.asked(hers)) == NotDestroyed("held")
    await node.registers.hold(hers, Hold("", "complaint", NOW, "fg-1", ended=True))
    assert isinstance(await node.destroying.destroy(node.asked(hers)), Destroyed)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"asked_by": "partner"}, "asked_by"),
        ({"asked_on": TODAY + dt.timedelta(days=1)}, "date"),
    ],
)
async def test_a_request_that_cannot_be_is_refused_and_logged(node: Node, more: dict[str, object], reason: str) -> None:
    hers, _ = await filled(node)
    assert await node.destroying.destroy(node.asked(hers, **more)) == NotDestroyed(reason)
    assert node.events()[0]["outcome"] == "refused" and holding(node.folder, MARK)


async def test_somebody_who_is_not_known_here_is_unknown(node: Node) -> None:
    assert await node.destroying.destroy(node.asked("nobody")) == NotDestroyed("unknown")


async def test_screens_that_show_her_ask_anew_once_there_is_nothing_left(node: Node) -> None:
    """Here by her pseudonym, elsewhere by the region, which tells at each removal of a pointer."""
    hers, _ = await filled(node)
    told: list[tuple[str, int]] = []

    def changed(pseudonym: str) -> None:
        told.append((pseudonym, len(holding(node.folder, MARK))))

    await replace(node.destroying, changed=changed).destroy(node.asked(hers))
    assert told == [(f"pseudonym-{MARK}", 0)]
    assert node.index.dropped == [f"pseudonym-{MARK}"] * 2


async def test_what_the_mitz_was_asked_of_her_is_forgotten_to_the_last_byte(node: Node) -> None:
    kept = Subscribed(node.folder / "store.mitz.sqlite")
    hers, _ = await filled(node)
    answers = MitzAnswers(never, HOLDER, never)
    answers._keep((hers, "", "", ""), 0.0, "permit")
    listening = Listening(never, kept, node.roster.clients, never, node.roster.handle)
    beside = MitzBeside(HOLDER, node.destroying.journal, answers, listening)
    await kept.note(hers, node.roster.handle(Bsn(BSN)), NOW)

    async def told(client: str, handle: str) -> None:
        await beside.destroyed(client)

    await replace(node.destroying, told=told).destroy(node.asked(hers))
    assert not kept.has(hers, node.roster.handle(Bsn(BSN))) and not answers._kept
    assert not [name for name in holding(node.folder, hers) if "mitz" in name]
    kept.close()


def never(*_: object) -> Any:
    raise AssertionError("not asked")


async def test_a_mistake_of_the_source_is_withdrawn_and_is_no_destruction(node: Node) -> None:
    hers, _ = await filled(node)
    wrong = [{**r, "status": "entered-in-error"} if r["resourceType"] == "Observation" else r for r in record()]
    await node.publish(bundle(*wrong))
    items = await node.store.writer.items_of(hers)
    assert len([type for type, _ in items if type == "Observation"]) == 2, "kept, with its history"
    assert node.events() == []
    episodes = frozenset(id for type, id in items if type == "EpisodeOfCare")
    allowed = Filter(hers, data_groups(), frozenset({"safety"}), episodes)
    page = await node.store.open_reader().search(Query("Observation"), allowed, "json")
    assert page.matched == 1, "what was withdrawn is shown to nobody; the other stays"


WHY = "Bewusteloos binnengebracht, hevig bloedverlies."


def glass_of(node: Node, book: Emergencies) -> BreakGlass:
    journal = Journal(HOLDER, node.log, KEY, lambda: NOW)
    return BreakGlass(journal, book, rules_on, 60, node.roster.clients, node.roster.handle, node.roster.named_so)


async def test_what_was_written_in_an_emergency_before_she_was_a_client_goes_with_her_record(node: Node) -> None:
    book = Emergencies(node.folder / "store.emergencies.sqlite")
    glass = glass_of(node, book)
    midwife = Person("uzi:1", "A. de Wit", Role.MIDWIFE, "substantial")
    await glass.declare(midwife, Bsn(BSN), Emergency("unconscious"), WHY)
    client = await node.publish(marked(1))
    await glass.declare(midwife, Bsn(BSN), Emergency("unconscious"), WHY)
    assert holding(node.folder, WHY)
    done = await replace(node.destroying, told=book.forget).destroy(node.asked(client))
    assert isinstance(done, Destroyed)
    assert holding(node.folder, WHY) == []
    assert [(item.client, item.handle) for item in book.queue()] == [("", ""), ("", "")], "to be reviewed, without her"
    book.close()


async def test_and_of_who_never_became_a_client_at_her_request_by_number(node: Node) -> None:
    book = Emergencies(node.folder / "store.emergencies.sqlite")
    glass = glass_of(node, book)
    midwife = Person("uzi:1", "A. de Wit", Role.MIDWIFE, "substantial")
    await glass.declare(midwife, Bsn(BSN), Emergency("unconscious"), WHY)
    destroying = replace(node.destroying, written=book.about, told=book.forget)
    assert await destroying.destroy_written(Bsn("999990019"), node.asked("")) == 0
    assert await destroying.destroy_written(Bsn(BSN), node.asked("", asked_by="a stranger")) == 0
    assert holding(node.folder, WHY)
    assert await destroying.destroy_written(Bsn(BSN), node.asked("")) == 1
    assert holding(node.folder, WHY) == []
    assert [event["outcome"] for event in node.events()] == ["refused", "refused", "ok"]
    book.close()


# --- two people, not two accounts


async def _asked_and_confirmed(node: Node, listed: str, first: str, other: str) -> object:
    destroying = dataclasses.replace(node.destroying, alone=False, second=persons.read(listed).second)
    client = await node.publish(marked(1))
    await destroying.destroy(Asked(client, "client", TODAY, Actor(HOLDER.ura.value, first)))
    seen = (await destroying.examine(client)).seen
    return await destroying.confirm(client, Actor(HOLDER.ura.value, other), seen)


@pytest.mark.parametrize(
    ("first", "other", "reason"),
    [("fg-1", "terminal:anna", "same"), ("terminal:anna", "fg-1", "same"), ("fg-1", "terminal:root", "unlisted")],
)
async def test_who_asked_on_the_page_does_not_confirm_from_a_terminal_nor_the_other_way_round(
    node: Node, first: str, other: str, reason: str
) -> None:
    done = await _asked_and_confirmed(node, "account,person\nfg-1,7\nterminal:anna,7\n", first, other)
    assert done == NotDestroyed(reason)
    assert [event["outcome"] for event in node.events()] == ["refused"]


async def test_a_second_person_confirms_from_a_terminal_when_the_list_says_who_that_is(node: Node) -> None:
    done = await _asked_and_confirmed(node, "account,person\nfg-1,7\nterminal:bas,8\n", "fg-1", "terminal:bas")
    assert isinstance(done, Destroyed)

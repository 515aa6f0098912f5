"""What a node remembers of its clients beside the store: evidence, pseudonyms, pointers still to be sent."""

from __future__ import annotations

import datetime as dt
import pathlib
from collections.abc import Iterator, Sequence

import apsw
import pytest

from babyconnect.birthcare.access import Asker, Relation
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.flows import enrol
from babyconnect.network.contract import Found, RegionFault
from babyconnect.network.roster import Roster, Seen
from babyconnect.store.memory import MemoryStore
from tests.support import material

BSN = Bsn("999900730")
OTHER = Bsn("999901011")
NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
EPISODE = {
    "resourceType": "EpisodeOfCare",
    "id": "e1",
    "status": "active",
    "period": {"start": "2026-05-01"},
    "diagnosis": [{"condition": {"display": "clinical"}}],
}


class Region:
    """Pseudonyms and index; away while `fault` is set."""

    def __init__(self) -> None:
        self.fault = False
        self.registered: dict[str, dt.datetime] = {}

    async def of(self, bsn: Bsn) -> str:
        return (await self.of_all([bsn]))[0]

    async def of_all(self, bsns: Sequence[Bsn]) -> Sequence[str]:
        if self.fault:
            raise RegionFault("away")
        return [f"pseudonym-{bsn.value[::-1]}" for bsn in bsns]

    async def register(self, pseudonym: str, source: str, until: dt.datetime) -> None:
        await self.register_all([(pseudonym, until)], source)

    async def register_all(self, pointers: Sequence[tuple[str, dt.datetime]], source: str) -> None:
        if self.fault:
            raise RegionFault("away")
        self.registered |= dict(pointers)

    async def unregister(self, pseudonym: str, source: str) -> None:
        self.registered.pop(pseudonym, None)

    async def localise(self, pseudonym: str, asker: Asker) -> Found:
        return Found()


@pytest.fixture
def roster(tmp_path: pathlib.Path) -> Iterator[Roster]:
    made = Roster(tmp_path / "roster.sqlite", b"k" * 32)
    yield made
    made.close()


def enrolling(roster: Roster, region: Region) -> enrol.Enrolling:
    return enrol.Enrolling(roster, region, region, dt.timedelta(days=365), NOW)


async def test_a_published_client_becomes_findable_and_her_number_is_then_forgotten(
    roster: Roster, tmp_path: pathlib.Path
) -> None:
    region = Region()
    await roster.note([Seen("c1", BSN, [EPISODE])])
    assert roster.waiting() == (("c1", BSN),)
    assert await enrol.send_pointers(enrolling(roster, region)) == 1
    assert roster.waiting() == ()
    assert roster.pseudonym("c1") in region.registered


async def test_while_the_region_is_away_the_pointer_waits_and_is_sent_later_once(roster: Roster) -> None:
    region = Region()
    region.fault = True
    await roster.note([Seen("c1", BSN, [EPISODE])])
    with pytest.raises(RegionFault):
        await enrol.send_pointers(enrolling(roster, region))
    region.fault = False
    assert await enrol.send_pointers(enrolling(roster, region)) == 1
    assert await enrol.send_pointers(enrolling(roster, region)) == 0


async def test_a_pointer_never_stays_for_ever(roster: Roster) -> None:
    region = Region()
    await roster.note([Seen("c1", BSN, [EPISODE])])
    await enrol.send_pointers(enrolling(roster, region))
    (until,) = region.registered.values()
    assert NOW < until < NOW + dt.timedelta(days=365 + 294)


async def test_no_clinical_content_of_an_episode_is_kept(roster: Roster, tmp_path: pathlib.Path) -> None:
    await roster.note([Seen("c1", BSN, [EPISODE])])
    (kept,) = roster.episodes("c1")
    assert set(kept) == {"resourceType", "id", "status", "period"}


async def test_evidence_is_found_by_her_number_and_by_her_opaque_id(roster: Roster) -> None:
    relation = Relation("enrolment", "r1", dt.date(2026, 1, 1))
    await roster.note([Seen("c1", BSN, [EPISODE])])
    await roster.enrol([(BSN, relation)])
    assert roster.enrolments(BSN) == (relation,)
    assert roster.enrolments_of("c1") == (relation,)
    assert roster.enrolments(OTHER) == ()
    assert roster.clients(BSN) == ("c1",)


async def test_the_diary_tells_who_is_expected_on_a_day(roster: Roster) -> None:
    await roster.note([Seen("c1", BSN, [EPISODE])])
    await roster.expect_visits([(BSN, NOW, "controle"), (BSN, NOW + dt.timedelta(days=7), "controle")])
    assert roster.visits(NOW.date()) == {"c1": (NOW, "controle")}
    assert roster.visits(dt.date(2026, 11, 22)) == {}


async def test_after_erasure_nothing_of_her_is_left_and_others_stay(roster: Roster, tmp_path: pathlib.Path) -> None:
    region = Region()
    await roster.note([Seen("c1", BSN, [EPISODE]), Seen("c2", OTHER, [{**EPISODE, "id": "e2"}])])
    await roster.enrol([(BSN, Relation("enrolment", "r1")), (OTHER, Relation("enrolment", "r2"))])
    await enrol.send_pointers(enrolling(roster, region))
    await roster.forget("c1")
    assert roster.clients(BSN) == ()
    assert roster.enrolments(BSN) == ()
    assert roster.episodes("c1") == ()
    assert roster.pseudonym("c1") is None
    assert roster.clients(OTHER) == ("c2",)
    assert len(roster.enrolments(OTHER)) == 1


async def test_the_number_itself_stands_in_the_file_only_while_it_waits(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "roster.sqlite"
    roster = Roster(path, b"k" * 32)
    await roster.note([Seen("c1", BSN, [EPISODE])])
    await enrol.send_pointers(enrolling(roster, Region()))
    roster.close()
    content = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert BSN.value.encode() not in content


async def test_who_waited_in_a_file_of_before_becomes_findable_too(tmp_path: pathlib.Path) -> None:
    path, region = tmp_path / "roster.sqlite", Region()
    before = Roster(path, b"k" * 32)
    await before.note([Seen("c1", BSN, [EPISODE])])
    before._db.write_now(lambda file: file.execute("delete from renewed; pragma user_version = 0"))
    before.close()
    roster = Roster(path, b"k" * 32)
    assert await enrol.send_pointers(enrolling(roster, region)) == 1
    roster.close()


async def test_joining_tells_the_index_anew_of_whom_it_knows_and_of_nobody_else(roster: Roster) -> None:
    region, names = Region(), {"c1": "joined-12", "c2": "joined-12"}
    await roster.note([Seen("c1", BSN, [EPISODE]), Seen("c2", BSN)])
    await enrol.send_pointers(enrolling(roster, region))
    await roster.join(names, names)
    assert len(roster.renewed()) == 2
    await roster.keep_only(["c1", "c2"], [])
    await roster.join(names, {})
    await roster.join(names, names)
    assert roster.renewed() == ()


async def test_a_roster_of_before_births_had_a_source_learns_them_when_the_same_is_published_again(
    tmp_path: pathlib.Path,
) -> None:
    """Nothing is guessed from what it held: a birth without its source could never be taken back."""
    path = tmp_path / "roster.sqlite"
    file = apsw.Connection(str(path))
    file.execute("create table birth (episode text primary key, day text not null)")
    file.execute("insert into birth values ('e1', '2026-02-01')")
    file.close()
    roster, store = Roster(path, b"k" * 32), MemoryStore()
    writer = enrol.EnrollingWriter(store.writer, roster)
    born = {
        "resourceType": "Procedure",
        "id": "p1",
        "status": "completed",
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "3950001"}]},
        "performedPeriod": {"end": "2026-02-01"},
    }
    batch = [material.woman("anna", BSN.value), material.episode("anna")]
    batch.append(material.publication(born, "anna", "delivery", episodes={"anna-episode"}))
    await store.writer.publish(batch, [], NOW)
    assert roster.births("anna") == {}
    assert {one.change for one in await writer.publish(batch, [], NOW)} == {"unchanged"}
    assert roster.births("anna") == {"anna-episode": dt.date(2026, 2, 1)}
    roster.close()

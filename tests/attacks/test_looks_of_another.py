"""Who may ask about a child never reads in the log what happened to its mother's record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from babyconnect.audit.event import About, Actor, Grounds, Place, event
from babyconnect.birthcare.access import Relation
from babyconnect.birthcare.identifiers import BSN_SYSTEM, Bsn
from babyconnect.flows.door import Bind
from babyconnect.flows.door_events import named
from babyconnect.flows.journal import Came
from babyconnect.flows.oversight import Question
from babyconnect.store.contract import Query
from tests.spec.privacy.stage import Office
from tests.spec.trust.test_breaking_the_glass import asker, happening
from tests.spec.viewer.stage import BSN, OTHER_BSN, OWN, START

MOTHER, CHILD = Bsn(BSN), Bsn(OTHER_BSN)
HERS = About(client="mother-1", episodes=("mothers-episode",))
WHY = Grounds("TREAT", "explicit", (Relation("enrolment", "mothers-number"),), reasons=("part_withheld",))


@dataclass
class Known:
    """The mother is a client here; her child lies within her record and has a number of its own."""

    records: dict[str, Sequence[str]] = field(default_factory=lambda: {MOTHER.value: ("mother-1",)})

    def clients(self, bsn: Bsn) -> Sequence[str]:
        return self.records.get(bsn.value, ())

    def known(self, client: str) -> bool:
        return any(client in ids for ids in self.records.values())


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path, known={BSN: ("mother-1",)})
    yield made
    made.log.close()


def bound_by(office: Office, bsn: Bsn, roster: Known) -> None:
    """Somebody found the mother's record by this number, as the door tells it to the log."""
    asked = Bind(f"{BSN_SYSTEM}|{bsn.value}", Query("Patient"), "json")
    found = msgspec.structs.replace(happening(asker("ref-1")), interaction=asked, client="mother-1")
    place = Place(OWN.ura.value, "holder", OWN.ura.value, trace=f"00-{1:032x}-{1:016x}-01")
    told = event("client.bind", "ok", START, Actor("90000002", "dezi-8"), place, HERS, WHY)
    office.log.append_and_wait({**told, **named(found, office.journal.pseudonym, roster)})


async def test_the_mothers_looks_are_not_the_childs_though_its_number_finds_her_record(office: Office) -> None:
    bound_by(office, CHILD, Known())
    office.happened(client="mother-1", person="dezi-5")
    assert office.oversight.names(CHILD) == {office.journal.pseudonym(CHILD)}
    assert "mother-1" in office.oversight.names(MOTHER)


async def test_also_not_after_her_record_was_destroyed(office: Office) -> None:
    bound_by(office, CHILD, Known())
    bound_by(office, MOTHER, Known())
    office.known.clear()
    assert office.oversight.names(CHILD) == {office.journal.pseudonym(CHILD)}
    assert "mother-1" in office.oversight.names(MOTHER)


async def test_that_somebody_looked_for_the_child_is_the_childs(office: Office) -> None:
    bound_by(office, CHILD, Known())
    office.happened(client="mother-1", person="dezi-5")
    await office.enter()
    page = (await office.visitor.get(await office.ask(bsn=CHILD.value))).text
    assert "dezi-8" in page and "dezi-5" not in page


async def test_on_what_that_look_rested_is_the_mothers_also_in_a_file_and_a_proof(office: Office) -> None:
    bound_by(office, CHILD, Known())
    await office.log.sign()
    actor, came = office.journal.itself(), Came()
    for form in ("csv", "ndjson", "bundle"):
        content = await office.oversight.export(actor, Question(client=CHILD), form, came)  # type: ignore[arg-type]
        assert b"dezi-8" in content
        for hers in (b"mother-1", b"mothers-episode", b"mothers-number", b"part_withheld"):
            assert hers not in content
    assert await office.oversight.prove(actor, CHILD, 1, came) is None
    assert await office.oversight.prove(actor, MOTHER, 1, came) is not None
    assert b"part_withheld" in await office.oversight.export(actor, Question(client=MOTHER), "csv", came)

"""A decision that stands at the door is the one that would be made anew, whatever was written or said in between."""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from babyconnect.birthcare.access import AccessRequest, Asker, Consent, Decision, Emergency, Herself, Purpose, Relation
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Role
from babyconnect.flows.door import Door, Entry, Happening, Parts, Read, Weighed, Wire
from babyconnect.flows.registers import Registers
from babyconnect.network.custody import Custody
from babyconnect.network.roster import Roster, Seen
from babyconnect.store.contract import Hers
from babyconnect.trust.decision import decide
from babyconnect.trust.lasting import lasts
from babyconnect.trust.rules import rules_on
from babyconnect.trust.secrecy import Basis, Secrecy
from babyconnect.wiring.answering import mark_of
from tests.support.cases import cases
from tests.support.node import HOLDER, HOSPITAL, NOW, evidence

LAWS = cases(150)
WIRE = Wire("00-1-2-01", "127.0.0.1", "Observation/a")
EPISODES = Hers([{"resourceType": "EpisodeOfCare", "id": "E1", "status": "active", "period": {"start": "2026-01-01"}}])
OTHERS = Hers([*EPISODES, {**EPISODES[0], "id": "E2"}])
HOURS = (0, 1, 5, 20)
CONSENTS = (
    (),
    (Consent("a", True, "*"),),
    (Consent("a", True, "*"), Consent("b", False, "*")),
    (Consent("a", True, "*", end=NOW + dt.timedelta(hours=2)),),
    (Consent("a", True, "*", start=NOW + dt.timedelta(hours=3)),),
)
RELATIONS = ((), (Relation("episode", "E1", dt.date(2026, 1, 1)),), (Relation("enrolment", "e", dt.date(2026, 1, 1)),))
ASKERS = tuple(
    Asker(HOSPITAL.ura, HOSPITAL.kind, person, role, Purpose.TREATMENT, evidence())
    for person, role in (("p1", Role.GYNAECOLOGIST), ("p1", Role.STUDENT), ("p2", Role.GYNAECOLOGIST))
)
RULES = (rules_on(dt.date(2026, 4, 1)), replace(rules_on(dt.date(2026, 4, 1)), version="another"))


@dataclass(frozen=True)
class Session:
    asker: Asker
    client: str | None
    episodes: frozenset[str]
    herself: Herself | None = None


@dataclass
class World:
    """What a node's files and the region say; whoever writes into a file moves the mark."""

    now: dt.datetime = NOW
    consents: tuple[Consent, ...] = CONSENTS[1]
    relations: tuple[Relation, ...] = RELATIONS[1]
    episodes: Hers = EPISODES
    rules: Any = RULES[0]
    hidden: frozenset[str] = frozenset()
    weighed: Weighed = field(default_factory=lambda: Weighed(asked=False))
    written: int = 0
    made: int = 0
    asked: int = 0

    def change(self, **what: Any) -> None:
        """Her provisions, her episodes and what is found out for the moment are in no file that the mark is of."""
        written = set(what) - {"consents", "episodes"}
        if "weighed" in what and what["weighed"].asked and self.weighed.asked:
            written.remove("weighed")
        for name, value in what.items():
            setattr(self, name, value)
        self.written += bool(written)


class Grounds:
    def __init__(self, world: World) -> None:
        self.world = world

    async def consents(self, client: str, asker: Asker) -> tuple[Consent, ...]:
        return self.world.consents

    async def weighed(self, asker: Asker, client: str) -> Weighed:
        self.world.asked += 1
        return self.world.weighed

    def relations(self, client: str, episodes: Sequence[Mapping[str, Any]]) -> tuple[Relation, ...]:
        return self.world.relations


class Reader:
    def __init__(self, world: World) -> None:
        self.world = world

    async def episodes_of(self, client: str) -> Hers:
        return self.world.episodes


def door(world: World, told: list[Happening], *, stands: bool) -> Door:
    def decided(request: AccessRequest) -> Decision:
        world.made += stands
        return decide(request, world.rules)

    async def note(happening: Happening) -> None:
        told.append(happening)

    standing = {"mark": lambda moment: (world.rules, world.written), "lasts": lasts} if stands else {}
    return Door(
        Parts(
            holder=HOLDER,
            open_reader=lambda: Reader(world),  # type: ignore[arg-type, return-value]
            grounds=Grounds(world),
            decide=decided,
            bind=lambda *_: False,
            note=note,
            now=lambda: world.now,
            hidden=lambda client, own: world.hidden,
            **standing,
        )
    )


changed = st.one_of(
    st.sampled_from(CONSENTS).map(lambda v: {"consents": v}),
    st.sampled_from(RELATIONS).map(lambda v: {"relations": v}),
    st.sampled_from(RULES).map(lambda v: {"rules": v}),
    st.sampled_from([frozenset[str](), frozenset({"address"})]).map(lambda v: {"hidden": v}),
    st.sampled_from([Weighed(asked=False), Weighed((evidence()[0],)), Weighed()]).map(lambda v: {"weighed": v}),
    st.sampled_from([EPISODES, OTHERS]).map(lambda v: {"episodes": v}),
    st.sampled_from(CONSENTS[3:]).map(lambda v: {"consents": v}),
    st.sampled_from(HOURS).map(lambda hours: {"hours": hours}),
    st.sampled_from(HOURS).map(lambda hours: {"hours": hours}),
    st.just({}),
)
looks = st.tuples(
    changed, st.sampled_from(ASKERS), st.sampled_from([frozenset({"E1", "E2"}), frozenset({"E1"}), frozenset[str]()])
)


def allowed(entered: object) -> object:
    return entered._allowed if isinstance(entered, Entry) else None


@given(st.lists(looks, min_size=2, max_size=14))
@settings(max_examples=LAWS, deadline=None)
def test_what_stands_is_what_would_be_decided_anew(steps: list[tuple[dict[str, Any], Asker, frozenset[str]]]) -> None:
    async def run() -> None:
        world, one, other = World(), [], []  # type: ignore[var-annotated]
        standing, anew = door(world, one, stands=True), door(world, other, stands=False)
        for change, asker, bound in steps:
            # The evidence of a second ago may still count at either door: nothing here is about that.
            world.now += dt.timedelta(hours=change.pop("hours", 0), seconds=2)
            world.change(**change)
            session = Session(asker, "client-1", bound)
            for _ in range(2):
                found = await standing.enter(session, Read("Observation", "a", "json"), WIRE)
                expected = await anew.enter(session, Read("Observation", "a", "json"), WIRE)
                assert allowed(found) == allowed(expected)
                assert one[-1].decision == other[-1].decision
                assert replace(one[-1].request, moment=world.now) == other[-1].request
                assert one[-1].moment == world.now

    asyncio.run(run())


async def test_nothing_is_decided_twice_while_nothing_moved() -> None:
    world, told = World(), []  # type: ignore[var-annotated]
    standing, session = door(world, told, stands=True), Session(ASKERS[0], "client-1", frozenset({"E1"}))
    for _ in range(5):
        world.now += dt.timedelta(seconds=2)
        assert allowed(await standing.enter(session, Read("Observation", "a", "json"), WIRE))
    assert world.made == 1
    assert [one.moment for one in told] == [NOW + dt.timedelta(seconds=2 * n) for n in range(1, 6)]  # each look is told


async def test_what_was_found_out_for_the_moment_is_found_out_every_time_and_stands_if_it_is_the_same() -> None:
    world = World(weighed=Weighed((evidence()[0],)))
    standing, session = door(world, [], stands=True), Session(ASKERS[0], "client-1", frozenset({"E1"}))
    for weighed in (Weighed((evidence()[0],)), Weighed((evidence()[0],)), Weighed(), Weighed(asked=True)):
        world.weighed = weighed
        await standing.enter(session, Read("Observation", "a", "json"), WIRE)
    assert (world.asked, world.made) == (4, 2)


async def test_an_emergency_is_decided_anew_every_time() -> None:
    asker = replace(ASKERS[0], purpose=Purpose.EMERGENCY, emergency=Emergency("reason"))
    world = World()
    standing, session = door(world, [], stands=True), Session(asker, "client-1", frozenset({"E1"}))
    for _ in range(3):
        await standing.enter(session, Read("Observation", "a", "json"), WIRE)
    assert world.made == 3


async def test_nothing_stands_of_whom_the_door_was_told_to_forget() -> None:
    world = World()
    standing, session = door(world, [], stands=True), Session(ASKERS[0], "client-1", frozenset({"E1"}))
    for client in ("client-1", "client-2", ""):
        await standing.enter(session, Read("Observation", "a", "json"), WIRE)
        standing.forget(client)
    await standing.enter(session, Read("Observation", "a", "json"), WIRE)
    assert world.made == 3  # made; forgotten and made again; of another client; of everybody, and made again


async def test_whoever_writes_into_a_nodes_files_moves_the_mark(tmp_path: Path) -> None:
    roster, custody = Roster(tmp_path / "r.sqlite", b"k" * 32), Custody(tmp_path / "c.sqlite", b"k" * 32)
    link, rules = SimpleNamespace(roster=roster, registers=Registers(custody, roster)), [RULES[0]]
    mark = mark_of(link, lambda day: rules[0])  # type: ignore[arg-type]
    bsn, marks = Bsn("999901023"), [mark(NOW)]
    assert mark(NOW) == marks[0]

    await roster.note([Seen("client-1", bsn, {})])
    marks.append(mark(NOW))
    await roster.enrol([(bsn, RELATIONS[2][0])])
    marks.append(mark(NOW))
    await link.registers.keep_secret("client-1", Secrecy(Basis.REQUEST, NOW.date(), NOW, by="x"))
    marks.append(mark(NOW))
    rules[0] = RULES[1]
    marks.append(mark(NOW))
    assert all(one != other for one, other in itertools.pairwise(marks))
    assert mark(NOW) == marks[-1]
    roster.close()
    custody.close()

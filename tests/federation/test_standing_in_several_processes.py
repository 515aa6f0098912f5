"""What was changed in one process holds in all: no worker goes by a decision of before, over either store.

A practice of a keeper and two workers, over SQLite and over PostgreSQL, is changed in a random order: consents at the
region, her record and the registers by a process beside the node, the rules by its own pages.  Before each change both
workers are asked until a decision stands there; right after the answer of the change both are asked again, by the token
of before and by a new one.  What may not be seen any more is not, from the moment that is documented: at once for what
lies in the node's own files, 0.9 s for consents (the lease), 1 s for evidence of episodes.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import json
import os
import random
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from babyconnect.audit.event import Actor
from babyconnect.birthcare.access import Consent
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.flows import enrol
from babyconnect.flows.destroy import Asked, Destroyed
from babyconnect.flows.enrol import EnrollingWriter
from babyconnect.network.contract import By
from babyconnect.trust import policy
from babyconnect.trust.secrecy import Basis, Secrecy
from babyconnect.wiring import destroying
from babyconnect.wiring.link import Link, enrolling
from babyconnect.wiring.stores import open_store
from tests.attacks.browser import Browser, logged_in
from tests.conftest import Postgres
from tests.federation.certified import Certified, certified
from tests.federation.several import CLIENTS, WITHIN, Connection, _done, _with_link, one_of_each, token
from tests.support.material import episode, observation, publication, woman

STEPS = int(os.environ.get("BABYCONNECT_STANDING", "4"))
LEASE, EVIDENCE = 0.9, 1.0
ANNA, CITY, PULSE = Bsn(CLIENTS["anna"]), "Geheimstad", "pols 72"
READ, PATIENT = "/fhir/stu3/Observation/anna-o", "/fhir/stu3/Patient/anna"
ALONE = "\n[four_eyes]\nactivation = false\ndestruction = false\n[limits]\nclients_per_minute = 100000\n"


def _engine(request: pytest.FixtureRequest, folder: Any) -> str:
    if request.param == "sqlite":
        return ""
    server: Postgres = request.getfixturevalue("postgres_server")
    (folder / "dsn").write_text(server.dsn)
    return f'\n[store]\nengine = "postgres"\ndsn_file = "{folder / "dsn"}"\ntenant = "standing_{os.getpid()}"\n'


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Certified]:
    folder = tmp_path_factory.mktemp(request.param)
    more = {"practice": f"{ALONE}{_engine(request, folder)}", "hospital": ALONE}
    with certified(folder, workers=2, more=more) as made:
        yield made


@dataclasses.dataclass
class World:
    """The practice as it should be.  `held`: tokens that were bound to her before."""

    running: Certified
    both: list[Connection]
    admin: Browser
    consent: str = ""
    objection: str = ""
    kept: bool = False
    cared_for: bool = True
    secret: bool = False
    closed: bool = False
    held: list[str] = dataclasses.field(default_factory=list)

    @property
    def visible(self) -> bool:
        return bool(self.consent and not self.objection and self.kept and self.cared_for and not self.closed)

    def changed(self, work: Callable[[Link], Any]) -> Any:
        """By a process beside the node."""
        return _done(_with_link(self.running, work))

    def provision(self, permit: bool) -> str:
        async def work(link: Link) -> str:
            given = Consent("", permit, f"ura:{self.running.member('hospital').ura}", f"ura:{link.party.ura}")
            return (await link.desk.change(await link.pseudonyms.of(ANNA), [given], [], By("p-1", "midwife")))[0]

        return str(self.changed(work))

    def without(self, consent: str) -> None:
        async def work(link: Link) -> None:
            await link.desk.change("", [], [consent], By("p-1", "midwife"))

        self.changed(work)

    def publish(self, cared_for: bool = True) -> None:
        """As publishing leaves it, whether or not anything was there.  `cared_for`: else her care was long ago."""
        her = {**woman("anna", ANNA.value).resource, "address": [{"city": CITY}]}
        care = dict(episode("anna").resource)
        if not cared_for:
            care |= {"status": "finished", "period": {"start": "2015-01-05", "end": "2015-09-05"}}
        resources = [
            publication(her, "anna", "patient"),
            publication(care, "anna", "episode", episodes={"anna-episode"}),
            observation("anna", "anna-o", value=PULSE),
        ]

        async def work(link: Link) -> None:
            store = await open_store(link)
            await EnrollingWriter(store.writer, link.roster).publish(resources, [], dt.datetime.now(dt.UTC))
            await enrol.send_pointers(enrolling(link))
            await store.close()

        self.changed(work)
        self.kept, self.cared_for = True, cared_for

    def bound(self, connection: Connection) -> str:
        """A new token, bound to her where she may be found."""
        made = token(self.running, connection)
        connection.find(ANNA.value, made)
        return made

    def seen(self, connection: Connection, made: str) -> tuple[bool, bool]:
        """Whether her record is to be seen by this token there, and her address."""
        record, person = connection.ask(READ, made), connection.ask(PATIENT, made)
        assert {record.status, person.status} <= {200, 401, 404, 503}, (record, person)
        return PULSE.encode() in record.body, CITY.encode() in person.body


# ---------------------------------------------------------------------- changes: what is done, and from when it holds


def withdraws(world: World) -> float:
    world.without(world.consent)
    world.consent = ""
    return LEASE


def says_yes(world: World) -> float:
    world.consent = world.provision(True)
    return LEASE


def objects(world: World) -> float:
    world.objection = world.provision(False)
    return LEASE


def lifts(world: World) -> float:
    world.without(world.objection)
    world.objection = ""
    return LEASE


def destroyed(world: World) -> float:
    async def work() -> object:
        async with destroying.opened(world.running.config("practice")) as made:
            by = Actor(world.running.member("practice").ura, "terminal:root")
            return await made.destroy(Asked("anna", "client", dt.date.today(), by))

    assert isinstance(_done(work()), Destroyed)
    world.kept = world.secret = False
    return 0.0


def published(world: World) -> float:
    world.publish()
    return 0.0


def care_was_long_ago(world: World) -> float:
    world.publish(cared_for=False)
    return EVIDENCE


def care_goes_on(world: World) -> float:
    world.publish()
    return EVIDENCE


def her_address_is_secret(world: World) -> float:
    async def work(link: Link) -> None:
        now = dt.datetime.now(dt.UTC)
        await link.registers.keep_secret("anna", Secrecy(Basis.SAFE_HOUSE, now.date(), now, by="mw-1"))

    world.changed(work)
    world.secret = True
    return 0.0


def rules_close(world: World) -> float:
    """A version in which no hospital sees what is measured in pregnancy; then the program's own again."""
    base = world.running.base("practice")
    world.closed = not world.closed
    chosen = {"eigen": "ja"}
    if world.closed:
        name = f"closed-{time.time_ns()}"
        built_in = policy.built_in(dt.date.today())
        assert built_in is not None
        made = json.loads(policy.written(built_in))
        made["version"] = name
        next(row for row in made["groups"] if row["group"] == "prenatal_checks")["kinds"].remove("hospital")
        post(world, f"{base}/viewer/beheer/nieuw", document=json.dumps(made))
        chosen = {"versie": name}
    post(world, f"{base}/viewer/beheer/ingang", **chosen, vanaf=str(dt.date.today()))
    return 0.0


def post(world: World, address: str, **fields: str) -> None:
    base = world.running.base("practice")
    csrf = world.admin.token(f"{base}/viewer/beheer/")
    assert world.admin.post(address, {**fields, "csrf": csrf}, origin=base).status in (200, 303)


CHANGES: dict[Callable[[World], float], Callable[[World], bool]] = {
    withdraws: lambda world: bool(world.consent) and world.kept,
    says_yes: lambda world: not world.consent and world.kept,
    objects: lambda world: not world.objection and world.kept,
    lifts: lambda world: bool(world.objection) and world.kept,
    destroyed: lambda world: world.kept,
    published: lambda world: not world.kept,
    care_was_long_ago: lambda world: world.kept and world.cared_for,
    care_goes_on: lambda world: world.kept and not world.cared_for,
    her_address_is_secret: lambda world: world.kept and not world.secret,
    rules_close: lambda world: True,
}
OPENING = (says_yes, lifts, published, care_goes_on)
"""What is done first where it can be, half of the time: most changes show only where something is to be seen."""


# ---------------------------------------------------------------------- the law


def warmed(world: World) -> None:
    """Both workers have decided, and a decision stands."""
    world.held = [world.bound(connection) for connection in world.both]
    for connection, made in zip(world.both, world.held, strict=True):  # each its own: of one asker one decision stands
        for _ in range(2):
            world.seen(connection, made)


def holds(world: World, answered: float, bound: float) -> None:
    """From `answered` plus `bound` on nobody sees what may not be seen; and what may be seen is, before long."""
    until = time.monotonic() + WITHIN
    while True:
        late = time.monotonic() - answered > bound
        shown = [world.seen(connection, made) for connection, made in zip(world.both, world.held, strict=False)]
        fresh = [world.bound(connection) for connection in world.both]
        shown += [world.seen(connection, made) for connection in world.both for made in (*world.held, *fresh)]
        if late:
            assert world.visible or not any(record for record, _ in shown)
            assert not any(address for _, address in shown if world.secret or not (world.consent and world.kept))
            if not world.visible:
                return
        if late and all(world.seen(connection, world.bound(connection))[0] for connection in world.both):
            return
        assert time.monotonic() < until, "what may be seen is seen again"
        time.sleep(0.1)


@contextlib.contextmanager
def a_world(running: Certified) -> Iterator[World]:
    with one_of_each(running) as both:
        world = World(running, both, logged_in(running, "ada.practice"))
        world.publish()
        world.consent = world.provision(True)
        yield world
        for consent in filter(None, (world.consent, world.objection)):
            world.without(consent)
        if world.closed:
            rules_close(world)
        if world.kept:
            destroyed(world)


def test_no_worker_goes_by_what_was_before(running: Certified) -> None:
    seed = int(os.environ.get("BABYCONNECT_STANDING_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
    chance, done = random.Random(seed), list[str]()
    with a_world(running) as world:
        holds(world, time.monotonic(), LEASE)
        for _ in range(STEPS):
            can = [change for change, when in CHANGES.items() if when(world)]
            opening = [change for change in can if change in OPENING]
            change = chance.choice(opening if opening and chance.random() < 0.5 else can)
            done.append(change.__name__)
            warmed(world)
            bound = change(world)
            try:
                holds(world, time.monotonic(), bound)
            except AssertionError as fault:
                raise AssertionError(f"seed {seed}, after {done}: {fault}") from fault


CLOSE_AND_OPEN = (
    (withdraws, says_yes),
    (objects, lifts),
    (her_address_is_secret, None),
    (care_was_long_ago, care_goes_on),
    (rules_close, rules_close),
    (destroyed, None),
)


def test_each_change_that_closes_something_closes_it_in_both_workers(running: Certified) -> None:
    with a_world(running) as world:
        holds(world, time.monotonic(), LEASE)
        for closes, opens in CLOSE_AND_OPEN:
            warmed(world)
            before = {world.seen(connection, made) for connection, made in zip(world.both, world.held, strict=True)}
            assert before == {(True, not world.secret)}, "else nothing could be closed"
            bound = closes(world)
            holds(world, time.monotonic(), bound)
            if opens is not None:
                bound = opens(world)
                holds(world, time.monotonic(), bound)

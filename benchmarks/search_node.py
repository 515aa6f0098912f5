"""The node under measurement: a store of 50,000 resources behind what a node is built of, in as many processes.

`python -m benchmarks.search_node HOME PORT DSN|- WORKERS [bare]` fills the store when it is empty, writes the tokens to
HOME/tokens.json, and serves until stopped.  All is as `wiring` builds it (registers, shielding, checks, rules, log,
tokens), but that there is no region: its register of consents is played here, and tokens are given out beforehand and
bound to no certificate, since the load generator has none.  `bare`: a stored resource's bytes to anybody, without
token, decision or log.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import gc
import hashlib
import itertools
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from babyconnect.api.asgi import WHOLE
from babyconnect.api.dispatch import Mounts
from babyconnect.api.health import Measured
from babyconnect.api.server import App, Receive, Scope, Send, plain, serve_at
from babyconnect.birthcare.access import Asker, Consent, Purpose, Relation
from babyconnect.birthcare.identifiers import Bsn, Ura, passes_eleven_check
from babyconnect.birthcare.parties import Kind, Party, Role
from babyconnect.fhir import json
from babyconnect.fhir.search_index import index
from babyconnect.network.consent import resources as resources_of_consent
from babyconnect.network.consent.replica import ConsentReplica
from babyconnect.network.roster import Roster, Seen
from babyconnect.store import postgres, sqlite
from babyconnect.store.contract import Form, Publication, Store
from babyconnect.store.sqlite import SqliteStore
from babyconnect.trust.claims import Verified
from babyconnect.trust.sessions import Issued, Sessions
from babyconnect.wiring import answering, worker
from babyconnect.wiring.keeping import Beside, Workers
from babyconnect.wiring.link import Link, nobody_else, open_link
from babyconnect.workers.page import Page
from babyconnect.workers.supervising import Ends, Supervisor

Close = Callable[[], Awaitable[None]]
CLIENTS, OBSERVATIONS = 491, 100
TENANT = "bench"
HOLDER = Party(Ura("00000001"), "Verloskundigenpraktijk", Kind.MIDWIFERY_PRACTICE)
ASKER = Party(Ura("00000002"), "Ziekenhuis", Kind.HOSPITAL)
START = dt.date(2026, 1, 5)
PROFILE = "http://nictiz.nl/fhir/StructureDefinition/"


def client(n: int) -> str:
    return f"client-{n:04d}"


def key_of(n: int, k: int) -> str:
    """The id of one of a woman's Observations."""
    return hashlib.sha256(f"{n}/{k}".encode()).hexdigest()[:32]


def resources(n: int) -> Sequence[Publication]:
    """One woman: Patient, MaternalRecord and Observations of about 1.1 KB each."""
    id = client(n)
    patient = {
        "resourceType": "Patient",
        "id": id,
        "meta": {"profile": [f"{PROFILE}bc-Woman"]},
        "name": [{"family": f"Test {n}"}],
        "birthDate": "1994-05-06",
    }
    episode = {
        "resourceType": "EpisodeOfCare",
        "id": f"{id}-e",
        "meta": {"profile": [f"{PROFILE}bc-MaternalRecord"]},
        "status": "active",
        "type": [{"coding": [{"system": "http://snomed.info/sct", "code": "364320009", "display": "Zwangerschap"}]}],
        "patient": {"reference": f"Patient/{id}", "display": f"Test {n}"},
        "period": {"start": START.isoformat()},
    }
    found = [_publication(patient, id, "patient"), _publication(episode, id, "episode", {f"{id}-e"})]
    made = (_publication(_observation(n, k), id, "prenatal_checks", {f"{id}-e"}) for k in range(OBSERVATIONS))
    return [*found, *made]


def _observation(n: int, k: int) -> dict[str, Any]:
    id = client(n)
    key = key_of(n, k)
    return {
        "resourceType": "Observation",
        "id": key,
        "meta": {
            "profile": [
                f"{PROFILE}bc-MaternalObservation",
                "http://fhir.nl/fhir/StructureDefinition/nl-core-observation",
                f"{PROFILE}zib-BloodPressure",
            ],
            "security": [{"system": "urn:babyconnect:data-group", "code": "prenatal_checks"}],
        },
        "extension": [
            {
                "url": "http://hl7.org/fhir/StructureDefinition/observation-focusSTU3",
                "valueReference": {"reference": f"Condition/{key}", "display": "Zwangerschap"},
            }
        ],
        "identifier": [{"system": "urn:babyconnect:tenant:00000001", "value": f"observation-{n}-{k}"}],
        "status": "final",
        "category": [
            {"coding": [{"system": "http://hl7.org/fhir/observation-category", "code": "exam", "display": "Exam"}]}
        ],
        "code": {
            "coding": [{"system": "http://loinc.org", "code": "85354-9", "display": "Blood pressure panel"}],
            "text": "bloeddruk",
        },
        "subject": {"reference": f"Patient/{id}", "display": f"Test {n}"},
        "context": {"reference": f"EpisodeOfCare/{id}-e", "display": "zwangerschapsdossier"},
        "effectiveDateTime": "2026-03-01T10:00:00+01:00",
        "performer": [{"reference": "Practitioner/p1", "display": "A. Verloskundige"}],
        "valueQuantity": {"value": 100 + k % 40, "unit": "mm[Hg]", "system": "http://unitsofmeasure.org"},
    }


def _publication(resource: dict[str, Any], client: str, group: str, episodes: set[str] | None = None) -> Publication:
    return Publication(
        type=resource["resourceType"],
        id=resource["id"],
        resource=resource,
        client=client,
        group=group,
        shielded=frozenset(),
        episodes=frozenset(episodes or ()),
        index=index(resource),
        digest=hashlib.sha256(json.dumps(resource)).digest(),
    )


class Register:
    """The region, as far as a node's replica of consents asks it: every woman consents to the asker."""

    async def send(
        self, method: str, path: str, *_: object, form: Mapping[str, str] | None = None, **__: object
    ) -> Any:
        extension: list[dict[str, Any]] = []
        found: list[dict[str, Any]] = []
        if form is None:
            # The feed: nothing changes, and that is confirmed ten times a second.
            await asyncio.sleep(0.1)
            extension = [{"url": "urn:bench/held", "valueDecimal": 0.1}]
        else:
            about = form["patient:identifier"].rpartition("|")[2]
            given = Consent(id=f"consent-{about}", permit=True, actor=f"ura:{ASKER.ura}")
            found = [{"resource": resources_of_consent.to_resource(given, about, active=True, version=1)}]
        meta = {"versionId": "bench.1", "extension": extension}
        return 200, {"resourceType": "Bundle", "meta": meta, "entry": found}


async def linked(path: Path, moved: Callable[[], None] = nobody_else) -> Link:
    link = await open_link(path, moved)
    return replace(link, consents=ConsentReplica(Register()))  # type: ignore[arg-type]


async def _store(home: Path, dsn: str) -> Store:
    if dsn == "-":
        return await sqlite.open_store(home / "store.sqlite")
    return await postgres.open_store(dsn, TENANT)


async def fill(store: Store) -> None:
    if await store.open_reader().clients(count=1):
        return
    for first in range(0, CLIENTS, 10):
        batch = [p for n in range(first, min(first + 10, CLIENTS)) for p in resources(n)]
        await store.writer.publish(batch, [], dt.datetime(2026, 3, 2, tzinfo=dt.UTC))


async def enrol(roster: Roster) -> None:
    """What publishing would have noted of them."""
    if roster.known(client(0)):
        return
    episode = {"resourceType": "EpisodeOfCare", "status": "active", "period": {"start": START.isoformat()}}
    numbers = (f"{number:09d}" for number in range(100_000_000, 999_999_999))
    hers = [Bsn(number) for number in itertools.islice(filter(passes_eleven_check, numbers), CLIENTS)]
    await roster.note(Seen(client(n), hers[n], [{**episode, "id": f"{client(n)}-e"}]) for n in range(CLIENTS))
    await roster.named({client(n): f"pseudonym-{n}" for n in range(CLIENTS)})


def configure(home: Path, port: int, dsn: str, workers: int) -> Path:
    if dsn != "-":
        (home / "dsn").write_text(dsn)
    engine = "sqlite" if dsn == "-" else "postgres"
    config = home / "node.toml"
    config.write_text(
        f'[node]\nname = "{HOLDER.name}"\nura = "{HOLDER.ura}"\nkind = "{HOLDER.kind.value}"\n'
        f'base_url = "http://127.0.0.1:{port}"\nlisten = "127.0.0.1:{port}"\nworkers = {workers}\n'
        '[region]\nurl = "http://127.0.0.1:9"\nname = "bench"\n'
        f'[store]\nengine = "{engine}"\ndsn_file = "dsn"\ntenant = "{TENANT}"\n[tokens]\nseconds = 900\n'
        "[limits]\nrequests_per_second = 1e6\nclients_per_minute = 1e6\n"
    )
    return config


async def build(config: Path, beside: Beside | None) -> tuple[App, Close]:
    async with contextlib.AsyncExitStack() as opening:
        link = await linked(config, beside.page.move if beside else nobody_else)
        opening.push_async_callback(link.close)
        link.consents.start()
        keeps = await answering.kept(link, opening)
        await fill(keeps.store)
        await enrol(link.roster)
        holds = answering.holder(link, keeps, opening, bytes(32))
        tokens = [_token(holds.tokens.sessions, n) for n in range(CLIENTS)]
        (config.parent / "tokens.json").write_bytes(orjson.dumps(tokens))
        workers = Workers(beside) if beside else None
        mounts = answering.mounts(link, keeps, holds)
        app = Measured(Mounts(mounts), dict, workers.counts if workers else None)
        if workers:
            workers.begin(link, keeps, holds, app)
            opening.callback(workers.close)
        return app, opening.pop_all().aclose


def _token(sessions: Sessions, n: int) -> str:
    relation = Relation("episode", "EpisodeOfCare/there", START)
    asker = Asker(ASKER.ura, ASKER.kind, "person-1", Role.GYNAECOLOGIST, Purpose.TREATMENT, (relation,))
    issued = sessions.issue(Verified(asker, ASKER, "Vrager", "zorginzage-geboortezorg", f"jti-{n}", seconds=900))
    assert isinstance(issued, Issued)
    sessions.bind(issued.session, client(n), frozenset({f"{client(n)}-e"}))
    return issued.token


class Bare:
    """What a read costs without any of it: the server and the store."""

    def __init__(self, store: SqliteStore) -> None:
        self._reader = store.open_reader()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        _, type, id = scope["path"].rsplit("/", 2)
        key: tuple[str, str, Form] = (type, id, "json")
        kept = self._reader.remembered(key) or await self._reader.current(key)
        headers = [(b"content-type", b"application/fhir+json; charset=utf-8")]
        scope[WHOLE](200 if kept else 404, headers, kept.stored.content if kept else b"")


async def build_bare(home: Path, dsn: str) -> tuple[App, Close]:
    store = await _store(home, dsn)
    await fill(store)
    assert isinstance(store, SqliteStore)
    return Bare(store), store.close


async def build_nothing() -> tuple[App, Close]:
    """The keeper of workers that have nothing to ask."""

    async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError

    async def close() -> None:
        return None

    return nothing, close


def main(home: Path, port: int, dsn: str, count: int, bare: bool) -> int:
    config, page = configure(home, port, dsn, count), Page()
    at = plain(f"127.0.0.1:{port}", shared=count > 1)
    if count == 1:
        serve_at(lambda: build_bare(home, dsn) if bare else build(config, None), [at])
        return 0

    def keeper(control: socket.socket) -> int:
        serve_at((build_nothing if bare else lambda: build(config, Beside(page, control))), [])
        return 0

    def serving(own: Ends) -> int:
        serve_at(lambda: build_bare(home, dsn) if bare else worker.build(config, page, own, linked), [at])
        return 0

    gc.freeze()
    return Supervisor(keeper, serving, count).run()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), sys.argv[5:] == ["bare"]))

"""The node under measurement: a store of 50,000 resources behind the real decision, the real durable log, real tokens.

`python -m benchmarks.search_node HOME PORT DSN|- [bare]` fills the store when it is empty, writes the tokens to
HOME/tokens.json, and serves until stopped.  `bare`: a stored resource's bytes to anybody, without token, decision or
log.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from babyconnect.api.bearers import Bearers, Gate, Unbelieved
from babyconnect.api.dispatch import Mounts
from babyconnect.api.health import Measured
from babyconnect.api.http import Request
from babyconnect.api.rates import Rates
from babyconnect.api.server import App, Receive, Scope, Send, serve
from babyconnect.api.source import SourceApi
from babyconnect.audit.log import AuditLog
from babyconnect.birthcare.access import Asker, Consent, Purpose, Relation
from babyconnect.birthcare.identifiers import Ura
from babyconnect.birthcare.parties import Kind, Party, Role
from babyconnect.fhir import json
from babyconnect.fhir.search_index import index
from babyconnect.flows.door import Door, Happening, Parts, Weighed
from babyconnect.flows.door_template import DoorEvents
from babyconnect.store import postgres, sqlite
from babyconnect.store.contract import Publication, Store
from babyconnect.store.sqlite import SqliteStore
from babyconnect.trust.claims import Verified
from babyconnect.trust.dpop import Nonces, Proofs
from babyconnect.trust.relation import from_episodes
from babyconnect.trust.remembering import Decisions
from babyconnect.trust.replays import Replays
from babyconnect.trust.rules import rules_on
from babyconnect.trust.sessions import Issued, Sessions

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


class Grounds:
    """Every woman consents to the asker; the holder's evidence is her episode."""

    def __init__(self) -> None:
        self.consent = (Consent(id="consent-1", permit=True, actor=f"ura:{ASKER.ura}"),)

    async def consents(self, client: str, *_: object) -> tuple[Consent, ...]:
        return self.consent

    async def weighed(self, asker: Asker, client: str) -> Weighed:
        return Weighed()

    def relations(self, client: str, episodes: Sequence[Mapping[str, Any]]) -> tuple[Relation, ...]:
        return from_episodes(episodes, "holder")


async def _store(home: Path, dsn: str) -> Store:
    if dsn == "-":
        return await sqlite.open_store(home / "store.db")
    return await postgres.open_store(dsn, TENANT)


async def fill(store: Store) -> None:
    if await store.open_reader().clients(count=1):
        return
    for first in range(0, CLIENTS, 10):
        batch = [p for n in range(first, min(first + 10, CLIENTS)) for p in resources(n)]
        await store.writer.publish(batch, [], dt.datetime(2026, 3, 2, tzinfo=dt.UTC))


async def _build(home: Path, port: int, dsn: str) -> tuple[App, Callable[[], Awaitable[None]]]:
    store = await _store(home, dsn)
    await fill(store)
    log = AuditLog.open(home / "audit", node="bench")
    sessions = Sessions(HOLDER.ura.value, time.time, seconds=900)

    events = DoorEvents(HOLDER, "bench")

    async def note(happening: Happening) -> object:
        return await log.append(events.of(happening))

    door = Door(
        Parts(
            HOLDER,
            store.open_reader,
            Grounds(),
            Decisions(rules_on).decide,
            sessions.bind,
            note,
            lambda: dt.datetime.now(dt.UTC),
        )
    )
    (home / "tokens.json").write_bytes(orjson.dumps([_token(sessions, n) for n in range(CLIENTS)]))

    async def close() -> None:
        log.close()
        await store.close()

    origin = f"http://127.0.0.1:{port}"
    proofs = Proofs(Replays(0.0), Nonces(b"bench", time.time), time.time)
    gate = Gate(Bearers(sessions, proofs, origin).admit, _turned_away)
    api = SourceApi(door, gate, f"{origin}/fhir/stu3", rates=Rates(1e6, 1e6, 1e6, 1e6))
    return Measured(Mounts([("/fhir/stu3", api)]), dict), close


async def _turned_away(unbelieved: Unbelieved, request: Request) -> None:
    raise RuntimeError(unbelieved.reason)


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
        self._store, self._read = store, store.statement("resource:json")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        _, type, id = scope["path"].rsplit("/", 2)
        rows = await self._store.fetch(self._read, type, id)
        headers = [(b"content-type", b"application/fhir+json; charset=utf-8")]
        await send({"type": "http.response.start", "status": 200 if rows else 404, "headers": headers})
        await send({"type": "http.response.body", "body": rows[0][4] if rows else b""})


async def _build_bare(home: Path) -> tuple[App, Callable[[], Awaitable[None]]]:
    store = await sqlite.open_store(home / "store.db")
    await fill(store)
    return Bare(store), store.close


if __name__ == "__main__":
    place, number, database = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    bare = sys.argv[4:] == ["bare"]
    serve(lambda: _build_bare(place) if bare else _build(place, number, database), f"127.0.0.1:{number}")

"""The other processes of the consult benchmark: the region, and sources that take a fixed time and nothing else.

A source answers at once but for one 50 ms wait per consult (at its batch).  It is a bare protocol: what is measured is
the asking side, and on two cores every processor cycle of a source would be charged to it.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
import time
from pathlib import Path

import orjson
import uvloop

from babyconnect.api.region import RegionState, region_app
from babyconnect.api.server import serve
from babyconnect.exchange.searches import batched
from babyconnect.flows.signatures import verifier
from babyconnect.network.consent.codes import CodeService
from babyconnect.network.consent.service import ConsentService
from babyconnect.network.contract import RegionEvent
from babyconnect.network.directory.service import DirectoryService
from babyconnect.network.evidence.service import EvidenceService
from babyconnect.network.localisation.service import IndexService
from babyconnect.network.pseudonyms.service import PseudonymService, load_or_create_key
from babyconnect.network.sought.service import SoughtService
from babyconnect.trust.decision import may_know
from babyconnect.trust.replays import Replays

NAME = "ura:00000999"
WAIT_SECONDS = 0.050


def region_state(folder: Path, base: str) -> RegionState:
    def now() -> dt.datetime:
        return dt.datetime.now(dt.UTC)

    return RegionState(
        NAME,
        base,
        DirectoryService(folder / "directory.sqlite", now),
        IndexService(folder / "index.sqlite", now, may_know),
        PseudonymService(load_or_create_key(folder / "pseudonyms.key"), NAME),
        ConsentService(folder / "consents.sqlite", now),
        CodeService(folder / "codes.sqlite", bytes(32), now, time.monotonic),
        EvidenceService(folder / "evidence.sqlite", now, lambda pseudonym, ura: True),
        SoughtService(folder / "sought.sqlite", now),
        now,
    )


def run_region(folder: str, port: str) -> None:
    from babyconnect.audit.event import About, Actor, Grounds, Place, event
    from babyconnect.audit.log import AuditLog
    from babyconnect.wiring.region import EVENT_TYPES

    async def build():
        state = region_state(Path(folder), f"http://127.0.0.1:{port}")
        log = AuditLog.open(Path(folder) / "audit", "region")

        async def audit(e: RegionEvent) -> None:
            actor, place = Actor(e.organisation, e.person, e.role), Place(NAME, trace=e.traceparent)
            moment = dt.datetime.now(dt.UTC)
            await log.append(
                event(
                    EVENT_TYPES[e.action], "ok", moment, actor, place, About(pseudonym=e.pseudonym), Grounds(e.purpose)
                )
            )

        async def close() -> None:
            state.close()
            log.close()

        return region_app(state, verifier(Replays(time.time() - 5), time.time), audit), close

    serve(build, f"127.0.0.1:{port}")


def observation(n: int, woman: str) -> dict[str, object]:
    """About 1.1 KB, as measured for stored Observations (stack.md)."""
    return {
        "resourceType": "Observation",
        "id": f"observation-{n:04}",
        "meta": {"versionId": "1", "profile": ["http://nictiz.nl/fhir/StructureDefinition/bc-MaternalObservation"]},
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "8480-6", "display": "Systolic blood pressure"}]},
        "subject": {"reference": f"Patient/{woman}", "display": "J.J. Kwee"},
        "context": {"reference": "EpisodeOfCare/episode", "display": "Zorgepisode zwangerschap"},
        "effectiveDateTime": "2026-10-01T10:00:00+02:00",
        "performer": [{"reference": "Practitioner/p", "display": "A. de Vries, verloskundige"}],
        "valueQuantity": {"value": 118, "unit": "mmHg", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"},
        "comment": "x" * 300,
        "extension": [{"url": "http://nictiz.nl/fhir/StructureDefinition/x", "valueReference": {"reference": "C/1"}}],
    }


class _Source(asyncio.Protocol):
    """HTTP/1.1, as much of it as the benchmark's client speaks."""

    answers: tuple[bytes, ...]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        at = self.buffer.find(b"Content-Length: ")
        length = int(self.buffer[at + 16 : self.buffer.find(b"\r\n", at)])
        if len(self.buffer) < end + 4 + length:
            return
        target, finds, self.buffer = self.buffer[:60], b'"Patient/_search"' in self.buffer[end : end + 200], b""
        if b"/oauth/token" in target:
            self.transport.write(self.answers[0])
        elif b"/Patient/_search" in target:
            self.transport.write(self.answers[1])
        else:
            asyncio.get_running_loop().call_later(WAIT_SECONDS, self.transport.write, self.answers[2 + finds])


def _wire(content: object, media: str) -> bytes:
    body = orjson.dumps(content)
    return f"HTTP/1.1 200 OK\r\ncontent-type: {media}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


def answers(count: int) -> tuple[bytes, ...]:
    """To a token request, `Patient/_search`, a batch, and a batch that begins with that search."""
    token = {"access_token": "t" * 43, "token_type": "Bearer", "expires_in": 900}
    woman = {"resourceType": "Patient", "id": "woman"}
    episode = {"resourceType": "EpisodeOfCare", "id": "episode", "patient": {"reference": "Patient/woman"}}
    observations = [observation(n, "woman") for n in range(count)]
    practitioner = {"resourceType": "Practitioner", "id": "p", "name": [{"family": "de Vries"}]}
    included = [practitioner]  # as a real source does (_include); what is only mentioned would be asked for
    of = {"Patient": [woman], "EpisodeOfCare": [episode], "Observation": observations, "Encounter": included}

    def searchset(type: str) -> dict[str, object]:
        return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": r} for r in of.get(type, [])]}

    asked, _ = batched()
    entries = [{"resource": searchset(s.url.partition("?")[0]), "response": {"status": "200"}} for s in asked]
    found = {"resource": searchset("Patient"), "response": {"status": "200"}}
    batch, finding = (
        {"resourceType": "Bundle", "type": "batch-response", "entry": listed} for listed in (entries, [found, *entries])
    )
    fhir = "application/fhir+json"
    wired = [_wire(content, fhir) for content in (searchset("Patient"), batch, finding)]
    return _wire(token, "application/json"), *wired


def run_sources(count: str, *ports: str) -> None:
    """All sources in one process: eight would spend the two cores on changing between them."""
    _Source.answers = answers(int(count))

    async def main() -> None:
        loop = asyncio.get_running_loop()
        servers = [await loop.create_server(_Source, "127.0.0.1", int(port), backlog=1024) for port in ports]
        await asyncio.gather(*(server.serve_forever() for server in servers))

    uvloop.run(main())


if __name__ == "__main__":
    {"region": run_region, "sources": run_sources}[sys.argv[1]](*sys.argv[2:])

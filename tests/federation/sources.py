"""Sources that answer as they are told: a true holder's answers over real sockets, and every way to go wrong."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote

import orjson

from babyconnect.birthcare.identifiers import BSN_SYSTEM, Bsn, Ura
from babyconnect.birthcare.parties import Kind, Party
from babyconnect.exchange.contract import Source

BSN = Bsn("999900730")
FHIR = "application/fhir+json; charset=utf-8"
EPISODE_TYPE = [{"coding": [{"system": "http://snomed.info/sct", "code": "364320009"}]}]


@dataclass
class Seen:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Reply:
    body: bytes = b""
    status: int = 200
    type: str = FHIR
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    """The whole answer as it goes over the wire, when not None; the connection is closed after it."""


Handle = Callable[["FakeSource", Seen], Awaitable[Reply | None]]


def record(own: str = "w1") -> list[dict]:
    """What one midwife keeps of one pregnancy: woman, episode, a child linked by its birth, two observations."""
    woman = {"reference": f"Patient/{own}"}
    return [
        {"resourceType": "Patient", "id": own, "identifier": [{"system": BSN_SYSTEM, "value": BSN.value}]},
        {"resourceType": "EpisodeOfCare", "id": "e1", "type": EPISODE_TYPE, "patient": woman},
        {"resourceType": "Observation", "id": "o1", "subject": woman, "context": {"reference": "EpisodeOfCare/e1"}},
        {"resourceType": "Procedure", "id": "delivery", "subject": woman, "context": {"reference": "EpisodeOfCare/e1"}},
        {
            "resourceType": "Procedure",
            "id": "birth",
            "subject": {"reference": "Patient/child"},
            "partOf": [{"reference": "Procedure/delivery"}],
        },
        {"resourceType": "Patient", "id": "child"},
        {"resourceType": "Observation", "id": "apgar", "subject": {"reference": "Patient/child"}},
        {"resourceType": "Organization", "id": "org"},
    ]


def bundle(resources: list[dict], type: str = "searchset", **more: object) -> bytes:
    return orjson.dumps({"resourceType": "Bundle", "type": type, "entry": [{"resource": r} for r in resources], **more})


class FakeSource:
    """One holder.  `handle` may be replaced by a test; `seen` is everything it was asked."""

    def __init__(
        self,
        handle: Handle | None = None,
        batch: bool = True,
        number: int = 1,
        resources: list | None = None,
        finds: bool = False,
    ):
        self.handle = handle or truthful
        self.batch = batch
        self.finds = finds
        self.party = Party(Ura(f"{number:08}"), f"Bron {number}", Kind.HOSPITAL)
        self.resources = record() if resources is None else resources
        self.seen: list[Seen] = []
        self.base = ""
        self.connections = 0

    @property
    def source(self) -> Source:
        return Source(self.party, f"{self.base}/fhir/stu3", f"{self.base}/oauth/token", self.batch, finds=self.finds)

    @property
    def asked(self) -> list[str]:
        return [unquote(one.target).removeprefix("/fhir/stu3/") for one in self.seen]

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                method, target, _ = head[0].split(" ")
                headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in head[1:] if line)}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                seen = Seen(method, target, headers, body)
                self.seen.append(seen)
                reply = await self.handle(self, seen)
                if reply is None:
                    break
                writer.write(reply.raw if reply.raw is not None else _wire(reply))
                await writer.drain()
                if reply.raw is not None:
                    break
        writer.close()

    @contextlib.asynccontextmanager
    async def serve(self) -> AsyncIterator[FakeSource]:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, limit=2**22)
        self.base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()


def _wire(reply: Reply) -> bytes:
    lines = [f"HTTP/1.1 {reply.status} X", f"Content-Type: {reply.type}", f"Content-Length: {len(reply.body)}"]
    lines += [f"{name}: {value}" for name, value in reply.headers.items()]
    return "\r\n".join([*lines, "\r\n"]).encode() + reply.body


async def truthful(source: FakeSource, seen: Seen) -> Reply | None:
    """As a conforming holder answers."""
    path, _, query = unquote(seen.target).partition("?")
    if path == "/oauth/token":
        body = orjson.dumps({"access_token": f"t{len(source.seen)}", "token_type": "Bearer", "expires_in": 900})
        return Reply(body, type="application/json")
    if path == "/fhir/stu3/Patient/_search":
        wanted = parse_qs(seen.body.decode())["identifier"] == [f"{BSN_SYSTEM}|{BSN.value}"]
        return Reply(bundle([source.resources[0]] if wanted and source.resources else []))
    if path == "/fhir/stu3":
        entries = orjson.loads(seen.body)["entry"]
        answers = [{"resource": _entry(source, entry), "response": {"status": "200"}} for entry in entries]
        return Reply(orjson.dumps({"resourceType": "Bundle", "type": "batch-response", "entry": answers}))
    return Reply(_search(source, f"{path.removeprefix('/fhir/stu3/')}?{query}"))


def _entry(source: FakeSource, entry: dict) -> dict:
    if entry["request"]["method"] == "GET":
        return orjson.loads(_search(source, entry["request"]["url"]))
    (parameter,) = entry["resource"]["parameter"]
    wanted = parameter == {"name": "identifier", "valueString": f"{BSN_SYSTEM}|{BSN.value}"}
    return orjson.loads(bundle([source.resources[0]] if wanted and source.resources else []))


def _search(source: FakeSource, url: str) -> bytes:
    types = {url.partition("?")[0]} | ({"Organization"} if "EpisodeOfCare:organization" in url else set())
    return bundle([r for r in source.resources if r["resourceType"] in types])


def at(path: str, reply: Reply | None) -> Handle:
    """Truthful but at one path, where it answers this (None: hangs up)."""

    async def handle(source: FakeSource, seen: Seen) -> Reply | None:
        if unquote(seen.target).partition("?")[0].endswith(path):
            return reply
        return await truthful(source, seen)

    return handle


def everywhere(reply: Reply | None) -> Handle:
    async def handle(source: FakeSource, seen: Seen) -> Reply | None:
        return reply

    return handle


async def silent(source: FakeSource, seen: Seen) -> Reply | None:
    """Takes the request and never answers: a half-open connection."""
    await asyncio.sleep(3600)
    return None

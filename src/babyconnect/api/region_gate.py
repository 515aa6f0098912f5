"""What stands before every interaction of the region: room, signature, rate; and the figures of it (trust.md §4)."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import parse_qsl

from prometheus_client import CollectorRegistry, Gauge, Histogram
from prometheus_client import Counter as Counted

from babyconnect.api.http import Answer, Request, media_type
from babyconnect.api.peers import peer_of
from babyconnect.api.rates import stranger
from babyconnect.api.region_call import Call, Handle, Refusal, RegionState, refused
from babyconnect.birthcare.identifiers import Ura
from babyconnect.birthcare.parties import Party
from babyconnect.definitions import document
from babyconnect.network.contract import Audit, Claims, Verify
from babyconnect.network.limits import Limits
from babyconnect.network.signed import digest

BODY_SECONDS = 10
IN_TURN = frozenset({"localisation", "evidence"})
"""Services that many viewers ask at the same moment, and that wait for nobody but the log."""
AT_ONCE = 32
"""How many of those are handled at the same time, in the order in which they had come whole.  Without it a burst is
handled in one turn of the loop, whose log is written at its end: whoever came first waits for the last."""


class Figures:
    """Of every service: how many requests ended how, and how long they took."""

    def __init__(self, pointers: Callable[[], int]) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counted(
            "region_requests", "Requests by service and status.", ["service", "status"], registry=self.registry
        )
        self._seconds = Histogram("region_seconds", "Seconds per request.", ["service"], registry=self.registry)
        Gauge("region_pointers", "Pointers in the index.", registry=self.registry).set_function(pointers)
        self._kept: dict[tuple[str, int], tuple[Counted, Histogram]] = {}

    def note(self, service: str, status: int, seconds: float) -> None:
        found = self._kept.get((service, status))
        if found is None:
            found = self._requests.labels(service, str(status)), self._seconds.labels(service)
            self._kept[service, status] = found
        found[0].inc()
        found[1].observe(seconds)


class Gate:
    """Lets a request through to its handler when there is room, its signature is believed and its rate allows."""

    def __init__(self, state: RegionState, verify: Verify, audit: Audit) -> None:
        self._state, self._verify, self._audit = state, verify, audit
        limits = document("network.toml")["limits"]
        self._in_flight = 0
        self._room: int = limits["in_flight"]
        self._largest: int = limits["largest_request"]
        self._most_of_one = max(1, self._room // limits["shares"])
        self._reading, self._working = Counter[str](), Counter[str]()
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._limits = Limits(limits["requests_per_second"], limits["requests_burst"])
        self._strangers = Limits(limits["strangers_per_second"], limits["strangers_burst"])

    async def answer(self, request: Request, service: str, handle: Handle, path: Mapping[str, str]) -> Answer:
        if self._in_flight >= self._room:
            return refused(Refusal(503, "throttled", "busy; come back later", 1))
        self._in_flight += 1
        try:
            with self._share(self._reading, stranger(request.scope)):
                body = await self._body(request)
            if service not in IN_TURN:
                return await self._handled(request, body, handle, path)
            async with self._turns:
                return await self._handled(request, body, handle, path)
        except Refusal as refusal:
            return refused(refusal)
        finally:
            self._in_flight -= 1

    async def _handled(self, request: Request, body: bytes, handle: Handle, path: Mapping[str, str]) -> Answer:
        call = self._call(request, body, path)
        with self._share(self._working, call.party.ura.value):
            return await handle(call)

    @contextlib.contextmanager
    def _share(self, among: Counter[str], who: str) -> Iterator[None]:
        """Nobody has more than a part of the room: one that sends slowly, or waits long, leaves some to others."""
        if among[who] >= self._most_of_one:
            raise Refusal(429, "throttled", "too many requests at the same time", 1)
        among[who] += 1
        try:
            yield
        finally:
            among[who] -= 1
            if not among[who]:
                del among[who]

    def _call(self, request: Request, body: bytes, path: Mapping[str, str]) -> Call:
        party, claims = self._checked(request, body)
        wait = self._limits.take(party.ura.value, 1, time.monotonic())
        if wait:
            raise Refusal(429, "throttled", "too many requests; come back later", wait)
        query = dict(parse_qsl(request.query, keep_blank_values=True)) if request.query else {}
        media = media_type(request.headers.get("content-type", ""))
        return Call(self._state, party, claims, query, body, media, path, request.trace, self._audit)

    async def _body(self, request: Request) -> bytes:
        parts, size, more = [], 0, True
        try:
            async with asyncio.timeout(BODY_SECONDS):
                while more:
                    message = await request.receive()
                    if message["type"] != "http.request":
                        raise Refusal(408, "timeout", "the body did not come")
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
                    if size > self._largest:
                        raise Refusal(413, "too-long", "the body is too large")
                    more = message.get("more_body", False)
        except TimeoutError:
            raise Refusal(408, "timeout", "the body did not come") from None
        return b"".join(parts)

    def _checked(self, request: Request, body: bytes) -> tuple[Party, Claims]:
        """Who keeps sending what is not believed waits, before a signature is looked at.

        Only whose certificate says who it is: many may come from one address, and none may shut out the others.
        """
        peer = peer_of(request.scope)
        if peer is not None and (wait := self._strangers.wait(peer.ura.value, 1, time.monotonic())):
            raise Refusal(429, "throttled", "too many requests; come back later", wait)
        try:
            return self._believe(request, body)
        except Refusal:
            if peer is not None:
                self._strangers.take(peer.ura.value, 1, time.monotonic())
            raise

    def _believe(self, request: Request, body: bytes) -> tuple[Party, Claims]:
        if request.two_tokens:
            raise Refusal(400, "invalid", "more than one Authorization header")
        token = request.token
        if token is None:
            raise Refusal(401, "login", "a signed request is required")
        try:
            claims = self._verify(token, self._state.name, self._state.directory.keys)
            party = self._state.directory.party(Ura(str(claims["iss"])))
        except (ValueError, KeyError, TypeError):
            raise Refusal(401, "login", "the signature is not believed") from None
        target = f"{request.path}?{request.query}" if request.query else request.path
        if claims.get("htm") != request.method or claims.get("htu") != target or claims.get("digest") != digest(body):
            raise Refusal(401, "login", "the signature is for another request")
        if party is None:
            raise Refusal(401, "login", "the organisation is not in the directory")
        peer = peer_of(request.scope)
        if peer is not None and peer.ura != party.ura:
            raise Refusal(401, "login", "the certificate is another organisation's")
        return party, claims

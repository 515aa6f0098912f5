"""The region's edge: directory, localisation index, pseudonyms and consent register over HTTP (trust.md §4 and §5).

Every request but `/health` and `/metrics` is signed by an organisation of the directory; every register, localise and
consent change is in the region's audit log before its answer leaves.  Errors are valid R4 OperationOutcomes.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field

import orjson
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, Histogram, generate_latest
from prometheus_client import Counter as Counted
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from babyconnect.api import region_routes
from babyconnect.api.http import trace_from
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

__all__ = ["RegionState", "region_app"]


@dataclass
class Gate:
    """What stands before every handler: room, signature, rate; and the figures of it."""

    state: RegionState
    verify: Verify
    audit: Audit
    in_flight: int = 0
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        limits = document("network.toml")["limits"]
        self._room: int = limits["in_flight"]
        self._largest: int = limits["largest_request"]
        self._most_of_one = max(1, self._room // limits["shares"])
        self._reading, self._working = Counter[str](), Counter[str]()
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._limits = Limits(limits["requests_per_second"], limits["requests_burst"])
        self._strangers = Limits(limits["strangers_per_second"], limits["strangers_burst"])
        self._requests = Counted(
            "region_requests", "Requests by service and status.", ["service", "status"], registry=self.registry
        )
        self._seconds = Histogram("region_seconds", "Seconds per request.", ["service"], registry=self.registry)
        pointers = Gauge("region_pointers", "Pointers in the index.", registry=self.registry)
        pointers.set_function(self.state.index.count)

    def guard(self, service: str, handle: Handle) -> Callable[[Request], Awaitable[Response]]:
        turns = self._turns if service in IN_TURN else contextlib.nullcontext()

        async def guarded(request: Request) -> Response:
            began = time.perf_counter()
            response = await self._answer(request, handle, turns)
            self._requests.labels(service, str(response.status_code)).inc()
            self._seconds.labels(service).observe(time.perf_counter() - began)
            return response

        return guarded

    async def _answer(
        self, request: Request, handle: Handle, turns: contextlib.AbstractAsyncContextManager[object]
    ) -> Response:
        if self.in_flight >= self._room:
            return refused(Refusal(503, "throttled", "busy; come back later", 1))
        self.in_flight += 1
        try:
            with self._share(self._reading, stranger(request.scope)):
                body = await self._body(request)
            async with turns:
                call = self._call(request, body)
                with self._share(self._working, call.party.ura.value):
                    return await handle(call)
        except Refusal as refusal:
            return refused(refusal)
        finally:
            self.in_flight -= 1

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

    def _call(self, request: Request, body: bytes) -> Call:
        party, claims = self._checked(request, body)
        wait = self._limits.take(party.ura.value, 1, time.monotonic())
        if wait:
            raise Refusal(429, "throttled", "too many requests; come back later", wait)
        return Call(
            self.state,
            party,
            claims,
            dict(request.query_params),
            body,
            request.headers.get("content-type", "").partition(";")[0].strip().lower(),
            request.path_params,
            trace_from(request.headers),
            self.audit,
        )

    async def _body(self, request: Request) -> bytes:
        parts, size = [], 0
        try:
            async with asyncio.timeout(BODY_SECONDS):
                async for part in request.stream():
                    size += len(part)
                    if size > self._largest:
                        raise Refusal(413, "too-long", "the body is too large")
                    parts.append(part)
        except (TimeoutError, ClientDisconnect):
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
        if len(request.headers.getlist("authorization")) > 1:
            raise Refusal(400, "invalid", "more than one Authorization header")
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Refusal(401, "login", "a signed request is required")
        try:
            claims = self.verify(token, self.state.name, self.state.directory.keys)
            party = self.state.directory.party(Ura(str(claims["iss"])))
        except (ValueError, KeyError, TypeError):
            raise Refusal(401, "login", "the signature is not believed") from None
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        if claims.get("htm") != request.method or claims.get("htu") != target or claims.get("digest") != digest(body):
            raise Refusal(401, "login", "the signature is for another request")
        if party is None:
            raise Refusal(401, "login", "the organisation is not in the directory")
        peer = peer_of(request.scope)
        if peer is not None and peer.ura != party.ura:
            raise Refusal(401, "login", "the certificate is another organisation's")
        return party, claims


def region_app(
    state: RegionState, verify: Verify, audit: Audit, told: Callable[[], Mapping[str, object]] = dict
) -> Starlette:
    """The region as an ASGI application.  `audit` must be durable when it returns; it raises to stop an answer.

    `told`: what `/health` says besides; a `status` that is not ok makes it a 503.
    """
    gate = Gate(state, verify, audit)

    async def health(_: Request) -> Response:
        ready: dict[str, object] = {
            "status": "ok",
            "process": os.getpid(),
            "pointers": state.index.count(),
            "consents": state.consents.sequence(),
            **told(),
        }
        return Response(orjson.dumps(ready), 200 if ready["status"] == "ok" else 503, media_type="application/json")

    async def metrics(_: Request) -> Response:
        text = await asyncio.to_thread(generate_latest, gate.registry)
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    routes = [Route("/health", health), Route("/metrics", metrics)]
    routes += [
        Route(path, gate.guard(service, handle), methods=[method])
        for method, path, service, handle in region_routes.ROUTES
    ]
    return Starlette(routes=routes, exception_handlers={404: _not_found, 405: _not_allowed, Exception: _fault})


async def _not_found(request: Request, fault: Exception) -> Response:
    return refused(Refusal(404, "not-found", "no such resource or operation"))


async def _not_allowed(request: Request, fault: Exception) -> Response:
    return refused(Refusal(405, "not-supported", "not that method here"))


async def _fault(request: Request, fault: Exception) -> Response:
    return refused(Refusal(500, "exception", "a fault; nothing was released"))

"""The region's edge: directory, localisation index, pseudonyms and consent register over HTTP (trust.md §4 and §5).

Every request but `/health` and `/metrics` is signed by an organisation of the directory (`region_gate`); every
register, localise and consent change is in the region's audit log before its answer leaves.  Errors are valid R4
OperationOutcomes.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Callable, Mapping

import orjson
import structlog
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from babyconnect.api import http, region_routes
from babyconnect.api.asgi import App, Receive, Scope, Send
from babyconnect.api.health import Gauges, status
from babyconnect.api.http import Answer
from babyconnect.api.region_call import Handle, Refusal, RegionState, refused
from babyconnect.api.region_gate import Figures, Gate
from babyconnect.network.contract import Audit, Verify

__all__ = ["RegionState", "region_app"]

Interactions = Mapping[str, tuple[str, Handle]]
"""What a path answers, by method: the service and its handler."""
OPEN = ("/health", "/metrics")
"""What is told without a signature."""
_log = structlog.get_logger(__name__)


def region_app(
    state: RegionState,
    verify: Verify,
    audit: Audit,
    told: Callable[[], Mapping[str, object]] = dict,
    stands: Callable[[], Mapping[tuple[str, str], float]] = dict,
) -> App:
    """The region as an ASGI application.  `audit` must be durable when it returns; it raises to stop an answer.

    `told`: what `/health` says besides, its `status` too (`health.status`); `stands`: figures beside the counts.
    """
    api = RegionApi(state, Gate(state, verify, audit), told)
    api.figures.registry.register(Gauges("region", stands))
    return api


class RegionApi:
    def __init__(self, state: RegionState, gate: Gate, told: Callable[[], Mapping[str, object]]) -> None:
        self._state, self._gate, self._told = state, gate, told
        self.figures = Figures(state.index.count)
        by_path = _by_path()
        self._fixed = {path: found for path, found in by_path.items() if "{" not in path}
        self._named = [(_pattern(path), found) for path, found in by_path.items() if path not in self._fixed]
        self.routes = [(method, path) for path, found in by_path.items() for method in found]
        """What is served, as (method, path)."""
        self.routes += [("GET", path) for path in OPEN]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        answer = await self._answer(http.request(scope, receive, ""))
        if not http.given(answer, scope):
            await http.send(answer, send, scope["method"])

    async def _answer(self, request: http.Request) -> Answer:
        method = "GET" if request.method == "HEAD" else request.method
        if request.path in OPEN and method == "GET":
            return self._health() if request.path == "/health" else await self._metrics()
        interactions, path = self._found(request.path)
        if method not in interactions:
            return _unserved(interactions)
        began = time.perf_counter()
        service, handle = interactions[method]
        try:
            answer = await self._gate.answer(request, service, handle, path)
        except Exception as fault:
            # Only the kind of fault: its text may quote a record.
            _log.error("an interaction failed", service=service, fault=type(fault).__name__)
            answer = refused(Refusal(500, "exception", "a fault; nothing was released"))
        self.figures.note(service, answer.status, time.perf_counter() - began)
        return answer

    def _found(self, path: str) -> tuple[Interactions, Mapping[str, str]]:
        fixed = self._fixed.get(path)
        if fixed is not None:
            return fixed, {}
        for pattern, interactions in self._named:
            match = pattern.fullmatch(path)
            if match:
                return interactions, match.groupdict()
        return {}, {}

    async def _metrics(self) -> Answer:
        text = await asyncio.to_thread(generate_latest, self.figures.registry)
        return Answer(200, text, media=CONTENT_TYPE_LATEST.encode())

    def _health(self) -> Answer:
        ready: dict[str, object] = {
            "status": "ok",
            "process": os.getpid(),
            "pointers": self._state.index.count(),
            "consents": self._state.consents.sequence(),
            **self._told(),
        }
        return Answer(status(ready), orjson.dumps(ready), media=b"application/json")


def _unserved(interactions: Interactions) -> Answer:
    if interactions:
        return refused(Refusal(405, "not-supported", "not that method here"))
    return refused(Refusal(404, "not-found", "no such resource or operation"))


def _by_path() -> dict[str, Interactions]:
    found: dict[str, dict[str, tuple[str, Handle]]] = {}
    for method, path, service, handle in region_routes.ROUTES:
        found.setdefault(path, {})[method] = (service, handle)
    return dict(found)


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path)))

"""`/.well-known/audit` of a node: where its log stands, signed, and proofs that it only grew (RFC 6962 §4).

Nothing here says anything about anybody: numbers, moments and hashes.  That is why it is open to everybody, and why it
is worth keeping: whoever has a checkpoint can hold the node to it for ever.

GET /checkpoint               the last signed checkpoint
GET /checkpoints?since=N      those after record N, one a line
GET /growth?since=N           the proof from the checkpoint of record N to the last one
POST /reconcile               a signed question of another organisation: how our exchanges ended by this node's log
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qsl

import orjson

from babyconnect.api import http
from babyconnect.api.asgi import Receive, Scope, Send
from babyconnect.audit import proofs
from babyconnect.birthcare.identifiers import Ura
from babyconnect.flows.journal import Came
from babyconnect.flows.reconciling import Comparing
from babyconnect.network.limits import Limits

PATH = "/.well-known/audit"
MOST = 1_000
AT_ONCE, PER_SECOND, BURST = 2, 1.0, 20.0
LARGEST = 8 * 2**20
AGAIN_SECONDS = 1
_WORDS = {
    400: b'{"error":"not understood"}',
    401: b'{"error":"a signed request is required"}',
    404: b'{"error":"not found"}',
    405: b'{"error":"another method"}',
    410: b'{"error":"not kept any more"}',
    413: b'{"error":"too large"}',
    429: b'{"error":"too many requests"}',
}
_HEADERS = [(b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]


class ReconcileApi:
    """`POST /reconcile`: only another organisation of the directory, by its signature, and only about itself."""

    def __init__(self, comparing: Comparing, check: Callable[[str, str, str, bytes], Ura | None]) -> None:
        self._comparing, self._check = comparing, check
        self._room = asyncio.Semaphore(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        asked = http.request(scope, receive, "")
        status, body = await self._answer(asked) if asked.method == "POST" else (405, b"")
        body = body or _WORDS.get(status, b"{}")
        headers = [*_HEADERS, (b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        headers += [(b"allow", b"POST")] if status == 405 else []
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, asked: http.Request) -> tuple[int, bytes]:
        content = await http.body(asked, LARGEST)
        if not isinstance(content, bytes):
            return 413, b""
        other = None if asked.two_tokens else self._check(asked.token or "", "POST", PATH + "/reconcile", content)
        if other is None:
            return 401, b""
        async with self._room:
            try:
                question = orjson.loads(content)
                told = await self._comparing.answer(other.value, question, Came(asked.trace, asked.address))
            except (ValueError, AttributeError):
                return 400, b""
            return 200, orjson.dumps(told)


class AuditApi:
    """The open side of the log in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # A proof reads the log since the checkpoint it starts from: neither many at a time nor often.
        self._room = asyncio.Semaphore(AT_ONCE)
        self._limits = Limits(PER_SECOND, BURST)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        status, body = 405, b""
        path = scope["path"].removeprefix(PATH)
        if path != "/checkpoint" and self._limits.take("everybody", 1, time.monotonic()):
            status = 429
        elif scope["method"] in ("GET", "HEAD"):
            status, body = await self._answer(path, scope["query_string"].decode("latin-1"))
        body = body or _WORDS.get(status, b"{}")
        headers = [*_HEADERS, (b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        headers += [(b"retry-after", b"%d" % AGAIN_SECONDS)] if status == 429 else []
        headers += [(b"allow", b"GET, HEAD")] if status == 405 else []
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def _answer(self, path: str, query: str) -> tuple[int, bytes]:
        asked = parse_qsl(query, keep_blank_values=True)
        since = asked[0][1] if asked else "0"
        if len(asked) > 1 or [name for name, _ in asked] not in ([], ["since"]) or (query and not asked):
            return 400, b""
        if not since.isascii() or not since.isdecimal() or len(since) > 18:
            return 400, b""
        if path == "/checkpoint":
            mark = await asyncio.to_thread(proofs.last, self._folder)
            return (200, mark.dump()) if mark else (404, b"")
        tell = {"/checkpoints": self._checkpoints, "/growth": self._growth}.get(path)
        if tell is None:
            return 404, b""
        async with self._room:
            return await asyncio.to_thread(tell, int(since))

    def _checkpoints(self, since: int) -> tuple[int, bytes]:
        after = [mark for mark in proofs.signed(self._folder) if mark.seq > since][:MOST]
        return 200, orjson.dumps([orjson.Fragment(mark.dump()) for mark in after])

    def _growth(self, since: int) -> tuple[int, bytes]:
        old = next((mark for mark in proofs.signed(self._folder) if mark.seq == since), None)
        if old is None:
            return 404, b""
        try:
            return 200, proofs.prove_growth(self._folder, old).dump()
        except proofs.NoProof:
            return 410, b""

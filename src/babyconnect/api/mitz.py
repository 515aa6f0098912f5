"""Where the Mitz tells that a client changed her choice: `POST /mitz/notify`, an R4 Bundle as JSON or XML.

Only who bears the word that the subscription gave (`channel.header`).  Known or not, the answer is the same.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Sequence

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from babyconnect.fhir.malformed import Malformed
from babyconnect.network.mitz.question import table
from babyconnect.network.mitz.subscription import Notified, notifications

BODY_SECONDS = 10
Heard = Callable[[Sequence[Notified]], Awaitable[int]]


def notified_app(token: str, heard: Heard) -> Starlette:
    expected = f"Bearer {token}".encode()

    async def notify(request: Request) -> Response:
        given = request.headers.get("authorization", "").encode("utf-8", "replace")
        if len(token) < 32 or not hmac.compare_digest(given, expected):
            return Response(status_code=401)
        body = await _body(request)
        if body is None:
            return Response(status_code=413)
        try:
            told = notifications(body, request.headers.get("content-type", ""))
        except Malformed:
            return Response(status_code=400)
        await heard(told)
        return Response(status_code=204)

    return Starlette(routes=[Route("/mitz/notify", notify, methods=["POST"])])


async def _body(request: Request) -> bytes | None:
    parts, size = [], 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                size += len(part)
                if size > table()["limits"]["largest_notification"]:
                    return None
                parts.append(part)
    except (TimeoutError, ClientDisconnect):
        return None
    return b"".join(parts)

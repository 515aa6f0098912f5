"""Break a node on purpose (`babyconnect demo --fault`): how the rest bears it is part of what the demo shows.

`slow:S` answers S seconds late, `rubbish` answers 200 with something that is not FHIR, `refuse` answers 403.  `stop` is
the demo's own doing: it does not start the process.
"""

from __future__ import annotations

import asyncio
import math

from babyconnect.api.server import App, Receive, Scope, Send

BROKEN_PATHS = ("/fhir/", "/oauth/")
RUBBISH = b"<html><body>It works!</body></html>\x00\xff{"


def parse(fault: str) -> tuple[str, float]:
    """The fault's name and its seconds; raises ValueError on anything else."""
    name, _, seconds = fault.partition(":")
    if name == "slow" and (late := _seconds(seconds)) is not None:
        return name, late
    if name in ("stop", "rubbish", "refuse") and not seconds:
        return name, 0.0
    raise ValueError("a fault is one of stop, slow:SECONDS (0 or more), rubbish, refuse")


def _seconds(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return found if math.isfinite(found) and found >= 0 else None


def broken(app: App, fault: str) -> App:
    """`app`, broken as `fault` says for what other nodes ask of it; its own pages and health stay whole."""
    name, seconds = parse(fault)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(BROKEN_PATHS):
            await app(scope, receive, send)
            return
        if name == "slow":
            await asyncio.sleep(seconds)
            await app(scope, receive, send)
            return
        status, body = (200, RUBBISH) if name == "rubbish" else (403, b"")
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [(b"content-type", b"application/fhir+json"), (b"content-length", b"%d" % len(body))],
            }
        )
        await send({"type": "http.response.body", "body": body})

    return answer

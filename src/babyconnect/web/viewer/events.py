"""Server-sent events of a page that fills in: what changed, as it changes (WHATWG HTML, server-sent events)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import orjson

from babyconnect.web.filling import Filling
from babyconnect.web.viewer.records import OpenedRecord

HEARTBEAT_SECONDS = 15.0


def event(name: str, version: int, content: object) -> bytes:
    """One event.  JSON holds no line breaks, so one data line is enough."""
    return b"event: %s\nid: %d\ndata: %s\n\n" % (name.encode(), version, orjson.dumps(content))


async def changes(record: OpenedRecord, turn: int, heartbeat: float = HEARTBEAT_SECONDS) -> AsyncIterator[bytes]:
    """Until the record is not what the page shows any more: `opnieuw` when it is being asked anew, or `gesloten`."""
    yield b"retry: 1000\n\n"
    record.looking += 1
    try:
        while record.turn == turn and record.phase != "closed":
            try:
                await asyncio.wait_for(record.after(turn), heartbeat)
            except TimeoutError:
                yield b": stil\n\n"
        yield event("gesloten" if record.phase == "closed" else "opnieuw", record.version, {"turn": record.turn})
    finally:
        record.looking -= 1


async def events(record: Filling, version: int, heartbeat: float = HEARTBEAT_SECONDS) -> AsyncIterator[bytes]:
    """Until the record is complete: `deel` with changed fragments, then `klaar`.  A comment keeps the line alive."""
    yield b"retry: 2000\n\n"
    while True:
        change = record.since(version)
        if change.html or change.version > version:
            version = change.version
            yield event("deel", version, {"html": change.html, "order": change.order})
        if record.settled:
            yield event("klaar", version, {"phase": record.phase})
            return
        try:
            await asyncio.wait_for(record.beyond(version), heartbeat)
        except TimeoutError:
            yield b": bezig\n\n"

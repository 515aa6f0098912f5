"""Which keys speak for this node: the directory told of them while it runs, and its own did:web document."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import orjson
import structlog

from babyconnect.api.did_web import did_app
from babyconnect.api.machines import Refused
from babyconnect.api.server import App
from babyconnect.audit.event import About, Actor, Grounds
from babyconnect.audit.faults import AuditFault
from babyconnect.flows.journal import Came, Journal
from babyconnect.network.contract import RegionFault
from babyconnect.network.directory import did_web, resources
from babyconnect.trust.private_files import FileFault
from babyconnect.wiring.link import Link

STEP_SECONDS = 2.0
WAIT_SECONDS = 10.0

_log = structlog.get_logger(__name__)


async def publishing_keys(link: Link, journal: Journal) -> None:
    """Until cancelled: a step of a rotation at a time.  A region that is away is asked again."""
    signing = link.ring.signing.kid
    while True:
        wait = STEP_SECONDS
        try:
            if await link.ring.step(link.directory.keys(link.party.ura), _publisher(link), time.monotonic()):
                await link.directory.refresh()
            if link.ring.signing.kid != signing:
                own = Actor(link.party.ura.value)
                await journal.note("key.rotate", "ok", own, About(resource=f"{signing} {link.ring.signing.kid}"))
                signing = link.ring.signing.kid
        except (RegionFault, FileFault, AuditFault, OSError) as fault:
            _log.warning("signing_keys_wait", reason=str(fault))
            wait = WAIT_SECONDS
        await asyncio.sleep(wait)


def _publisher(link: Link) -> Any:
    async def publish(published: Mapping[str, Any]) -> None:
        text = orjson.dumps(published).decode()
        body = {"resourceType": "Parameters", "parameter": [{"name": "jwks", "valueString": text}]}
        place = f"/fhir/r4/Organization/{resources.organization_id(link.party.ura)}/$publish-keys"
        status, _ = await link.directory.region.send("POST", place, body)
        if status != 200:
            raise RegionFault(f"the directory refused our keys ({status})")

    return publish


def refusals(journal: Journal) -> Refused:
    """Into the log: a caller whose certificate was not believed.  Whose it is cannot be said."""

    async def note(reason: str, address: str) -> object:
        grounds, came = Grounds(reasons=(reason,)), Came(address=address)
        return await journal.note("token.refuse", "refused", Actor("unknown"), grounds=grounds, came=came)

    return note


def did_mount(link: Link) -> tuple[str, App]:
    """Where the document is served, and what serves it."""
    base = link.machine_base
    return did_web.place(base), did_app(lambda: did_web.document(base, link.party, link.ring.published))

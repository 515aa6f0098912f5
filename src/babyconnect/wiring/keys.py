"""Keep the directory's keys of this node those that it signs by, while it runs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import orjson
import structlog

from babyconnect.network.contract import RegionFault
from babyconnect.network.directory import resources
from babyconnect.trust.private_files import FileFault
from babyconnect.wiring.link import Link

STEP_SECONDS = 2.0

_log = structlog.get_logger(__name__)


async def publishing_keys(link: Link) -> None:
    """Until cancelled: a step of a rotation at a time.  A region that is away is asked again."""
    while True:
        try:
            await link.ring.step(link.directory.keys(link.party.ura), _publisher(link), time.monotonic())
        except (RegionFault, FileFault, OSError) as fault:
            _log.warning("signing_keys_wait", reason=str(fault))
        await asyncio.sleep(STEP_SECONDS)


def _publisher(link: Link) -> Any:
    async def publish(published: Mapping[str, Any]) -> None:
        text = orjson.dumps(published).decode()
        body = {"resourceType": "Parameters", "parameter": [{"name": "jwks", "valueString": text}]}
        place = f"/fhir/r4/Organization/{resources.organization_id(link.party.ura)}/$publish-keys"
        status, _ = await link.directory.region.send("POST", place, body)
        if status != 200:
            raise RegionFault(f"the directory refused our keys ({status})")
        await link.directory.refresh()

    return publish

"""`demo --check`: do the main job once, as a user would, and say how it went as one JSON object.

A midwife logs in at her own viewer (OIDC code flow with PKCE, over sockets), opens the client by BSN and waits until
the record says that it is complete.  What the operator may know beside it (each source's status, also refusals) comes
from a consult by the same node's configuration, and from the two ends' audit logs.
"""

from __future__ import annotations

import asyncio
import pathlib
import time
from collections.abc import Mapping
from typing import Any

import aiohttp
import msgspec

from babyconnect.audit import reading
from babyconnect.birthcare.answers import SourceAnswer
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Person, Role
from babyconnect.cli.demonstration import browse, prepare
from babyconnect.cli.demonstration.plan import Plan, Showcase
from babyconnect.cli.failure import Failure
from babyconnect.merge import merge
from babyconnect.wiring.asking import consult_once

FIVE_KINDS = 5


def check(home: pathlib.Path, plan: Plan, broken: Mapping[str, str]) -> int:
    """Print the outcome; 0 when `ok`."""
    outcome = asyncio.run(_outcome(home, plan, plan.showcase, FIVE_KINDS))
    outcome["people"] = asyncio.run(_people(plan, plan.showcase))
    outcome["ok"] = outcome["ok"] and all(outcome["people"].values())
    outcome["loaded"] = asyncio.run(_loaded(home, plan))
    print(msgspec.json.format(msgspec.json.encode(outcome), indent=2).decode())
    return 0 if outcome["ok"] else 1


async def _loaded(home: pathlib.Path, plan: Plan) -> list[dict[str, Any]]:
    """The same for each client who came with --load, from the first organisation that has her."""
    return [await _outcome(home, plan, client, 1) for client in plan.loaded]


async def _people(plan: Plan, client: Showcase) -> dict[str, bool]:
    """The other ways in: from the care system on its client, and she herself."""
    member = plan.member(client.member)
    herself = next((one for one in plan.clients if one.bsn == client.bsn), None)
    try:
        launched = await browse.launch_record(
            member.care_system(plan), member.log_ins[0].username, plan.password, client.name
        )
        greeted = herself is None or await browse.greeted(
            member.base_url, herself.username, plan.password, herself.name
        )
    except (aiohttp.ClientError, TimeoutError, Failure):
        return {"launched": False, "client": False}
    return {"launched": launched, "client": greeted}


async def _outcome(home: pathlib.Path, plan: Plan, client: Showcase, least: int) -> dict[str, Any]:
    bsn, member = client.bsn, plan.member(client.member)
    who = member.log_ins[0]
    try:
        screen = await browse.open_record(member.base_url, who.username, plan.password, bsn)
    except (aiohttp.ClientError, TimeoutError, Failure) as fault:
        screen = browse.Screen(False, 0.0, 0, f"{member.name}: {fault}")
    person = Person(f"local:{who.username}", who.name, Role(who.role))
    began = time.monotonic()
    consulted = await consult_once(prepare.node_folder(home, member) / "node.toml", person, Bsn(bsn))
    record = merge(consulted.answers, plan.today)
    events = _events(home, plan, consulted.trace)
    answered = [answer for answer in consulted.answers if answer.status == "answered"]
    matched = all(_both_ends(events, member.ura, answer.source.ura.value) for answer in answered)
    contributed = max((len(p.sources) for p in record.pregnancies), default=0)
    kinds = {answer.source.kind for answer in answered if answer.resources}
    return {
        "ok": bool(len(kinds) >= least and contributed >= min(least, 2) and matched and answered and screen.complete),
        "client": client.name,
        "sources": [_source(answer) for answer in consulted.answers],
        "record": record.counts(),
        "seconds_to_first_source": round(max(0.0, consulted.first - began), 3),
        "seconds_to_complete": round(consulted.complete - began, 3),
        "audit_events": sum(map(len, events.values())),
        "audit_events_match": matched,
        "screen": {
            "complete": screen.complete,
            "seconds": round(screen.seconds, 3),
            "bytes": screen.size,
            **({"fault": screen.fault} if screen.fault else {}),
        },
    }


def _source(answer: SourceAnswer) -> dict[str, Any]:
    return {
        "organisation": answer.source.name,
        "kind": answer.source.kind.value,
        "status": answer.status,
        "resources": len(answer.resources),
        "milliseconds": round(answer.milliseconds, 1),
    }


def _events(home: pathlib.Path, plan: Plan, trace: str) -> dict[str, list[Mapping[str, Any]]]:
    """What each node's logs hold of one trace, by URA."""
    return {
        member.ura: [
            entry.event
            for entry in reading.search(prepare.node_folder(home, member) / "audit", reading.Wanted(trace=trace))
        ]
        for member in plan.members
    }


def _both_ends(events: Mapping[str, list[Mapping[str, Any]]], asker: str, holder: str) -> bool:
    """Whether the asker logged this source's answer and the holder logged the search that gave it."""
    asked = any(e["type"] == "consult" and e.get("holder") == holder for e in events.get(asker, ()))
    given = any(
        e["type"] in ("search", "client.bind") and e.get("side") == "holder" and e["outcome"] == "ok"
        for e in events.get(holder, ())
    )
    return asked and given

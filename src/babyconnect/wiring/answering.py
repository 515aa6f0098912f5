"""The holder's side of a node: what it keeps, what it decides by, and the door through which anything leaves."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from babyconnect.api.server import App
from babyconnect.api.source import SourceApi, is_client
from babyconnect.audit.log import AuditLog
from babyconnect.flows.door import Door, Happening, Herself, Parts
from babyconnect.flows.door_events import looked_up
from babyconnect.flows.door_template import DoorEvents
from babyconnect.flows.enrol import EnrollingWriter
from babyconnect.flows.journal import Journal
from babyconnect.flows.vouched import Vouched
from babyconnect.store.contract import Store
from babyconnect.trust.decision import decide
from babyconnect.trust.lasting import Days, lasts
from babyconnect.trust.rules import Rules
from babyconnect.wiring import consents, deciding_pages, shielding
from babyconnect.wiring.deciding import Deciding, deciding, policies_of
from babyconnect.wiring.journal import journal_of
from babyconnect.wiring.link import Link, now
from babyconnect.wiring.mitz import MitzHere, mitz_of
from babyconnect.wiring.stores import open_store
from babyconnect.wiring.tokens import HolderTokens, holder_tokens


@dataclass(frozen=True, slots=True)
class Kept:
    """What a node keeps: its records, and what happened."""

    store: Store
    log: AuditLog
    journal: Journal


@dataclass(frozen=True, slots=True)
class Holder:
    """What a node answers others with."""

    tokens: HolderTokens
    mitz: MitzHere
    decides: Deciding
    door: Door


async def kept(link: Link, opening: contextlib.AsyncExitStack) -> Kept:
    store = await open_store(link)
    opening.push_async_callback(store.close)
    await EnrollingWriter(store.writer, link.roster).reconcile()
    log = AuditLog.open(link.beside(link.chosen.audit.folder) / "node", link.party.ura.value, lambda: link.key)
    opening.callback(log.close)
    return Kept(store, log, journal_of(link, log))


def holder(link: Link, keeps: Kept, opening: contextlib.AsyncExitStack, secret: bytes) -> Holder:
    """`secret`: of this run of the node; all its processes have it."""
    policies = policies_of(link)
    tokens = holder_tokens(link, keeps.log, secret, policies.on)
    opening.callback(tokens.close)
    consents.end_tokens_on_less(link, tokens.sessions)
    mitz = mitz_of(link, keeps.journal, tokens.sessions, opening)
    decides = deciding(link, keeps.journal, mitz.elsewhere, policies)
    opening.callback(decides.close)
    bound = Binding(tokens.sessions.bind, tokens.sessions.bind_herself)
    door = door_of(link, keeps.store, keeps.journal, decides, bound)
    mitz.asks_by(door.number)
    return Holder(tokens, mitz, decides, door)


def mounts(link: Link, keeps: Kept, holds: Holder) -> list[tuple[str, App]]:
    """Where other organisations' machines come: records, tokens, the Mitz's notices, AuthZEN."""
    tokens, base = holds.tokens, f"{link.machine_base}/fhir/stu3"
    return [
        ("/fhir/stu3", SourceApi(holds.door, tokens.gate, base, masked=is_client, rates=tokens.rates)),
        *((prefix, tokens.oauth) for prefix in ("/oauth", "/.well-known")),
        *holds.mitz.mounts,
        *deciding_pages.mounts(link, keeps.journal, holds.decides),
    ]


@dataclass(frozen=True, slots=True)
class Binding:
    """How a token is bound to whom it is about (`flows.door.Parts`)."""

    to_client: Callable[[Any, str, frozenset[str]], bool | Awaitable[bool]]
    to_herself: Callable[[Any, Herself], bool]


def mark_of(link: Link, rules: Callable[[dt.date], Rules]) -> Callable[[dt.datetime], object]:
    """What is another one when the rules, the roster or a custodian's decisions are."""
    days, roster, registers = Days(), link.roster, link.registers
    return lambda moment: (rules(days.of(moment)), roster.version(), registers.version())


def door_of(link: Link, store: Store, journal: Journal, decides: Deciding, bound: Binding) -> Door:
    events = DoorEvents(link.party, link.party.ura.value, link.machine_base)
    rules, days = decides.policies.on, Days()
    vouched = Vouched(link.registers, link.roster.clients, journal.pseudonym, link.pseudonyms.of)

    async def note(happening: Happening) -> object:
        # By this the look is hers also where her record is not (any more): a refused guess, a record destroyed since.
        looked_for, event = looked_up(happening), events.of(happening)
        if looked_for:
            event["pseudonym"] = journal.pseudonym(looked_for)
        receipt = await journal.log.append(event)
        await decides.break_glass.answered(happening)
        return receipt

    return Door(
        Parts(
            holder=link.party,
            open_reader=store.open_reader,
            grounds=decides.grounds,
            decide=lambda request: decide(request, rules(days.of(request.moment))),
            mark=mark_of(link, rules),
            lasts=lasts,
            bind=bound.to_client,
            note=note,
            now=now,
            herself=vouched.of,
            bind_herself=bound.to_herself,
            **shielding.door_parts(link.registers),
        )
    )

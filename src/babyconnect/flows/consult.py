"""Consult: pseudonymise, localise, ask all sources at once, hand on each answer as it comes (design §4).

One path for everything: one's own organisation is asked at its own endpoint like any other, through the door.  The log
knows of the consult before anybody else, and of each answer before the screen; a fault in the log ends the consult.
When the index itself fails, one's own records still come, and the index stands among the sources with what befell it.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from babyconnect.birthcare.access import CONSULT_SCOPE, EMERGENCY_SCOPE, Asker, Purpose, Relation
from babyconnect.birthcare.answers import SourceAnswer, Status
from babyconnect.birthcare.identifiers import Bsn, Ura
from babyconnect.birthcare.parties import Party, Role
from babyconnect.definitions import document
from babyconnect.exchange.ask import Exchange, new_trace, new_traceparent
from babyconnect.exchange.contract import Asking, Source
from babyconnect.flows.evidence import given_relation
from babyconnect.flows.viewing import Asked
from babyconnect.network.contract import By, Capacity, Localisation, Located, Parties, Pseudonyms, RegionFault

INDEX_URA = Ura("00000000")
"""Nobody's URA: stands for the index among the sources, when it fails."""


@dataclass(frozen=True, slots=True)
class ConsultEvent:
    """What the asking side logs: once at the beginning (no source), then once for every source with its result.

    `item`: what of one source was read by itself (`flows.looking`).
    """

    asking: Asking
    traceparent: str
    source: Party | None
    status: Status | Literal["started"]
    resources: int = 0
    reason: str = ""
    item: str = ""


@dataclass(frozen=True, slots=True)
class ConsultingNode:
    """What a consult needs of its node.  `note` returns when the event is durable, and raises if it cannot be.

    `evidence`: the treatment relations of this organisation with her (`trust.relation` over its own episodes and
    enrolments); what others gave comes with the index's answer.  `now`: monotonic seconds, the exchange's clock.
    """

    own: Party
    directory: Parties
    pseudonyms: Pseudonyms
    localisation: Localisation
    exchange: Exchange
    evidence: Callable[[Bsn], Awaitable[tuple[Relation, ...]]]
    note: Callable[[ConsultEvent], Awaitable[object]]
    now: Callable[[], float]


async def consult(asking: Asking, node: ConsultingNode) -> AsyncIterator[Asked | SourceAnswer]:
    """First whom we ask, then one answer per source as it comes.  Whoever stops listening stops the asking.

    We know that we have ourselves, so that is asked and said at once; when the index has answered, whom we ask is said
    again, whole.  A region that hangs therefore delays the others and not one's own record.
    """
    began, trace = node.now(), new_trace()
    first = new_traceparent(trace)
    asking = await _begin(node, asking, first)

    waiting: set[asyncio.Task[Any]] = set()
    come: asyncio.Queue[asyncio.Task[Any]] = asyncio.Queue()

    def start(work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        task.add_done_callback(come.put_nowait)
        waiting.add(task)
        return task

    def ask(party: Party) -> None:
        start(_one(node, asking, party, new_traceparent(trace), began))

    locating = start(_localise(node, asking, first, began))
    ask(node.own)
    try:
        yield Asked((node.own,))
        while waiting:
            task = await come.get()
            waiting.discard(task)
            if task is not locating:
                yield task.result()
                continue
            located, asking, failed = locating.result()
            others = parties_of(node, located)
            for party in others:
                ask(party)
            yield Asked((node.own, *others))
            if failed is not None:
                yield failed
    finally:
        for task in waiting:
            task.cancel()


async def _begin(node: ConsultingNode, asking: Asking, traceparent: str) -> Asking:
    """Log that it begins, and add this organisation's evidence to the question; who asks for her own needs none."""
    begun = node.note(ConsultEvent(asking, traceparent, None, "started"))
    if asking.logged_in is not None:
        await begun
        return asking
    _, evidence = await asyncio.gather(begun, node.evidence(asking.bsn))
    return replace(asking, relations=(*asking.relations, *evidence))


async def _localise(
    node: ConsultingNode, asking: Asking, traceparent: str, began: float
) -> tuple[Sequence[Located], Asking, SourceAnswer | None]:
    """Where she is known, the question with the evidence that others gave us, and what befell the index if it did."""
    try:
        pseudonym = await node.pseudonyms.of(asking.bsn)
        if asking.logged_in is not None:
            return await node.localisation.hers(pseudonym, by(asking), traceparent), asking, None
        found = await node.localisation.localise(pseudonym, _asker(node, asking), traceparent)
        received = tuple(given_relation(one, node.own.ura) for one in found.given)
        # The same question stays the same one, for which everything is written already (`Asking.once`).
        asking = replace(asking, relations=(*asking.relations, *received)) if received else asking
        return found.located, asking, None
    except RegionFault as fault:
        index = Party(INDEX_URA, document("network.toml")["localisation"]["name"], node.own.kind)
        failed = SourceAnswer(index, "unreachable", (), (node.now() - began) * 1000, str(fault))
        await node.note(ConsultEvent(asking, traceparent, index, failed.status, 0, failed.reason))
        return (), asking, failed


async def with_given(node: ConsultingNode, asking: Asking, traceparent: str) -> Asking:
    """The question with the evidence that others gave us, by what the index says; as it was when that cannot be had."""
    return (await _localise(node, asking, traceparent, node.now()))[1]


def by(asking: Asking) -> By:
    """A client who asks for her own, as the region is told of her."""
    person, moment = asking.person, asking.logged_in.moment if asking.logged_in else 0
    capacity: Capacity = "client" if person.role is Role.CLIENT else "representative"
    return By(person.id, person.role.value, capacity, person.loa, dt.datetime.fromtimestamp(moment, dt.UTC))


def _asker(node: ConsultingNode, asking: Asking) -> Asker:
    person = asking.person
    return Asker(
        *(node.own.ura, node.own.kind, person.id, person.role, asking.purpose, asking.relations),
        responsible=person.responsible,
        loa=person.loa,
        scopes=frozenset({EMERGENCY_SCOPE if asking.purpose is Purpose.EMERGENCY else CONSULT_SCOPE}),
        emergency=asking.emergency,
    )


def parties_of(node: ConsultingNode, located: Sequence[Located]) -> tuple[Party, ...]:
    """Each organisation once, without our own.  One that the directory does not know is named by its number."""
    uras = dict.fromkeys(one.holder for one in located if one.holder != node.own.ura)
    kinds = {one.holder: one.kind for one in located}
    return tuple(node.directory.party(ura) or Party(ura, f"URA {ura}", kinds[ura] or node.own.kind) for ura in uras)


def source_of(node: ConsultingNode, party: Party) -> Source | None:
    endpoint = node.directory.endpoint(party.ura)
    if endpoint is None:
        return None
    return Source(party, endpoint.fhir_base, endpoint.token_endpoint, endpoint.batch, endpoint.grant, endpoint.finds)


async def _one(node: ConsultingNode, asking: Asking, party: Party, traceparent: str, began: float) -> SourceAnswer:
    """Ask one, log what came, and only then hand it on."""
    source = source_of(node, party)
    if source is None:
        answer = SourceAnswer(party, "unreachable", (), (node.now() - began) * 1000, "no endpoint in the directory")
    else:
        answer = await node.exchange.ask(source, asking, traceparent, began)
    await node.note(ConsultEvent(asking, traceparent, party, answer.status, len(answer.resources), answer.reason))
    return answer

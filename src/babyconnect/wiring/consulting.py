"""The asker's side of a node: consulting all sources, the viewer on top of it, and today's list."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import AsyncIterator, Awaitable, Callable

from babyconnect.birthcare.access import Relation
from babyconnect.birthcare.answers import SourceAnswer
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Party, Person
from babyconnect.exchange.ask import Exchange
from babyconnect.exchange.http1 import Http
from babyconnect.flows.consult import ConsultEvent, ConsultingNode, consult
from babyconnect.flows.consult_events import ConsultEvents
from babyconnect.flows.journal import Log
from babyconnect.flows.looking import asking_of
from babyconnect.flows.viewing import Asked, Consult, Declared
from babyconnect.wiring.asker_tokens import prover, token_form
from babyconnect.wiring.holding import asker_relations
from babyconnect.wiring.link import Link


def consulting_node(link: Link, log: Log, http: Http, audit_key: bytes) -> ConsultingNode:
    """The node as `flows.consult` sees it.  `audit_key` keys the pseudonyms in this node's log."""

    async def evidence(bsn: Bsn) -> tuple[Relation, ...]:
        return asker_relations(link.roster, bsn)

    return ConsultingNode(
        own=link.party,
        directory=link.directory,
        pseudonyms=link.pseudonyms,
        localisation=link.localisation,
        exchange=Exchange(
            http, token_form(link), time.monotonic, link.chosen.consult.deadline_seconds, prove=prover(link)
        ),
        evidence=evidence,
        note=noter(link.party, log, audit_key),
        now=time.monotonic,
    )


def noter(own: Party, log: Log, key: bytes) -> Callable[[ConsultEvent], Awaitable[object]]:
    """How a consult's events come into the log; each returns when it is durable."""
    events = ConsultEvents(own, key)

    async def note(happened: ConsultEvent) -> object:
        return await log.append(events.of(happened, dt.datetime.now(dt.UTC)))

    return note


def consulting(node: ConsultingNode) -> Consult:
    """A consult as the viewer starts it: for treatment, or in an emergency that was declared."""

    def start(bsn: Bsn, person: Person, declared: Declared | None = None) -> AsyncIterator[Asked | SourceAnswer]:
        return consult(asking_of(bsn, person, declared), node)

    return start

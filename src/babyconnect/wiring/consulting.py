"""The asker's side of a node: consulting all sources, the viewer on top of it, and today's list."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

from babyconnect.audit.event import About, Actor, Grounds, Outcome, Place, client_pseudonym, event
from babyconnect.audit.log import AuditLog
from babyconnect.birthcare.access import Purpose, Relation
from babyconnect.birthcare.answers import SourceAnswer
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Party, Person
from babyconnect.exchange.ask import Exchange
from babyconnect.exchange.contract import Asking
from babyconnect.exchange.http1 import Http
from babyconnect.flows.consult import ConsultEvent, ConsultingNode, consult
from babyconnect.flows.viewing import Asked, Consult, Declared
from babyconnect.wiring.asker_tokens import prover, token_form
from babyconnect.wiring.holding import asker_relations
from babyconnect.wiring.link import Link

OUTCOMES: Mapping[str, Outcome] = {"started": "ok", "answered": "ok", "refused": "refused"}


def consulting_node(link: Link, log: AuditLog, http: Http, audit_key: bytes) -> ConsultingNode:
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
        note=_noter(link.party, log, audit_key),
        now=time.monotonic,
    )


def _noter(own: Party, log: AuditLog, key: bytes) -> Callable[[ConsultEvent], Awaitable[object]]:
    async def note(happened: ConsultEvent) -> object:
        asking, source = happened.asking, happened.source
        return await log.append(
            event(
                "consult",
                OUTCOMES.get(happened.status, "fault"),
                dt.datetime.now(dt.UTC),
                _actor(own, asking.person),
                Place(own.ura.value, "asker", source.ura.value if source else "", trace=happened.traceparent),
                About(
                    pseudonym=client_pseudonym(key, asking.bsn),
                    resource=happened.status,
                    object=f"breakglass/{asking.relations[0].reference}" if asking.emergency else "",
                    count=happened.resources if source else None,
                ),
                Grounds(asking.purpose.value, relations=asking.relations, reasons=_reasons(happened)),
            )
        )

    return note


def _actor(own: Party, person: Person) -> Actor:
    responsible = person.responsible.id if person.responsible else ""
    return Actor(own.ura.value, person.id, person.role.value, responsible, person.loa)


def _reasons(happened: ConsultEvent) -> tuple[str, ...]:
    return (happened.reason,) if happened.reason else ()


def consulting(node: ConsultingNode) -> Consult:
    """A consult as the viewer starts it: for treatment, or in an emergency that was declared."""

    def start(bsn: Bsn, person: Person, declared: Declared | None = None) -> AsyncIterator[Asked | SourceAnswer]:
        if declared is None:
            return consult(Asking(person, Purpose.TREATMENT, bsn), node)
        asking = Asking(person, Purpose.EMERGENCY, bsn, (declared.relation,), declared.emergency)
        return consult(asking, node)

    return start

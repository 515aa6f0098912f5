"""What happened at the door, as the event that the log keeps (NEN 7513; the holder's end of an exchange)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

from babyconnect.audit import event
from babyconnect.audit.event import About, Actor, Grounds, Place
from babyconnect.birthcare.access import AccessRequest, Asker, Herself, Permit, Relation
from babyconnect.birthcare.identifiers import BSN_SYSTEM, Bsn, passes_eleven_check
from babyconnect.birthcare.parties import Party, Person
from babyconnect.flows.door import Bind, Happening, History, Interaction, Read


def as_event(happening: Happening, holder: Party, node: str, address: str = "") -> dict[str, Any]:
    """The event of one interaction at this holder's node, which answers at `address`."""
    by, wire, decision = happening.by, happening.wire, happening.decision
    resource, _, query = wire.text.partition("?")
    request = happening.request
    return event.event(
        "client.view" if isinstance(happening.by, Herself) else _type(happening.interaction),
        "ok" if isinstance(decision, Permit) else "refused",
        happening.moment,
        _actor(by, holder),
        Place(node, "holder" if isinstance(by, Asker) else "", holder.ura.value, wire.address, address, wire.trace),
        About(
            client=happening.client or "",
            pseudonym=by.pseudonym if isinstance(by, Herself) and by.own else "",
            episodes=tuple(request.episodes) if request else (),
            resource=resource,
            query=query,
            object=_declaration(by),
        ),
        Grounds(
            purpose=by.purpose.value if isinstance(by, Asker) else "",
            basis=decision.legal_basis if isinstance(decision, Permit) else "",
            relations=_evidence(request) if request else (),
            consents=request.consents if request else (),
            reasons=decision.reasons + ((by.emergency.reason,) if isinstance(by, Asker) and by.emergency else ()),
            rules=decision.version,
        ),
    )


class Roster(Protocol):
    """Who is a client here (`network.roster.Roster`)."""

    def clients(self, bsn: Bsn) -> Sequence[str]: ...
    def known(self, client: str) -> bool: ...


def named(happening: Happening, pseudonym: Callable[[Bsn], str], roster: Roster) -> dict[str, Any]:
    """What an event says of whom a binding asked for.

    By this the look is hers also where her record is not (any more): a refused guess, a record destroyed since.  A
    child found within its mother's record is not its mother: what else happened to that record is no business of who
    may ask about the child (`within`).
    """
    bsn = looked_up(happening)
    if bsn is None:
        return {}
    client = happening.client
    another = client is not None and roster.known(client) and client not in roster.clients(bsn)
    return {"pseudonym": pseudonym(bsn), **({"within": True} if another else {})}


def looked_up(happening: Happening) -> Bsn | None:
    """Whom a binding asked for by BSN, found or not; None when it asked for nobody so."""
    asked = happening.interaction
    if not isinstance(asked, Bind):
        return None
    system, _, value = asked.identifier.rpartition("|")
    return Bsn(value) if system == BSN_SYSTEM and passes_eleven_check(value) else None


def _actor(by: Asker | Person | Herself, holder: Party) -> Actor:
    if isinstance(by, Herself):
        return Actor(holder.ura.value, by.pseudonym, by.role, loa=by.loa)
    if isinstance(by, Asker):
        responsible = by.responsible.id if by.responsible else ""
        return Actor(by.ura.value, by.person, by.role.value, responsible, by.loa)
    return Actor(holder.ura.value, by.id, by.role.value)


def _evidence(request: AccessRequest) -> tuple[Relation, ...]:
    """The asker's, each marked as the asker's word (`claimed`) or as found true here (`checked`), and the holder's."""
    known = {one.reference for one in (*request.verified, *request.holder_relations)}
    said = [
        replace(one, basis=f"{one.basis}.{'checked' if one.reference in known else 'claimed'}")
        for one in request.asker.relations
    ]
    return (*said, *request.holder_relations)


def _declaration(by: object) -> str:
    """By which the review items at both ends are found."""
    if not isinstance(by, Asker) or by.emergency is None:
        return ""
    reference = next((one.reference for one in by.relations if one.basis == "break_glass"), "")
    return f"breakglass/{reference}"


def _type(interaction: Interaction | None) -> str:
    match interaction:
        case Bind():
            return "client.bind"
        case Read(version=None):
            return "read"
        case Read():
            return "vread"
        case History():
            return "history"
        case _:
            return "search"

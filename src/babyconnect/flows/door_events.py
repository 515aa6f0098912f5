"""What happened at the door, as the event that the log keeps (NEN 7513; the holder's end of an exchange)."""

from __future__ import annotations

from typing import Any

from babyconnect.audit import event
from babyconnect.audit.event import About, Actor, Grounds, Place
from babyconnect.birthcare.access import Asker, Permit
from babyconnect.birthcare.parties import Party, Person
from babyconnect.flows.door import Bind, Everything, Happening, Herself, History, Interaction, Read


def as_event(happening: Happening, holder: Party, node: str, address: str = "") -> dict[str, Any]:
    """The event of one interaction at this holder's node, which answers at `address`."""
    by, wire, decision = happening.by, happening.wire, happening.decision
    resource, _, query = wire.text.partition("?")
    request = happening.request
    return event.event(
        _type(happening.interaction),
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
        ),
        Grounds(
            purpose=by.purpose.value if isinstance(by, Asker) else "",
            basis=decision.legal_basis if isinstance(decision, Permit) else "",
            relations=request.asker.relations + request.holder_relations if request else (),
            consents=request.consents if request else (),
            reasons=decision.reasons,
        ),
    )


def _actor(by: Asker | Person | Herself, holder: Party) -> Actor:
    if isinstance(by, Herself):
        return Actor(holder.ura.value, by.pseudonym, by.role, loa=by.loa)
    if isinstance(by, Asker):
        return Actor(by.ura.value, by.person, by.role.value)
    return Actor(holder.ura.value, by.id, by.role.value)


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
        case Everything():
            return "client.view"
        case _:
            return "search"

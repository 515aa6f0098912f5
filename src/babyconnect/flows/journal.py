"""The node's journal: how every part of a node writes what happened into its log (NEN 7513).

`note` returns when the event is durable and raises `AuditFault` when it cannot be: whoever calls it does so before it
releases, changes or shows anything, and lets the fault through, so that nothing happens that is not in the log.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from babyconnect.audit import event
from babyconnect.audit.event import About, Actor, Grounds, Outcome, Place
from babyconnect.audit.faults import AuditFault, Receipt
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Party, Person

NOBODY, NO_GROUNDS = About(), Grounds()
Herself = Literal["client", "representative"]


class Log(Protocol):
    def append(self, event: Mapping[str, Any]) -> Awaitable[Receipt]: ...


_LETTERS = str.maketrans("0123456789", "ghijklmnop")


def opaque() -> str:
    """A name that means nothing and is given once.  Letters only: digits the log might take for a BSN, and blank."""
    return secrets.token_hex(12).translate(_LETTERS)


@dataclass(frozen=True, slots=True)
class Came:
    """How a request came: the traceparent that both ends log, and the asker's network address."""

    trace: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Journal:
    """One node's.  `key`: keys the pseudonyms of clients in this node's log; `address`: where the node answers."""

    own: Party
    log: Log
    key: bytes
    clock: Callable[[], dt.datetime]
    address: str = ""

    async def note(  # noqa: PLR0917 - the same order as `event.event`: what, how it ended, who, about whom, why, how
        self,
        type: str,
        outcome: Outcome,
        actor: Actor,
        about: About = NOBODY,
        grounds: Grounds = NO_GROUNDS,
        came: Came = Came(),
    ) -> Receipt:
        """Durable when it returns.  `type` is a row of `definitions/audit_events.toml`."""
        place = Place(self.own.ura.value, "", self.own.ura.value, came.address, self.address, came.trace)
        return await self.log.append(event.event(type, outcome, self.clock(), actor, place, about, grounds))

    def person(self, person: Person, loa: str = "", responsible: str = "") -> Actor:
        """Somebody of this organisation; assurance and responsibility as her log-in has them, unless said otherwise."""
        acts_for = person.responsible.id if person.responsible else ""
        return Actor(self.own.ura.value, person.id, person.role.value, responsible or acts_for, loa or person.loa)

    def itself(self) -> Actor:
        """The node by itself: a timer, a start, an answer to a message."""
        return Actor(self.own.ura.value)

    def unknown(self) -> Actor:
        """Somebody whose log-in was not believed."""
        return Actor(self.own.ura.value, "unknown")

    def herself(self, bsn: Bsn, role: Herself = "client", loa: str = "") -> Actor:
        """A client, or who represents one, by her own log-in: known by her pseudonym only."""
        return Actor(self.own.ura.value, self.pseudonym(bsn), role, loa=loa)

    def pseudonym(self, bsn: Bsn) -> str:
        """By which her events are found in this node's log; for `About.pseudonym`."""
        return event.client_pseudonym(self.key, bsn)


__all__ = ["About", "Actor", "AuditFault", "Came", "Grounds", "Journal", "Outcome", "Receipt"]

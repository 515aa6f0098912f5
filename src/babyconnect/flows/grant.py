"""Give out an access token: believe the assertion, write the log, then answer (trust.md §2; RFC 6749 §4.4, RFC 7523).

Both a token and a refusal are in the log, durable, before the asker hears of either; a fault of the log gives no token.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from babyconnect.audit.event import Actor, Grounds, Outcome, Place, event
from babyconnect.audit.faults import Receipt
from babyconnect.birthcare.identifiers import Ura
from babyconnect.trust import assertion, jose
from babyconnect.trust.assertion import ASSERTION_TYPE, SCOPE, Expected, Issuer, Verified
from babyconnect.trust.jose import Rejected
from babyconnect.trust.replays import Replays
from babyconnect.trust.sessions import Busy, Issued, Sessions

IssuerOf = Callable[[Ura], Issuer | None]
"""What the directory says of an organisation: its party and its keys; None when it is not (or no longer) listed."""


class Log(Protocol):
    def append(self, event: Mapping[str, Any]) -> Awaitable[Receipt]: ...


@dataclass(frozen=True, slots=True)
class Denied:
    """No token.  `error` is RFC 6749's code, which is all the asker learns; `reason` went to the log."""

    error: str
    status: int
    reason: str
    retry_after: int | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """One token request: its form, and what the log must know of how it came."""

    form: Mapping[str, str]
    trace: str = ""
    client_address: str = ""


@dataclass(frozen=True, slots=True)
class Granting:
    """What a node needs to give out tokens.  `endpoint`: its token endpoint's full address, the audience."""

    node: str
    holder: Ura
    endpoint: str
    issuer_of: IssuerOf
    sessions: Sessions
    replays: Replays
    log: Log
    clock: Callable[[], dt.datetime]

    async def grant(self, asked: Asked) -> Issued | Denied:
        """A token, or the refusal.  Raises AuditFault when the log could not be written: then nothing was given."""
        moment = self.clock()
        found = self._believe(asked.form, moment.timestamp())
        if isinstance(found, Denied):
            await self._note("refused", moment, asked, Actor(_claimed(asked.form)), Grounds(reasons=(found.reason,)))
            return found
        asker = found.asker
        actor = Actor(asker.ura.value, asker.person, asker.role.value)
        issued = self.sessions.issue(found)
        if isinstance(issued, Busy):
            await self._note("refused", moment, asked, actor, Grounds(asker.purpose.value, reasons=("busy",)))
            return Denied("temporarily_unavailable", 503, "busy", issued.seconds)
        try:
            await self._note("ok", moment, asked, actor, Grounds(asker.purpose.value, relations=asker.relations))
        except BaseException:
            issued.session.revoked = True
            raise
        return issued

    async def refuse(self, asked: Asked, reason: str) -> None:
        """Log a request that could not even be read.  Raises AuditFault."""
        await self._note("refused", self.clock(), asked, Actor("unknown"), Grounds(reasons=(reason,)))

    def _believe(self, form: Mapping[str, str], now: float) -> Verified | Denied:
        wrong = _form_wrong(form)
        if wrong:
            return wrong
        opened = jose.opened(form["client_assertion"])
        if isinstance(opened, Rejected):
            return Denied("invalid_client", 401, opened.reason)
        claimed = assertion.claimed_issuer(opened)
        if isinstance(claimed, Rejected):
            return Denied("invalid_client", 401, claimed.reason)
        issuer = self.issuer_of(claimed)
        if issuer is None:
            return Denied("invalid_client", 401, "issuer_unknown")
        believed = assertion.verify(opened, issuer, Expected(self.endpoint, self.holder), self.replays, now)
        if isinstance(believed, Rejected):
            return Denied("invalid_client", 401, believed.reason)
        if form.get("target_audience", self.holder.value) != self.holder.value:
            return Denied("invalid_request", 400, "wrong_target")
        return believed

    async def _note(self, outcome: Outcome, moment: dt.datetime, asked: Asked, actor: Actor, grounds: Grounds) -> None:
        place = Place(self.node, "holder", self.holder.value, asked.client_address, self.endpoint, asked.trace)
        await self.log.append(event("token.issue", outcome, moment, actor, place, grounds=grounds))


def _form_wrong(form: Mapping[str, str]) -> Denied | None:
    if form.get("grant_type") != "client_credentials":
        given = bool(form.get("grant_type"))
        return Denied("unsupported_grant_type" if given else "invalid_request", 400, "grant_type")
    if SCOPE not in form.get("scope", "").split(" "):
        return Denied("invalid_scope", 400, "scope_missing")
    if form.get("client_assertion_type") != ASSERTION_TYPE or not form.get("client_assertion"):
        return Denied("invalid_request", 400, "assertion_missing")
    return None


def _claimed(form: Mapping[str, str]) -> str:
    """Whom a refused request said it was from; unverified, and the log says `refused`."""
    claimed = assertion.claimed_issuer(form.get("client_assertion", ""))
    return "unknown" if isinstance(claimed, Rejected) else claimed.value

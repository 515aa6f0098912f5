"""Give out an access token: believe who asks, bind the token to the sender, write the log, then answer (trust.md §2).

Both a token and a refusal are in the log, durable, before the asker hears of either; a fault of the log gives no token.
A token is always bound to its sender (RFC 8705, RFC 9449): without a certificate or a proof there is none.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from babyconnect.audit.event import About, Actor, Grounds, Outcome, Place, event, without_bsn
from babyconnect.audit.faults import Receipt
from babyconnect.birthcare.identifiers import Ura
from babyconnect.birthcare.peer import Peer
from babyconnect.trust.believing import Believing, Denied, IssuerOf
from babyconnect.trust.claims import Verified
from babyconnect.trust.dpop import Proofs
from babyconnect.trust.jose import Rejected
from babyconnect.trust.sessions import Binding, Busy, Issued, Session, Sessions

NOTHING = About()


class Log(Protocol):
    def append(self, event: Mapping[str, Any]) -> Awaitable[Receipt]: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: its form, the certificate and the proof that it came with, and what the log must know of it.

    `proof`: None without a `DPoP` header, "" for more than one.  `to`: the endpoint it came to.
    """

    form: Mapping[str, str]
    trace: str = ""
    client_address: str = ""
    peer: Peer | None = None
    proof: str | None = None
    to: str = ""


@dataclass(frozen=True, slots=True)
class Granting:
    """What a node needs to give out tokens and to say what became of them.

    `turn`: takes a turn of an organisation that is believed; the seconds to wait when it had none left.
    """

    node: str
    believing: Believing
    sessions: Sessions
    proofs: Proofs
    log: Log
    clock: Callable[[], dt.datetime]
    turn: Callable[[str], int] | None = None

    async def grant(self, asked: Asked) -> Issued | Denied:
        """A token, or the refusal.  Raises AuditFault when the log could not be written: then nothing was given."""
        moment = self.clock()
        found = self._believe(asked, moment.timestamp())
        if isinstance(found, Denied):
            grounds = Grounds(reasons=(found.reason,))
            await self._note("token.issue", "refused", moment, asked, Actor(found.claimed), grounds)
            return found
        verified, bound = found
        asker, actor = verified.asker, _actor(verified)
        wait = self.turn(asker.ura.value) if self.turn is not None else 0
        issued = Busy(wait) if wait else self.sessions.issue(verified, bound)
        if isinstance(issued, Busy):
            grounds = Grounds(asker.purpose.value, reasons=("busy",))
            await self._note("token.issue", "refused", moment, asked, actor, grounds)
            return Denied("temporarily_unavailable", 429 if wait else 503, "busy", issued.seconds)
        try:
            grounds = Grounds(asker.purpose.value, relations=asker.relations)
            await self._note("token.issue", "ok", moment, asked, actor, grounds, _about(issued.session))
        except BaseException:
            issued.session.revoked = True
            raise
        return issued

    async def refuse(self, asked: Asked, reason: str) -> None:
        """Log a request that could not even be read.  Raises AuditFault."""
        await self._note("token.issue", "refused", self.clock(), asked, Actor("unknown"), Grounds(reasons=(reason,)))

    async def turned_away(self, asked: Asked, reason: str, session: Session | None) -> None:
        """Log that somebody came with a token that opened nothing.  Raises AuditFault."""
        actor = _actor(session.verified) if session else Actor("unknown")
        about = _about(session) if session else NOTHING
        await self._note("token.refuse", "refused", self.clock(), asked, actor, Grounds(reasons=(reason,)), about)

    async def introspect(self, asked: Asked, own_part: bool) -> Session | Denied | None:
        """RFC 7662: what a token stands for, to the organisation it was given to and to the node's own parts
        (`own_part`).  None: no live token that concerns them.  Raises AuditFault."""
        token = asked.form.get("token", "")
        if own_part:
            by: str | Denied = self.believing.holder.value
        else:
            by = await self._caller(asked, "token.introspect")
        if isinstance(by, Denied):
            return by
        session = self.sessions.known(token)
        live = session is not None and self.sessions.live(session, session.bound)
        if session is None or not live or not (own_part or session.asker.ura.value == by):
            grounds = Grounds(reasons=("token_unknown",))
            await self._note("token.introspect", "refused", self.clock(), asked, Actor(by), grounds)
            return None
        await self._note("token.introspect", "ok", self.clock(), asked, Actor(by), Grounds(), _about(session))
        return session

    async def revoke(self, asked: Asked) -> Denied | None:
        """RFC 7009: the organisation that a token was given to ends it.  None: it opens nothing any more, or never
        did.  Raises AuditFault, after the token has ended: ending one is never wrong."""
        by = await self._caller(asked, "token.revoke")
        if isinstance(by, Denied):
            return by
        token = asked.form.get("token", "")
        session = self.sessions.known(token)
        ended = self.sessions.revoke(token, Ura(by))
        grounds = Grounds() if ended else Grounds(reasons=("token_unknown",))
        about = _about(session) if ended and session else NOTHING
        await self._note("token.revoke", "ok" if ended else "refused", self.clock(), asked, Actor(by), grounds, about)
        return None

    async def _caller(self, asked: Asked, what: str) -> str | Denied:
        """Which organisation calls: by its certificate, or by an assertion for this endpoint."""
        if asked.peer is not None and "client_assertion" not in asked.form:
            return asked.peer.ura.value
        found = self.believing.client(asked.form, asked.to, self.clock().timestamp())
        if not isinstance(found, Rejected):
            return found.party.ura.value
        claimed = Actor(self.believing.claimed(asked.form))
        await self._note(what, "refused", self.clock(), asked, claimed, Grounds(reasons=(found.reason,)))
        return Denied("invalid_client", 401, found.reason)

    def _believe(self, asked: Asked, now: float) -> tuple[Verified, Binding] | Denied:
        found = self.believing.believe(asked.form, now)
        if isinstance(found, Denied):
            return found
        verified, confirmed = found
        bound = self._binding(asked, verified, confirmed)
        return replace(bound, claimed=verified.asker.ura.value) if isinstance(bound, Denied) else (verified, bound)

    def _binding(self, asked: Asked, verified: Verified, confirmed: Mapping[str, Any]) -> Binding | Denied:
        """What the token is bound to: the certificate of the connection, the key of the proof, or both."""
        jkt = ""
        if asked.proof is not None:
            proved = self.proofs.check(asked.proof, "POST", asked.to)
            if isinstance(proved, Rejected):
                wants = "use_dpop_nonce" if proved.reason == "proof_nonce" else "invalid_dpop_proof"
                return Denied(wants, 400, proved.reason)
            jkt = proved
        if asked.peer is not None and asked.peer.ura != verified.asker.ura:
            return Denied("invalid_client", 401, "certificate_of_another")
        bound = Binding(jkt, asked.peer.thumbprint if asked.peer else "")
        # What the assertion itself names is what the request must have come with, or a thief may redeem it.
        if any(bound.claim().get(name) != value for name, value in confirmed.items()):
            return Denied("invalid_client", 401, "certificate_missing")
        return bound if bound.claim() else Denied("invalid_request", 400, "sender_unproven")

    async def _note(  # noqa: PLR0917 - as `audit.event.event`: what, how it ended, when, how it came, who, why, about what
        self,
        type: str,
        outcome: Outcome,
        moment: dt.datetime,
        asked: Asked,
        actor: Actor,
        grounds: Grounds,
        about: About = NOTHING,
    ) -> None:
        holder = self.believing.holder.value
        place = Place(self.node, "holder", holder, asked.client_address, asked.to, asked.trace)
        await self.log.append(event(type, outcome, moment, actor, place, about, grounds=grounds))


def _actor(verified: Verified) -> Actor:
    asker = verified.asker
    responsible = asker.responsible.id if asker.responsible else ""
    return Actor(asker.ura.value, asker.person, asker.role.value, responsible, asker.loa)


def _about(session: Session) -> About:
    """Which token, by its own id (never the token): what it is used for later bears the same."""
    base = session.verified.authorization_base
    resource = without_bsn(f"authorization_base/{base}") if base else ""
    return About(client=session.client or "", resource=resource, object=f"token/{session.id}")


__all__ = ["Asked", "Denied", "Granting", "IssuerOf", "Log"]

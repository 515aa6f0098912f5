"""Who comes with a token: the session, when the request also proves what the token is bound to (RFC 6750, 8705, 9449).

`Authorization: DPoP` with one proof for exactly this request and this token, or `Bearer` over the connection of the
certificate.  A token of either kind sent in the other's way opens nothing; every token that opens nothing is answered
the same, `invalid_token`, and a request without one the same without that word (RFC 6750 §3.1).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from babyconnect.api.http import Request
from babyconnect.trust.dpop import Proofs
from babyconnect.trust.jose import Rejected
from babyconnect.trust.sessions import UNBOUND, Binding, Session, Sessions

MAX_TOKEN = 200


@dataclass(frozen=True, slots=True)
class Unbelieved:
    """No session.  `session`: whose token it seems to be, for the log; `headers`: what the answer asks for instead."""

    reason: str
    session: Session | None = None
    headers: tuple[tuple[bytes, bytes], ...] = ()


_ALGORITHMS = b'algs="EdDSA ES256 PS256 RS256"'
_CHALLENGE = (
    (b"www-authenticate", b'Bearer error="invalid_token", DPoP error="invalid_token", ' + _ALGORITHMS),
)  # fmt: skip
NO_TOKEN = Unbelieved("token_missing", headers=((b"www-authenticate", b"Bearer, DPoP " + _ALGORITHMS),))


Live = Callable[[Session, Binding], bool]
"""Whether a session opens anything now for whoever showed this (`trust.sessions`)."""
Admitted = Session | Unbelieved | None
"""None: that is not for this process to say."""


@dataclass(frozen=True, slots=True)
class Gate:
    """What stands before an API: who comes in (at once, or when another process was asked), and the log of who does not
    (it raises when that cannot be written)."""

    admit: Callable[[Request], Session | Unbelieved | Awaitable[Admitted]]
    turned_away: Callable[[Unbelieved, Request], Awaitable[object]]


def sent(request: Request) -> tuple[str, str] | None:
    """The scheme (`bearer` or `dpop`) and the token that a request came with."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    scheme = scheme.lower()
    return (scheme, token) if scheme in ("bearer", "dpop") and 0 < len(token) <= MAX_TOKEN else None


def believed(session: Session, request: Request, jkt: str, live: Live) -> Session | Unbelieved:
    """The session, when it lives and this request proved what it is bound to.  `jkt`: the key that was proved."""
    peer = request.peer
    shown = Binding(jkt, peer.thumbprint if peer else "") if jkt or peer else UNBOUND
    if not live(session, shown):
        return Unbelieved(_why(session, live), session, _CHALLENGE)
    if peer is not None and peer.ura != session.asker.ura:
        return Unbelieved("certificate_of_another", session, _CHALLENGE)
    return session


def _why(session: Session, live: Live) -> str:
    """Why a token opened nothing: for the log only."""
    if session.revoked:
        return "token_revoked"
    return "token_of_another_sender" if live(session, session.bound) else "token_expired"


@dataclass(frozen=True, slots=True)
class Bearers:
    """`origin`: the node's public address, by which proofs name what they are for."""

    sessions: Sessions
    proofs: Proofs
    origin: str

    def admit(self, request: Request) -> Session | Unbelieved:
        """The live session of this request's token, its sender proved."""
        found = sent(request)
        if found is None:
            return NO_TOKEN
        scheme, token = found
        session = self.sessions.known(token)
        if session is None:
            # Before any proof is looked at: a stranger's proofs cost nothing and fill no memory.
            return self._unbelieved("token_unknown", None)
        jkt = self._proved(request, token, session) if scheme == "dpop" else ""
        if isinstance(jkt, Rejected):
            return self._unbelieved(jkt.reason, session)
        return believed(session, request, jkt, self.sessions.live)

    def _proved(self, request: Request, token: str, session: Session) -> str | Rejected:
        if not session.bound.jkt:
            return Rejected("token_not_bound_to_key")
        if sum(name == b"dpop" for name, _ in request.scope["headers"]) != 1:
            return Rejected("proof_missing")
        address = f"{self.origin}{request.scope['path']}"
        return self.proofs.check(request.headers["dpop"], request.method, address, token)

    def _unbelieved(self, reason: str, session: Session | None) -> Unbelieved:
        headers: tuple[tuple[bytes, bytes], ...] = _CHALLENGE
        if reason == "proof_nonce":
            headers = (
                (b"www-authenticate", b'DPoP error="use_dpop_nonce"'),
                (b"dpop-nonce", self.proofs.nonces.current().encode()),
            )
        return Unbelieved(reason, session, headers)

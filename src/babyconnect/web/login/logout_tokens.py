"""Log-out that the issuer tells us of: logout tokens (OpenID Connect Back-Channel Logout 1.0 §2.4-2.6).

A logout token is no id token and the other way round: it must name the logout event, and must not bear a nonce.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from joserfc import jwt

from babyconnect.web.login.relying_party import SKEW_SECONDS, Issuer, claims_problem
from babyconnect.web.login.sessions import Origin

EVENT = "http://schemas.openid.net/event/backchannel-logout"
YOUNGEST_SECONDS = 120
"""How old a logout token may be; its id is remembered that long."""
LATELY_SECONDS = 600
"""Longer than a log-in may take (`attempts`)."""
MOST_LATELY = 10_000


@dataclass(frozen=True, slots=True)
class LoggedOut:
    """Whose sessions end: that of `sid`, or when it is "" all of `subject`."""

    subject: str
    sid: str

    def ends(self, origin: Origin, issuer: str) -> bool:
        """Whether a session that came from `origin` is one of those that this issuer says are over."""
        if origin.issuer != issuer or (self.subject and origin.subject != self.subject):
            return False
        return not self.sid or origin.sid == self.sid


class Lately:
    """Who was logged out in the last minutes, for log-ins that are still being made: one that a log-out overtakes must
    not begin after it.  `clock` is monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._told: list[tuple[float, str, LoggedOut]] = []

    def note(self, issuer: str, found: LoggedOut) -> None:
        horizon = self._clock() - LATELY_SECONDS
        self._told = [one for one in self._told if one[0] > horizon][-MOST_LATELY:]
        self._told.append((self._clock(), issuer, found))

    def overtook(self, origin: Origin, began: float) -> bool:
        """Whether this log-in, whose browser was back at `began`, is over already.  A session of the issuer (`sid`)
        that ended never comes back; of a person's own it is those that had begun."""
        return any(
            found.ends(origin, issuer) and (moment > began or bool(found.sid)) for moment, issuer, found in self._told
        )


@dataclass(frozen=True, slots=True)
class NotALogout:
    """Why the token is not believed; a code for our log."""

    reason: str


Decode = Callable[[str, Sequence[str]], Awaitable[jwt.Token | None]]
"""The token when one of the issuer's keys signed it by one of these algorithms."""


class LogoutTokens:
    """Believes each logout token once.  `now` gives seconds since the epoch."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._seen: dict[str, float] = {}

    async def read(self, token: str, issuer: Issuer, decode: Decode) -> LoggedOut | NotALogout:
        """Raises BackchannelFault when the issuer's keys cannot be had."""
        decoded = await decode(token, issuer.algorithms)
        if decoded is None:
            return NotALogout("signature")
        if str(decoded.header.get("typ", "JWT")).removeprefix("application/") not in ("logout+jwt", "JWT"):
            return NotALogout("typ")
        claims = decoded.claims
        problem = claims_problem(claims, issuer, self._now(), {"jti": {"essential": True}}) or self._flaw(
            claims, issuer
        )
        if problem:
            return NotALogout(problem)
        self._remember(f"{issuer.issuer} {claims['jti']}")
        return LoggedOut(_text(claims, "sub"), _text(claims, "sid"))

    def _flaw(self, claims: Mapping[str, Any], issuer: Issuer) -> str:
        events = claims.get("events")
        if not isinstance(events, dict) or not isinstance(events.get(EVENT), dict):
            return "events"
        if "nonce" in claims:
            return "nonce"
        if not _text(claims, "sub") and not _text(claims, "sid"):
            return "subject"
        if self._now() - claims["iat"] > YOUNGEST_SECONDS + SKEW_SECONDS:
            return "iat"
        return "jti" if f"{issuer.issuer} {claims['jti']}" in self._seen else ""

    def _remember(self, jti: str) -> None:
        horizon = self._now() - YOUNGEST_SECONDS - 2 * SKEW_SECONDS
        self._seen = {old: moment for old, moment in self._seen.items() if moment > horizon}
        self._seen[jti] = self._now()


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name, "")
    return value if isinstance(value, str) else ""

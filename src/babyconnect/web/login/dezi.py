"""Fetching what a Dezi log-in needs: the verklaring from the userinfo endpoint, the register's keys, its status.

What comes may be plain JSON, signed, or encrypted for us: the register does all three (trust.md §1).  Whether a
verklaring still holds is asked before somebody comes in, and again while the session lasts, at most once in
`status_seconds`; an answer that does not come means no.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import Key

from babyconnect.birthcare.parties import Party
from babyconnect.trust import dezi, jose
from babyconnect.trust.dezi import Attested, Believed, NotAttested
from babyconnect.web.login.backchannel import Backchannel, BackchannelFault
from babyconnect.web.login.issuers import KEPT_SECONDS, KEYS_AT_MOST_EVERY
from babyconnect.web.login.relying_party import Verified

ENCRYPTIONS = ["RSA-OAEP", "RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A256KW", "A128GCM", "A256GCM", "A256CBC-HS512"]


@dataclass(frozen=True, slots=True)
class Register:
    """The register as this node is set to believe it.  `decryption`: our key, when it encrypts for us."""

    userinfo: str
    believed: Believed
    status_seconds: float = 300
    decryption: Key | None = None


class Dezi:
    """One node's dealings with the register.  `now` gives seconds since the epoch."""

    def __init__(self, register: Register, own: Party, backchannel: Backchannel, now: Callable[[], float]) -> None:
        self._register = register
        self._own = own
        self._backchannel = backchannel
        self._now = now
        self._keys: dict[str, tuple[float, Mapping[str, Any]]] = {}
        self._status: dict[str, float] = {}

    async def attested(self, verified: Verified) -> Attested | NotAttested:
        """What the register says of somebody who logged in there."""
        try:
            envelope = self._opened(await self._backchannel.get(self._register.userinfo, verified.access_token))
            if envelope.get("sub", verified.claims["sub"]) != verified.claims["sub"]:
                return NotAttested("another")
            token = envelope.get("verklaring")
            if not isinstance(token, str):
                return NotAttested("malformed")
            found = await self._verified(token)
        except BackchannelFault:
            return NotAttested("unreachable")
        if isinstance(found, NotAttested):
            return found
        if envelope.get("verklaring_id", found.id) != found.id:
            return NotAttested("another")
        return await self.problem(found) or found

    async def problem(self, attested: Attested) -> NotAttested | None:
        """None while it holds: not expired and, as far as we know of lately, not revoked."""
        now = self._now()
        if attested.until <= now - dezi.SKEW_SECONDS:
            return NotAttested("expired")
        if now - self._status.get(attested.id, float("-inf")) < self._register.status_seconds:
            return None
        self._status.pop(attested.id, None)
        try:
            reason = dezi.standing(await self._backchannel.get(attested.status))
        except BackchannelFault:
            return NotAttested("status_unknown")
        if reason is not None:
            return NotAttested(reason)
        self._status = {id_: moment for id_, moment in self._status.items() if now - moment < KEPT_SECONDS}
        self._status[attested.id] = now
        return None

    async def _verified(self, token: str) -> Attested | NotAttested:
        address = dezi.keys_at(token, self._register.believed)
        if isinstance(address, NotAttested):
            return address
        found: Attested | NotAttested = NotAttested("key")
        for fresh in (False, True):
            published = await self._published(address, fresh)
            found = dezi.verify(token, published, self._own, self._register.believed, self._now())
            if not isinstance(found, NotAttested) or found.reason != "key":
                break
        return found

    async def _published(self, address: str, fresh: bool) -> Mapping[str, Any]:
        known = self._keys.get(address)
        if known is not None and self._now() - known[0] < (KEYS_AT_MOST_EVERY if fresh else KEPT_SECONDS):
            return known[1]
        found = await self._backchannel.get(address)
        if not isinstance(found, dict) or not isinstance(found.get("keys"), list):
            raise BackchannelFault("jwks")
        self._keys[address] = (self._now(), found)
        return found

    def _opened(self, answer: object) -> Mapping[str, Any]:
        """The envelope around the verklaring; it came from the register over our own connection."""
        if isinstance(answer, Mapping):
            return answer
        text = str(answer)
        if text.count(".") == 4:
            text = self._decrypted(text)
        opened = jose.opened(text, 32_768)
        if isinstance(opened, jose.Rejected):
            raise BackchannelFault("userinfo")
        return opened.claims

    def _decrypted(self, text: str) -> str:
        if self._register.decryption is None:
            raise BackchannelFault("userinfo is encrypted and no key is set")
        try:
            found = jwe.decrypt_compact(text, self._register.decryption, algorithms=ENCRYPTIONS).plaintext
        except (JoseError, ValueError) as problem:
            raise BackchannelFault("userinfo cannot be decrypted") from problem
        return (found or b"").decode()

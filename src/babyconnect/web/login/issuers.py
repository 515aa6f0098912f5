"""What an issuer publishes of itself: its metadata (OpenID Connect Discovery 1.0) and its keys, kept a while.

Keys that we do not know are asked for anew, at most once a minute: the issuer may have rotated them, and a stranger
who sends tokens must not make us hammer it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from joserfc import jwk, jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet

from babyconnect.web.login.backchannel import Backchannel, BackchannelFault

ALGORITHMS = ("ES256", "PS256", "RS256", "Ed25519", "EdDSA")
KEPT_SECONDS = 3600
KEYS_AT_MOST_EVERY = 60
NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
MAY_BE = ("userinfo_endpoint", "end_session_endpoint")


class PublishedKeys:
    """The keys at one address.  `now` gives seconds since the epoch."""

    def __init__(self, backchannel: Backchannel, now: Callable[[], float]) -> None:
        self._backchannel = backchannel
        self._now = now
        self._keys: dict[str, tuple[float, KeySet]] = {}

    async def decode(self, token: str, address: str, algorithms: Sequence[str]) -> jwt.Token | None:
        """The token, when one of the keys there signed it by an algorithm of the list.

        Tries the keys we know first.  Raises BackchannelFault when the address does not answer."""
        for fresh in (False, True):
            keys = await self._at(address, fresh)
            try:
                return jwt.decode(token, keys, algorithms=list(algorithms))
            except (JoseError, ValueError, TypeError, KeyError):
                continue
        return None

    async def _at(self, address: str, fresh: bool) -> KeySet:
        known = self._keys.get(address)
        if known is not None:
            age = self._now() - known[0]
            if age < (KEYS_AT_MOST_EVERY if fresh else KEPT_SECONDS):
                return known[1]
        content = await self._backchannel.get(address)
        keys = KeySet(list(_usable(content)))
        if not keys.keys:
            raise BackchannelFault("jwks")
        self._keys[address] = (self._now(), keys)
        return keys


def _usable(content: object) -> Iterator[Key]:
    """The public keys of a JWKS that we can use; one that we cannot read must not hide the others (RFC 7517 §5)."""
    rows = content.get("keys") if isinstance(content, dict) else None
    for row in rows if isinstance(rows, list) else ():
        if not isinstance(row, dict) or row.get("use", "sig") != "sig" or row.get("kty") not in ("EC", "RSA", "OKP"):
            continue
        with contextlib.suppress(JoseError, ValueError, KeyError, TypeError):
            yield jwk.import_key(row)


class Published:
    """The metadata and keys of one issuer."""

    def __init__(self, issuer: str, backchannel: Backchannel, now: Callable[[], float]) -> None:
        self._issuer = issuer
        self._backchannel = backchannel
        self._now = now
        self._metadata: tuple[float, Mapping[str, Any]] | None = None
        self._keys = PublishedKeys(backchannel, now)

    async def metadata(self) -> Mapping[str, Any]:
        """Raises BackchannelFault when the issuer does not answer, or with what cannot be its own."""
        if self._metadata and self._now() - self._metadata[0] < KEPT_SECONDS:
            return self._metadata[1]
        found = await self._backchannel.get(f"{self._issuer}/.well-known/openid-configuration")
        if not isinstance(found, dict) or found.get("issuer") != self._issuer:
            raise BackchannelFault("metadata of another issuer")
        if any(not isinstance(found.get(name), str) for name in NEEDED):
            raise BackchannelFault("incomplete metadata")
        addresses = [found[name] for name in (*NEEDED, *MAY_BE) if name in found]
        if self._issuer.startswith("https:") and any(not str(one).startswith("https:") for one in addresses):
            raise BackchannelFault("metadata leads away from https")
        self._metadata = (self._now(), found)
        return found

    async def decode(self, token: str, algorithms: Sequence[str]) -> jwt.Token | None:
        return await self._keys.decode(token, (await self.metadata())["jwks_uri"], algorithms)

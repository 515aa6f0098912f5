"""Proof of possession for whoever has no client certificate (RFC 9449): made by an asker, checked by a holder.

A proof is for one request: its method and address, moments ago, and at a resource the very token that comes with it.
The key travels in the proof's header, the one place where that is right: the proof shows that the sender holds it, and
the token is bound to its thumbprint.
"""

from __future__ import annotations

import binascii
import functools
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass

import orjson

from babyconnect.trust import algorithms, jose
from babyconnect.trust.algorithms import PublicKey, decoded, encoded
from babyconnect.trust.jose import Rejected
from babyconnect.trust.keys import SigningKey
from babyconnect.trust.replays import Replays

TYPE = "dpop+jwt"
MAX_PROOF = 2048
OLDEST = 30
"""Seconds: how old a proof may be on arrival."""
SKEW = 5
NONCE_SECONDS = 60
_HEADER = frozenset({"typ", "alg", "jwk"})
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


def thumbprint(members: tuple[tuple[str, str], ...]) -> str:
    """The JWK SHA-256 thumbprint (RFC 7638) of a key's public members."""
    return encoded(hashlib.sha256(orjson.dumps(dict(members), option=orjson.OPT_SORT_KEYS)).digest()).decode()


def token_hash(token: str) -> str:
    """`ath` (RFC 9449 §4.2)."""
    return encoded(hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()).decode()


class Prover:
    """One asker's key and the header that shows it, made once: a proof costs one signature."""

    def __init__(self, key: SigningKey, now: Callable[[], float]) -> None:
        members = algorithms.public_members(key.public()) or ()
        jwk = {**dict(members), **({"alg": key.algorithm} if key.algorithm == "PS256" else {})}
        self._key, self._now = key, now
        self._header = encoded(orjson.dumps({"typ": TYPE, "alg": key.algorithm, "jwk": jwk}))
        self.jkt = thumbprint(members)

    def prove(self, method: str, url: str, token: str = "", nonce: str = "") -> str:
        """The proof for one request.  `url`: as it is sent; query and fragment are left out (RFC 9449 §4.2)."""
        claims: dict[str, str | int] = {
            "jti": secrets.token_urlsafe(16),
            "htm": method,
            "htu": url.partition("#")[0].partition("?")[0],
            "iat": int(self._now()),
        }
        if token:
            claims["ath"] = token_hash(token)
        if nonce:
            claims["nonce"] = nonce
        return jose.sealed(self._key, self._header, orjson.dumps(claims))


class Nonces:
    """Values that this server gave out lately, kept nowhere: each names its minute and only the server can make it."""

    def __init__(self, secret: bytes, clock: Callable[[], float]) -> None:
        self._secret, self._clock = secret, clock
        self._latest = (-1, "")

    def current(self) -> str:
        slot = int(self._clock()) // NONCE_SECONDS
        if self._latest[0] != slot:
            self._latest = (slot, self._of(slot))
        return self._latest[1]

    def genuine(self, nonce: object) -> bool:
        """Whether it is the current one or the one before."""
        if not isinstance(nonce, str) or not nonce.isascii():
            return False
        slot = int(self._clock()) // NONCE_SECONDS
        return any(hmac.compare_digest(nonce, self._of(recent)) for recent in (slot, slot - 1))

    def _of(self, slot: int) -> str:
        return encoded(hmac.digest(self._secret, b"dpop nonce\n%d" % slot, "sha256")[:18]).decode()


@dataclass(frozen=True, slots=True)
class Proved:
    """A proof that is right.  It is used once: (`jkt`, `jti`) is remembered `until` then."""

    jkt: str
    jti: str
    until: float


@dataclass(frozen=True, slots=True)
class Proofs:
    """What a holder checks proofs by.  `demanded`: whether a proof must bear one of our nonces (RFC 9449 §8)."""

    seen: Replays
    nonces: Nonces
    clock: Callable[[], float]
    demanded: bool = False

    def check(self, proof: str, method: str, url: str, token: str = "") -> str | Rejected:
        """The thumbprint of the key whose holder sends this request, or why that is not believed."""
        found = self.proved(proof, method, url, token)
        if isinstance(found, Rejected):
            return found
        if not self.seen.first_use(found.jkt, found.jti, found.until, self.clock()):
            return Rejected("proof_replayed")
        return found.jkt

    def proved(self, proof: str, method: str, url: str, token: str = "") -> Proved | Rejected:
        """The same but for whether it is used for the first time: for whoever asks that of another process."""
        opened = _opened(proof)
        if isinstance(opened, Rejected):
            return opened
        (key, jkt), claims, signed, signature = opened
        flaw = self._flaw(claims, method, url, token)
        if flaw:
            return Rejected(flaw)
        if not key.verify(signed, signature):
            return Rejected("proof_signature_wrong")
        issued = claims["iat"]
        assert isinstance(issued, int)
        return Proved(jkt, str(claims["jti"]), issued + OLDEST + SKEW)

    def _flaw(self, claims: dict[str, object], method: str, url: str, token: str) -> str:
        issued, jti = claims.get("iat"), claims.get("jti")
        if claims.get("htm") != method or claims.get("htu") != url:
            return "proof_for_another_request"
        if type(issued) is not int or not isinstance(jti, str) or not 0 < len(jti) <= 200:
            return "proof_malformed"
        now = self.clock()
        if not now - OLDEST <= issued <= now + SKEW:
            return "proof_stale"
        # At a resource the proof names the token; at the token endpoint there is none to name.
        if (claims.get("ath") or "") != (token_hash(token) if token else ""):
            return "proof_for_another_token"
        if ("nonce" in claims or self.demanded) and not self.nonces.genuine(claims.get("nonce")):
            return "proof_nonce"
        return ""


def _opened(proof: str) -> tuple[tuple[PublicKey, str], dict[str, object], bytes, bytes] | Rejected:
    if len(proof) > MAX_PROOF:
        return Rejected("proof_malformed")
    try:
        head, body, tail = proof.encode("ascii").split(b".")
        claims, signature = orjson.loads(decoded(body)), decoded(tail)
        shown = _shown(head)
    except (ValueError, UnicodeError, binascii.Error):
        return Rejected("proof_malformed")
    if not isinstance(claims, dict):
        return Rejected("proof_malformed")
    return Rejected("proof_key") if shown is None else (shown, claims, head + b"." + body, signature)


@functools.lru_cache(maxsize=4096)
def _shown(head: bytes) -> tuple[PublicKey, str] | None:
    """The key that a proof's header shows, and its thumbprint; an asker's header is the same in all its proofs."""
    header = orjson.loads(decoded(head))
    if not isinstance(header, dict) or header.keys() != _HEADER or header["typ"] != TYPE:
        return None
    jwk = header["jwk"]
    if not isinstance(jwk, dict) or not _PRIVATE.isdisjoint(jwk):
        return None
    algorithm, members = algorithms.algorithm_of(jwk), algorithms.public_members(jwk)
    if algorithm is None or algorithm != header["alg"] or members is None:
        return None
    key = algorithms.imported(algorithm, members)
    return (key, thumbprint(members)) if key else None

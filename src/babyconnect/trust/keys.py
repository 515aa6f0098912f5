"""An organisation's signing keys: made here, kept as a JWK file only its owner may read (RFC 7517, 7638, 8037).

The public half goes to the directory as a JWKS; `kid` is the key's RFC 7638 thumbprint, so it cannot be chosen freely
and a rotated key never takes an old one's name.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import orjson
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey, import_key
from joserfc.jws import JWSRegistry

Algorithm = Literal["EdDSA", "ES256", "PS256", "RS256"]

ALGORITHMS: Mapping[str, tuple[str, str | None]] = {
    "EdDSA": ("OKP", "Ed25519"),
    "ES256": ("EC", "P-256"),
    "PS256": ("RSA", None),
    "RS256": ("RSA", None),
}
"""The allow-list: algorithm -> key type and curve it goes with.  Nothing else is ever signed or verified."""

_PUBLIC_MEMBERS = {"OKP": ("kty", "crv", "x"), "EC": ("kty", "crv", "x", "y"), "RSA": ("kty", "n", "e")}
_RSA_BITS = 2048


class KeyFault(Exception):
    """A key file that is absent, readable by others, or not a key of the allow-list."""


@dataclass(frozen=True, slots=True, repr=False)
class SigningKey:
    """A private key with the algorithm it signs by.  Its repr shows the kid only."""

    private: Key
    algorithm: str
    kid: str

    def public(self) -> dict[str, Any]:
        members = self.private.as_dict(private=False)
        kept = {name: members[name] for name in _PUBLIC_MEMBERS[str(members["kty"])]}
        return {**kept, "kid": self.kid, "alg": self.algorithm, "use": "sig"}

    def sign(self, content: bytes) -> bytes:
        """A bare signature over these bytes (for the log's checkpoints)."""
        return JWSRegistry.algorithms[self.algorithm].sign(content, self.private)

    def __repr__(self) -> str:
        return f"SigningKey(kid={self.kid!r}, algorithm={self.algorithm!r})"


def generate(algorithm: Algorithm = "EdDSA") -> SigningKey:
    """A fresh key in memory."""
    made: Key
    if algorithm == "EdDSA":
        made = OKPKey.generate_key("Ed25519")
    elif algorithm == "ES256":
        made = ECKey.generate_key("P-256")
    else:
        made = RSAKey.generate_key(_RSA_BITS + 1024)
    return SigningKey(made, algorithm, made.thumbprint())


def create(folder: Path, name: str = "organisation", algorithm: Algorithm = "EdDSA") -> SigningKey:
    """Make a key and keep it as `folder/name.jwk` (mode 0600).  An existing file is a KeyFault."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = generate(algorithm)
    content = orjson.dumps({**key.private.as_dict(private=True), "kid": key.kid, "alg": key.algorithm, "use": "sig"})
    try:
        handle = os.open(folder / f"{name}.jwk", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as fault:
        raise KeyFault(f"{name}.jwk cannot be made: {fault.strerror}") from fault
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return key


def load(path: Path) -> SigningKey:
    """The key in `path`; KeyFault when others may read it or it is no private key of the allow-list."""
    try:
        if path.stat().st_mode & 0o077:
            raise KeyFault(f"{path.name} may be read by others than its owner (want mode 0600)")
        members = orjson.loads(path.read_bytes())
        algorithm = str(members.pop("alg"))
        key = import_key({name: value for name, value in members.items() if name not in ("kid", "use")})
    except (OSError, ValueError, KeyError, TypeError, AttributeError, JoseError) as fault:
        raise KeyFault(f"{path.name} holds no usable signing key") from fault
    if not key.is_private or not fits(algorithm, members):
        raise KeyFault(f"{path.name} holds no private key for {', '.join(ALGORITHMS)}")
    return SigningKey(key, algorithm, key.thumbprint())


def jwks(*keys: SigningKey) -> dict[str, Any]:
    """The public halves, as published in the directory and at /.well-known/jwks.json."""
    return {"keys": [key.public() for key in keys]}


def fits(algorithm: str, jwk: Mapping[str, Any]) -> bool:
    """Whether this JWK may be used with this algorithm: the defence against key confusion."""
    wanted = ALGORITHMS.get(algorithm)
    if wanted is None or jwk.get("kty") != wanted[0] or jwk.get("use", "sig") != "sig":
        return False
    return jwk.get("alg", algorithm) == algorithm and (wanted[1] is None or jwk.get("crv") == wanted[1])


def find(published: Mapping[str, Any], kid: str, algorithm: str) -> Key | None:
    """The public key with exactly this kid that fits the algorithm.  No kid, no match: nothing is guessed."""
    listed = published.get("keys")
    for jwk in listed if isinstance(listed, list) else ():
        if isinstance(jwk, Mapping) and jwk.get("kid") == kid and fits(algorithm, jwk):
            members = _PUBLIC_MEMBERS[str(jwk["kty"])]
            if all(isinstance(jwk.get(name), str) for name in members):
                return _imported(tuple((name, jwk[name]) for name in members))
    return None


def genuine(published: Mapping[str, Any]) -> Callable[[str, bytes, bytes], bool]:
    """(kid, content, signature) -> whether that key of this JWKS signed these bytes (`SigningKey.sign`)."""
    algorithms = {jwk.get("kid"): str(jwk.get("alg")) for jwk in published.get("keys", ())}

    def check(kid: str, content: bytes, signature: bytes) -> bool:
        algorithm = algorithms.get(kid)
        key = find(published, kid, algorithm) if algorithm else None
        if algorithm is None or key is None:
            return False
        try:
            return JWSRegistry.algorithms[algorithm].verify(content, signature, key)
        except (JoseError, ValueError):
            return False

    return check


@functools.lru_cache(maxsize=1024)
def _imported(members: tuple[tuple[str, str], ...]) -> Key | None:
    """Importing costs more than verifying does; the public members are all that identifies a key."""
    try:
        key = import_key(dict(members))
        # A key too small to trust is as good as none.
        small = isinstance(key, RSAKey) and key.raw_value.key_size < _RSA_BITS
    except (JoseError, ValueError):
        return None
    return None if small else key

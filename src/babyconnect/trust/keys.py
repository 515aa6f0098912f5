"""An organisation's signing keys: made here, kept as a JWK file only its owner may read (RFC 7517, 7638, 8037).

The public half goes to the directory as a JWKS; `kid` is the key's RFC 7638 thumbprint, so it cannot be chosen freely
and a rotated key never takes an old one's name.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

import orjson
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey, import_key

from babyconnect.trust import algorithms
from babyconnect.trust.algorithms import ALGORITHMS, PublicKey, Sign

Algorithm = Literal["EdDSA", "ES256", "PS256", "RS256"]
_RSA_BITS = 3072


class KeyFault(Exception):
    """A key file that is absent, readable by others, or not a key of the allow-list."""


@dataclass(frozen=True, slots=True, repr=False)
class SigningKey:
    """A private key with the algorithm it signs by.  Its repr shows the kid only."""

    private: Key
    algorithm: str
    kid: str
    sign: Sign = field(compare=False)
    """A bare signature over these bytes."""

    def public(self) -> dict[str, Any]:
        members = dict(algorithms.public_members(self.private.as_dict(private=False)) or ())
        return {**members, "kid": self.kid, "alg": self.algorithm, "use": "sig"}

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
        made = RSAKey.generate_key(_RSA_BITS)
    return _signing(made, algorithm)


def _signing(key: Key, algorithm: str) -> SigningKey:
    private = cast(algorithms.PrivateKey, key.private_key)
    return SigningKey(key, algorithm, key.thumbprint(), algorithms.signer(algorithm, private))


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
        if members.get("kty") not in algorithms.PUBLIC_MEMBERS:
            raise KeyFault(f"{path.name} holds no private key for {', '.join(ALGORITHMS)}")
        key = import_key({name: value for name, value in members.items() if name not in ("kid", "use")})
    except (OSError, ValueError, KeyError, TypeError, AttributeError, JoseError) as fault:
        raise KeyFault(f"{path.name} holds no usable signing key") from fault
    if not key.is_private or algorithms.algorithm_of({**members, "alg": algorithm}) is None:
        raise KeyFault(f"{path.name} holds no private key for {', '.join(ALGORITHMS)}")
    return _signing(key, algorithm)


def jwks(*keys: SigningKey) -> dict[str, Any]:
    """The public halves, as published in the directory and at /.well-known/jwks.json."""
    return {"keys": [key.public() for key in keys]}


def find(published: Mapping[str, Any], kid: str) -> PublicKey | None:
    """The one public key with exactly this kid.  No kid, no match, or two keys of that name: nothing is guessed."""
    listed = published.get("keys")
    found = [jwk for jwk in listed if isinstance(jwk, Mapping) and jwk.get("kid") == kid] if kid and listed else []
    if len(found) != 1:
        return None
    algorithm, members = algorithms.algorithm_of(found[0]), algorithms.public_members(found[0])
    return _imported(algorithm, members) if algorithm and members else None


def genuine(published: Mapping[str, Any]) -> Callable[[str, bytes, bytes], bool]:
    """(kid, content, signature) -> whether that key of this JWKS signed these bytes (`SigningKey.sign`)."""

    def check(kid: str, content: bytes, signature: bytes) -> bool:
        key = find(published, kid)
        return key is not None and key.verify(content, signature)

    return check


@functools.lru_cache(maxsize=1024)
def _imported(algorithm: str, members: tuple[tuple[str, str], ...]) -> PublicKey | None:
    """Importing costs more than verifying does; only keys that the directory publishes come here."""
    return algorithms.imported(algorithm, members)


__all__ = ["ALGORITHMS", "Algorithm", "KeyFault", "SigningKey", "create", "find", "generate", "genuine", "jwks", "load"]

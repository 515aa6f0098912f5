"""The four signature algorithms of the allow-list, straight on the primitives (RFC 7518 §3, RFC 8037).

The algorithm belongs to the KEY: a verifier is made of a key and can do one thing.  No header chooses it, so there is
no way to have a key used as another kind of secret.  Ed25519 by libsodium, which checks a signature in 0.08 ms where
OpenSSL takes 0.13 (measured here), and refuses small-order keys; the others by OpenSSL.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from nacl import bindings as sodium
from nacl.exceptions import BadSignatureError

ALGORITHMS: Mapping[str, tuple[str, str | None]] = {
    "EdDSA": ("OKP", "Ed25519"),
    "ES256": ("EC", "P-256"),
    "PS256": ("RSA", None),
    "RS256": ("RSA", None),
}
"""The allow-list: algorithm -> key type and curve it goes with.  Nothing else is ever signed or verified."""

PUBLIC_MEMBERS = {"OKP": ("kty", "crv", "x"), "EC": ("kty", "crv", "x", "y"), "RSA": ("kty", "n", "e")}
BY_TYPE = {"OKP": "EdDSA", "EC": "ES256", "RSA": "RS256"}
"""What a key without an `alg` of its own signs by; an RSA key that signs by PS256 says so in its `alg`."""

RSA_BITS = (2048, 4096)
_COORDINATE = 32
_TO_URL, _TO_STANDARD = bytes.maketrans(b"+/", b"-_"), bytes.maketrans(b"-_", b"+/")
_PSS = padding.PSS(mgf=padding.MGF1(SHA256()), salt_length=SHA256.digest_size)
_ECDSA = ec.ECDSA(SHA256())

Verify = Callable[[bytes, bytes], bool]
Sign = Callable[[bytes], bytes]
PrivateKey = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that checks signatures of its one algorithm: `verify(signed, signature)`."""

    algorithm: str
    verify: Verify


def algorithm_of(jwk: Mapping[str, Any]) -> str | None:
    """The one algorithm a JWK signs by: its own `alg`, else by its type; None for a key outside the allow-list."""
    algorithm = jwk.get("alg", BY_TYPE.get(str(jwk.get("kty"))))
    wanted = ALGORITHMS.get(algorithm) if isinstance(algorithm, str) else None
    if wanted is None or jwk.get("kty") != wanted[0] or jwk.get("use", "sig") != "sig":
        return None
    return algorithm if wanted[1] is None or jwk.get("crv") == wanted[1] else None


def public_members(jwk: Mapping[str, Any]) -> tuple[tuple[str, str], ...] | None:
    """What identifies a public key (RFC 7638), or None when a member is missing or no text."""
    members = PUBLIC_MEMBERS.get(str(jwk.get("kty")), ())
    found = tuple((name, jwk[name]) for name in members if isinstance(jwk.get(name), str))
    return found if members and len(found) == len(members) else None


def imported(algorithm: str, members: tuple[tuple[str, str], ...]) -> PublicKey | None:
    """The key, ready to verify; None for one that is malformed, off its curve, or too small or large to trust."""
    values = dict(members)
    try:
        match algorithm:
            case "EdDSA":
                verify = _ed25519(_bytes(values["x"], _COORDINATE))
            case "ES256":
                verify = _p256(_bytes(values["x"], _COORDINATE), _bytes(values["y"], _COORDINATE))
            case _:
                verify = _rsa(algorithm, _number(values["n"]), _number(values["e"]))
    except (ValueError, KeyError, binascii.Error):
        return None
    return PublicKey(algorithm, verify)


def signer(algorithm: str, private: PrivateKey) -> Sign:
    """How this private key signs."""
    if isinstance(private, ed25519.Ed25519PrivateKey):
        secret = sodium.crypto_sign_seed_keypair(private.private_bytes_raw())[1]
        return lambda content: sodium.crypto_sign(content, secret)[:64]
    if isinstance(private, ec.EllipticCurvePrivateKey):
        return lambda content: _fixed(private.sign(content, _ECDSA))
    how = _PSS if algorithm == "PS256" else padding.PKCS1v15()
    return lambda content: private.sign(content, how, SHA256())


def _ed25519(key: bytes) -> Verify:
    def verify(signed: bytes, signature: bytes) -> bool:
        if len(signature) != sodium.crypto_sign_BYTES:
            return False
        try:
            sodium.crypto_sign_open(signature + signed, key)
        except BadSignatureError:
            return False
        return True

    return verify


def _p256(x: bytes, y: bytes) -> Verify:
    # Loading refuses a point that is not on the curve.
    numbers = ec.EllipticCurvePublicNumbers(int.from_bytes(x), int.from_bytes(y), ec.SECP256R1())
    key = numbers.public_key()

    def verify(signed: bytes, signature: bytes) -> bool:
        if len(signature) != 2 * _COORDINATE:
            return False
        r, s = int.from_bytes(signature[:_COORDINATE]), int.from_bytes(signature[_COORDINATE:])
        try:
            key.verify(encode_dss_signature(r, s), signed, _ECDSA)
        except (InvalidSignature, ValueError):
            return False
        return True

    return verify


def _rsa(algorithm: str, modulus: int, exponent: int) -> Verify:
    least, most = RSA_BITS
    if not least <= modulus.bit_length() <= most or not 65537 <= exponent < 2**32:
        raise ValueError("an RSA key outside the sizes that are trusted")
    key = rsa.RSAPublicNumbers(exponent, modulus).public_key()
    how = _PSS if algorithm == "PS256" else padding.PKCS1v15()

    def verify(signed: bytes, signature: bytes) -> bool:
        try:
            key.verify(signature, signed, how, SHA256())
        except (InvalidSignature, ValueError):
            return False
        return True

    return verify


def _fixed(signature: bytes) -> bytes:
    """R and S side by side (RFC 7518 §3.4), where OpenSSL gives DER."""
    r, s = decode_dss_signature(signature)
    return r.to_bytes(_COORDINATE) + s.to_bytes(_COORDINATE)


def decoded(text: bytes) -> bytes:
    """Base64url as RFC 7515 §2 writes it; ValueError for any other spelling of the same bytes, which would be a way
    round a replay store."""
    if b"+" in text or b"/" in text or b"=" in text:
        raise ValueError("not base64url")
    found = binascii.a2b_base64(text.translate(_TO_STANDARD) + b"==="[: -len(text) % 4], strict_mode=True)
    # Bits that are left over in the last letter must be nought.
    if len(text) % 4 and encoded(found[-(len(found) % 3) :]) != text[-(len(text) % 4) :]:
        raise ValueError("not canonical base64url")
    return found


def encoded(content: bytes) -> bytes:
    return binascii.b2a_base64(content, newline=False).translate(_TO_URL).rstrip(b"=")


def _bytes(text: str, length: int) -> bytes:
    found = decoded(text.encode("ascii"))
    if len(found) != length:
        raise ValueError("a key of the wrong length")
    return found


def _number(text: str) -> int:
    return int.from_bytes(decoded(text.encode("ascii")))


def of_certificate(certificate: x509.Certificate) -> PublicKey | None:
    """A certificate's key; RSA by RS256, as UZI server certificates sign (HealthcareProviderCredential)."""
    key = certificate.public_key()
    try:
        if isinstance(key, ed25519.Ed25519PublicKey):
            return PublicKey("EdDSA", _ed25519(key.public_bytes_raw()))
        if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
            numbers = key.public_numbers()
            return PublicKey("ES256", _p256(numbers.x.to_bytes(_COORDINATE), numbers.y.to_bytes(_COORDINATE)))
        if isinstance(key, rsa.RSAPublicKey):
            return PublicKey("RS256", _rsa("RS256", key.public_numbers().n, key.public_numbers().e))
    except ValueError:
        return None
    return None

"""An organisation's certificate: believed, or why not (RFC 5280 §6; PKIoverheid; UZI-register CPS).  Pure.

The handshake checks the chain too (OpenSSL); this is the second look, with our own rules and reasons, at what the
handshake accepted: at every new connection, and again at the next request after any certificate, CA or list changed.
Only CAs that are configured may issue: a chain never passes through one that the other side brought along.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from babyconnect.birthcare.identifiers import Ura
from babyconnect.definitions import document
from babyconnect.trust import uzi_name
from babyconnect.trust.jose import Rejected
from babyconnect.trust.uzi_name import UziName

Use = Literal["client", "server"]
LONGEST_CHAIN = 4
SKEW = dt.timedelta(minutes=5)
_USES = {"client": ExtendedKeyUsageOID.CLIENT_AUTH, "server": ExtendedKeyUsageOID.SERVER_AUTH}
_KNOWN_CRITICAL = frozenset({
    ExtensionOID.BASIC_CONSTRAINTS,
    ExtensionOID.KEY_USAGE,
    ExtensionOID.EXTENDED_KEY_USAGE,
    ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
    ExtensionOID.CERTIFICATE_POLICIES,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Trusted:
    """The CAs that may issue (roots are those that signed themselves) and their lists of revoked certificates.

    `lists` is None when no list is configured; with an empty or outdated one nothing is believed.
    """

    authorities: tuple[x509.Certificate, ...]
    lists: tuple[x509.CertificateRevocationList, ...] | None = None


@dataclass(frozen=True, slots=True)
class BelievedCertificate:
    """A certificate that a configured CA stands for, now, for this use."""

    thumbprint: str
    serial: int
    subject: str
    not_before: dt.datetime
    not_after: dt.datetime


@dataclass(frozen=True, slots=True)
class OrganisationCertificate:
    """A believed certificate that says whose it is."""

    ura: Ura
    uzi: str
    agb: str
    certificate: BelievedCertificate

    @property
    def thumbprint(self) -> str:
        return self.certificate.thumbprint


def thumbprint(der: bytes) -> str:
    """`x5t#S256` (RFC 8705 §3.1)."""
    return base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode("ascii")


def organisation(der: bytes, trusted: Trusted, use: Use, now: dt.datetime) -> OrganisationCertificate | Rejected:
    """The certificate of an organisation with a URA."""
    certificate = _loaded(der)
    if isinstance(certificate, Rejected):
        return certificate
    found = _believed(certificate, der, trusted, use, now)
    if isinstance(found, Rejected):
        return found
    name = uzi_of(certificate)
    if isinstance(name, Rejected):
        return name
    return OrganisationCertificate(name.ura, name.uzi, name.agb, found)


def believed(der: bytes, trusted: Trusted, use: Use, now: dt.datetime) -> BelievedCertificate | Rejected:
    """The same for a party that needs no URA: the regional services, known by their host name."""
    certificate = _loaded(der)
    if isinstance(certificate, Rejected):
        return certificate
    return _believed(certificate, der, trusted, use, now)


def _loaded(der: bytes) -> x509.Certificate | Rejected:
    try:
        certificate = x509.load_der_x509_certificate(der)
        _ = (certificate.extensions, certificate.subject, certificate.issuer, certificate.signature_hash_algorithm)
        certificate.public_key()
    except Exception:
        # The parser raises many kinds (malformed DER, an extension twice, an unknown key or algorithm): all are no.
        return Rejected("certificate_malformed")
    # One certificate has one encoding, else it would have two thumbprints: a signature is whole octets (X.690 §8.6.2),
    # but the parser takes an unused bit when that bit happens to be zero.
    if not der.endswith(b"\0" + certificate.signature):
        return Rejected("certificate_malformed")
    return certificate


def _believed(
    leaf: x509.Certificate, der: bytes, trusted: Trusted, use: Use, now: dt.datetime
) -> BelievedCertificate | Rejected:
    problem = _flaw(leaf, now) or _leaf_flaw(leaf, use)
    if problem is None:
        problem = _chain_flaw(leaf, trusted, now)
    if problem is not None:
        return Rejected(problem)
    return BelievedCertificate(
        thumbprint(der), leaf.serial_number, subject(leaf), leaf.not_valid_before_utc, leaf.not_valid_after_utc
    )


def _flaw(certificate: x509.Certificate, now: dt.datetime) -> str | None:
    """What is wrong with any certificate of the chain, whoever issued it."""
    if now < certificate.not_valid_before_utc:
        return "certificate_not_yet_valid"
    if now > certificate.not_valid_after_utc:
        return "certificate_expired"
    if any(one.critical and one.oid not in _KNOWN_CRITICAL for one in certificate.extensions):
        return "certificate_not_understood"
    rules: dict[str, Any] = document("certificates.toml")["keys"]
    key, hashing = certificate.public_key(), certificate.signature_hash_algorithm
    strong = (isinstance(key, rsa.RSAPublicKey) and key.key_size >= rules["rsa_bits"]) or (
        isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in rules["curves"]
    )
    if not strong or hashing is None or hashing.name not in rules["hashes"]:
        return "certificate_weak"
    return None


def _leaf_flaw(leaf: x509.Certificate, use: Use) -> str | None:
    constraints = _extension(leaf, x509.BasicConstraints)
    if constraints is not None and constraints.ca:
        return "certificate_of_an_authority"
    uses = _extension(leaf, x509.ExtendedKeyUsage)
    if uses is None or _USES[use] not in uses:
        return f"certificate_not_for_{use}"
    usage = _extension(leaf, x509.KeyUsage)
    return "certificate_not_for_signing" if usage is not None and not usage.digital_signature else None


def _chain_flaw(leaf: x509.Certificate, trusted: Trusted, now: dt.datetime) -> str | None:
    """Walk up to a configured root.  Of several CAs of one name the one whose key signed is meant."""
    current = leaf
    for depth in range(LONGEST_CHAIN):
        issuer = _issuer(current, trusted.authorities)
        if issuer is None:
            return "issuer_unknown"
        problem = _flaw(issuer, now) or _issuer_flaw(issuer, depth) or _revoked(current, issuer, trusted.lists, now)
        if problem is not None:
            return problem if problem.startswith("certificate_revoked") else problem.replace("certificate", "issuer")
        if issuer.subject == issuer.issuer:
            return None
        current = issuer
    return "chain_too_long"


def _issuer(certificate: x509.Certificate, among: Iterable[x509.Certificate]) -> x509.Certificate | None:
    for candidate in among:
        if candidate.subject == certificate.issuer and _signed(certificate, candidate):
            return candidate
    return None


def _signed(certificate: x509.Certificate, by: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(by)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _issuer_flaw(issuer: x509.Certificate, below: int) -> str | None:
    """`below`: how many CAs stand between it and the leaf."""
    constraints, usage = _extension(issuer, x509.BasicConstraints), _extension(issuer, x509.KeyUsage)
    if constraints is None or not constraints.ca or usage is None or not usage.key_cert_sign:
        return "certificate_of_no_authority"
    if constraints.path_length is not None and below > constraints.path_length:
        return "chain_too_long"
    return None


def _revoked(
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    lists: Sequence[x509.CertificateRevocationList] | None,
    now: dt.datetime,
) -> str | None:
    """A configured list that is absent, forged or outdated is no list: nobody can say it was not revoked."""
    if lists is None:
        return None
    key = issuer.public_key()
    theirs = [
        one
        for one in lists
        if one.issuer == issuer.subject
        and one.is_signature_valid(key)  # type: ignore[arg-type]
        # A list of part of what was revoked says so in a critical extension (RFC 5280 §5.2.5).
        and not any(extension.critical for extension in one.extensions)
    ]
    if not theirs:
        return "revocations_unknown"
    newest = max(theirs, key=lambda one: one.last_update_utc)
    until = newest.next_update_utc
    if newest.last_update_utc > now + SKEW or until is None or until < now:
        return "revocations_outdated"
    found = newest.get_revoked_certificate_by_serial_number(certificate.serial_number)
    return "certificate_revoked" if found is not None else None


def uzi_of(certificate: x509.Certificate) -> UziName | Rejected:
    """Whose it says it is, believed or not."""
    return uzi_name.read(_extension(certificate, x509.SubjectAlternativeName) or ())


def _extension(certificate: x509.Certificate, kind: Any) -> Any:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def subject(certificate: x509.Certificate) -> str:
    """For people: the organisation's name, or the common name."""
    for oid in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME):
        found = certificate.subject.get_attributes_for_oid(oid)
        if found:
            return str(found[0].value)
    return ""

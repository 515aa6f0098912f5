"""Make a TEST public-key infrastructure: root, issuing CA, certificates with a URA, lists of what was revoked.

In the form of PKIoverheid's private services root (a root and one issuing CA, RFC 5280) with UZI names, but the name of
every authority says TEST: nobody outside the machine it was made on has reason to believe it.  In earnest an
organisation orders its certificate at the UZI-register and only the same settings point at other files.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from babyconnect.trust import uzi_name
from babyconnect.trust.uzi_name import UziName

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
KeyKind = Literal["ec", "rsa"]
Moment = dt.datetime
BEFORE = dt.timedelta(minutes=5)
"""Clocks differ: what is made now is valid a little earlier."""
RSA_BITS = {"authority": 4096, "organisation": 3072}
USES = {"client": ExtendedKeyUsageOID.CLIENT_AUTH, "server": ExtendedKeyUsageOID.SERVER_AUTH}


@dataclass(frozen=True, slots=True, repr=False)
class Authority:
    """A CA that can issue."""

    certificate: x509.Certificate
    key: Key


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a certificate is for.  Without `uzi` it has no URA: the regional services, known by their host name."""

    name: str
    uzi: UziName | None
    dns: tuple[str, ...] = ()
    ips: tuple[str, ...] = ()
    uses: tuple[str, ...] = ("client", "server")


def make_key(kind: KeyKind = "ec", whose: str = "organisation") -> Key:
    """P-256, or RSA as PKIoverheid has it."""
    if kind == "ec":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS[whose])


def make_root(name: str, key: Key, now: Moment, days: int) -> Authority:
    subject = _name(f"TEST {name} Root", "TEST")
    return Authority(_authority(subject, key, subject, key, below=1, now=now, days=days), key)


def make_issuing(name: str, key: Key, root: Authority, now: Moment, days: int) -> Authority:
    subject = _name(f"TEST {name} Issuing CA", "TEST")
    return Authority(_authority(subject, key, root.certificate.subject, root.key, below=0, now=now, days=days), key)


def issue(authority: Authority, holder: Holder, key: Key, now: Moment, days: float) -> x509.Certificate:
    """A certificate for `holder`'s key.  It never outlives the authority."""
    until = min(now + dt.timedelta(days=days), authority.certificate.not_valid_after_utc)
    builder = (
        _builder(_subject(holder), authority.certificate.subject, key, now - BEFORE, until)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([USES[use] for use in holder.uses]), critical=False)
        .add_extension(x509.SubjectAlternativeName(alternative_names(holder)), critical=False)
        .add_extension(_issued_by(authority), critical=False)
    )
    return builder.sign(authority.key, hashes.SHA256())


def revocations(
    authority: Authority, revoked: Mapping[int, Moment], number: int, now: Moment, days: float
) -> x509.CertificateRevocationList:
    """The list of one authority: serial numbers and when each was revoked."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(now - BEFORE)
        .next_update(now + dt.timedelta(days=days))
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(_issued_by(authority), critical=False)
    )
    for serial, moment in sorted(revoked.items()):
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(moment).build()
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(authority.key, hashes.SHA256())


def alternative_names(holder: Holder) -> list[x509.GeneralName]:
    """Addresses by which it is reached, and whose it is.  Raises ValueError for a name that is none."""
    names: list[x509.GeneralName] = [x509.DNSName(name) for name in holder.dns]
    names += [x509.IPAddress(ipaddress.ip_address(address)) for address in holder.ips]
    if holder.uzi is not None:
        text = uzi_name.text_of(holder.uzi).encode("ascii")
        type_id = ObjectIdentifier(uzi_name.table()["other_name"])
        names.append(x509.OtherName(type_id, bytes([0x16, len(text)]) + text))
    return names


def holder_of(certificate: x509.Certificate) -> Holder:
    """Whom a certificate that we issued is for, to make it a successor."""
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    uses = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    found = uzi_name.read(names)
    return Holder(
        str(certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value),
        found if isinstance(found, UziName) else None,
        tuple(names.get_values_for_type(x509.DNSName)),
        tuple(str(address) for address in names.get_values_for_type(x509.IPAddress)),
        tuple(use for use, oid in USES.items() if oid in uses),
    )


def _authority(
    subject: x509.Name, key: Key, issuer: x509.Name, signer: Key, *, below: int, now: Moment, days: int
) -> x509.Certificate:
    builder = (
        _builder(subject, issuer, key, now - BEFORE, now + dt.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=below), critical=True)
        .add_extension(_key_usage(authority=True), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()),
            critical=False,
        )
    )
    return builder.sign(signer, hashes.SHA256())


def _builder(subject: x509.Name, issuer: x509.Name, key: Key, since: Moment, until: Moment) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(until)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _issued_by(authority: Authority) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())


def _name(common: str, unit: str) -> x509.Name:
    return x509.Name([
        x509.NameAttribute(NameOID.COUNTRY_NAME, "NL"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Babyconnect test PKI"),
        x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
        x509.NameAttribute(NameOID.COMMON_NAME, common),
    ])  # fmt: skip


def _subject(holder: Holder) -> x509.Name:
    common = next(iter((*holder.dns, *holder.ips)), holder.name)
    attributes: Sequence[x509.NameAttribute[str]] = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "NL"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, holder.name[:64]),
        x509.NameAttribute(NameOID.COMMON_NAME, common[:64]),
    ]
    if holder.uzi is not None:
        attributes = [*attributes, x509.NameAttribute(NameOID.SERIAL_NUMBER, holder.uzi.uzi)]
    return x509.Name(attributes)


def _key_usage(authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )

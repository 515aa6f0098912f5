"""Whose certificate is this?  Believed only when everything about it is right (trust.md §1, RFC 5280)."""

from __future__ import annotations

import base64
import datetime as dt
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from babyconnect.trust import certificates, issuing, uzi_name
from babyconnect.trust.certificates import OrganisationCertificate, Rejected, Trusted
from tests.support.pki import DAY, HOSPITAL, der, holder

NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
ROOT = issuing.make_root("Proef", issuing.make_key(), NOW, 3650)
CA = issuing.make_issuing("Proef", issuing.make_key(), ROOT, NOW, 3650)
KEY = issuing.make_key()
TRUSTED = Trusted((CA.certificate, ROOT.certificate))
UZI = "2.16.528.1.1007.99.2110-1-990000002-S-90000002-00.000-00000000"


def issued(**other: object) -> x509.Certificate:
    return issuing.issue(CA, replace(holder(HOSPITAL), **other), KEY, NOW, 30)


def read(certificate: x509.Certificate, trusted: Trusted = TRUSTED, use: str = "client", at: dt.datetime = NOW):
    return certificates.organisation(der(certificate), trusted, use, at)


def reason(*given: object, **named: object) -> str:
    found = read(*given, **named)
    assert isinstance(found, Rejected), found
    return found.reason


def with_names(*names: x509.GeneralName, uses=(ExtendedKeyUsageOID.CLIENT_AUTH,), extra=(), key=KEY, hashing=None):
    """A certificate with exactly these alternative names, signed by the CA."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, UZI[:64])]))
        .issuer_name(CA.certificate.subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW)
        .not_valid_after(NOW + 30 * DAY)
        .add_extension(x509.ExtendedKeyUsage(list(uses)), critical=False)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    for extension, critical in extra:
        builder = builder.add_extension(extension, critical)
    return builder.sign(CA.key, hashing or hashes.SHA256())


def other_name(text: str, tag: int = 0x16, oid: str = "2.5.5.5") -> x509.OtherName:
    return x509.OtherName(ObjectIdentifier(oid), bytes([tag, len(text.encode())]) + text.encode())


def permanent(value: str, assigner: bytes = bytes.fromhex("060860841001876f0303")) -> x509.OtherName:
    inner = bytes([0x0C, len(value)]) + value.encode() + assigner
    return x509.OtherName(ObjectIdentifier("1.3.6.1.5.5.7.8.3"), bytes([0x30, len(inner)]) + inner)


def test_a_certificate_of_a_configured_ca_says_whose_it_is() -> None:
    found = read(issued())
    assert isinstance(found, OrganisationCertificate)
    assert (found.ura, found.uzi, found.agb) == (HOSPITAL, "990000002", "00000000")
    assert found.certificate.subject == "Organisation 90000002"


@pytest.mark.parametrize("tag", [0x0C, 0x16])
def test_the_name_may_be_utf8_or_ia5(tag: int) -> None:
    assert isinstance(read(with_names(other_name(UZI, tag))), OrganisationCertificate)


@pytest.mark.parametrize(
    ("names", "why"),
    [
        ((), "ura_missing"),
        ((x509.DNSName("2.16.528.1.1007.99.2110-1-990000002-s-90000002-00.000-00000000"),), "ura_missing"),
        ((x509.UniformResourceIdentifier(f"urn:x:{UZI}"),), "ura_missing"),
        ((x509.RFC822Name(f"{UZI}@example.org"),), "ura_missing"),
        ((other_name(UZI, oid="1.3.6.1.4.1.311.20.2.3"),), "ura_missing"),
        ((other_name(UZI), other_name(UZI)), "ura_ambiguous"),
        ((other_name(UZI), other_name(UZI.replace("90000002", "90000003"))), "ura_ambiguous"),
        ((other_name(UZI, tag=0x13),), "ura_malformed"),
        ((other_name(UZI + "\x00"),), "ura_malformed"),
        ((other_name(UZI + "\n"),), "ura_malformed"),
        ((other_name(f" {UZI}"),), "ura_malformed"),
        ((other_name(UZI.replace("-S-", "-Z-")),), "ura_malformed"),
        ((other_name(UZI.replace("00.000", "01.015")),), "ura_malformed"),
        ((other_name(UZI.replace("2110-1", "2110-2")),), "ura_malformed"),
        ((other_name(UZI.replace("1007.99.2110", "1007.99.9999")),), "ura_malformed"),
        ((other_name(UZI.replace("-S-90000002", "-S-9000000")),), "ura_malformed"),
        ((other_name(UZI.replace("-S-90000002", "-S-９0000002")),), "ura_malformed"),
        ((other_name(f"{UZI}-{UZI}"),), "ura_malformed"),
        ((other_name(UZI), permanent("90000003")), "ura_ambiguous"),
        ((other_name(UZI), x509.OtherName(ObjectIdentifier("1.3.6.1.5.5.7.8.3"), b"\x04\x00")), "ura_malformed"),
    ],
)
def test_a_name_that_is_missing_forged_doubled_or_malformed_is_nobodys(names, why: str) -> None:
    assert reason(with_names(*names)) == why


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\x16",
        b"\x16\x02ab\x16\x02ab",
        b"\x16\x7f" + UZI.encode(),
        b"\x16\x81" + bytes([len(UZI)]) + UZI.encode(),
        b"\x16\x80" + UZI.encode() + b"\x00\x00",
        b"\x36" + bytes([len(UZI) + 2, 0x16, len(UZI)]) + UZI.encode(),
    ],
)
def test_a_name_whose_bytes_are_not_exactly_one_string_is_nobodys(value: bytes) -> None:
    """DER has one way to write a thing; another way of counting its length is how names are forged."""
    assert uzi_name.read([x509.OtherName(ObjectIdentifier("2.5.5.5"), value)]) == Rejected("ura_malformed")


def test_the_permanent_identifier_may_say_the_same() -> None:
    assert isinstance(read(with_names(other_name(UZI), permanent("90000002"))), OrganisationCertificate)


@pytest.mark.parametrize(
    ("at", "why"),
    [
        (NOW - DAY, "certificate_not_yet_valid"),
        (NOW + 30 * DAY + dt.timedelta(seconds=1), "certificate_expired"),
        (NOW + 4000 * DAY, "certificate_expired"),
    ],
)
def test_a_certificate_counts_between_its_dates_only(at: dt.datetime, why: str) -> None:
    assert reason(issued(), at=at) == why


def test_an_issuer_counts_between_its_dates_only() -> None:
    early = issuing.make_issuing("Kort", issuing.make_key(), ROOT, NOW - 10 * DAY, 5)
    lasting = issuing.Authority(CA.certificate, early.key)
    made = issuing.issue(lasting, holder(HOSPITAL), KEY, NOW, 30)
    forged = _reissued(made, early)
    assert reason(forged, Trusted((early.certificate, ROOT.certificate))) == "issuer_expired"


@pytest.mark.parametrize(("uses", "use"), [(("server",), "client"), (("client",), "server")])
def test_a_certificate_is_for_what_it_says_it_is_for(uses: tuple[str, ...], use: str) -> None:
    assert reason(issued(uses=uses), use=use) == f"certificate_not_for_{use}"


def test_a_certificate_without_a_purpose_is_for_nothing() -> None:
    anything = with_names(other_name(UZI), uses=(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,))
    assert reason(anything) == "certificate_not_for_client"


def test_nobody_but_a_configured_ca_is_believed() -> None:
    stranger = issuing.make_root("Proef", issuing.make_key(), NOW, 3650)
    theirs = issuing.make_issuing("Proef", issuing.make_key(), stranger, NOW, 3650)
    assert theirs.certificate.subject == CA.certificate.subject
    assert reason(issuing.issue(theirs, holder(HOSPITAL), KEY, NOW, 30)) == "issuer_unknown"


def test_an_organisation_cannot_issue_to_another() -> None:
    leaf = issuing.Authority(issued(), KEY)
    made = issuing.issue(leaf, holder(HOSPITAL), issuing.make_key(), NOW, 30)
    assert reason(made) == "issuer_unknown"
    assert reason(made, Trusted((*TRUSTED.authorities, leaf.certificate))) == "issuer_of_no_authority"


def test_a_ca_is_no_organisation() -> None:
    assert reason(CA.certificate) == "certificate_of_an_authority"


def test_an_issuing_ca_below_an_issuing_ca_is_one_too_many() -> None:
    below = issuing.make_issuing("Onder", issuing.make_key(), CA, NOW, 3000)
    made = issuing.issue(below, holder(HOSPITAL), KEY, NOW, 30)
    assert reason(made, Trusted((below.certificate, *TRUSTED.authorities))) == "chain_too_long"


def test_an_issuing_ca_without_its_root_is_not_enough() -> None:
    assert reason(issued(), Trusted((CA.certificate,))) == "issuer_unknown"


@pytest.mark.parametrize("key", [ec.generate_private_key(ec.SECP192R1()), rsa.generate_private_key(65537, 1024)])
def test_a_weak_key_is_not_believed(key) -> None:
    assert reason(with_names(other_name(UZI), key=key)) in ("certificate_weak", "certificate_malformed")


def test_a_critical_extension_that_is_not_understood_is_not_passed_over() -> None:
    unknown = (x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)
    assert reason(with_names(other_name(UZI), extra=(unknown,))) == "certificate_not_understood"


@pytest.mark.parametrize("bytes_", [b"", b"rubbish", b"\x30\x82\x01\x00", b"\x30\x00"])
def test_what_is_no_certificate_is_refused_and_nothing_breaks(bytes_: bytes) -> None:
    assert certificates.organisation(bytes_, TRUSTED, "client", NOW) == Rejected("certificate_malformed")


def lists(*revoked: x509.Certificate, days: float = 10, authority=CA, at: dt.datetime = NOW):
    gone = {one.serial_number: NOW for one in revoked}
    return issuing.revocations(authority, gone, 1, at, days)


ROOTS_LIST = lists(authority=ROOT, days=100)


def test_a_revoked_certificate_is_refused_and_another_is_not() -> None:
    gone, here = issued(), issued()
    trusted = replace(TRUSTED, lists=(lists(gone), ROOTS_LIST))
    assert reason(gone, trusted) == "certificate_revoked"
    assert isinstance(read(here, trusted), OrganisationCertificate)


def test_a_revoked_issuer_takes_all_that_it_issued_with_it() -> None:
    trusted = replace(TRUSTED, lists=(lists(), lists(CA.certificate, authority=ROOT)))
    assert reason(issued(), trusted) == "certificate_revoked"


@pytest.mark.parametrize(
    ("kept", "why"),
    [
        ((), "revocations_unknown"),
        ((ROOTS_LIST,), "revocations_unknown"),
        ((lists(days=1, at=NOW - 3 * DAY), ROOTS_LIST), "revocations_outdated"),
        ((lists(at=NOW + DAY), ROOTS_LIST), "revocations_outdated"),
        ((lists(authority=issuing.Authority(CA.certificate, KEY)), ROOTS_LIST), "revocations_unknown"),
    ],
    ids=["none", "not of the issuer", "outdated", "of tomorrow", "forged"],
)
def test_without_a_list_that_counts_now_nobody_is_believed(kept, why: str) -> None:
    assert reason(issued(), replace(TRUSTED, lists=kept)) == why


def test_of_two_lists_the_newest_counts() -> None:
    gone = issued()
    older, newer = lists(at=NOW - DAY), lists(gone)
    for both in ((older, newer, ROOTS_LIST), (newer, older, ROOTS_LIST)):
        assert reason(gone, replace(TRUSTED, lists=both)) == "certificate_revoked"


def test_what_a_region_shows_needs_no_ura_and_is_no_organisations() -> None:
    region = issued(uzi=None)
    assert not isinstance(certificates.believed(der(region), TRUSTED, "server", NOW), Rejected)
    assert reason(region, use="server") == "ura_missing"


def test_the_thumbprint_is_that_of_rfc_8705() -> None:
    made = issued()
    padded = certificates.thumbprint(der(made)) + "="
    assert base64.urlsafe_b64decode(padded) == made.fingerprint(hashes.SHA256())


def test_the_name_is_written_as_it_is_read() -> None:
    name = holder(HOSPITAL).uzi
    assert uzi_name.text_of(name) == UZI
    assert uzi_name.read([other_name(UZI)]) == name


def _reissued(certificate: x509.Certificate, by: issuing.Authority) -> x509.Certificate:
    """The same certificate, issued by somebody else."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(certificate.subject)
        .issuer_name(by.certificate.subject)
        .public_key(certificate.public_key())
        .serial_number(certificate.serial_number)
        .not_valid_before(certificate.not_valid_before_utc)
        .not_valid_after(certificate.not_valid_after_utc)
    )
    for extension in certificate.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    return builder.sign(by.key, hashes.SHA256())

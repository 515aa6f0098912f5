"""The demo's certificates: made once, kept while they are good, renewed before they end."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from cryptography.x509 import DNSName

from babyconnect.birthcare.parties import Kind
from babyconnect.cli.demonstration import certifying
from babyconnect.cli.demonstration.plan import REGION, Member, Plan, Showcase
from babyconnect.cli.failure import Failure
from babyconnect.trust import certificates, pki
from babyconnect.trust.certificates import OrganisationCertificate

NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def plan(*slugs: str) -> Plan:
    made = Plan(8100, 14, 1, NOW.date(), "", Showcase("", "", ""))
    made.members = [
        Member(slug, slug, f"9000000{number}", Kind.HOSPITAL, "", 8100 + number, "")
        for number, slug in enumerate(slugs, start=1)
    ]
    made.secure()
    return made


def shown(home: Path, folder: str) -> bytes:
    return (home / folder / "tls" / "certificate.pem").read_bytes()


def believed(home: Path, folder: str, at: dt.datetime):
    der = pki.der(pki.load_certificate(home / folder / "tls" / "certificate.pem"))
    return certificates.organisation(der, pki.trusted(home / "pki/ca.pem", home / "pki/crl.pem"), "client", at)


def test_each_organisation_has_its_own_and_the_region_one_by_name(tmp_path: Path) -> None:
    certifying.certify(tmp_path, plan("a", "b"), NOW)
    found = [believed(tmp_path, f"nodes/{slug}", NOW) for slug in "ab"]
    assert [one.ura.value for one in found if isinstance(one, OrganisationCertificate)] == ["90000001", "90000002"]
    region = pki.load_certificate(tmp_path / "region/tls/certificate.pem")
    names = region.extensions.get_extension_for_class(certificates.x509.SubjectAlternativeName).value
    assert list(names) == [DNSName(REGION)], "no address that a node has too"


def test_they_stay_while_they_are_good(tmp_path: Path) -> None:
    certifying.certify(tmp_path, plan("a"), NOW)
    before = shown(tmp_path, "nodes/a"), shown(tmp_path, "region")
    certifying.certify(tmp_path, plan("a"), NOW + 50 * DAY)
    assert before == (shown(tmp_path, "nodes/a"), shown(tmp_path, "region"))


@pytest.mark.parametrize("days", [61, 90, 400])
def test_they_are_renewed_before_they_end_and_also_long_after(tmp_path: Path, days: int) -> None:
    certifying.certify(tmp_path, plan("a"), NOW)
    before = shown(tmp_path, "nodes/a")
    later = NOW + days * DAY
    certifying.certify(tmp_path, plan("a"), later)
    assert shown(tmp_path, "nodes/a") != before
    assert isinstance(believed(tmp_path, "nodes/a", later + 30 * DAY), OrganisationCertificate)


def test_an_organisation_that_came_with_load_gets_one_and_a_damaged_one_is_made_anew(tmp_path: Path) -> None:
    certifying.certify(tmp_path, plan("a"), NOW)
    (tmp_path / "nodes/a/tls/key.pem").unlink()
    certifying.certify(tmp_path, plan("a", "b"), NOW)
    for slug in "ab":
        assert isinstance(believed(tmp_path, f"nodes/{slug}", NOW), OrganisationCertificate)


def test_a_revoked_one_stays_revoked_at_the_next_start(tmp_path: Path) -> None:
    certifying.certify(tmp_path, plan("a"), NOW)
    with pki.opened(tmp_path / "pki") as opened:
        opened.revoke(pki.load_certificate(tmp_path / "nodes/a/tls/certificate.pem").serial_number, NOW)
    certifying.certify(tmp_path, plan("a"), NOW)
    assert believed(tmp_path, "nodes/a", NOW) == certificates.Rejected("certificate_revoked")


def test_a_pki_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    certifying.certify(tmp_path, plan("a"), NOW)
    (tmp_path / "pki/issuing.key").write_text("")
    with pytest.raises(Failure, match=r"the demo's certificates: .*issuing\.key holds no private key"):
        certifying.certify(tmp_path, plan("a"), NOW)


def test_ports_for_other_organisations_come_after_those_for_people() -> None:
    made = plan("a", "b")
    assert made.ports == [8100, 8101, 8102, 8103, 8104, 8105]
    assert [member.secured_url for member in made.members] == ["https://127.0.0.1:8104", "https://127.0.0.1:8105"]

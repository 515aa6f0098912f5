"""Whatever stands in a certificate's alternative names: a URA is read from the one right form and from nothing else."""

from __future__ import annotations

import datetime as dt
import re

from cryptography import x509
from cryptography.x509.oid import ObjectIdentifier
from hypothesis import given, settings
from hypothesis import strategies as st

from babyconnect.birthcare.identifiers import Ura
from babyconnect.trust import certificates, issuing, uzi_name
from babyconnect.trust.certificates import OrganisationCertificate, Rejected, Trusted
from babyconnect.trust.uzi_name import UziName
from tests.support.cases import cases
from tests.support.pki import der, holder

LAWS = cases(300)
NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
FORM = re.compile(r"2\.16\.528\.1\.1007\.99\.2110-1-[0-9]{1,9}-S-[0-9]{8}-00\.000-[0-9]{8}", re.ASCII)

digits = st.text("0123456789", min_size=8, max_size=8)
names = st.builds(UziName, digits.map(Ura), st.text("0123456789", min_size=1, max_size=9), digits)
types = st.sampled_from(["2.5.5.5", "1.3.6.1.5.5.7.8.3", "1.3.6.1.4.1.311.20.2.3", "2.5.5.55"])
tags = st.sampled_from([0x0C, 0x13, 0x16, 0x1E, 0x30, 0x04])


def encoded(text: str, tag: int = 0x16) -> bytes:
    content = text.encode("utf-8", "surrogatepass")[:127]
    return bytes([tag, len(content)]) + content


def other(oid: str, value: bytes) -> x509.OtherName:
    return x509.OtherName(ObjectIdentifier(oid), value)


near = st.builds(
    lambda name, at, put: (text := uzi_name.text_of(name))[: at % len(text)] + put + text[at % len(text) + 1 :],
    names,
    st.integers(0, 200),
    st.text(max_size=3),
)
values = st.one_of(
    st.builds(encoded, near, tags),
    st.builds(encoded, st.text(max_size=60), tags),
    st.builds(lambda name, tag: encoded(uzi_name.text_of(name), tag), names, tags),
    st.binary(max_size=80),
)
others = st.builds(other, types, values)


@given(names)
@settings(max_examples=LAWS, deadline=None)
def test_what_is_written_is_read_back(name: UziName) -> None:
    assert uzi_name.read([other("2.5.5.5", encoded(uzi_name.text_of(name)))]) == name


@given(st.lists(others, max_size=4))
@settings(max_examples=3 * LAWS, deadline=None)
def test_a_ura_is_read_from_exactly_one_name_of_the_form_and_never_from_another(listed: list[x509.OtherName]) -> None:
    found = uzi_name.read(listed)
    mine = [one.value for one in listed if one.type_id.dotted_string == "2.5.5.5"]
    if isinstance(found, Rejected):
        return
    assert len(mine) == 1
    text = mine[0][2:].decode("ascii")
    assert FORM.fullmatch(text)
    assert f"-S-{found.ura}-" in text


@given(st.lists(others, max_size=3), names, names)
@settings(max_examples=LAWS, deadline=None)
def test_a_second_name_is_never_chosen_from(listed: list[x509.OtherName], one: UziName, two: UziName) -> None:
    both = [other("2.5.5.5", encoded(uzi_name.text_of(name))) for name in (one, two)]
    assert uzi_name.read([*listed, *both]) == Rejected("ura_ambiguous")


@given(st.lists(others, max_size=4), st.randoms(use_true_random=False))
@settings(max_examples=LAWS, deadline=None)
def test_the_order_of_names_changes_nothing(listed: list[x509.OtherName], random) -> None:
    shuffled = list(listed)
    random.shuffle(shuffled)
    before, after = uzi_name.read(listed), uzi_name.read(shuffled)
    assert isinstance(before, Rejected) == isinstance(after, Rejected)
    assert isinstance(before, Rejected) or before == after


_ROOT = issuing.make_root("Proef", issuing.make_key(), NOW, 365)
_CA = issuing.make_issuing("Proef", issuing.make_key(), _ROOT, NOW, 365)
_TRUSTED = Trusted((_CA.certificate, _ROOT.certificate))
_MADE = der(issuing.issue(_CA, holder(Ura("90000002")), issuing.make_key(), NOW, 30))


@given(st.integers(0, 8 * len(_MADE) - 1))
@settings(max_examples=LAWS, deadline=None)
def test_a_certificate_with_any_bit_turned_is_not_believed(bit: int) -> None:
    turned = bytearray(_MADE)
    turned[bit // 8] ^= 1 << bit % 8
    found = certificates.organisation(bytes(turned), _TRUSTED, "client", NOW)
    assert isinstance(found, Rejected), found
    assert isinstance(certificates.organisation(_MADE, _TRUSTED, "client", NOW), OrganisationCertificate)


@given(st.binary(max_size=400))
@settings(max_examples=LAWS, deadline=None)
def test_bytes_that_are_no_certificate_are_refused_without_a_fault(content: bytes) -> None:
    assert isinstance(certificates.organisation(content, _TRUSTED, "client", NOW), Rejected)


def test_a_signature_said_to_end_in_an_unused_bit_is_not_believed() -> None:
    made = x509.load_der_x509_certificate(_MADE)
    while made.signature[-1] & 1:
        made = x509.load_der_x509_certificate(
            der(issuing.issue(_CA, holder(Ura("90000002")), issuing.make_key(), NOW, 30))
        )
    whole = der(made)
    place = len(whole) - len(made.signature) - 1
    turned = whole[:place] + b"\1" + whole[place + 1 :]
    assert isinstance(certificates.organisation(whole, _TRUSTED, "client", NOW), OrganisationCertificate)
    assert certificates.organisation(turned, _TRUSTED, "client", NOW) == Rejected("certificate_malformed")

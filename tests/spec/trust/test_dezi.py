"""The verklaring of the register of professionals: what is believed, and every way in which one is not."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc.jwk import RSAKey

from babyconnect.birthcare.identifiers import Ura
from babyconnect.birthcare.parties import Kind, Party, Person, Role
from babyconnect.trust import dezi
from babyconnect.trust.dezi import Attested, Believed, NotAttested
from babyconnect.web.simulators.dezi import REGISTER, Register
from babyconnect.web.simulators.users import User

NOW = 1_790_000_000.0
BASE = "https://register.test"
KEY, OTHER_KEY = RSAKey.generate_key(2048), RSAKey.generate_key(2048)
REGISTERED = Register(BASE, KEY, lambda: NOW)
BELIEVED = Believed(frozenset({REGISTERED.jku}), frozenset({REGISTER}), REGISTERED.status)
PUBLISHED = {"keys": [{**KEY.as_dict(private=False), "kid": KEY.thumbprint(), "use": "sig", "alg": "RS256"}]}
HOSPITAL = Party(Ura("90000101"), "Ziekenhuis Meerdijk", Kind.HOSPITAL)
PRACTICE = Party(Ura("90000101"), "De Dageraad", Kind.MIDWIFERY_PRACTICE)
HANNEKE = User("hanneke", "", Person("local:hanneke", "Hanneke Mulder", Role.MIDWIFE), HOSPITAL.ura, HOSPITAL.name)
SAID = REGISTERED.claims(HANNEKE)


def verified(own: Party = HOSPITAL, now: float = NOW, **change: Any) -> Attested | NotAttested:
    claims = {name: value for name, value in {**SAID, **change}.items() if value is not ...}
    return dezi.verify(REGISTERED.sign(claims), PUBLISHED, own, BELIEVED, now)


def test_a_verklaring_gives_number_name_role_and_a_high_level_of_assurance() -> None:
    found = verified()
    assert isinstance(found, Attested)
    assert (found.number, found.name, found.loa) == (SAID["dezi_nummer"], "H. Mulder", "high")
    assert found.until == SAID["exp"] and found.status.endswith(found.id)


def test_the_same_code_is_another_role_at_another_kind_of_organisation() -> None:
    at_hospital, at_practice = verified(), verified(PRACTICE)
    assert isinstance(at_hospital, Attested) and at_hospital.role is Role.CLINICAL_MIDWIFE
    assert isinstance(at_practice, Attested) and at_practice.role is Role.MIDWIFE


def test_a_code_that_no_row_knows_gives_no_role() -> None:
    found = verified(rol_code="92.000")
    assert isinstance(found, Attested) and found.role is None


def test_a_paediatrician_s_code_gives_no_role_at_a_midwifery_practice() -> None:
    found = verified(PRACTICE, rol_code="01.019")
    assert isinstance(found, Attested) and found.role is None


@pytest.mark.parametrize(
    ("reason", "change"),
    [
        ("organisation", {"abonnee_nummer": "90000102"}),
        ("expired", {"exp": int(NOW) - 31}),
        ("not_yet", {"nbf": int(NOW) + 31}),
        ("lifetime", {"exp": SAID["nbf"]}),
        ("lifetime", {"exp": "2027-01-01"}),
        ("issuer", {"iss": "https://elsewhere.test"}),
        ("register", {"rol_code_bron": "https://elsewhere.test/roles"}),
        ("loa", {"loa_dezi": "http://eidas.europa.eu/LoA/excellent"}),
        ("number", {"dezi_nummer": "12'; drop"}),
        ("status_address", {"status_uri": "https://elsewhere.test/status/1"}),
        *((("incomplete"), {name: ...}) for name in ("exp", "nbf", "iss", "dezi_nummer", "abonnee_nummer", "rol_code",
                                                     "rol_code_bron", "loa_dezi", "verklaring_id")),
    ],
)  # fmt: skip
def test_a_verklaring_that_is_wrong_in_one_claim_is_not_believed(reason: str, change: dict[str, Any]) -> None:
    assert verified(**change) == NotAttested(reason)  # type: ignore[arg-type]


def test_a_leading_zero_that_got_lost_in_the_organisation_s_number_is_no_other_organisation() -> None:
    own = Party(Ura("00000101"), "Met nullen", Kind.HOSPITAL)
    assert isinstance(verified(own, abonnee_nummer="101"), Attested)


def test_keys_are_never_looked_for_elsewhere_than_on_the_allow_list() -> None:
    for jku in ("https://evil.test/jwks.json", REGISTERED.jku + "/", REGISTERED.jku + "?a=b", f"{BASE}@evil.test/jwks"):
        assert dezi.keys_at(REGISTERED.sign(SAID, jku=jku), BELIEVED) == NotAttested("jku")
    assert dezi.keys_at(REGISTERED.sign(SAID), BELIEVED) == REGISTERED.jku


def test_a_signature_by_another_key_or_of_another_text_is_no_signature() -> None:
    forger = Register(BASE, OTHER_KEY, lambda: NOW)
    assert dezi.verify(forger.sign(SAID), PUBLISHED, HOSPITAL, BELIEVED, NOW) == NotAttested("key")
    forged = forger.sign(SAID, kid=KEY.thumbprint())
    assert dezi.verify(forged, PUBLISHED, HOSPITAL, BELIEVED, NOW) == NotAttested("signature")
    head, _, tail = REGISTERED.sign(SAID).split(".")
    other = REGISTERED.sign({**SAID, "dezi_nummer": "900000000"}).split(".")[1]
    assert dezi.verify(f"{head}.{other}.{tail}", PUBLISHED, HOSPITAL, BELIEVED, NOW) == NotAttested("signature")


@pytest.mark.parametrize(
    ("reason", "token"),
    [
        ("malformed", "not a token"),
        ("malformed", "e30.e30"),
        ("too_large", "e30." + "A" * 9000 + ".AA"),
        ("algorithm", "eyJhbGciOiJub25lIn0." + REGISTERED.sign(SAID).split(".")[1] + "."),
        ("header", REGISTERED.sign(SAID, x5u="https://evil.test/x.pem")),
        ("header", REGISTERED.sign(SAID, typ="logout+jwt")),
        ("key", REGISTERED.sign(SAID, kid="../../keys")),
    ],
)
def test_a_token_that_is_wrong_in_form_or_header_is_not_believed(reason: str, token: str) -> None:
    assert dezi.verify(token, PUBLISHED, HOSPITAL, BELIEVED, NOW) == NotAttested(reason)  # type: ignore[arg-type]


def test_only_one_answer_of_the_status_endpoint_means_that_it_holds() -> None:
    assert dezi.standing({"status": "valid"}) is None
    assert dezi.standing({"status": "revoked"}) == "revoked"
    assert dezi.standing({"status": "VALID"}) == "revoked"
    for answer in ({}, None, "valid", {"status": True}, [{"status": "valid"}]):
        assert dezi.standing(answer) == "status_unknown"

"""Believing an assertion: who is really asking.  Attacks as a table: what is changed, and why it is refused."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest

from babyconnect.birthcare.access import CONSULT_SCOPE, Purpose, Relation
from babyconnect.birthcare.identifiers import Ura
from babyconnect.birthcare.parties import Kind, Party, Person, Role
from babyconnect.trust import asserting, assertion, jose, keys, policy
from babyconnect.trust.assertion import Expected, Issuer
from babyconnect.trust.believing import Believing, Denied
from babyconnect.trust.claims import Asking, Claim, Verified
from babyconnect.trust.jose import Rejected
from babyconnect.trust.replays import Replays
from babyconnect.trust.rules import NOTHING, Rules, prepared

from .people import HOSPITAL, KRAAM, OWN_EPISODE, PRACTICE

NOW = 1_780_000_000.0
ENDPOINT = "https://practice.example/oauth/token"
KEY, OTHER_KEY = keys.generate(), keys.generate()
RSA = keys.generate("RS256")
PARTY = Party(HOSPITAL, "Ziekenhuis Noord", Kind.HOSPITAL)
DOCTOR = Person("person-1", "Jansen", Role.GYNAECOLOGIST, "substantial")
CLAIM = Claim(PARTY, DOCTOR, Purpose.TREATMENT, (OWN_EPISODE,))
ISSUER = Issuer(PARTY, keys.jwks(KEY))
ASKING = Asking("minvws", (CONSULT_SCOPE,), dt.datetime.fromtimestamp(NOW, dt.UTC).date())
EXPECTED = Expected(ENDPOINT, PRACTICE, ASKING)

Claims = dict[str, Any]


def believe(
    text: str, issuer: Issuer = ISSUER, now: float = NOW, replays: Replays | None = None
) -> Verified | Rejected:
    return assertion.verify(text, issuer, EXPECTED, Replays(NOW - 3600) if replays is None else replays, now)


def signed(key: keys.SigningKey = KEY, claim: Claim = CLAIM, now: float = NOW) -> str:
    return asserting.sign(key, claim, ENDPOINT, PRACTICE, now)


def claims_of(text: str) -> Claims:
    found = jose.unverified(text)
    assert isinstance(found, dict)
    return found


def changed(**changes: Any) -> str:
    """A genuine signature over changed claims; a claim changed to None is left out."""
    claims = {**claims_of(signed()), **changes}
    return jose.seal(KEY, {name: value for name, value in claims.items() if value is not None})


def part(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def by_hand(header: Claims, sign: Callable[[bytes], bytes] = lambda _: b"") -> str:
    text = f"{part(orjson.dumps(header))}.{part(orjson.dumps(claims_of(signed())))}"
    return f"{text}.{part(sign(text.encode()))}"


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256", "PS256", "RS256"])
def test_a_genuine_assertion_is_believed_by_each_allowed_algorithm(algorithm: keys.Algorithm) -> None:
    key = keys.generate(algorithm)
    believed = believe(signed(key), Issuer(PARTY, keys.jwks(OTHER_KEY, key)))
    assert isinstance(believed, Verified)
    assert believed.organisation == PARTY
    assert (believed.surname, believed.asker.loa) == ("Jansen", "substantial")
    asker = believed.asker
    assert (asker.ura, asker.kind, asker.person, asker.role) == (
        HOSPITAL,
        Kind.HOSPITAL,
        "person-1",
        Role.GYNAECOLOGIST,
    )
    assert (asker.purpose, asker.relations) == (Purpose.TREATMENT, (OWN_EPISODE,))


def test_what_kind_of_organisation_asks_is_what_the_directory_says() -> None:
    listed = Party(HOSPITAL, "Kraamzorg", Kind.MATERNITY_HOME_CARE)
    assert believe(signed(), Issuer(listed, keys.jwks(KEY))) == Rejected("organisation_contradicts_directory")
    modest = Claim(listed, Person("p", "Jansen", Role.MATERNITY_CARER), Purpose.TREATMENT)
    believed = believe(signed(claim=modest), Issuer(listed, keys.jwks(KEY)))
    assert isinstance(believed, Verified) and believed.asker.kind is Kind.MATERNITY_HOME_CARE


@pytest.mark.parametrize("kind", Kind)
def test_no_kind_of_organisation_can_vouch_for_a_role_it_does_not_have(kind: Kind) -> None:
    learning, standing_in, desk = Role.STUDENT, Role.LOCUM, Role.OUTPATIENT_CLERK
    allowed = {
        Kind.MIDWIFERY_PRACTICE: {Role.MIDWIFE, Role.SONOGRAPHER, learning, standing_in, desk},
        Kind.HOSPITAL: {
            *(Role.CLINICAL_MIDWIFE, Role.GYNAECOLOGIST, Role.RESIDENT),
            *(Role.NURSE, Role.PAEDIATRICIAN, Role.SONOGRAPHER),
            *(learning, standing_in, desk),
        },
        Kind.ULTRASOUND_CENTRE: {Role.SONOGRAPHER},
        Kind.MATERNITY_HOME_CARE: {Role.MATERNITY_CARER, Role.NURSE, learning},
        Kind.YOUTH_HEALTH_CARE: {Role.YOUTH_DOCTOR, Role.NURSE, learning},
        Kind.GENERAL_PRACTITIONER: {Role.GENERAL_PRACTITIONER, learning, standing_in, desk},
        Kind.PHARMACY: {Role.PHARMACIST},
    }[kind]
    party = Party(HOSPITAL, "Organisatie", kind)
    for role in Role:
        claim = Claim(party, Person("p", "Jansen", role), Purpose.TREATMENT)
        outcome = believe(signed(claim=claim), Issuer(party, keys.jwks(KEY)))
        assert isinstance(outcome, Verified) == (role in allowed)
        assert role in allowed or outcome == Rejected("role_not_believable")


CHANGES: dict[str, tuple[Claims, str]] = {
    "meant for another address": ({"aud": ["https://elsewhere.example/oauth/token"]}, "wrong_audience"),
    "meant for this address and another": ({"aud": [ENDPOINT, "https://evil.example"]}, "wrong_audience"),
    "meant for nobody": ({"aud": None}, "wrong_audience"),
    "meant for another holder": ({"target_audience": KRAAM.value}, "wrong_target"),
    "expired": ({"iat": int(NOW) - 70, "exp": int(NOW) - 10}, "expired"),
    "not yet valid": ({"iat": int(NOW) + 30, "exp": int(NOW) + 60}, "not_yet_valid"),
    "not before tomorrow": ({"nbf": int(NOW) + 86400}, "not_yet_valid"),
    "valid too long": ({"exp": int(NOW) + 61}, "lifetime_wrong"),
    "without an end": ({"exp": None}, "lifetime_wrong"),
    "with an end that is no number": ({"exp": "9999999999"}, "lifetime_wrong"),
    "with an end that is true": ({"exp": True, "iat": 0}, "lifetime_wrong"),
    "ends before it begins": ({"exp": int(NOW) - 1}, "lifetime_wrong"),
    "from before the last start": ({"iat": int(NOW) - 3601 - 55, "exp": int(NOW) - 3601}, "expired"),
    "in another's name": ({"iss": KRAAM.value, "sub": KRAAM.value}, "wrong_issuer"),
    "about another": ({"sub": KRAAM.value}, "wrong_issuer"),
    "another organisation's number": ({"organization_ura": KRAAM.value}, "organisation_contradicts_directory"),
    "another kind of organisation": ({"organization_facility_type": "G3"}, "organisation_contradicts_directory"),
    "without a number of its own": ({"jti": None}, "jti_missing"),
    "for another application": ({"scope": "medicatie"}, "scope_missing"),
    "a scope that only contains ours": ({"scope": "zorginzage-geboortezorg-alles"}, "scope_missing"),
    "without a person": ({"user_id": None}, "person_missing"),
    "a person of control characters": ({"user_id": "a\x00b"}, "person_missing"),
    "a person of 300 letters": ({"user_id": "a" * 300}, "person_missing"),
    "an unknown role": ({"user_role": "administrator"}, "claims_malformed"),
    "a role from elsewhere": ({"user_role": "midwife"}, "role_not_believable"),
    "two roles": ({"user_role": ["midwife", "gynaecologist"]}, "claims_malformed"),
    "an unknown purpose": ({"purpose_of_use": "MARKETING"}, "claims_malformed"),
    "evidence that is text": ({"treatment_relation": "trust me"}, "claims_malformed"),
    "evidence without a reference": ({"treatment_relation": [{"basis": "episode"}]}, "claims_malformed"),
    "evidence with a wrong date": (
        {"treatment_relation": [{"basis": "episode", "evidence": "x", "start": "2026-13-01"}]},
        "claims_malformed",
    ),
    "evidence that tells a story": (
        {"treatment_relation": [{"basis": "code", "evidence": "she was beaten by him"}]},
        "claims_malformed",
    ),
    "a basis that tells a story": (
        {"treatment_relation": [{"basis": "because of HIV", "evidence": "x"}]},
        "claims_malformed",
    ),
    "too much evidence": ({"treatment_relation": [{"basis": "code", "evidence": "x"}] * 17}, "claims_malformed"),
}


@pytest.mark.parametrize("attack", CHANGES)
def test_what_a_genuine_key_signed_is_still_refused_when(attack: str) -> None:
    changes, reason = CHANGES[attack]
    assert believe(changed(**changes)) == Rejected(reason)


def hs256_with_the_public_key() -> str:
    secret = orjson.dumps(ISSUER.keys["keys"][0])
    return by_hand(
        {"alg": "HS256", "kid": KEY.kid, "typ": "JWT"}, lambda text: hmac.new(secret, text, hashlib.sha256).digest()
    )


def own_key_in_the_header() -> str:
    header = {"alg": "EdDSA", "kid": OTHER_KEY.kid, "jwk": OTHER_KEY.public()}
    return by_hand(header, OTHER_KEY.sign)


def two_spellings() -> str:
    head, body, tail = signed().split(".")
    return f"{head}.{body}.{tail}="


FORGERIES: dict[str, tuple[Callable[[], str], str]] = {
    "alg none": (lambda: by_hand({"alg": "none"}), "algorithm_not_allowed"),
    "alg None in capitals": (lambda: by_hand({"alg": "NONE", "kid": KEY.kid}), "algorithm_not_allowed"),
    "no alg": (lambda: by_hand({"kid": KEY.kid}), "algorithm_not_allowed"),
    "a list of algs": (lambda: by_hand({"alg": ["EdDSA"], "kid": KEY.kid}, KEY.sign), "algorithm_not_allowed"),
    "key confusion: HMAC with the public key": (hs256_with_the_public_key, "algorithm_not_allowed"),
    "an algorithm that does not fit the key": (
        lambda: by_hand({"alg": "ES256", "kid": KEY.kid}, KEY.sign),
        "algorithm_of_another_key",
    ),
    "another organisation's key": (lambda: signed(OTHER_KEY), "key_unknown"),
    "another's key under our kid": (
        lambda: by_hand({"alg": "EdDSA", "kid": KEY.kid}, OTHER_KEY.sign),
        "signature_wrong",
    ),
    "a key in the header": (own_key_in_the_header, "header_not_allowed"),
    "a jku": (
        lambda: by_hand({"alg": "EdDSA", "kid": KEY.kid, "jku": "https://evil.example/jwks"}, KEY.sign),
        "header_not_allowed",
    ),
    "an x5u": (
        lambda: by_hand({"alg": "EdDSA", "kid": KEY.kid, "x5u": "https://evil.example/c"}, KEY.sign),
        "header_not_allowed",
    ),
    "a critical extension": (
        lambda: by_hand({"alg": "EdDSA", "kid": KEY.kid, "crit": ["b64"], "b64": False}, KEY.sign),
        "header_not_allowed",
    ),
    "kid injection: a path": (
        lambda: by_hand({"alg": "EdDSA", "kid": "../../../dev/null"}, KEY.sign),
        "key_unknown",
    ),
    "kid injection: SQL": (lambda: by_hand({"alg": "EdDSA", "kid": "' OR '1'='1"}, KEY.sign), "key_unknown"),
    "kid that is an object": (lambda: by_hand({"alg": "EdDSA", "kid": {"$ne": None}}, KEY.sign), "key_unknown"),
    "no kid": (lambda: by_hand({"alg": "EdDSA"}, KEY.sign), "key_unknown"),
    "no signature": (lambda: by_hand({"alg": "EdDSA", "kid": KEY.kid}), "signature_wrong"),
    "a second spelling of the signature": (two_spellings, "malformed"),
    "oversize": (lambda: changed(padding="x" * 9000), "too_large"),
    "two parts": (lambda: signed().rpartition(".")[0], "malformed"),
    "four parts": (lambda: signed() + ".e30", "malformed"),
    "claims that are a list": (lambda: f"{part(b'{}')}.{part(b'[]')}.", "malformed"),
    "not ASCII": (lambda: "é" + signed(), "malformed"),
    "nothing": (lambda: "", "malformed"),
}


@pytest.mark.parametrize("attack", FORGERIES)
def test_forged_and_refused(attack: str) -> None:
    make, reason = FORGERIES[attack]
    assert believe(make()) == Rejected(reason)


def test_claims_changed_after_signing_are_refused() -> None:
    head, _, tail = signed().split(".")
    other = claims_of(signed()) | {"user_role": "resident"}
    assert believe(f"{head}.{part(orjson.dumps(other))}.{tail}") == Rejected("signature_wrong")


def test_hmac_with_an_rsa_public_key_is_refused() -> None:
    issuer = Issuer(PARTY, keys.jwks(RSA))
    text = by_hand({"alg": "HS256", "kid": RSA.kid}, lambda text: hmac.new(b"n", text, hashlib.sha256).digest())
    assert believe(text, issuer) == Rejected("algorithm_not_allowed")


def test_a_symmetric_or_small_key_in_the_directory_is_no_key() -> None:
    symmetric = {"kty": "oct", "k": part(b"secret" * 8), "kid": KEY.kid, "use": "sig"}
    assert believe(signed(), Issuer(PARTY, {"keys": [symmetric]})) == Rejected("key_unknown")
    small = {"kty": "RSA", "n": part(b"\xc5" * 64), "e": "AQAB", "kid": RSA.kid, "alg": "RS256"}
    assert believe(signed(RSA), Issuer(PARTY, {"keys": [small]})) == Rejected("key_unknown")


@pytest.mark.parametrize("published", [{}, {"keys": None}, {"keys": ["x"]}, {"keys": [{"kid": KEY.kid, "kty": "OKP"}]}])
def test_a_directory_entry_without_usable_keys_verifies_nothing(published: Claims) -> None:
    assert believe(signed(), Issuer(PARTY, published)) == Rejected("key_unknown")


def test_an_encryption_key_does_not_verify_signatures() -> None:
    meant_otherwise = {**KEY.public(), "use": "enc"}
    assert believe(signed(), Issuer(PARTY, {"keys": [meant_otherwise]})) == Rejected("key_unknown")


def test_an_assertion_is_believed_once() -> None:
    replays, text = Replays(NOW - 10), signed()
    assert isinstance(believe(text, replays=replays), Verified)
    assert believe(text, replays=replays) == Rejected("replayed")
    assert believe(text, replays=replays, now=NOW + 57) == Rejected("replayed")


def test_an_assertion_from_before_a_restart_is_refused_since_nobody_remembers_whether_it_was_used() -> None:
    assert believe(signed(), replays=Replays(NOW + 2), now=NOW + 3) == Rejected("issued_before_start")


def test_two_organisations_may_use_the_same_number() -> None:
    replays = Replays(NOW)
    assert replays.first_use("00000001", "n", NOW + 60, NOW)
    assert replays.first_use("00000002", "n", NOW + 60, NOW)
    assert not replays.first_use("00000001", "n", NOW + 60, NOW + 59)


def test_when_no_room_is_left_to_remember_nothing_is_believed() -> None:
    replays = Replays(NOW, capacity=3, share=2)
    assert [replays.first_use("a", str(n), NOW + 60, NOW) for n in range(3)] == [True, True, False]
    assert [replays.first_use("b", str(n), NOW + 60, NOW) for n in range(2)] == [True, False]
    assert replays.first_use("b", "later", NOW + 200, NOW + 61)  # what expired makes room
    assert replays.size == 1


@pytest.mark.parametrize("issuer", ["", "123", "٠٠٠٠٠٠٠١", None, 3, ["00000003"]])
def test_whose_keys_to_look_up_is_a_well_formed_number_or_nothing(issuer: object) -> None:
    text = jose.seal(KEY, {"iss": issuer})
    assert assertion.claimed_issuer(text) == Rejected("issuer_malformed")


def test_whose_keys_to_look_up_is_read_without_believing_it() -> None:
    assert assertion.claimed_issuer(signed(OTHER_KEY)) == Ura("00000003")


def test_evidence_travels_with_its_dates() -> None:
    given = (
        Relation("locum", "agreement/7", dt.date(2026, 5, 1), dt.date(2026, 5, 20)),
        Relation("code", "code/1", dt.date(2026, 6, 15)),
    )
    believed = believe(signed(claim=Claim(PARTY, DOCTOR, Purpose.COORDINATION, given)))
    assert isinstance(believed, Verified) and believed.asker.relations == given


def uploaded(kind: str, roles: list[str]) -> Rules:
    """A version in which this kind of organisation has these roles."""
    own = policy.built_in(ASKING.day)
    assert own is not None
    made = orjson.loads(policy.written(own))
    for people in made["people"]:
        people["roles"] = roles if people["kind"] == kind else people["roles"]
    found = policy.read(orjson.dumps({**made, "version": "region-1"}))
    assert isinstance(found, policy.Policy), found
    return prepared(found)


@pytest.mark.parametrize(("roles", "believed"), [(["gynaecologist", "nurse"], True), (["nurse"], False)])
def test_roles_are_believed_as_the_version_of_the_rules_in_force_has_them(roles: list[str], believed: bool) -> None:
    """Or who is let in by a new version got no token, and who is not any more still got one."""
    expected = replace(EXPECTED, asking=replace(ASKING, rules=uploaded("hospital", roles)))
    found = assertion.verify(signed(), ISSUER, expected, Replays(NOW - 3600), NOW)
    assert isinstance(found, Verified) is believed
    assert believed or found == Rejected("role_not_believable")


def test_where_the_rules_cannot_be_used_nobody_gets_a_token() -> None:
    expected = replace(EXPECTED, asking=replace(ASKING, rules=NOTHING))
    assert assertion.verify(signed(), ISSUER, expected, Replays(NOW - 3600), NOW) == Rejected("role_not_believable")


def test_the_token_endpoint_goes_by_the_rules_of_the_day_that_it_is_asked() -> None:
    def rules(day: dt.date) -> Rules:
        assert day == ASKING.day
        return uploaded("hospital", ["nurse"])

    form = asserting.token_form(KEY, CLAIM, ENDPOINT, PRACTICE, NOW)
    believing = Believing(PRACTICE, ENDPOINT, {HOSPITAL: ISSUER}.get, Replays(NOW - 3600), rules=rules)
    refused = believing.believe(form, NOW)
    assert isinstance(refused, Denied) and refused.reason == "role_not_believable"


def test_that_day_begins_at_midnight_here_as_it_does_at_the_door() -> None:
    """Or a token of the first hours of a day would be given by the rules of the day before."""
    asked: list[dt.date] = []

    def rules(day: dt.date) -> Rules:
        asked.append(day)
        return NOTHING

    half_past_midnight = dt.datetime(2026, 7, 1, 22, 30, tzinfo=dt.UTC).timestamp()
    form = asserting.token_form(KEY, CLAIM, ENDPOINT, PRACTICE, half_past_midnight)
    replays = Replays(half_past_midnight - 3600)
    Believing(PRACTICE, ENDPOINT, {HOSPITAL: ISSUER}.get, replays, rules=rules).believe(form, half_past_midnight)
    assert asked == [dt.date(2026, 7, 2)]

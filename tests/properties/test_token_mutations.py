"""Nothing near a genuine request gets a token: any change of a byte, a claim, a header or a proof is refused."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from babyconnect.trust import asserting, jose, keys, presenting
from babyconnect.trust.believing import Believing, Denied
from babyconnect.trust.dpop import Nonces, Proofs, Prover
from babyconnect.trust.jose import Rejected
from babyconnect.trust.replays import Replays
from tests.attacks.stage import ASKER, CLAIM, HOLDER, KEY, NOW, by_hand, issuer_by_did, issuer_of
from tests.support.cases import cases

ENDPOINT = "https://holder.example/oauth/token"
DID = "did:web:holder.example"
AT = NOW.timestamp()
GENUINE = asserting.token_form(KEY, CLAIM, ENDPOINT, HOLDER.ura, AT)
NUTS = presenting.nuts_form(ASKER, CLAIM, DID, AT)
MANY = settings(max_examples=cases(1000), deadline=None)
SOME = settings(max_examples=cases(300), deadline=None)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


def believe(form: dict[str, str]) -> object:
    """Fresh memory for each case, so that what is refused is refused for itself."""
    names = frozenset({DID})
    believing = Believing(HOLDER.ura, ENDPOINT, issuer_of, Replays(AT - 60), names, issuer_by_did)
    return believing.believe(form, AT)


def test_the_genuine_requests_are_believed() -> None:
    assert not isinstance(believe(GENUINE), Denied) and not isinstance(believe(NUTS), Denied)


def mutated(text: str, place: int, letter: str) -> str:
    place %= len(text) + 1
    return text[:place] + letter + text[place + 1 :]


@MANY
@given(st.integers(0, 10_000), st.text(max_size=2), st.sampled_from(["client_assertion", "assertion"]))
def test_no_other_letter_anywhere_in_what_was_signed_is_believed(place: int, letter: str, name: str) -> None:
    genuine = GENUINE if name == "client_assertion" else NUTS
    changed = mutated(genuine[name], place, letter)
    if changed != genuine[name]:
        assert isinstance(believe({**genuine, name: changed}), Denied)


@MANY
@given(st.sampled_from(["alg", "kid", "typ", "jku", "jwk", "x5u", "x5c", "crit", "b64", "zip", "cty"]), JSON)
def test_no_header_but_ours_is_believed_even_when_signed_over(name: str, value: Any) -> None:
    genuine = {"alg": "EdDSA", "kid": KEY.kid, "typ": "JWT"}
    claims = jose.unverified(GENUINE["client_assertion"])
    assert isinstance(claims, dict)
    if value == genuine.get(name) or (name == "typ" and value in ("JWT", "jwt")):
        return
    text = by_hand({**genuine, name: value}, claims, KEY.sign)
    assert isinstance(believe({**GENUINE, "client_assertion": text}), Denied)


TELLING = ["iss", "sub", "aud", "iat", "exp", "jti", "target_audience", "organization_ura", "user_id", "user_role"]


@MANY
@given(st.sampled_from([*TELLING, "organization_facility_type", "loa", "purpose_of_use", "user_surname"]), JSON)
def test_no_claim_of_another_kind_is_believed_even_from_a_genuine_key(name: str, value: Any) -> None:
    """What an organisation signs of itself is bounded by the directory and the tables; rubbish is nobody."""
    claims = jose.unverified(GENUINE["client_assertion"])
    assert isinstance(claims, dict)
    text = by_hand({"alg": "EdDSA", "kid": KEY.kid}, {**claims, name: value}, KEY.sign)
    found = believe({**GENUINE, "client_assertion": text})
    if not isinstance(found, Denied):
        verified, _ = found  # type: ignore[misc]
        assert name in ("jti", "user_id", "user_surname", "iat", "exp") or value == claims[name]
        assert (verified.asker.ura, verified.asker.role) == (CLAIM.party.ura, CLAIM.person.role)


@SOME
@given(st.sampled_from(["iss", "sub", "aud", "iat", "exp", "nbf", "jti", "nonce", "vp"]), JSON)
def test_no_presentation_with_rubbish_for_a_claim_is_believed_even_from_a_genuine_key(name: str, value: Any) -> None:
    claims = jose.unverified(NUTS["assertion"])
    assert isinstance(claims, dict)
    header = {"alg": "EdDSA", "kid": f"{ASKER.did}#{KEY.kid}"}
    text = by_hand(header, {**claims, name: value}, KEY.sign)
    found = believe({**NUTS, "assertion": text})
    assert isinstance(found, Denied) or name in ("jti", "nonce", "nbf") or value == claims[name]


@SOME
@given(st.sampled_from(["iss", "sub", "nbf", "exp", "vc"]), st.sampled_from(["type", "credentialSubject", ""]), JSON)
def test_no_credential_with_rubbish_for_a_claim_is_believed_even_from_a_genuine_key(
    name: str, inner: str, value: Any
) -> None:
    shown = presenting._of_user(ASKER, CLAIM, AT)
    claims = jose.unverified(shown[0])
    assert isinstance(claims, dict)
    changed = {**claims, name: {**claims["vc"], inner: value} if name == "vc" and inner else value}
    text = by_hand({"alg": "EdDSA", "kid": f"{ASKER.did}#{KEY.kid}"}, changed, KEY.sign)
    presented = presenting.present(ASKER, [text, *shown[1:]], DID, AT, 5)
    found = believe({**NUTS, "assertion": presented})
    assert isinstance(found, Denied) or name in ("nbf", "exp") or value == claims.get(name)


@SOME
@given(JSON)
def test_no_submission_but_an_answer_to_our_question_is_believed(value: Any) -> None:
    found = believe({**NUTS, "presentation_submission": json.dumps(value)})
    assert isinstance(found, Denied)
    mapped = json.dumps({"definition_id": "babyconnect-birth-care-1", "descriptor_map": value})
    assert isinstance(believe({**NUTS, "presentation_submission": mapped}), Denied)


@SOME
@given(st.binary(max_size=300) | st.text(max_size=300))
def test_arbitrary_bytes_are_never_a_token_and_never_a_fault(content: bytes | str) -> None:
    text = content.decode("latin-1") if isinstance(content, bytes) else content
    for form in (GENUINE, NUTS):
        for name in ("assertion", "client_assertion", "presentation_submission", "scope", "grant_type"):
            if text not in ("", form.get(name)):
                found = believe({**form, name: text})
                assert isinstance(found, Denied) or name not in form


RUBBISH_KEY = keys.generate()
PROVER = Prover(keys.generate(), lambda: AT)


@MANY
@given(st.integers(0, 2_000), st.text(max_size=2))
def test_no_other_letter_anywhere_in_a_proof_is_believed(place: int, letter: str) -> None:
    proofs = Proofs(Replays(0.0), Nonces(b"n", lambda: AT), lambda: AT)
    genuine = PROVER.prove("GET", "https://holder.example/x", "token")
    assert proofs.check(genuine, "GET", "https://holder.example/x", "token") == PROVER.jkt
    changed = mutated(genuine, place, letter)
    if changed != genuine:
        assert isinstance(proofs.check(changed, "GET", "https://holder.example/x", "token"), Rejected)


@SOME
@given(st.dictionaries(st.sampled_from(["htm", "htu", "iat", "jti", "ath", "nonce"]), JSON, min_size=1))
def test_a_proof_with_rubbish_for_claims_is_a_refusal_and_never_a_fault(changes: dict[str, Any]) -> None:
    proofs = Proofs(Replays(0.0), Nonces(b"n", lambda: AT), lambda: AT)
    key = RUBBISH_KEY
    shown = {name: key.public()[name] for name in ("kty", "crv", "x")}
    claims = {"jti": "n", "htm": "POST", "htu": ENDPOINT, "iat": int(AT), **changes}
    text = by_hand({"typ": "dpop+jwt", "alg": "EdDSA", "jwk": shown}, claims, key.sign)
    found = proofs.check(text, "POST", ENDPOINT)
    assert isinstance(found, Rejected) or changes.keys() <= {"jti", "iat", "ath"}


def test_the_moment_of_the_table_is_the_moment_of_the_properties() -> None:
    assert dt.datetime.fromtimestamp(AT, dt.UTC) == NOW

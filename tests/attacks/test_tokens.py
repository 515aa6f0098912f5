"""Attacks on the token endpoint and on tokens, as a table: what is sent, what comes back, what the log says.

Each is sent over a real connection to a node that listens, beside an honest request that succeeds.  None gets a token
or a byte of a record; all answers of a kind are alike; each is in the log as refused, with its reason in words.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from babyconnect.birthcare.parties import Role
from babyconnect.birthcare.peer import Peer
from babyconnect.trust import jose, keys, presenting, reasons
from babyconnect.trust.dpop import Prover
from tests.attacks.stage import (
    ANNA,
    ASKER,
    BEA,
    CLAIM,
    DOCTOR,
    FORM,
    HOLDER,
    HOSPITAL,
    KEY,
    OTHER,
    OTHER_ASKER,
    OTHER_KEY,
    RSA_KEY,
    SUPPLIER,
    Stage,
    by_hand,
    staged,
)
from tests.support.asgi import Response

Send = Callable[[Stage], Awaitable[Response]]
EVIL = "https://evil.example/jwks"


@dataclass(frozen=True)
class Attack:
    """What is sent, in a sentence by its name in the table; what must come back; why, as the log has it."""

    send: Send
    status: int
    error: str
    reason: str


def signed(**changes: Any) -> Send:
    """A genuine signature over changed claims (None: left out)."""
    return lambda stage: assertion(stage, jose.seal(KEY, stage.said(**changes)))


def header(sign: Callable[[bytes], bytes] = KEY.sign, **members: Any) -> Send:
    """A genuine set of claims under another header."""
    genuine = {"alg": "EdDSA", "kid": KEY.kid, "typ": "JWT"} | members
    kept = {name: value for name, value in genuine.items() if value is not None}
    return lambda stage: assertion(stage, by_hand(kept, stage.said(), sign))


def text(make: Callable[[Stage], str]) -> Send:
    return lambda stage: assertion(stage, make(stage))


async def assertion(stage: Stage, made: str) -> Response:
    return await stage.ask(stage.form(client_assertion=made), stage.proof())


def form(body: Callable[[Stage], str], **headers: str) -> Send:
    async def send(stage: Stage) -> Response:
        sent = [("dpop", stage.proof()), ("content-type", headers.get("media", FORM))]
        return await stage.send("POST", headers.get("path", "/oauth/token"), sent, body(stage).encode())

    return send


def encoded(stage: Stage, **changes: str) -> str:
    return "&".join(f"{name}={value.replace(' ', '+')}" for name, value in stage.form(**changes).items())


def proof(make: Callable[[Stage], str | None]) -> Send:
    """A genuine form with another proof."""
    return lambda stage: stage.ask(stage.form(), make(stage))


def proof_by_hand(sign: Callable[[bytes], bytes] | None = None, **changes: Any) -> Send:
    """A proof with a changed header (`header_…`) or claim."""
    key = keys.generate()
    shown = {name: key.public()[name] for name in ("kty", "crv", "x")}

    def make(stage: Stage) -> str:
        said = {"jti": "n", "htm": "POST", "htu": stage.endpoint, "iat": int(stage.seconds())}
        top: dict[str, Any] = {"typ": "dpop+jwt", "alg": "EdDSA", "jwk": shown}
        for name, value in changes.items():
            (top if name.startswith("header_") else said)[name.removeprefix("header_")] = value
        return by_hand(top, said, sign or key.sign)

    return proof(make)


def twice(send: Send) -> Send:
    """The same bytes twice: the first succeeds."""

    async def again(stage: Stage) -> Response:
        made = await send(stage)
        assert made.status == 200, "the honest request must succeed"
        return await send(stage)

    return again


async def replayed_assertion(stage: Stage) -> Response:
    sent = stage.form()
    assert (await stage.ask(sent, stage.proof())).status == 200
    return await stage.ask(sent, stage.proof())


async def replayed_proof(stage: Stage) -> Response:
    made = stage.proof()
    assert (await stage.ask(stage.form(), made)).status == 200
    return await stage.ask(stage.form(), made)


async def two_proofs(stage: Stage) -> Response:
    return await stage.ask(stage.form(), stage.proof(), [("dpop", stage.proof())])


def with_peer(peer: Peer, send: Send) -> Send:
    async def sent(stage: Stage) -> Response:
        stage.peer = peer
        return await send(stage)

    return sent


async def bound_to_a_certificate_it_lacks(stage: Stage) -> Response:
    return await assertion(stage, jose.seal(KEY, stage.said(cnf={"x5t#S256": "mine"})))


# Presentations.


def nuts(change: Callable[[Stage, dict[str, str]], None]) -> Send:
    async def send(stage: Stage) -> Response:
        made = presenting.nuts_form(ASKER, CLAIM, "did:web:holder.example", stage.seconds())
        change(stage, made)
        return await stage.ask(made, stage.proof())

    return send


def gf(make: Callable[[Stage], dict[str, str]]) -> Send:
    return lambda stage: stage.ask(make(stage), stage.proof())


def presented(
    holder: presenting.Holder = ASKER,
    credentials: Callable[[Stage], list[str]] | None = None,
    audience: str = "did:web:holder.example",
    seconds: int = 5,
    ago: float = 0,
) -> Callable[[Stage, dict[str, str]], None]:
    """Another presentation in the same form."""

    def change(stage: Stage, made: dict[str, str]) -> None:
        now = stage.seconds() - ago
        shown = credentials(stage) if credentials else presenting._of_user(ASKER, CLAIM, now)
        made["assertion"] = presenting.present(holder, shown, audience, now, seconds)

    return change


def employee(stage: Stage, issuer: presenting.Holder = ASKER, subject: str = ASKER.did, when: float = 0) -> list[str]:
    """The three credentials, of which the first is by another issuer, about another, or of another time."""
    about = {"member": {"identifier": "p", "roleName": "gynaecologist", "member": {"familyName": "J"}}}
    forged = presenting.credential(issuer, "employee", subject, about, stage.seconds() + when)
    return [forged, *presenting._of_user(ASKER, CLAIM, stage.seconds())[1:]]


def submission(**changes: Any) -> Callable[[Stage, dict[str, str]], None]:
    def change(stage: Stage, made: dict[str, str]) -> None:
        made["presentation_submission"] = json.dumps(json.loads(made["presentation_submission"]) | changes)

    return change


def certified_by_itself(stage: Stage) -> list[str]:
    """An organisation credential by a certificate that it brings along, where no CA is configured."""
    issuer = presenting.Holder(
        "did:x509:0:sha256:x::san:otherName:2.16.528.1.1007.99.2110-1-1-S-00000002-00.000-1", KEY
    )
    forged = presenting.credential(
        issuer, "organisation", ASKER.did, {"identifier": {"value": "00000002"}}, stage.seconds()
    )
    return [*presenting._of_user(ASKER, CLAIM, stage.seconds())[:2], forged]


def supplied(
    delegated: Callable[[Stage], str], supplier: presenting.Holder = SUPPLIER
) -> Callable[[Stage], dict[str, str]]:
    return lambda stage: presenting.gf_form(
        ASKER, CLAIM, stage.endpoint, stage.seconds(), supplier=supplier, delegated=delegated(stage)
    )


async def replayed_presentation(stage: Stage) -> Response:
    made = presenting.nuts_form(ASKER, CLAIM, "did:web:holder.example", stage.seconds())
    assert (await stage.ask(made, stage.proof())).status == 200
    return await stage.ask(made, stage.proof())


async def replayed_client_assertion(stage: Stage) -> Response:
    made = presenting.gf_form(ASKER, CLAIM, stage.endpoint, stage.seconds())
    assert (await stage.ask(made, stage.proof())).status == 200
    fresh = presenting.gf_form(ASKER, CLAIM, stage.endpoint, stage.seconds())
    return await stage.ask({**fresh, "client_assertion": made["client_assertion"]}, stage.proof())


def hs256(secret: bytes, kid: str) -> Send:
    """Key confusion: an HMAC whose secret is the published key."""
    return header(lambda part: hmac.new(secret, part, hashlib.sha256).digest(), alg="HS256", kid=kid)


SAML = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"
HOMOGLYPH = "0000000\u09e8"  # BENGALI DIGIT TWO: str.isdigit says yes
CLIENT, REQUEST, PROOF = "invalid_client", "invalid_request", "invalid_dpop_proof"
PRESENTATION, CREDENTIALS = "invalid_verifiable_presentation", "invalid_verifiable_credentials"

AT_THE_TOKEN_ENDPOINT: dict[str, Attack] = {
    # Replays and other recipients.
    "an assertion comes a second time": Attack(replayed_assertion, 401, CLIENT, "replayed"),
    "an assertion is meant for another holder's endpoint": Attack(
        signed(aud=["https://other.example/oauth/token"]), 401, CLIENT, "wrong_audience"
    ),
    "an assertion is meant for us and for somebody else": Attack(
        lambda stage: assertion(stage, jose.seal(KEY, stage.said(aud=[stage.endpoint, EVIL]))),
        *(401, CLIENT, "wrong_audience"),
    ),
    "an assertion names another holder": Attack(signed(target_audience="00000009"), 401, CLIENT, "wrong_target"),
    "an assertion is signed by one organisation in the name of another": Attack(
        text(lambda stage: jose.seal(OTHER_KEY, stage.said())), 401, CLIENT, "key_unknown"
    ),
    "an assertion says that it is from the holder itself": Attack(
        signed(iss=HOLDER.ura.value, sub=HOLDER.ura.value), 401, CLIENT, "issuer_unknown"
    ),
    # Time.
    "an assertion has expired": Attack(
        text(lambda s: jose.seal(KEY, s.said(iat=int(s.seconds()) - 90, exp=int(s.seconds()) - 40))),
        *(401, CLIENT, "expired"),
    ),
    "an assertion is not yet valid": Attack(
        text(lambda s: jose.seal(KEY, s.said(iat=int(s.seconds()) + 30, exp=int(s.seconds()) + 60))),
        *(401, CLIENT, "not_yet_valid"),
    ),
    "an assertion never ends": Attack(signed(exp=None), 401, CLIENT, "lifetime_wrong"),
    "an assertion ends in the year 10^300": Attack(signed(exp=1e300), 401, CLIENT, "lifetime_wrong"),
    "an assertion ends at the largest number there is": Attack(signed(exp=2**63 - 1), 401, CLIENT, "lifetime_wrong"),
    "an assertion's end is text": Attack(signed(exp="2099"), 401, CLIENT, "lifetime_wrong"),
    "an assertion's end is beyond what a number can be": Attack(
        text(lambda stage: by_hand_text(stage, b"9" * 400)), 401, CLIENT, "malformed"
    ),
    # Signatures.
    "alg none": Attack(header(lambda _: b"", alg="none"), 401, CLIENT, "algorithm_not_allowed"),
    "alg nOnE": Attack(header(lambda _: b"", alg="nOnE"), 401, CLIENT, "algorithm_not_allowed"),
    "HS256 with the published Ed25519 key as the secret": Attack(
        hs256(orjson.dumps(KEY.public()), KEY.kid), 401, CLIENT, "algorithm_not_allowed"
    ),
    "HS256 with the published RSA modulus as the secret": Attack(
        hs256(RSA_KEY.public()["n"].encode(), RSA_KEY.kid), 401, CLIENT, "algorithm_not_allowed"
    ),
    "ES256 said of an Ed25519 key": Attack(header(alg="ES256"), 401, CLIENT, "algorithm_of_another_key"),
    "PS256 said of a key that signs by RS256": Attack(
        header(RSA_KEY.sign, alg="PS256", kid=RSA_KEY.kid), 401, CLIENT, "algorithm_of_another_key"
    ),
    "EdDSA said of an RSA key": Attack(
        header(KEY.sign, alg="EdDSA", kid=RSA_KEY.kid), 401, CLIENT, "algorithm_of_another_key"
    ),
    "a signature by a key that nobody published": Attack(
        header(keys.generate().sign), 401, CLIENT, "signature_wrong"
    ),
    "claims changed after signing": Attack(
        text(lambda stage: spliced(stage, user_role="midwife")), 401, CLIENT, "signature_wrong"
    ),
    # Which key.
    "kid is a path": Attack(header(kid="../../../../dev/null"), 401, CLIENT, "key_unknown"),
    "kid is SQL": Attack(header(kid="x' UNION SELECT 'key'--"), 401, CLIENT, "key_unknown"),
    "kid is empty": Attack(header(kid=""), 401, CLIENT, "key_unknown"),
    "kid is absent": Attack(header(kid=None), 401, CLIENT, "key_unknown"),
    "kid is a list": Attack(header(kid=[KEY.kid]), 401, CLIENT, "key_unknown"),
    "kid is of another organisation": Attack(header(kid=OTHER_KEY.kid), 401, CLIENT, "key_unknown"),
    "jku points elsewhere": Attack(header(jku=EVIL), 401, CLIENT, "header_not_allowed"),
    "x5u points elsewhere": Attack(header(x5u=EVIL), 401, CLIENT, "header_not_allowed"),
    "jwk brings its own key": Attack(
        header(OTHER_KEY.sign, jwk=OTHER_KEY.public()), 401, CLIENT, "header_not_allowed"
    ),
    "x5c brings its own certificate": Attack(header(x5c=["MIIB"]), 401, CLIENT, "header_not_allowed"),
    "crit asks for an extension": Attack(header(crit=["exp"]), 401, CLIENT, "header_not_allowed"),
    "b64 false leaves the claims unencoded": Attack(header(crit=["b64"], b64=False), 401, CLIENT, "header_not_allowed"),
    "zip asks to decompress": Attack(header(zip="DEF"), 401, CLIENT, "header_not_allowed"),
    "a proof's type on an assertion": Attack(header(typ="dpop+jwt"), 401, CLIENT, "header_not_allowed"),
    # Form of the token.
    "an encrypted token (JWE) instead of a signed one": Attack(
        text(lambda stage: "e30.e30.e30.e30.e30"), 401, CLIENT, "malformed"
    ),
    "a signature in another spelling": Attack(
        text(lambda s: s.form()["client_assertion"] + "="), 401, CLIENT, "malformed"
    ),
    "claims nested a thousand deep": Attack(
        text(lambda stage: f"e30.{jose.encoded(b'[' * 3000 + b']' * 3000).decode()}.e30"), 401, CLIENT, "malformed"
    ),
    "an assertion of ten thousand bytes": Attack(signed(padding="x" * 9000), 401, CLIENT, "too_large"),
    # Who.
    "the URA has a digit of another script": Attack(
        signed(iss=HOMOGLYPH, sub=HOMOGLYPH), 401, CLIENT, "issuer_malformed"
    ),
    "the URA has a zero-width space": Attack(
        signed(iss="00000002\u200b", sub="00000002\u200b"), 401, CLIENT, "issuer_malformed"
    ),
    "the claims name another organisation than signed": Attack(
        signed(organization_ura=OTHER.ura.value), 401, CLIENT, "organisation_contradicts_directory"
    ),
    "the claims name another kind of organisation": Attack(
        signed(organization_facility_type="G3"), 401, CLIENT, "organisation_contradicts_directory"
    ),
    "a role that such an organisation does not have": Attack(
        signed(user_role="midwife"), 401, CLIENT, "role_not_believable"
    ),
    "two roles at once": Attack(signed(user_role=["nurse", "gynaecologist"]), 401, CLIENT, "claims_malformed"),
    "a role of our own making": Attack(signed(user_role="administrator"), 401, CLIENT, "claims_malformed"),
    "a level of assurance that does not exist": Attack(signed(loa="maximal"), 401, CLIENT, "person_missing"),
    "an emergency under another purpose": Attack(
        signed(emergency={"reason": "labour", "over_objection": True}), 401, CLIENT, "claims_malformed"
    ),
    "an emergency told as a story": Attack(
        signed(purpose_of_use="BTG", emergency={"reason": "she is bleeding and her husband..."}),
        *(401, CLIENT, "claims_malformed"),
    ),
    "the scope of the emergency without the purpose": Attack(
        lambda s: s.ask(s.form(replace(CLAIM, scopes=("noodinzage-geboortezorg",))), s.proof()),
        *(400, "invalid_scope", "scope_missing"),
    ),
    "a scope that is no scope": Attack(
        lambda s: s.ask(s.form(scope='a"b'), s.proof()), 400, "invalid_scope", "scope_malformed"
    ),
    "a thousand scopes": Attack(
        lambda s: s.ask(s.form(scope=" ".join(f"s{n}" for n in range(1000))), s.proof()),
        *(400, "invalid_scope", "scope_malformed"),
    ),
    # Forms.
    "a parameter twice": Attack(
        form(lambda stage: encoded(stage) + "&scope=zorginzage-geboortezorg"), 400, REQUEST, "form_400"
    ),
    "a second assertion behind the first": Attack(
        form(lambda s: f"{encoded(s)}&client_assertion={s.form()['client_assertion']}"), 400, REQUEST, "form_400"
    ),
    "parameters in the address beside those in the body": Attack(
        form(encoded, path="/oauth/token?scope=everything"), 400, REQUEST, "form_400"
    ),
    "JSON instead of a form": Attack(
        form(lambda stage: json.dumps(stage.form()), media="application/json"), 415, REQUEST, "form_415"
    ),
    "a form of a hundred thousand bytes": Attack(
        form(lambda stage: encoded(stage) + "&x=" + "y" * 100_000), 413, REQUEST, "form_413"
    ),
    "a form of a thousand parameters": Attack(
        form(lambda stage: "&".join(f"p{n}=1" for n in range(1000))), 400, REQUEST, "form_400"
    ),
    "a grant that we do not have": Attack(
        lambda s: s.ask(s.form(grant_type="password"), s.proof()), 400, "unsupported_grant_type", "grant_type"
    ),
    "an assertion of another kind": Attack(
        lambda s: s.ask(s.form(client_assertion_type=SAML), s.proof()),
        *(400, REQUEST, "assertion_missing"),
    ),
    # Who sends it.
    "no proof and no certificate": Attack(proof(lambda stage: None), 400, REQUEST, "sender_unproven"),
    "the certificate of another organisation": Attack(
        with_peer(Peer(OTHER.ura, "other"), lambda s: s.ask(s.form())), 401, CLIENT, "certificate_of_another"
    ),
    "an assertion stolen from a certificate's owner, sent without it": Attack(
        bound_to_a_certificate_it_lacks, 401, CLIENT, "certificate_missing"
    ),
    "an assertion stolen from a certificate's owner, sent with another of that organisation": Attack(
        with_peer(Peer(HOSPITAL.ura, "theirs"), bound_to_a_certificate_it_lacks), 401, CLIENT, "certificate_missing"
    ),
    "an assertion bound in a way that we do not know": Attack(
        lambda s: assertion(s, jose.seal(KEY, s.said(cnf={"kid": "x"}))), 401, CLIENT, "certificate_missing"
    ),
    # Proofs.
    "a proof comes a second time": Attack(replayed_proof, 400, PROOF, "proof_replayed"),
    "two proofs": Attack(two_proofs, 400, PROOF, "proof_malformed"),
    "a proof for another method": Attack(
        proof(lambda s: s.proof(method="GET")), 400, PROOF, "proof_for_another_request"
    ),
    "a proof for another address": Attack(
        proof(lambda s: s.proof(path="/oauth/introspect")), 400, PROOF, "proof_for_another_request"
    ),
    "a proof for another holder": Attack(proof_by_hand(htu=EVIL), 400, PROOF, "proof_for_another_request"),
    "a stale proof": Attack(proof_by_hand(iat=0), 400, PROOF, "proof_stale"),
    "a proof from the future": Attack(proof_by_hand(iat=2**40), 400, PROOF, "proof_stale"),
    "a proof whose time is a fraction": Attack(proof_by_hand(iat=1.5), 400, PROOF, "proof_malformed"),
    "a proof without a number of its own": Attack(proof_by_hand(jti=""), 400, PROOF, "proof_malformed"),
    "a proof that names a token": Attack(proof_by_hand(ath="x"), 400, PROOF, "proof_for_another_token"),
    "a proof with a number that we never gave": Attack(proof_by_hand(nonce="x"), 400, "use_dpop_nonce", "proof_nonce"),
    "a proof that shows its private key": Attack(
        proof_by_hand(header_jwk={**{n: KEY.public()[n] for n in ("kty", "crv", "x")}, "d": "eA"}),
        *(400, PROOF, "proof_key"),
    ),
    "a proof by a symmetric key": Attack(
        proof_by_hand(header_jwk={"kty": "oct", "k": "c2VjcmV0"}, header_alg="HS256"), 400, PROOF, "proof_key"
    ),
    "a proof by an RSA key of 512 bits": Attack(
        proof_by_hand(header_jwk={"kty": "RSA", "n": "xQ" + "A" * 84, "e": "AQAB"}, header_alg="RS256"),
        *(400, PROOF, "proof_key"),
    ),
    "a proof by a point that is not on the curve": Attack(
        proof_by_hand(header_jwk={"kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 43}, header_alg="ES256"),
        *(400, PROOF, "proof_key"),
    ),
    "a proof with alg none": Attack(proof_by_hand(header_alg="none"), 400, PROOF, "proof_key"),
    "a proof of another type": Attack(proof_by_hand(header_typ="JWT"), 400, PROOF, "proof_key"),
    "a proof that points to its key": Attack(proof_by_hand(header_jku=EVIL), 400, PROOF, "proof_key"),
    "a proof signed by another key than it shows": Attack(
        proof_by_hand(sign=OTHER_KEY.sign), 400, PROOF, "proof_signature_wrong"
    ),
    "a proof of four thousand bytes": Attack(proof_by_hand(padding="x" * 4000), 400, PROOF, "proof_malformed"),
    "a proof that is no token": Attack(proof(lambda stage: "proof"), 400, PROOF, "proof_malformed"),
    # Presentations (Nuts RFC021).
    "a presentation comes a second time": Attack(replayed_presentation, 400, PRESENTATION, "replayed"),
    "a presentation for another holder": Attack(
        nuts(presented(audience="did:web:other.example")), 400, PRESENTATION, "wrong_audience"
    ),
    "a presentation that lives too long": Attack(nuts(presented(seconds=60)), 400, PRESENTATION, "lifetime_wrong"),
    "a presentation of a minute ago": Attack(nuts(presented(ago=60)), 400, PRESENTATION, "expired"),
    "a presentation by nobody that the directory knows": Attack(
        nuts(presented(presenting.Holder("did:web:evil.example", KEY))), 400, PRESENTATION, "issuer_unknown"
    ),
    "a presentation signed by another's key": Attack(
        nuts(presented(presenting.Holder(ASKER.did, OTHER_KEY))), 400, PRESENTATION, "key_unknown"
    ),
    "another's credentials in one's own presentation": Attack(
        nuts(presented(OTHER_ASKER)), 400, CREDENTIALS, "credential_issuer"
    ),
    "a credential by another organisation": Attack(
        nuts(presented(credentials=lambda s: employee(s, OTHER_ASKER))), 400, CREDENTIALS, "credential_issuer"
    ),
    "a credential in our name by another's key": Attack(
        nuts(presented(credentials=lambda s: employee(s, presenting.Holder(ASKER.did, OTHER_KEY)))),
        *(400, CREDENTIALS, "credential_signature"),
    ),
    "a credential about another": Attack(
        nuts(presented(credentials=lambda s: employee(s, subject=OTHER_ASKER.did))),
        *(400, CREDENTIALS, "credential_of_another"),
    ),
    "a credential that has expired": Attack(
        nuts(presented(credentials=lambda s: employee(s, when=-400))), 400, CREDENTIALS, "credential_expired"
    ),
    "a credential of tomorrow": Attack(
        nuts(presented(credentials=lambda s: employee(s, when=400))), 400, CREDENTIALS, "credential_expired"
    ),
    "a credential by a certificate that no CA of ours stands for": Attack(
        nuts(presented(credentials=certified_by_itself)), 400, CREDENTIALS, "credential_issuer"
    ),
    "a submission that answers another question": Attack(
        nuts(submission(definition_id="theirs")),
        *(400, "invalid_presentation_submission", "submission_of_another_definition"),
    ),
    "a submission that leaves out what is asked": Attack(
        nuts(submission(descriptor_map=[])), 400, "invalid_presentation_submission", "credentials_not_as_asked"
    ),
    "a submission with a path to elsewhere": Attack(
        nuts(submission(descriptor_map=[{"id": "employee", "format": "jwt_vc", "path": "$..*"}])),
        *(400, "invalid_presentation_submission", "submission_malformed"),
    ),
    "a submission that calls one credential two things": Attack(
        nuts(submission(descriptor_map=[
            {"id": name, "format": "jwt_vc", "path": "$.verifiableCredential[0]"} for name in ("employee", "asking")
        ])),
        *(400, CREDENTIALS, "credential_of_another_type"),
    ),
    "no submission": Attack(
        nuts(lambda stage, made: made.pop("presentation_submission") and None), 400, REQUEST, "assertion_missing"
    ),
    "an organisation's assertion as a presentation": Attack(
        nuts(lambda stage, made: made.update(assertion=stage.form()["client_assertion"])),
        *(400, PRESENTATION, "issuer_unknown"),
    ),
    # Presentations (GFI-004).
    "a supplier's presentation comes a second time": Attack(replayed_client_assertion, 401, CLIENT, "replayed"),
    "a supplier whom nobody lets ask": Attack(gf(supplied(lambda s: "")), 401, CLIENT, "supplier_without_delegation"),
    "a supplier whom another organisation lets ask": Attack(
        gf(supplied(lambda s: presenting.delegation(OTHER_ASKER, OTHER, SUPPLIER.did, s.seconds()))),
        *(401, CLIENT, "supplier_without_delegation"),
    ),
    "a supplier who lets itself ask": Attack(
        gf(supplied(lambda s: presenting.delegation(SUPPLIER, HOSPITAL, SUPPLIER.did, s.seconds()))),
        *(401, CLIENT, "supplier_without_delegation"),
    ),
    "a supplier with another supplier's delegation": Attack(
        gf(supplied(lambda s: presenting.delegation(ASKER, HOSPITAL, "did:web:rival.example", s.seconds()))),
        *(401, CLIENT, "supplier_without_delegation"),
    ),
    "a supplier that nobody knows": Attack(
        gf(supplied(
            lambda s: presenting.delegation(ASKER, HOSPITAL, "did:web:unknown.example", s.seconds()),
            presenting.Holder("did:web:unknown.example", OTHER_KEY),
        )),
        *(401, CLIENT, "issuer_unknown"),
    ),
    "another organisation as one's supplier": Attack(
        gf(supplied(lambda s: presenting.delegation(ASKER, HOSPITAL, OTHER_ASKER.did, s.seconds()), OTHER_ASKER)),
        *(401, CLIENT, "issuer_unknown"),
    ),
    "a role that such an organisation does not have, in a credential": Attack(
        gf(lambda s: presenting.gf_form(
            ASKER, replace(CLAIM, person=replace(DOCTOR, role=Role.MIDWIFE)), s.endpoint, s.seconds()
        )),
        *(400, "invalid_grant", "role_not_believable"),
    ),
}  # fmt: skip


def by_hand_text(stage: Stage, number: bytes) -> str:
    """Claims whose `exp` is this text of digits."""
    content = orjson.dumps(stage.said(exp=0)).replace(b'"exp":0', b'"exp":' + number)
    head = jose.encoded(orjson.dumps({"alg": "EdDSA", "kid": KEY.kid}))
    part = head + b"." + jose.encoded(content)
    return (part + b"." + jose.encoded(KEY.sign(part))).decode()


def spliced(stage: Stage, **changes: Any) -> str:
    head, _, tail = stage.form()["client_assertion"].split(".")
    return f"{head}.{jose.encoded(orjson.dumps(stage.said(**changes))).decode()}.{tail}"


@pytest.fixture
async def stage(tmp_path: Path) -> Any:
    async with staged(tmp_path) as made:
        yield made


@pytest.mark.parametrize("name", AT_THE_TOKEN_ENDPOINT)
async def test_no_token_is_given_when(stage: Stage, name: str) -> None:
    attack = AT_THE_TOKEN_ENDPOINT[name]
    answer = await attack.send(stage)
    given = stage.sessions.size
    assert (answer.status, answer.json()) == (attack.status, {"error": attack.error}), stage.events()[-1]
    assert answer.headers["cache-control"] == "no-store"
    event = stage.events()[-1]
    assert (event["type"], event["outcome"], event["reasons"]) == ("token.issue", "refused", [attack.reason])
    assert reasons.sentence(attack.reason)
    assert len(str(event)) < 700, "the log repeats nothing of what was sent"
    # The honest request beside it: the attack is what was refused.
    stage.peer = None
    assert (await stage.ask(stage.form(), stage.proof())).status == 200
    assert stage.sessions.size == given + 1


# With a token.


async def other_key(stage: Stage) -> Response:
    return await stage.find(await stage.token(), prover=Prover(keys.generate(), stage.seconds))


async def stripped(stage: Stage) -> Response:
    return await stage.get("/fhir/stu3/Patient", [("authorization", f"Bearer {await stage.token()}")])


async def stripped_with_proof(stage: Stage) -> Response:
    token = await stage.token()
    (_, _), proved = stage.proved(token, "GET", "/fhir/stu3/Patient")
    return await stage.get("/fhir/stu3/Patient", [("authorization", f"Bearer {token}"), proved])


async def without_proof(stage: Stage) -> Response:
    return await stage.get("/fhir/stu3/Patient", [("authorization", f"DPoP {await stage.token()}")])


async def two_proofs_for_one(stage: Stage) -> Response:
    token = await stage.token()
    first, second = (stage.proved(token, "GET", "/fhir/stu3/Patient") for _ in range(2))
    return await stage.get("/fhir/stu3/Patient", [*first, second[1]])


def proved_as(path: str = "/fhir/stu3/Patient", method: str = "GET", token: str = "") -> Send:
    """A proof for another path, method or token than the request's."""

    async def send(stage: Stage) -> Response:
        mine = await stage.token()
        proof = stage.proof(path=path, method=method, token=token or mine)
        return await stage.get("/fhir/stu3/Patient", [("authorization", f"DPoP {mine}"), ("dpop", proof)])

    return send


async def without_ath(stage: Stage) -> Response:
    token = await stage.token()
    proof = stage.prover.prove("GET", f"{stage.base}/fhir/stu3/Patient")
    return await stage.get("/fhir/stu3/Patient", [("authorization", f"DPoP {token}"), ("dpop", proof)])


async def replayed_at_the_resource(stage: Stage) -> Response:
    sent = stage.proved(await stage.token(), "GET", "/fhir/stu3/Patient")
    assert (await stage.get("/fhir/stu3/Patient", sent)).status == 200
    return await stage.get("/fhir/stu3/Patient", sent)


async def stale_at_the_resource(stage: Stage) -> Response:
    sent = stage.proved(await stage.token(), "GET", "/fhir/stu3/Patient")
    stage.later(31)
    return await stage.get("/fhir/stu3/Patient", sent)


async def expired(stage: Stage) -> Response:
    token = await stage.token()
    stage.later(300)
    return await stage.find(token)


async def invented(stage: Stage) -> Response:
    return await stage.find("A" * 43)


async def other_organisations_certificate(stage: Stage) -> Response:
    token = await stage.token()
    stage.peer = Peer(OTHER.ura, "other")
    return await stage.find(token)


async def stolen_from_a_certificate(stage: Stage) -> Response:
    stage.peer = Peer(HOSPITAL.ura, "mine")
    token = (await stage.ask(stage.form())).json()["access_token"]
    stage.peer = Peer(HOSPITAL.ura, "theirs")
    return await stage.get("/fhir/stu3/Patient", [("authorization", f"Bearer {token}")])


async def certificate_bound_with_a_key(stage: Stage) -> Response:
    stage.peer = Peer(HOSPITAL.ura, "mine")
    token = (await stage.ask(stage.form())).json()["access_token"]
    return await stage.find(token)


async def assertion_as_token(stage: Stage) -> Response:
    return await stage.find(stage.form()["client_assertion"][:190])


WITH_A_TOKEN: dict[str, tuple[Send, str]] = {
    "the proof is of another key": (other_key, "token_of_another_sender"),
    "the proof was stripped and the token sent as a bearer's": (stripped, "token_of_another_sender"),
    "the scheme was stripped and the proof left": (stripped_with_proof, "token_of_another_sender"),
    "there is no proof": (without_proof, "proof_missing"),
    "there are two proofs": (two_proofs_for_one, "proof_missing"),
    "the proof is for another resource": (proved_as(path="/fhir/stu3/Observation"), "proof_for_another_request"),
    "the proof is for another method": (proved_as(method="POST"), "proof_for_another_request"),
    "the proof is for the token endpoint": (proved_as(path="/oauth/token", method="POST"), "proof_for_another_request"),
    "the proof names another token": (proved_as(token="B" * 43), "proof_for_another_token"),
    "the proof names no token": (without_ath, "proof_for_another_token"),
    "the proof comes a second time": (replayed_at_the_resource, "proof_replayed"),
    "the proof is stale": (stale_at_the_resource, "proof_stale"),
    "the token has expired": (expired, "token_expired"),
    "the token was never given": (invented, "token_unknown"),
    "the token is an assertion": (assertion_as_token, "token_unknown"),
    "the connection has another organisation's certificate": (
        other_organisations_certificate,
        "certificate_of_another",
    ),
    "the certificate is another of the same organisation": (stolen_from_a_certificate, "token_of_another_sender"),
    "a certificate's token comes with a key's proof": (certificate_bound_with_a_key, "token_not_bound_to_key"),
}


@pytest.mark.parametrize("name", WITH_A_TOKEN)
async def test_nothing_is_read_when(stage: Stage, name: str) -> None:
    send, reason = WITH_A_TOKEN[name]
    answer = await send(stage)
    event = stage.events()[-1]
    nobody = await stage.get("/fhir/stu3/Patient", [])
    assert (answer.status, answer.body) == (401, nobody.body), "all answers without a good token are alike"
    unknown = await stage.get("/fhir/stu3/Patient", [("authorization", "Bearer nobodys")])
    assert answer.headers["www-authenticate"] == unknown.headers["www-authenticate"]
    assert 'error="invalid_token"' in unknown.headers["www-authenticate"]
    assert "error" not in nobody.headers["www-authenticate"], "without a token there is nothing wrong with it"
    assert (event["type"], event["outcome"], event["reasons"]) == ("token.refuse", "refused", [reason])
    assert reasons.sentence(reason) and len(str(event)) < 800


@pytest.mark.parametrize("first", [True, False])
async def test_two_authorization_headers_are_refused_whichever_comes_first(stage: Stage, first: bool) -> None:
    good = stage.proved(await stage.token(), "GET", "/fhir/stu3/Patient")
    other = ("authorization", "Bearer x")
    answer = await stage.get("/fhir/stu3/Patient", [*good, other] if first else [other, *good])
    assert answer.status == 400 and b"Bundle" not in answer.body


async def test_a_token_in_the_address_is_no_token(stage: Stage) -> None:
    token = await stage.token()
    answer = await stage.get(f"/fhir/stu3/Patient?access_token={token}", [])
    assert answer.status == 401 and token not in str(stage.events()[-1])


@pytest.mark.parametrize("size", [300, 9000, 40_000])
async def test_an_oversize_authorization_header_opens_nothing(stage: Stage, size: int) -> None:
    answer = await stage.get("/fhir/stu3/Patient", [("authorization", "Bearer " + "A" * size)])
    assert answer.status in (400, 401, 431) and b"anna" not in answer.body


async def test_a_token_for_one_womans_episode_opens_no_other_woman(stage: Stage) -> None:
    token = await stage.token()
    assert b'"anna"' in (await stage.find(token, ANNA)).body
    for path in ("/fhir/stu3/Observation/b1", "/fhir/stu3/Patient/bea", "/fhir/stu3/EpisodeOfCare/bea-e"):
        answer = await stage.get(path, stage.proved(token, "GET", path))
        assert answer.status == 404 and b"Bakker" not in answer.body
    assert b"Bakker" not in (await stage.find(token, BEA)).body


async def test_proofs_beside_a_token_that_nobody_was_given_fill_no_memory(stage: Stage) -> None:
    remembered = stage.proofs.seen.size
    for _ in range(5):
        assert (await invented(stage)).status == 401
    assert stage.proofs.seen.size == remembered

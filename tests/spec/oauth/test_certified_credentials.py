"""An organisation's credential by its certificate: believed when a CA of ours stands for it, now, and it says so."""

from __future__ import annotations

import base64
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from babyconnect.trust import algorithms, credentials, keys, pki
from babyconnect.trust.certified import _fingerprint, certified
from babyconnect.trust.credentials import Known
from babyconnect.trust.jose import Rejected
from tests.attacks.stage import by_hand
from tests.support.pki import HOSPITAL, PRACTICE, Folder, der, make, self_made

HERS = "did:web:hospital.example"
KIND = credentials.kinds()["organisation"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    made = make(tmp_path_factory.mktemp("pki") / "pki")
    made.issue("hospital", HOSPITAL)
    made.issue("practice", PRACTICE)
    return made


def name_of(ura: Any) -> str:
    return f"2.16.528.1.1007.99.2110-1-9{ura}-S-{ura}-00.000-00000000"


def credential(folder: Path, authority: x509.Certificate, **changes: Any) -> str:
    """By the certificate in `folder`, changed here and there."""
    leaf = pki.load_certificate(folder / "certificate.pem")
    key = pki.load_key(folder / "key.pem")
    did = f"did:x509:0:sha256:{_fingerprint(authority)}::san:otherName:{changes.get('named', name_of(HOSPITAL))}"
    did = changes.get("did", did)
    ura = changes.get("ura", HOSPITAL.value)
    claims = {
        "iss": did,
        "sub": changes.get("subject", HERS),
        "nbf": int(time.time()) - 10,
        "exp": int(time.time()) + 3600,
        "vc": {
            "type": ["VerifiableCredential", "HealthcareProviderCredential"],
            "credentialSubject": {"identifier": {"system": "http://fhir.nl/fhir/NamingSystem/ura", "value": ura}},
        },
    }
    header = {"alg": "ES256", "kid": f"{did}#0", "x5c": [base64.b64encode(der(leaf)).decode()]}
    sign = changes.get("sign", algorithms.signer("ES256", key))
    return by_hand(header | changes.get("header", {}), claims, sign)


def read(folder: Folder, text: str) -> object:
    known = Known(HERS, {"keys": []}, certified(lambda: folder.trusted))
    return credentials.read(text, KIND, HERS, known, time.time())


def test_what_the_certificate_says_of_the_organisation_is_believed(folder: Folder) -> None:
    for authority in folder.trusted.authorities:
        made = credential(folder.path / "hospital", authority)
        assert read(folder, made) == {"organization_ura": HOSPITAL.value}


FORGED: dict[str, tuple[dict[str, Any], str]] = {
    "the credential names another organisation than the certificate": (
        {"ura": PRACTICE.value},
        "credential_of_another",
    ),
    "the identifier names another organisation than the certificate": (
        {"named": name_of(PRACTICE)},
        "credential_of_another",
    ),
    "the identifier names a person's card": (
        {"named": name_of(HOSPITAL).replace("-S-", "-Z-")},
        "credential_of_another",
    ),
    "the identifier names another authority": (
        {"did": f"did:x509:0:sha256:AAAA::san:otherName:{name_of(HOSPITAL)}"},
        "credential_issuer",
    ),
    "the identifier says nothing of the certificate": ({"did": "did:x509:0:sha256:x"}, "credential_issuer"),
    "it is about another": ({"subject": "did:web:other.example"}, "credential_of_another"),
    "another key signed": ({"sign": keys.generate("ES256").sign}, "credential_signature"),
    "nobody signed": ({"sign": lambda _: b""}, "credential_signature"),
    "the algorithm is another": ({"header": {"alg": "RS256"}}, "credential_signature"),
    "there is no chain": ({"header": {"x5c": []}}, "credential_issuer"),
    "the chain is rubbish": ({"header": {"x5c": ["AAAA"]}}, "certificate_malformed"),
    "the chain is no base64": ({"header": {"x5c": ["%"]}}, "credential_issuer"),
    "the header points to a key": ({"header": {"jku": "https://evil.example"}}, "credential_issuer"),
    "the key is named otherwise": ({"header": {"kid": "key"}}, "credential_issuer"),
}


@pytest.mark.parametrize("case", FORGED)
def test_it_is_refused_when(folder: Folder, case: str) -> None:
    changes, reason = FORGED[case]
    text = credential(folder.path / "hospital", folder.trusted.authorities[0], **changes)
    assert read(folder, text) == Rejected(reason)


def test_a_certificate_that_nobody_issued_or_that_was_revoked_says_nothing(folder: Folder, tmp_path: Path) -> None:
    own = self_made(tmp_path / "own", HOSPITAL)
    (own / "key.pem").chmod(0o600)
    assert isinstance(read(folder, credential(own, folder.trusted.authorities[0])), Rejected)
    text = credential(
        folder.path / "practice", folder.trusted.authorities[0], named=name_of(PRACTICE), ura=PRACTICE.value
    )
    assert read(folder, text) == {"organization_ura": PRACTICE.value}
    folder.revoke(pki.load_certificate(folder.path / "practice" / "certificate.pem"))
    assert isinstance(read(folder, text), Rejected)


def test_without_configured_authorities_no_certificate_is_looked_at(folder: Folder) -> None:
    text = credential(folder.path / "hospital", folder.trusted.authorities[0])
    assert credentials.read(text, KIND, HERS, Known(HERS, {"keys": []}), time.time()) == Rejected("credential_issuer")

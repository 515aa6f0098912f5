"""What a node sends for a token: by which grant, and bound to what."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from babyconnect.birthcare.access import Purpose
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Kind, Party, Person, Role
from babyconnect.exchange.contract import Asking, Source
from babyconnect.settings import SettingsRefused, TokensSection
from babyconnect.trust import jose, keys
from babyconnect.trust.dpop import token_hash
from babyconnect.wiring.asker_tokens import prover, token_form
from tests.support.pki import HOSPITAL, PRACTICE, make

ASKING = Asking(Person("p", "Jansen", Role.GYNAECOLOGIST), Purpose.TREATMENT, Bsn("999900730"))
TLS, PLAIN = "https://holder.example", "http://127.0.0.1:8080"


def link(grant: str = "", secured: Any = None) -> Any:
    """As much of a node as asking for tokens needs."""
    return SimpleNamespace(
        path=Path("node.toml"),
        chosen=SimpleNamespace(tokens=TokensSection(grant=grant)),
        party=Party(HOSPITAL, "Ziekenhuis", Kind.HOSPITAL),
        key=keys.generate(),
        secured=secured,
        machine_base="https://hospital.example",
    )


def source(base: str = TLS, grant: str = "minvws") -> Source:
    return Source(
        Party(PRACTICE, "X", Kind.MIDWIFERY_PRACTICE), f"{base}/fhir/stu3", f"{base}/oauth/token", True, grant
    )


def claims(text: str) -> dict[str, Any]:
    found = jose.opened(text, 20_000)
    assert isinstance(found, jose.Opened)
    return found.claims


@pytest.mark.parametrize(
    ("directory", "settings", "grant_type"),
    [
        ("minvws", "", "client_credentials"),
        ("gf", "", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
        ("nuts", "", "vp_token-bearer"),
        ("something new", "", "client_credentials"),
        ("minvws", "nuts", "vp_token-bearer"),
        ("nuts", "minvws", "client_credentials"),
    ],
)
def test_the_directory_says_by_which_grant_and_the_settings_may_say_otherwise(
    directory: str, settings: str, grant_type: str
) -> None:
    form = token_form(link(settings))(ASKING, source(grant=directory))
    assert (form["grant_type"], form["scope"]) == (grant_type, "zorginzage-geboortezorg")


def test_a_grant_that_does_not_exist_is_refused_at_the_start() -> None:
    with pytest.raises(SettingsRefused, match=r"tokens\.grant"):
        token_form(link("saml"))


def test_each_presentation_is_made_for_the_one_holder_in_the_way_it_is_called() -> None:
    nuts, gf = (token_form(link(grant))(ASKING, source()) for grant in ("nuts", "gf"))
    assert claims(nuts["assertion"])["aud"] == "did:web:holder.example"
    assert claims(gf["assertion"])["aud"] == claims(gf["client_assertion"])["aud"] == f"{TLS}/oauth/token"
    assert claims(nuts["assertion"])["iss"] == "did:web:hospital.example"


def test_one_question_at_two_holders_is_signed_for_each_of_them_alone() -> None:
    form = token_form(link())
    asked = [source(base) for base in (TLS, PLAIN, TLS)]
    said = [claims(form(ASKING, one)["client_assertion"]) for one in asked]
    assert [one["aud"] for one in said] == [[one.token_endpoint] for one in asked]
    assert len({one["jti"] for one in said}) == 3
    assert {one["user_id"] for one in said} == {"p"}


def test_over_mutual_tls_the_assertion_names_our_certificate_and_no_proof_is_made(tmp_path: Path) -> None:
    folder = make(tmp_path / "pki")
    folder.issue("hospital", HOSPITAL)
    material = folder.material("hospital")
    made = link(secured=material)
    named = claims(token_form(made)(ASKING, source())["client_assertion"])["cnf"]
    assert named == {"x5t#S256": material.client_peer(material.current().own).thumbprint}
    assert prover(made)("POST", f"{TLS}/oauth/token", "", "") == ""
    assert "cnf" not in claims(token_form(made)(ASKING, source(PLAIN))["client_assertion"])
    assert prover(made)("POST", f"{PLAIN}/oauth/token", "", "") != ""


def test_without_a_certificate_every_request_has_a_proof_of_its_own_by_one_key() -> None:
    prove = prover(link())
    first, second = (prove("GET", f"{PLAIN}/fhir/stu3/Patient?x=1", "token", "nonce") for _ in range(2))
    one, other = jose.opened(first), jose.opened(second)
    assert isinstance(one, jose.Opened) and isinstance(other, jose.Opened)
    assert one.header == other.header and one.claims["jti"] != other.claims["jti"]
    assert (one.claims["htm"], one.claims["htu"]) == ("GET", f"{PLAIN}/fhir/stu3/Patient")
    assert (one.claims["ath"], one.claims["nonce"]) == (token_hash("token"), "nonce")
    assert not {"d"} & one.header["jwk"].keys()

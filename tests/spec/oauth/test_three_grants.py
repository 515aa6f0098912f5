"""Three ways to ask for a token, one token: what each grant shows, and that all come to the same claims."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import pytest

from babyconnect.birthcare.access import Emergency, Purpose
from babyconnect.birthcare.parties import Responsible, Role
from babyconnect.birthcare.peer import Peer
from babyconnect.trust import asserting, presenting
from tests.attacks.stage import ANNA, ASKER, BEA, CLAIM, FORM, HOLDER, HOSPITAL, KEY, OTHER, SUPPLIER, Stage, staged

MINE = {
    "organization_ura": HOSPITAL.ura.value,
    "organization_name": HOSPITAL.name,
    "organization_facility_type": "hospital",
    "user_id": "person-1",
    "user_role": "gynaecologist",
    "user_surname": "Jansen",
    "loa": "substantial",
    "purpose_of_use": "TREAT",
    "scope": "zorginzage-geboortezorg",
    "treatment_relation": [{"basis": "episode", "evidence": "EpisodeOfCare/there"}],
}


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(tmp_path) as made:
        yield made


def form_of(stage: Stage, grant: str) -> dict[str, str]:
    now = stage.seconds()
    if grant == "minvws":
        return stage.form()
    if grant == "nuts":
        return presenting.nuts_form(ASKER, CLAIM, "did:web:holder.example", now)
    if grant == "gf":
        return presenting.gf_form(ASKER, CLAIM, stage.endpoint, now)
    delegated = presenting.delegation(ASKER, HOSPITAL, SUPPLIER.did, now)
    return presenting.gf_form(ASKER, CLAIM, stage.endpoint, now, supplier=SUPPLIER, delegated=delegated)


GRANTS = {
    "minvws": HOSPITAL.ura.value,
    "nuts": HOSPITAL.ura.value,
    "gf": ASKER.did,
    "gf by a supplier": SUPPLIER.did,
}


async def told(stage: Stage, token: str, path: str = "/oauth/introspect") -> dict[str, object]:
    """What the organisation that has the token is told of it."""
    made = asserting.token_form(KEY, CLAIM, stage.base + path, HOLDER.ura, stage.seconds())
    form = {name: made[name] for name in ("client_assertion", "client_assertion_type")}
    answer = await stage.send("POST", path, [("content-type", FORM)], urlencode({**form, "token": token}).encode())
    assert answer.status == 200
    return answer.json()


@pytest.mark.parametrize("grant", GRANTS)
async def test_every_grant_gives_a_bound_token_with_the_same_claims_that_opens_the_record(
    stage: Stage, grant: str
) -> None:
    answer = await stage.ask(form_of(stage, grant), stage.proof())
    assert answer.status == 200, stage.events()[-1]
    given = answer.json()
    assert (given["token_type"], given["expires_in"], given["scope"]) == ("DPoP", 300, MINE["scope"])
    claims = await told(stage, given["access_token"])
    assert {name: claims[name] for name in MINE} == MINE
    assert (claims["client_id"], claims["cnf"]) == (GRANTS[grant], {"jkt": stage.prover.jkt})
    found = await stage.find(given["access_token"])
    assert found.status == 200 and b'"anna"' in found.body


async def test_over_mutual_tls_the_certificate_binds_the_token_and_no_proof_is_needed(stage: Stage) -> None:
    stage.peer = Peer(HOSPITAL.ura, "thumb")
    made = asserting.token_form(KEY, CLAIM, stage.endpoint, HOLDER.ura, stage.seconds(), bound="thumb")
    given = (await stage.ask(made)).json()
    assert given["token_type"] == "Bearer"
    assert (await told(stage, given["access_token"]))["cnf"] == {"x5t#S256": "thumb"}
    bearer = [("authorization", f"Bearer {given['access_token']}")]
    assert (await stage.get("/fhir/stu3/Patient", bearer)).status == 200
    stage.peer = None
    assert (await stage.get("/fhir/stu3/Patient", bearer)).status == 401
    assert stage.events()[-1]["reasons"] == ["token_of_another_sender"]


async def test_of_several_scopes_those_that_are_allowed_are_given_and_named(stage: Stage) -> None:
    asked = "zorginzage-geboortezorg noodinzage-geboortezorg medicatie"
    claim = replace(CLAIM, scopes=tuple(asked.split()))
    given = (await stage.ask(stage.form(claim), stage.proof())).json()
    assert given["scope"] == "zorginzage-geboortezorg"


async def test_a_form_gets_no_scope_that_its_assertion_does_not_sign(stage: Stage) -> None:
    signed = stage.form(replace(CLAIM, scopes=("medicatie",)), scope="zorginzage-geboortezorg")
    answer = await stage.ask(signed, stage.proof())
    assert (answer.status, answer.json()) == (400, {"error": "invalid_scope"})


async def test_breaking_the_glass_has_a_scope_of_its_own_a_declared_reason_and_a_shorter_life(stage: Stage) -> None:
    claim = replace(CLAIM, purpose=Purpose.EMERGENCY, emergency=Emergency("labour", over_objection=True))
    answer = await stage.ask(stage.form(claim), stage.proof())
    given = answer.json()
    assert (given["scope"], given["expires_in"]) == ("noodinzage-geboortezorg", 120)
    session = stage.sessions.known(given["access_token"])
    assert session is not None and session.asker.emergency == Emergency("labour", True)
    assert session.asker.scopes == {"noodinzage-geboortezorg"}
    assert (await told(stage, given["access_token"]))["emergency"] == {"reason": "labour", "over_objection": True}


async def test_who_is_responsible_and_an_authorization_base_are_part_of_the_claims(stage: Stage) -> None:
    resident = replace(CLAIM.person, role=Role.RESIDENT, responsible=Responsible("person-9", Role.GYNAECOLOGIST))
    claim = replace(CLAIM, person=resident, authorization_base="pull-77")
    token = await stage.token(stage.form(claim))
    claims = await told(stage, token)
    assert claims["responsible"] == {"user_id": "person-9", "user_role": "gynaecologist"}
    assert claims["authorization_base"] == "pull-77"
    issued = next(event for event in stage.events() if event["type"] == "token.issue")
    assert issued["actor"]["responsible"] == "person-9" and issued["resource"] == "authorization_base/pull-77"


async def test_what_a_presentation_must_show_is_published_and_the_same_for_every_scope(stage: Stage) -> None:
    plain = await stage.get("/oauth/presentation_definition", [])
    asked = await stage.get("/oauth/presentation_definition?scope=noodinzage-geboortezorg", [])
    assert plain.status == 200 and plain.body == asked.body
    assert [one["id"] for one in plain.json()["input_descriptors"]] == ["employee", "asking"]


async def test_introspection_tells_an_organisation_only_of_its_own_tokens(stage: Stage) -> None:
    token = await stage.token()
    assert (await told(stage, token))["active"] is True
    stage.peer = Peer(OTHER.ura, "other")
    body = f"token={token}".encode()
    answer = await stage.send("POST", "/oauth/introspect", [("content-type", FORM)], body)
    assert answer.json() == {"active": False}
    event = stage.events()[-1]
    assert (event["type"], event["outcome"], event["reasons"]) == ("token.introspect", "refused", ["token_unknown"])
    assert event["actor"] == {"organisation": OTHER.ura.value} and token not in str(event)


async def test_the_organisation_that_has_a_token_may_end_it_and_no_other(stage: Stage) -> None:
    token = await stage.token()
    stage.peer = Peer(OTHER.ura, "other")
    body = f"token={token}".encode()
    assert (await stage.send("POST", "/oauth/revoke", [("content-type", FORM)], body)).status == 200
    stage.peer = None
    assert (await stage.find(token)).status == 200
    assert await told(stage, token, "/oauth/revoke") == {}
    answer = await stage.find(token)
    assert answer.status == 401 and stage.events()[-1]["reasons"] == ["token_revoked"]
    assert (stage.events()[-2]["type"], stage.events()[-2]["outcome"]) == ("token.revoke", "ok")


async def test_a_node_that_demands_its_own_number_in_a_proof_says_so_and_takes_the_next(tmp_path: Path) -> None:
    async with staged(tmp_path, demand_nonce=True) as stage:
        first = await stage.ask(stage.form(), stage.proof())
        assert (first.status, first.json()) == (400, {"error": "use_dpop_nonce"})
        nonce = first.headers["dpop-nonce"]
        second = await stage.ask(stage.form(), stage.proof(nonce=nonce))
        assert second.status == 200
        stage.later(121)
        third = await stage.ask(stage.form(), stage.proof(nonce=nonce))
        assert third.json() == {"error": "use_dpop_nonce"} and third.headers["dpop-nonce"] != nonce


async def test_a_token_bound_to_one_woman_never_opens_another(stage: Stage) -> None:
    token = await stage.token()
    assert b'"anna"' in (await stage.find(token, ANNA)).body
    assert b'"bea"' not in (await stage.find(token, BEA)).body


async def test_what_the_node_says_of_itself_is_what_it_does(stage: Stage) -> None:
    said = (await stage.get("/.well-known/oauth-authorization-server", [])).json()
    assert set(said["grant_types_supported"]) == {
        "client_credentials",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "vp_token-bearer",
    }
    assert said["dpop_signing_alg_values_supported"] == ["EdDSA", "ES256", "PS256", "RS256"]
    assert said["scopes_supported"] == [
        "zorginzage-geboortezorg",
        "noodinzage-geboortezorg",
        "eigen-inzage-geboortezorg",
    ]
    assert said["tls_client_certificate_bound_access_tokens"] is True
    for name in ("token", "introspection", "revocation"):
        path = said[f"{name}_endpoint"].removeprefix(stage.base)
        assert (await stage.send("POST", path, [("content-type", FORM)], b"token=x")).status in (400, 401)
        assert (await stage.get(path, [])).status == 405
    for name in ("jwks_uri", "presentation_definition_endpoint"):
        assert (await stage.get(said[name].removeprefix(stage.base), [])).status == 200


async def test_who_does_not_prove_who_they_are_learns_and_ends_nothing(stage: Stage) -> None:
    token = await stage.token()
    for path, event in (("/oauth/introspect", "token.introspect"), ("/oauth/revoke", "token.revoke")):
        answer = await stage.send("POST", path, [("content-type", FORM)], f"token={token}".encode())
        assert (answer.status, answer.json()) == (401, {"error": "invalid_client"})
        logged = stage.events()[-1]
        assert (logged["type"], logged["outcome"], logged["reasons"]) == (event, "refused", ["assertion_missing"])
    assert (await stage.find(token)).status == 200


async def test_an_assertion_for_one_endpoint_serves_no_other_and_none_serves_twice(stage: Stage) -> None:
    token = await stage.token()
    for_tokens = stage.form()
    form = {name: for_tokens[name] for name in ("client_assertion", "client_assertion_type")} | {"token": token}
    answer = await stage.send("POST", "/oauth/introspect", [("content-type", FORM)], urlencode(form).encode())
    assert answer.status == 401 and stage.events()[-1]["reasons"] == ["wrong_audience"]
    made = asserting.token_form(KEY, CLAIM, stage.base + "/oauth/introspect", HOLDER.ura, stage.seconds())
    form |= {"client_assertion": made["client_assertion"]}
    twice = [
        await stage.send("POST", "/oauth/introspect", [("content-type", FORM)], urlencode(form).encode())
        for _ in range(2)
    ]
    assert [one.status for one in twice] == [200, 401] and stage.events()[-1]["reasons"] == ["replayed"]

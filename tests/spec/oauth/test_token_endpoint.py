"""The token endpoint: a token for who proves who they are, an error code for everybody else, the log before either."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from babyconnect.api.oauth import OAuth
from babyconnect.audit.faults import AuditFault, Receipt
from babyconnect.audit.log import AuditLog
from babyconnect.audit.reading import Wanted, search
from babyconnect.birthcare.access import Purpose
from babyconnect.birthcare.identifiers import Ura
from babyconnect.birthcare.parties import Kind, Party, Person, Role
from babyconnect.flows.grant import Granting
from babyconnect.trust import asserting, keys
from babyconnect.trust.assertion import Issuer
from babyconnect.trust.believing import Believing
from babyconnect.trust.claims import Claim
from babyconnect.trust.dpop import Nonces, Proofs, Prover
from babyconnect.trust.replays import Replays
from babyconnect.trust.sessions import Binding, Session, Sessions
from tests.spec.trust.people import HOSPITAL, OWN_EPISODE, PRACTICE
from tests.support.asgi import Response, ask

BASE = "https://practice.example"
ENDPOINT = BASE + "/oauth/token"
SECRET = "the node's own secret"
KEY, NODE_KEY = keys.generate(), keys.generate()
PARTY = Party(HOSPITAL, "Ziekenhuis Noord", Kind.HOSPITAL)
CLAIM = Claim(PARTY, Person("person-1", "Jansen", Role.GYNAECOLOGIST), Purpose.TREATMENT, (OWN_EPISODE,))
FORM = {"content-type": "application/x-www-form-urlencoded"}
TRACE = f"00-{'a' * 32}-{'b' * 16}-01"


class Log:
    """A log in memory that can be told to fail, and that remembers what was already answered when it was written."""

    def __init__(self) -> None:
        self.events: list[Mapping[str, Any]] = []
        self.broken = False

    async def append(self, event: Mapping[str, Any]) -> Receipt:
        if self.broken:
            raise AuditFault("no room")
        self.events.append(event)
        return Receipt(len(self.events), "")


class Endpoint:
    def __init__(self, log: Any = None) -> None:
        self.now = dt.datetime(2026, 6, 15, 10, tzinfo=dt.UTC)
        self.log = log or Log()
        self.sessions = Sessions(BASE, self._seconds, capacity=50)
        believing = Believing(
            holder=PRACTICE,
            endpoint=ENDPOINT,
            issuer_of=lambda ura: Issuer(PARTY, keys.jwks(KEY)) if ura == HOSPITAL else None,
            replays=Replays(self.now.timestamp() - 60),
        )
        proofs = Proofs(Replays(0.0), Nonces(b"n" * 32, self._seconds), self._seconds)
        granting = Granting("practice", believing, self.sessions, proofs, self.log, lambda: self.now)
        self.prover = Prover(keys.generate(), self._seconds)
        secret = hashlib.sha256(SECRET.encode()).digest()
        self.app = OAuth(granting, BASE, lambda: keys.jwks(NODE_KEY), secret)

    def _seconds(self) -> float:
        return self.now.timestamp()

    def session(self, token: str) -> Session | None:
        return self.sessions.get(token, Binding(self.prover.jkt))

    def form(self, key: keys.SigningKey = KEY, claim: Claim = CLAIM, **changes: str) -> dict[str, str]:
        made = asserting.token_form(key, claim, ENDPOINT, PRACTICE, self.now.timestamp())
        return {name: value for name, value in {**made, **changes}.items() if value}

    async def post(self, form: Mapping[str, str] | str, path: str = "/oauth/token", **headers: str) -> Response:
        body = form if isinstance(form, str) else urlencode(form)
        own = {"dpop": self.prover.prove("POST", BASE + path)} if path == "/oauth/token" else {}
        sent = {**FORM, **own, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return await ask(self.app, "POST", path, sent, body.encode())


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint()


async def test_who_proves_who_they_are_gets_a_short_lived_token_bound_to_the_key_of_the_proof(
    endpoint: Endpoint,
) -> None:
    answer = await endpoint.post(endpoint.form())
    assert answer.status == 200
    given = answer.json()
    assert (given["token_type"], given["expires_in"], given["scope"]) == ("DPoP", 300, "zorginzage-geboortezorg")
    session = endpoint.session(given["access_token"])
    assert session is not None and session.asker.ura == HOSPITAL
    assert answer.headers["cache-control"] == "no-store"


async def test_a_token_is_in_the_log_with_who_and_why_but_not_itself(endpoint: Endpoint) -> None:
    answer = await endpoint.post(endpoint.form(), traceparent=TRACE)
    (event,) = endpoint.log.events
    assert (event["type"], event["outcome"], event["trace"]) == ("token.issue", "ok", TRACE)
    assert event["actor"] == {
        "organisation": HOSPITAL.value,
        "person": "person-1",
        "role": "gynaecologist",
        "loa": "low",
    }
    assert (event["purpose"], event["relations"]) == ("TREAT", ["episode EpisodeOfCare/asker-1"])
    assert answer.json()["access_token"] not in str(event)


REFUSED: dict[str, tuple[dict[str, str], int, str, str]] = {
    "no grant type": ({"grant_type": ""}, 400, "invalid_request", "grant_type"),
    "another grant": ({"grant_type": "password"}, 400, "unsupported_grant_type", "grant_type"),
    "another scope": ({"scope": "everything"}, 400, "invalid_scope", "scope_missing"),
    "no assertion": ({"client_assertion": ""}, 400, "invalid_request", "assertion_missing"),
    "another kind of assertion": (
        {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"},
        400,
        "invalid_request",
        "assertion_missing",
    ),
    "an unreadable assertion": ({"client_assertion": "x.y.z"}, 401, "invalid_client", "malformed"),
    "a form for another holder": ({"target_audience": "00000009"}, 400, "invalid_request", "wrong_target"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_refused_by_the_code_of_the_standard_with_the_reason_in_the_log_only(
    endpoint: Endpoint, case: str
) -> None:
    changes, status, error, reason = REFUSED[case]
    answer = await endpoint.post(endpoint.form(**changes))
    assert (answer.status, answer.json()) == (status, {"error": error})
    (event,) = endpoint.log.events
    assert (event["outcome"], event["reasons"]) == ("refused", [reason])


async def test_an_organisation_that_the_directory_does_not_list_and_a_wrong_key_are_answered_alike(
    endpoint: Endpoint,
) -> None:
    stranger = Claim(Party(Ura("00000042"), "X", Kind.HOSPITAL), CLAIM.person, CLAIM.purpose)
    unknown = await endpoint.post(endpoint.form(claim=stranger))
    wrong = await endpoint.post(endpoint.form(key=keys.generate()))
    assert unknown == wrong
    assert (wrong.status, wrong.json()) == (401, {"error": "invalid_client"})
    assert [event["reasons"] for event in endpoint.log.events] == [["issuer_unknown"], ["key_unknown"]]
    assert endpoint.log.events[0]["actor"] == {"organisation": "00000042"}


async def test_a_replayed_request_is_refused_and_the_first_token_stays(endpoint: Endpoint) -> None:
    form = endpoint.form()
    first, second = await endpoint.post(form), await endpoint.post(form)
    assert (first.status, second.status) == (200, 401)
    assert endpoint.log.events[1]["reasons"] == ["replayed"]
    assert endpoint.session(first.json()["access_token"]) is not None


async def test_when_the_log_cannot_be_written_there_is_no_token_and_no_refusal(endpoint: Endpoint) -> None:
    endpoint.log.broken = True
    for form in (endpoint.form(), endpoint.form(scope="x"), "&&&"):
        answer = await endpoint.post(form)
        assert (answer.status, answer.json()) == (503, {"error": "temporarily_unavailable"})
        assert answer.headers["retry-after"] == "5"
    assert all(session.revoked for session in endpoint.sessions._by_hash.values())


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        ("grant_type=a&grant_type=b", {}, 400),
        ("grant_type", {}, 400),
        ("a=b" + "&a=b" * 30, {}, 400),
        ("x=" + "y" * 70_000, {}, 413),
        ("\u00e9=1", {}, 400),
        ('{"grant_type":"client_credentials"}', {"content_type": "application/json"}, 415),
    ],
)
async def test_what_is_no_form_is_refused_and_logged(
    endpoint: Endpoint, body: str, headers: dict[str, str], status: int
) -> None:
    answer = await endpoint.post(body, **headers)
    assert (answer.status, answer.json()) == (status, {"error": "invalid_request"})
    assert [event["reasons"] for event in endpoint.log.events] == [[f"form_{status}"]]


async def test_parameters_in_the_address_are_not_read(endpoint: Endpoint) -> None:
    answer = await ask(endpoint.app, "POST", "/oauth/token?" + urlencode(endpoint.form()), FORM)
    assert answer.status == 400


async def test_only_post_reaches_the_token_endpoint(endpoint: Endpoint) -> None:
    answer = await ask(endpoint.app, "GET", "/oauth/token")
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert (await ask(endpoint.app, "GET", "/oauth/elsewhere")).status == 404


async def test_when_too_many_tokens_are_out_the_asker_is_told_when_to_come_back(endpoint: Endpoint) -> None:
    for _ in range(50):
        assert (await endpoint.post(endpoint.form())).status == 200
    answer = await endpoint.post(endpoint.form())
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    endpoint.now += dt.timedelta(seconds=301)
    assert (await endpoint.post(endpoint.form())).status == 200


async def test_the_node_itself_may_ask_what_a_token_stands_for(endpoint: Endpoint) -> None:
    token = (await endpoint.post(endpoint.form())).json()["access_token"]
    session = endpoint.session(token)
    assert session is not None and endpoint.sessions.bind(session, "client-1", frozenset({"e1"}))
    answer = await endpoint.post({"token": token}, "/oauth/introspect", authorization=f"Bearer {SECRET}")
    claims = answer.json()
    assert claims["active"] is True
    assert (claims["organization_ura"], claims["user_role"]) == (HOSPITAL.value, "gynaecologist")
    assert (claims["episode"], claims["exp"] - claims["iat"]) == (["e1"], 300)
    assert claims["treatment_relation"] == [{"basis": "episode", "evidence": "EpisodeOfCare/asker-1"}]


async def test_a_token_that_is_not_alive_says_no_more_than_that(endpoint: Endpoint) -> None:
    for token in ("", "unknown"):
        answer = await endpoint.post({"token": token}, "/oauth/introspect", authorization=f"Bearer {SECRET}")
        assert answer.json() == {"active": False}


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer wrong", f"Basic {SECRET}", SECRET])
async def test_nobody_else_may_introspect(endpoint: Endpoint, header: str) -> None:
    answer = await endpoint.post({"token": "x"}, "/oauth/introspect", authorization=header)
    assert answer.status == 401


async def test_the_metadata_says_where_and_how_and_is_true(endpoint: Endpoint) -> None:
    said = (await ask(endpoint.app, "GET", "/.well-known/oauth-authorization-server")).json()
    assert (said["issuer"], said["token_endpoint"]) == (BASE, ENDPOINT)
    assert said["token_endpoint_auth_signing_alg_values_supported"] == ["EdDSA", "ES256", "PS256", "RS256"]
    published = await ask(endpoint.app, "GET", said["jwks_uri"].removeprefix(BASE))
    assert published.json() == keys.jwks(NODE_KEY)
    assert said["introspection_endpoint"].removeprefix(BASE) == "/oauth/introspect"


async def test_with_a_real_log_the_event_is_on_disk_when_the_token_is_given(tmp_path: Path) -> None:
    log = AuditLog.open(tmp_path)
    endpoint = Endpoint(log)
    assert (await endpoint.post(endpoint.form(), traceparent=TRACE)).status == 200
    assert [entry.event["outcome"] for entry in search(tmp_path, Wanted(trace=TRACE))] == ["ok"]
    log.close()
    assert (await endpoint.post(endpoint.form())).status == 503

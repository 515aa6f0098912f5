"""Attacks on logging in and out, as a table: what somebody tries, and that nothing comes of it but a line in the log.

Each stands beside the honest way, which works.  "Nothing" is: no session in this browser, no session of another
browser that ended, no step outside this site.
"""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from babyconnect.web.login.logout_tokens import EVENT, Lately, LoggedOut
from babyconnect.web.login.routes import LoginEvent
from babyconnect.web.login.sessions import Origin
from tests.spec.viewer.stage import BASE, ISSUER, KEY, PASSWORD, Clock, Stage
from tests.support.visitor import Answer, Visitor

COOKIE = "babyconnect_90000001"
CODE = "a code of somebody else"

Try = Callable[[Stage], Awaitable[Answer]]


async def begun(stage: Stage, visitor: Visitor | None = None) -> Mapping[str, str]:
    """A log-in on its way: what the viewer asked of the issuer."""
    address = (await (visitor or stage.visitor).get("/viewer/aanmelden")).location
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


async def passed(stage: Stage, asked: Mapping[str, str], username: str = "anna") -> Mapping[str, str]:
    """Somebody logs in at the issuer for this request: what comes back with the browser."""
    at_issuer = Visitor(stage.provider)
    form = await at_issuer.get(f"{ISSUER}/authorize?{urlencode(asked)}")
    fields = {"ticket": form.field("ticket"), "username": username, "password": PASSWORD}
    back = await at_issuer.post("/idp/authorize", fields)
    return {name: values[0] for name, values in parse_qs(urlsplit(back.location).query).items()}


async def returned(visitor: Visitor, **answer: str) -> Answer:
    return await visitor.get(f"/viewer/terug?{urlencode(answer)}")


async def honest(stage: Stage) -> Answer:
    return await returned(stage.visitor, **await passed(stage, await begun(stage)))


async def login_csrf(stage: Stage) -> Answer:
    """The attacker logs in as herself and lets the victim's browser finish: it would work in her name."""
    attacker = Visitor(stage.viewer)
    answer = await passed(stage, await begun(stage, attacker))
    return await returned(stage.visitor, **answer)


async def login_csrf_into_a_running_attempt(stage: Stage) -> Answer:
    attacker = Visitor(stage.viewer)
    answer = await passed(stage, await begun(stage, attacker))
    await begun(stage)
    return await returned(stage.visitor, **answer)


async def state_replayed(stage: Stage) -> Answer:
    asked = await begun(stage)
    answer = await passed(stage, asked)
    assert (await returned(stage.visitor, **answer)).status == 303
    stage.visitor.jar.pop(COOKIE)
    return await returned(stage.visitor, **answer)


async def state_of_an_earlier_attempt(stage: Stage) -> Answer:
    earlier = await passed(stage, await begun(stage))
    await begun(stage)
    return await returned(stage.visitor, **earlier)


async def code_injected(stage: Stage) -> Answer:
    """A stolen code of another's log-in, put into the victim's own attempt: its PKCE challenge is another."""
    stolen = await passed(stage, await begun(stage, Visitor(stage.viewer)), "vreemd")
    asked = await begun(stage)
    return await returned(stage.visitor, code=stolen["code"], state=asked["state"], iss=ISSUER)


async def token_of_another_attempt(stage: Stage) -> Answer:
    """The issuer's token endpoint answers with a genuine token that was made for another attempt's nonce."""
    now = int(stage.clock.epoch())
    nonce = (await begun(stage, Visitor(stage.viewer)))["nonce"]
    claims = {"iss": ISSUER, "sub": "local:anna", "aud": "kijker", "exp": now + 60, "iat": now, "role": "midwife",
              "organization_ura": "90000001", "nonce": nonce}  # fmt: skip
    token = jwt.encode({"alg": "ES256", "kid": KEY.thumbprint()}, claims, KEY)
    stage.backchannel.answers[f"{ISSUER}/token"] = {"id_token": token}
    return await returned(stage.visitor, code=CODE, state=(await begun(stage))["state"], iss=ISSUER)


async def issuer_mixed_up(stage: Stage) -> Answer:
    answer = await passed(stage, await begun(stage))
    return await returned(stage.visitor, **{**answer, "iss": "https://evil.test"})


async def issuer_left_out(stage: Stage) -> Answer:
    answer = dict(await passed(stage, await begun(stage)))
    del answer["iss"]
    return await returned(stage.visitor, **answer)


async def issuer_named_twice(stage: Stage) -> Answer:
    query = urlencode([*(await passed(stage, await begun(stage))).items(), ("iss", "https://evil.test")])
    return await stage.visitor.get(f"/viewer/terug?{query}")


async def metadata_of_another(stage: Stage) -> Answer:
    found = await stage.backchannel.get(f"{ISSUER}/.well-known/openid-configuration")
    evil = {**found, "issuer": "https://evil.test", "token_endpoint": "https://evil.test/token"}
    stage.backchannel.answers[f"{ISSUER}/.well-known/openid-configuration"] = evil
    return await stage.visitor.get("/viewer/aanmelden")


async def another_s_refusal(stage: Stage) -> Answer:
    return await returned(stage.visitor, error="access_denied", state=(await begun(stage))["state"], iss=ISSUER)


@pytest.mark.parametrize(
    "attack",
    [
        login_csrf, login_csrf_into_a_running_attempt, state_replayed, state_of_an_earlier_attempt, code_injected,
        token_of_another_attempt, issuer_mixed_up, issuer_left_out, issuer_named_twice, metadata_of_another,
        another_s_refusal,
    ],
    ids=lambda attack: attack.__name__,
)  # fmt: skip
async def test_nobody_comes_in_by(attack: Try) -> None:
    stage = Stage()
    answer = await attack(stage)
    assert answer.status in (400, 403, 503), answer.status
    assert COOKIE not in stage.visitor.jar and "evil" not in answer.text


async def test_the_honest_way_beside_them_works() -> None:
    stage = Stage()
    assert (await honest(stage)).status == 303 and COOKIE in stage.visitor.jar


@pytest.mark.parametrize("attack", [login_csrf, state_replayed, code_injected, token_of_another_attempt])
async def test_what_was_tried_is_in_the_log(attack: Try) -> None:
    stage = Stage()
    await attack(stage)
    assert stage.noted[-1].type == "login.refused" and stage.noted[-1].outcome == "refused"


async def test_a_session_id_that_was_planted_before_log_in_is_not_the_one_that_counts_after() -> None:
    stage = Stage()
    planted = "x" * 43
    stage.visitor.jar[COOKIE] = planted
    await honest(stage)
    assert stage.visitor.jar[COOKIE] != planted
    assert "Aanmelden</a>" in (await Visitor(stage.viewer, jar={COOKIE: planted}).get("/viewer/")).text


async def test_a_session_of_the_attacker_s_that_was_planted_ends_when_the_victim_logs_in() -> None:
    stage = Stage()
    attacker = Visitor(stage.viewer)
    await returned(attacker, **await passed(stage, await begun(stage, attacker)))
    stage.visitor.jar[COOKIE] = attacker.jar[COOKIE]
    await honest(stage)
    assert "Aanmelden</a>" in (await attacker.get("/viewer/")).text


async def test_a_session_cookie_moves_to_no_site_but_its_own_and_no_script_reads_it() -> None:
    answer = await honest(Stage())
    (cookie,) = [one for one in answer.cookies if one.startswith(f"{COOKIE}=")]
    parts = {part.strip().lower() for part in cookie.split(";")}
    assert {"httponly", "samesite=lax", "path=/viewer"} <= parts and not any(p.startswith("domain") for p in parts)


@pytest.mark.parametrize(
    "address",
    [
        "/viewer/taal/en?naar=https://evil.test/",
        "/viewer/taal/en?naar=//evil.test/viewer/",
        "/viewer/taal/en?naar=/viewer/%5C%5Cevil.test",
        "/viewer/taal/en?naar=/viewer//evil.test",
        "/viewer/taal/en?naar=/client/",
        "/viewer/aanmelden?next=https://evil.test/",
        "/viewer/aanmelden?redirect_uri=https://evil.test/terug",
        "/viewer/afgemeld?post_logout_redirect_uri=https://evil.test/",
        "/viewer/launch?iss=https://evil.test/fhir&launch=x",
        "/viewer/launch?iss=http://region.test&launch=x&redirect_uri=https://evil.test/",
    ],
)
async def test_no_address_of_ours_leads_anywhere_else(address: str) -> None:
    location = (await Stage().visitor.get(address)).headers.get("location", "/viewer/")
    assert location.startswith(("/viewer/", f"{ISSUER}/authorize?"))
    assert "evil" not in location and "%5C" not in location.upper()


async def test_the_local_provider_sends_a_code_to_no_address_but_the_registered_one() -> None:
    stage = Stage()
    asked = await begun(stage)
    for address in (f"{BASE}/viewer/terug/", f"{BASE}/viewer/terug?x", "https://evil.test/", f"{BASE}@evil.test/"):
        query = urlencode({**asked, "redirect_uri": address})
        answer = await Visitor(stage.provider).get(f"{ISSUER}/authorize?{query}")
        assert answer.status == 400 and "location" not in answer.headers


def logout_token(stage: Stage, key: Any = KEY, algorithm: str = "ES256", typ: str = "logout+jwt", **change: Any) -> str:
    now = int(stage.clock.epoch())
    claims = {"iss": ISSUER, "aud": "kijker", "iat": now, "exp": now + 120, "jti": "one", "sub": "local:anna",
              "events": {EVENT: {}}, **change}  # fmt: skip
    claims = {name: value for name, value in claims.items() if value is not None}
    header = {"alg": algorithm, "kid": KEY.thumbprint(), "typ": typ}
    return jwt.encode(header, claims, key, algorithms=[algorithm])


async def told(stage: Stage, token: str) -> Answer:
    return await Visitor(stage.viewer).post("/viewer/afmelding", {"logout_token": token})


async def still_in(stage: Stage) -> bool:
    return "Anna" in (await stage.visitor.get("/viewer/")).text


async def test_a_genuine_logout_token_ends_her_sessions_everywhere_and_is_in_the_log() -> None:
    stage = Stage()
    await honest(stage)
    answer = await told(stage, logout_token(stage))
    assert answer.status == 200 and answer.headers["cache-control"] == "no-store"
    assert not await still_in(stage) and stage.noted[-1].type == "logout"


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("for another client", {"aud": "somebody"}),
        ("by another issuer", {"iss": "https://evil.test"}),
        ("about another person", {"sub": "local:else"}),
        ("about another session", {"sid": "other"}),
        ("about nobody", {"sub": None}),
        ("without the event", {"events": {}}),
        ("with another event", {"events": {"http://schemas.openid.net/event/other": {}}}),
        ("with an event that is no object", {"events": {EVENT: True}}),
        ("with a nonce, as an id token has", {"nonce": "n"}),
        ("without an id of its own", {"jti": None}),
        ("expired", {"exp": 1_700_000_000}),
        ("without an end", {"exp": None}),
        ("old, though not expired", {"iat": 1_700_000_000}),
        ("of the future", {"iat": 2_900_000_000, "exp": 2_900_000_100}),
        ("of another kind", {"typ": "at+jwt"}),
        ("signed by another key", {"key": ECKey.generate_key("P-256")}),
        ("signed by a shared secret", {"key": OctKey.import_key("k" * 40), "algorithm": "HS256"}),
    ],
)
async def test_a_logout_token_ends_nothing_when_it_is(what: str, change: dict[str, Any]) -> None:
    stage = Stage()
    await honest(stage)
    answer = await told(stage, logout_token(stage, **change))
    assert answer.status == (200 if "another person" in what or "another session" in what else 400), what
    assert await still_in(stage), what


async def test_a_logout_token_works_once() -> None:
    stage = Stage()
    await honest(stage)
    token = logout_token(stage)
    assert (await told(stage, token)).status == 200
    await honest(stage)
    assert (await told(stage, token)).status == 400 and await still_in(stage)


class Overtaken(Stage):
    """While a log-in is being made, the provider says that she left."""

    leaving = False

    async def _note(self, event: LoginEvent) -> None:
        await super()._note(event)
        if event.type == "login" and self.leaving:
            self.leaving = False
            self.clock.seconds += 1
            assert (await told(self, logout_token(self))).status == 200


async def test_a_log_out_that_overtakes_a_log_in_leaves_no_session_and_is_in_the_log() -> None:
    stage = Overtaken()
    stage.leaving = True
    answer = await honest(stage)
    assert answer.status == 403 and not await still_in(stage)
    assert [event.type for event in stage.noted[-3:]] == ["login", "logout", "login.refused"]
    assert stage.noted[-1].reason == "logged_out"
    stage.clock.seconds += 1
    await honest(stage)
    assert await still_in(stage), "logging in again is no matter"


def test_a_session_of_the_provider_that_ended_never_comes_back_and_another_of_hers_does() -> None:
    clock = Clock()
    lately, ended, other = Lately(clock), Origin(ISSUER, "anna", "s1"), Origin(ISSUER, "anna", "s2")
    lately.note(ISSUER, LoggedOut("", "s1"))
    clock.seconds += 5
    assert lately.overtook(ended, clock()) and not lately.overtook(other, clock())
    assert not lately.overtook(Origin("http://another.test", "anna", "s1"), 0.0)
    lately.note(ISSUER, LoggedOut("anna", ""))
    assert lately.overtook(other, 0.0) and not lately.overtook(other, clock() + 1)


async def test_an_id_token_logs_nobody_out_and_a_logout_token_logs_nobody_in() -> None:
    stage = Stage()
    await honest(stage)
    now = int(stage.clock.epoch())
    id_token = jwt.encode({"alg": "ES256", "kid": KEY.thumbprint()}, {"iss": ISSUER, "aud": "kijker", "iat": now,
                          "exp": now + 60, "sub": "local:anna", "nonce": "n", "jti": "x"}, KEY)  # fmt: skip
    assert (await told(stage, id_token)).status == 400 and await still_in(stage)
    fresh = Stage()
    fresh.backchannel.answers[f"{ISSUER}/token"] = {"id_token": logout_token(fresh, role="midwife")}
    asked = await begun(fresh)
    assert (await returned(fresh.visitor, code=CODE, state=asked["state"], iss=ISSUER)).status == 403


async def test_unsigned_and_broken_logout_tokens_end_nothing() -> None:
    stage = Stage()
    await honest(stage)
    bare = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    for token in ("", "x", "a.b.c", f"{bare}.{logout_token(stage).split('.')[1]}.", "a" * 7_000):
        assert (await told(stage, token)).status == 400
    assert await still_in(stage)


async def test_nobody_is_logged_out_by_a_page_of_another_site() -> None:
    stage = Stage()
    await honest(stage)
    for headers in ({"sec_fetch_site": "cross-site"}, {"origin": "https://evil.test"}, {}):
        assert (await stage.visitor.post("/viewer/afmelden", {"csrf": "00" * 64}, **headers)).status == 403
    assert (await stage.visitor.get("/viewer/afmelden")).status == 405
    assert await still_in(stage)


async def test_when_the_log_cannot_be_written_nobody_comes_in_and_whoever_leaves_is_out_all_the_same() -> None:
    stage = Stage()
    stage.log_fault = OSError("disk full")
    assert (await honest(stage)).status == 500 and COOKIE not in stage.visitor.jar
    stage.log_fault = None
    await honest(stage)
    csrf = await stage.csrf()
    stage.log_fault = OSError("disk full")
    assert (await stage.visitor.post("/viewer/afmelden", {"csrf": csrf})).status == 500
    assert not await still_in(stage)

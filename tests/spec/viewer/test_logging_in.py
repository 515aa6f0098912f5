"""Logging in at the viewer: OpenID Connect code flow with PKCE, state and nonce; sessions and how they end."""

from __future__ import annotations

import base64
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from tests.spec.viewer.stage import BASE, ISSUER, KEY, OWN, PASSWORD, Stage
from tests.support.visitor import Visitor


async def test_a_midwife_of_this_organisation_logs_in_and_sees_the_search_page() -> None:
    stage = Stage()
    assert (await stage.log_in()).location == "/viewer/"
    page = await stage.visitor.get("/viewer/")
    assert "Anna</strong>, verloskundige" in page.text and OWN.name in page.text


async def test_the_page_says_that_a_local_password_is_a_lower_assurance() -> None:
    stage = Stage()
    await stage.log_in()
    assert "lager betrouwbaarheidsniveau" in (await stage.visitor.get("/viewer/")).text


async def test_the_request_to_the_issuer_carries_state_nonce_and_an_s256_challenge() -> None:
    begun = await Stage().visitor.get("/viewer/aanmelden")
    query = parse_qs(urlsplit(begun.location).query)
    assert query["response_type"] == ["code"] and query["code_challenge_method"] == ["S256"]
    assert query["redirect_uri"] == [f"{BASE}/viewer/terug"]
    assert all(len(query[name][0]) >= 43 for name in ("state", "nonce", "code_challenge"))


async def test_the_session_cookie_is_out_of_reach_of_scripts_and_of_other_sites() -> None:
    stage = Stage()
    cookies = (await stage.log_in()).cookies
    (cookie,) = [cookie for cookie in cookies if cookie.startswith("babyconnect_90000001=")]
    assert {"HttpOnly", "SameSite=lax", "Path=/viewer"} <= {part.strip() for part in cookie.split(";")}
    assert stage.visitor.jar["babyconnect_90000001"]


async def test_somebody_of_another_organisation_gets_no_session_here() -> None:
    stage = Stage()
    answer = await stage.log_in("else")
    assert answer.status == 403 and "andere organisatie" in answer.text
    assert "babyconnect_90000001" not in stage.visitor.jar


async def test_a_return_with_another_state_is_refused() -> None:
    stage = Stage()
    await stage.visitor.get("/viewer/aanmelden")
    answer = await stage.visitor.get(f"/viewer/terug?code=x&state=other&iss={ISSUER}")
    assert answer.status == 403 and "babyconnect_90000001" not in stage.visitor.jar


async def test_a_return_to_a_browser_that_began_no_login_is_refused() -> None:
    assert (await Stage().visitor.get("/viewer/terug?code=x&state=y")).status == 400


async def test_a_return_from_another_issuer_is_refused() -> None:
    stage = Stage()
    begun = await stage.visitor.get("/viewer/aanmelden")
    state = parse_qs(urlsplit(begun.location).query)["state"][0]
    answer = await stage.visitor.get(f"/viewer/terug?code=x&state={state}&iss=http://evil.test")
    assert answer.status == 403


async def test_a_login_attempt_works_once_and_not_after_ten_minutes() -> None:
    stage = Stage()
    begun = await stage.visitor.get("/viewer/aanmelden")
    state = parse_qs(urlsplit(begun.location).query)["state"][0]
    stage.clock.seconds += 601
    assert (await stage.visitor.get(f"/viewer/terug?code=x&state={state}&iss={ISSUER}")).status == 400


def _token(claims: dict[str, Any], key: Any, algorithm: str) -> str:
    return jwt.encode({"alg": algorithm, "kid": KEY.thumbprint()}, claims, key, algorithms=[algorithm])


async def _return_with(stage: Stage, change: dict[str, Any], key: Any = KEY, algorithm: str = "ES256") -> int:
    """Answers the viewer's token request with a token of our making; the status of its page."""
    begun = await stage.visitor.get("/viewer/aanmelden")
    query = parse_qs(urlsplit(begun.location).query)
    now = int(stage.clock.epoch())
    claims: dict[str, Any] = {
        "iss": ISSUER, "sub": "local:anna", "aud": "kijker", "exp": now + 60, "iat": now, "nonce": query["nonce"][0],
        "name": "Anna", "role": "midwife", "organization_ura": "90000001",
    }  # fmt: skip
    claims = {name: value for name, value in {**claims, **change}.items() if value is not None}
    stage.backchannel.answers[f"{ISSUER}/token"] = {"id_token": _token(claims, key, algorithm)}
    answer = await stage.visitor.get(f"/viewer/terug?code=x&state={query['state'][0]}&iss={ISSUER}")
    return answer.status


async def test_a_token_of_our_making_with_nothing_wrong_logs_in() -> None:
    assert await _return_with(Stage(), {}) == 303


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("another nonce", {"nonce": "other"}),
        ("no nonce", {"nonce": None}),
        ("another audience", {"aud": "somebody"}),
        ("more audiences, authorised for another", {"aud": ["kijker", "x"], "azp": "x"}),
        ("another issuer", {"iss": "http://evil.test"}),
        ("expired", {"exp": 1_700_000_000}),
        ("issued in the future", {"iat": 2_900_000_000}),
        ("an unknown role", {"role": "sorcerer"}),
        ("no role", {"role": None}),
        ("no organisation", {"organization_ura": None}),
        ("no subject", {"sub": None}),
    ],
)
async def test_a_token_that_is_wrong_in_one_claim_yields_no_session(what: str, change: dict[str, Any]) -> None:
    stage = Stage()
    assert await _return_with(stage, change) == 403, what
    assert "babyconnect_90000001" not in stage.visitor.jar


async def test_a_clock_that_is_half_a_minute_off_locks_nobody_out_and_one_that_is_more_does() -> None:
    for seconds, status in ((29, 303), (31, 403)):
        stage = Stage()
        now = int(stage.clock.epoch())
        assert await _return_with(stage, {"iat": now + seconds}) == status
        stage = Stage()
        assert await _return_with(stage, {"iat": now - 300, "exp": now - seconds}) == status


async def test_an_access_token_that_is_not_the_one_the_id_token_speaks_of_yields_no_session() -> None:
    assert await _return_with(Stage(), {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}) == 403


async def test_a_token_signed_by_another_key_or_a_shared_secret_yields_no_session() -> None:
    assert await _return_with(Stage(), {}, ECKey.generate_key("P-256")) == 403
    assert await _return_with(Stage(), {}, OctKey.import_key("a shared secret of 32 bytes and more"), "HS256") == 403


async def test_a_token_that_claims_to_need_no_signature_yields_no_session() -> None:
    stage = Stage()
    assert await _return_with(stage, {}) == 303
    header = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    signed = stage.backchannel.answers[f"{ISSUER}/token"]["id_token"]
    bare = f"{header}.{signed.split('.')[1]}."
    begun = await stage.visitor.get("/viewer/aanmelden")
    state = parse_qs(urlsplit(begun.location).query)["state"][0]
    stage.backchannel.answers[f"{ISSUER}/token"] = {"id_token": bare}
    assert (await stage.visitor.get(f"/viewer/terug?code=x&state={state}&iss={ISSUER}")).status == 403


async def test_an_issuer_that_does_not_answer_gives_a_page_that_says_so() -> None:
    stage = Stage()
    stage.backchannel.answers[f"{ISSUER}/.well-known/openid-configuration"] = {"issuer": "http://evil.test"}
    answer = await stage.visitor.get("/viewer/aanmelden")
    assert answer.status == 503 and "nu niet mogelijk" in answer.text


async def test_logging_in_again_ends_the_earlier_session_and_gives_another_id() -> None:
    stage = Stage()
    await stage.log_in()
    first = dict(stage.visitor.jar)
    await stage.log_in()
    assert stage.visitor.jar["babyconnect_90000001"] != first["babyconnect_90000001"]
    assert "Aanmelden</a>" in (await Visitor(stage.viewer, jar=first).get("/viewer/")).text


async def test_logging_out_ends_the_session_for_whoever_holds_its_cookie() -> None:
    stage = Stage()
    await stage.log_in()
    held = dict(stage.visitor.jar)
    await stage.visitor.post("/viewer/afmelden", {"csrf": await stage.csrf()})
    assert "Aanmelden</a>" in (await Visitor(stage.viewer, jar=held).get("/viewer/")).text


async def test_a_session_ends_after_half_an_hour_without_use() -> None:
    stage = Stage()
    await stage.log_in()
    stage.clock.seconds += 30 * 60 + 1
    assert "Aanmelden</a>" in (await stage.visitor.get("/viewer/")).text


async def test_a_session_in_constant_use_ends_after_ten_hours() -> None:
    stage = Stage()
    await stage.log_in()
    for _ in range(30):
        stage.clock.seconds += 20 * 60
        await stage.visitor.get("/viewer/")
    stage.clock.seconds += 60
    assert "Aanmelden</a>" in (await stage.visitor.get("/viewer/")).text


async def test_a_wrong_password_and_an_unknown_name_read_the_same() -> None:
    stage = Stage()
    wrong, unknown = await stage.log_in("anna", "nope"), await stage.log_in("niemand", PASSWORD)
    assert wrong.status == unknown.status == 401

    def without_ticket(text: str) -> str:
        return re.sub(r'name="ticket" value="[^"]*"', "", text)

    assert without_ticket(wrong.text) == without_ticket(unknown.text)


async def test_a_sixth_guess_within_a_minute_is_not_even_looked_at() -> None:
    stage = Stage()
    for _ in range(5):
        assert (await stage.log_in("anna", "nope")).status == 401
    assert (await stage.log_in("anna", PASSWORD)).status == 429
    stage.clock.seconds += 61
    assert (await stage.log_in("anna", PASSWORD)).status == 303

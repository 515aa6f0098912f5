"""The local identity provider: what it grants, and that it grants nothing else."""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc import jwt

from babyconnect.web.simulators.users import hash_password, password_holds, read_users
from tests.spec.viewer.stage import BASE, HASHED, ISSUER, KEY, PASSWORD, SECRET, Stage
from tests.support.visitor import InProcess, Visitor

VERIFIER = "v" * 50
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
GOOD = {
    "response_type": "code", "client_id": "kijker", "redirect_uri": f"{BASE}/viewer/terug", "scope": "openid",
    "state": "s", "nonce": "n", "code_challenge": CHALLENGE, "code_challenge_method": "S256",
}  # fmt: skip


def _ask(change: dict[str, str]) -> str:
    return "/idp/authorize?" + urlencode({k: v for k, v in {**GOOD, **change}.items() if v})


async def _code(stage: Stage) -> str:
    visitor = Visitor(stage.provider)
    form = await visitor.get(_ask({}))
    fields = {"ticket": form.field("ticket"), "username": "anna", "password": PASSWORD}
    back = await visitor.post("/idp/authorize", fields)
    return parse_qs(urlsplit(back.location).query)["code"][0]


async def _redeem(stage: Stage, code: str, secret: str = SECRET, **change: str) -> tuple[int, dict[str, str]]:
    fields = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
    fields["redirect_uri"] = GOOD["redirect_uri"]
    return await InProcess(stage.provider).post(f"{ISSUER}/token", {**fields, **change}, ("kijker", secret))


async def test_a_code_buys_one_signed_token_that_names_person_role_organisation_and_assurance() -> None:
    stage = Stage()
    status, answer = await _redeem(stage, await _code(stage))
    claims = jwt.decode(answer["id_token"], KEY, algorithms=["ES256"]).claims
    assert status == 200
    assert (claims["name"], claims["role"], claims["organization_ura"]) == ("Anna", "midwife", "90000001")
    assert claims["acr"] == "urn:babyconnect:acr:local-password" and claims["nonce"] == "n"


@pytest.mark.parametrize("change", [{"client_id": "other"}, {"redirect_uri": f"{BASE}/viewer/terug/"},
                                    {"redirect_uri": "http://evil.test/"}, {"redirect_uri": ""}])  # fmt: skip
async def test_an_unknown_client_or_address_is_answered_here_and_never_redirected(change: dict[str, str]) -> None:
    answer = await Visitor(Stage().provider).get(_ask(change))
    assert answer.status == 400 and "location" not in answer.headers


@pytest.mark.parametrize(
    "change",
    [{"code_challenge": ""}, {"code_challenge_method": "plain"}, {"response_type": "token"}, {"scope": "profile"},
     {"nonce": ""}, {"state": ""}],
)  # fmt: skip
async def test_a_request_without_pkce_nonce_or_state_goes_back_with_an_error(change: dict[str, str]) -> None:
    answer = await Visitor(Stage().provider).get(_ask(change))
    assert answer.status == 303 and "error=" in answer.location and "code=" not in answer.location


async def test_a_code_works_once() -> None:
    stage = Stage()
    code = await _code(stage)
    assert (await _redeem(stage, code))[0] == 200
    assert (await _redeem(stage, code)) == (400, {"error": "invalid_grant"})


async def test_a_code_is_over_after_a_minute() -> None:
    stage = Stage()
    code = await _code(stage)
    stage.clock.seconds += 61
    assert (await _redeem(stage, code))[0] == 400


@pytest.mark.parametrize("change", [{"code_verifier": "w" * 50}, {"code_verifier": ""}, {"redirect_uri": "http://x"},
                                    {"grant_type": "password"}])  # fmt: skip
async def test_a_code_is_refused_without_its_verifier_and_address(change: dict[str, str]) -> None:
    stage = Stage()
    assert (await _redeem(stage, await _code(stage), **change))[0] == 400


async def test_a_code_is_refused_without_the_clients_secret() -> None:
    stage = Stage()
    assert (await _redeem(stage, await _code(stage), secret="guess"))[0] == 401


async def test_a_form_filled_in_by_another_browser_is_refused() -> None:
    stage = Stage()
    form = await Visitor(stage.provider).get(_ask({}))
    fields = {"ticket": form.field("ticket"), "username": "anna", "password": PASSWORD}
    assert (await Visitor(stage.provider).post("/idp/authorize", fields)).status == 400


async def test_only_the_public_half_of_the_key_is_published() -> None:
    jwks = await InProcess(Stage().provider).get(f"{ISSUER}/jwks")
    assert jwks["keys"] and all("d" not in key for key in jwks["keys"])


def test_a_password_is_kept_as_a_hash_with_its_own_salt() -> None:
    assert password_holds(PASSWORD, HASHED) and not password_holds("other", HASHED)
    assert hash_password("x", b"a" * 16) != hash_password("x", b"b" * 16) and "x" not in hash_password("x", b"a" * 16)


def test_users_come_from_a_file_and_a_plain_password_in_it_is_refused() -> None:
    row = '[[user]]\nusername = "anna"\nname = "Anna"\nrole = "midwife"\nura = "90000001"\npassword = "{}"\n'
    (found,) = read_users(row.format(HASHED).encode())
    assert found.person.name == "Anna" and found.ura.value == "90000001"
    with pytest.raises(ValueError, match="scrypt"):
        read_users(row.format("geheim").encode())

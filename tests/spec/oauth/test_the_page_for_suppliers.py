"""The examples of docs/getting-a-token.md, run as they stand there, by another library, against a node that listens."""

from __future__ import annotations

import asyncio
import re
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import orjson
import pytest
from joserfc.jwk import ECKey

from babyconnect.trust import scopes
from tests.attacks import stage as stages
from tests.attacks.stage import ASKER, HOLDER, HOSPITAL, Stage, staged

PAGE = (Path(__file__).parents[3] / "docs/getting-a-token.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def post(address: str, headers: dict[str, str], form: dict[str, str]) -> dict[str, Any]:
    request = Request(address, urlencode(form).encode(), headers)
    with urlopen(request, timeout=10) as answer:
        found: dict[str, Any] = orjson.loads(answer.read())
    return found


def supplier(stage: Stage, key: ECKey) -> dict[str, Any]:
    """What the page has made when it was run: its names."""
    made: dict[str, Any] = {
        "key": key,
        "key_id": "their-key",
        "ura": HOSPITAL.ura.value,
        "did": ASKER.did,
        "holder_ura": HOLDER.ura.value,
        "holder_did": "did:web:holder.example",
        "endpoint": stage.endpoint,
        "post": post,
    }
    for block in BLOCKS:
        exec(compile(block, "getting-a-token.md", "exec"), made)
    return made


GRANTS = {"client_credentials": "minvws", "vp_token_bearer": "nuts", "jwt_bearer": "gf"}


@pytest.mark.parametrize("grant", GRANTS)
async def test_each_example_gets_a_token_that_opens_the_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, grant: str
) -> None:
    key = ECKey.generate_key("P-256")
    published = {**key.as_dict(private=False), "kid": "their-key"}
    monkeypatch.setitem(stages.JWKS, HOSPITAL.ura, {"keys": [published]})
    async with staged(tmp_path) as stage:
        # The page's clock is the wall's.
        stage.later(time.time() - stage.seconds())
        made = supplier(stage, key)
        token = await asyncio.to_thread(made["ask"], made[grant])
        path = "/fhir/stu3/Patient"
        headers = list(made["authorization"](token, "GET", stage.base + path).items())
        answer = await stage.get(path, headers)
        assert answer.status == 200
        session = stage.sessions.known(token)
        assert session is not None and session.asker.ura == HOSPITAL.ura and session.asker.person == "900012345"


def test_the_page_names_every_scope_and_every_grant() -> None:
    assert all(f"`{name}`" in PAGE for name in scopes.known())
    assert all(f"`{name}`" in PAGE for name in scopes.grants())
    assert set(GRANTS.values()) == set(scopes.grants().values())

"""Which application answers a path, and where the bare address leads."""

from __future__ import annotations

import pytest

from babyconnect.api.dispatch import Mounts
from tests.support.asgi import ask


@pytest.mark.parametrize(("home", "status", "location"), [("/viewer/", 303, "/viewer/"), ("", 404, None)])
async def test_the_bare_address_leads_to_the_viewer_where_there_is_one(
    home: str, status: int, location: str | None
) -> None:
    response = await ask(Mounts([], home=home), "GET", "/", {})
    assert (response.status, response.headers.get("location")) == (status, location)


async def test_any_other_path_that_nobody_has_is_not_there() -> None:
    assert (await ask(Mounts([], home="/viewer/"), "GET", "/nergens", {})).status == 404

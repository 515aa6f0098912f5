"""Logging in and out with a certified OpenID Provider of somebody else (oidc-provider), over sockets."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from babyconnect.flows.viewing import Viewing
from babyconnect.web.client.claims import ClientClaims
from babyconnect.web.client.site import ClientSite, Parts
from babyconnect.web.login.relying_party import Issuer
from babyconnect.web.login.routes import LoginEvent
from babyconnect.web.viewer.site import viewer_app
from tests.federation.serving import free_port, serving
from tests.spec.viewer.stage import HOSPITAL, OWN, Clock
from tests.support.certified import Browser, browsing, certified_provider

SECRET = "a secret with / + and : in it, long enough"
PEOPLE = {
    "anna": {"name": "Anna de Vries", "role": "midwife", "organization_ura": OWN.ura.value},
    "fleur": {"name": "Fleur", "functions": ["privacy_officer"], "organization_ura": OWN.ura.value},
    "noor": {"name": "Noor Voorbeeld", "bsn": "999900730", "loa": "http://eidas.europa.eu/LoA/substantial"},
    "piet": {"name": "Piet", "bsn": "999990019", "loa": "http://eidas.europa.eu/LoA/low"},
}


def registered(name: str, base: str, path: str) -> dict[str, Any]:
    return {
        "client_id": name,
        "client_secret": SECRET,
        "redirect_uris": [f"{base}{path}/terug"],
        "post_logout_redirect_uris": [f"{base}{path}/afgemeld"],
        "backchannel_logout_uri": f"{base}{path}/afmelding",
        "backchannel_logout_session_required": True,
    }


def bases_of(ports: tuple[int, int]) -> list[str]:
    """Two names of one machine: cookies know hosts, not ports."""
    return [f"http://127.0.0.1:{ports[0]}", f"http://localhost:{ports[1]}"]


class World:
    """One provider; two viewers and a client's site that trust it."""

    def __init__(self, issuer: str, ports: tuple[int, int]) -> None:
        self.issuer = issuer
        self.bases = bases_of(ports)
        self.ports = ports
        self.ahead = 0.0
        self.noted: list[LoginEvent] = []

    async def note(self, event: LoginEvent) -> None:
        self.noted.append(event)

    def now(self) -> Any:
        return Clock(time.time() + self.ahead - Clock().epoch()).now()

    @contextlib.asynccontextmanager
    async def sites(self, userinfo: bool = False) -> AsyncIterator[World]:
        async with contextlib.AsyncExitStack() as opening:
            for number, (party, base, port) in enumerate(zip((OWN, HOSPITAL), self.bases, self.ports, strict=True)):
                viewer = viewer_app(
                    party=OWN, base_url=base, issuer=Issuer(self.issuer, f"kijker{number}", SECRET, userinfo=userinfo),
                    viewing=Viewing(None, None, self.now), todays_clients=nobody, now=self.now, note=self.note,
                )  # fmt: skip
                client = ClientSite(
                    Parts(
                        party=party, base_url=base, note=self.note, now=self.now,
                        issuer=Issuer(self.issuer, f"client{number}", SECRET, hint=False),
                        claims=ClientClaims(assurance="loa"),
                    )
                )  # fmt: skip
                opening.push_async_callback(viewer.close)
                opening.push_async_callback(client.close)

                async def app(scope: Any, receive: Any, send: Any, v: Any = viewer, c: Any = client) -> None:
                    await (c if scope["path"].startswith("/client") else v)(scope, receive, send)

                await opening.enter_async_context(serving(app, port))
            yield self


async def nobody(person: Any) -> list[Any]:
    return []


def world(claims: str) -> Iterator[World]:
    ports = (free_port(), free_port())
    bases = bases_of(ports)
    clients = [registered(f"kijker{n}", base, "/viewer") for n, base in enumerate(bases)]
    clients += [registered(f"client{n}", base, "/client") for n, base in enumerate(bases)]
    with certified_provider(clients, PEOPLE, claims) as issuer:
        yield World(issuer, ports)


@pytest.fixture(scope="module")
def certified() -> Iterator[World]:
    yield from world("id_token")


@pytest.fixture(scope="module")
def sparing() -> Iterator[World]:
    """The same, but its id tokens say no more than the standard asks."""
    yield from world("userinfo")


async def logged_in(browser: Browser, base: str, name: str = "anna", path: str = "/viewer") -> str:
    await browser.open(f"{base}{path}/aanmelden")
    if "/interaction/" in browser.url:
        await browser.pass_provider(name)
    return browser.text


async def test_a_midwife_logs_in_with_the_certified_provider_and_it_is_in_the_log(certified: World) -> None:
    async with certified.sites() as world, browsing() as browser:
        assert "Anna de Vries" in await logged_in(browser, world.bases[0])
        event = world.noted[-1]
        assert (event.type, event.person, event.role, event.loa) == ("login", "anna", "midwife", "low")


async def test_a_privacy_officer_without_a_care_task_logs_in_and_finds_no_search_for_clients(certified: World) -> None:
    async with certified.sites() as world, browsing() as browser:
        page = await logged_in(browser, world.bases[0], "fleur")
        assert "Fleur" in page and 'name="bsn"' not in page


async def test_a_provider_whose_id_tokens_say_little_is_asked_for_the_rest(sparing: World) -> None:
    async with sparing.sites(userinfo=True) as world, browsing() as browser:
        assert "Anna de Vries" in await logged_in(browser, world.bases[0])
    async with sparing.sites() as world, browsing() as browser:
        assert "andere organisatie" in await logged_in(browser, world.bases[0])


async def test_after_the_provider_rotated_its_keys_people_still_log_in(certified: World) -> None:
    async with certified.sites() as world, browsing() as browser:
        await logged_in(browser, world.bases[0])
        await browser._session.post(f"{world.issuer}/_rotate")
        world.ahead += 61
        async with browsing() as another:
            assert "Anna de Vries" in await logged_in(another, world.bases[0])


async def test_logging_out_of_a_viewer_logs_out_at_the_provider_too(certified: World) -> None:
    async with certified.sites() as world, browsing() as browser:
        await logged_in(browser, world.bases[0])
        await browser.submit("csrf")
        assert browser.url.startswith(f"{world.issuer}/session/end")
        await browser.submit(logout="yes")
        assert browser.url.endswith("/viewer/?afgemeld=1") and "U bent afgemeld" in browser.text
        await browser.open(f"{world.bases[0]}/viewer/aanmelden")
        assert "/interaction/" in browser.url, "the provider asks for a log-in again"


async def test_logging_out_of_one_viewer_ends_the_session_at_the_other_by_the_back_channel(certified: World) -> None:
    async with certified.sites() as world, browsing() as browser:
        first, second = world.bases
        await logged_in(browser, first)
        assert "Anna de Vries" in await logged_in(browser, second), "single sign-on: no second log-in"
        await browser.open(f"{first}/viewer/")
        await browser.submit("csrf")
        await browser.submit(logout="yes")
        await browser.open(f"{second}/viewer/")
        assert "Anna de Vries" not in browser.text
        assert [event.type for event in world.noted[-2:]] == ["logout", "logout"]


async def test_a_client_logs_in_with_enough_assurance_and_another_with_too_little_does_not(certified: World) -> None:
    async with certified.sites() as world:
        async with browsing() as browser:
            assert "Noor Voorbeeld" in await logged_in(browser, world.bases[0], "noor", "/client")
        async with browsing() as browser:
            assert "meer zekerheid" in await logged_in(browser, world.bases[0], "piet", "/client")
            assert world.noted[-1].type == "login.refused" and world.noted[-1].reason == "loa"


async def test_no_address_that_the_browser_sees_at_a_clients_log_out_holds_her_token(certified: World) -> None:
    async with certified.sites() as world, browsing() as browser:
        await logged_in(browser, world.bases[0], "noor", "/client")
        await browser.submit("csrf")
        assert browser.url.startswith(f"{world.issuer}/session/end") and "id_token_hint" not in browser.url

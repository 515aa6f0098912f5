"""Every form of every site, walked: nothing that another site sends is done, nor what is sent twice in two ways."""

from __future__ import annotations

import pytest

from tests.attacks.browser import FORM, Browser, logged_in
from tests.attacks.edge import Edge, pages
from tests.attacks.test_headers import filled

PEOPLE = [
    ("anna.practice", "/viewer"),
    ("pim.practice", "/viewer"),
    ("ada.practice", "/viewer"),
    ("anna.voorbeeld", "/client"),
]
MACHINES = {"/viewer/afmelding", "/viewer/launch/afmelding", "/client/afmelding"}
"""Logging out as the issuer tells it: a signed token, no browser (Back-Channel Logout 1.0)."""
CROSS_SITE = [
    {"origin": "https://evil.test"},
    {"origin": "http://127.0.0.1:1"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
]


def forms(edge: Edge, site: str) -> list[str]:
    found = {filled(path) for method, path in pages(edge.apps["practice"]) if method == "POST"}
    return sorted(path for path in found - MACHINES if path.startswith(site))


@pytest.fixture(scope="module")
def inside(edge: Edge) -> dict[str, Browser]:
    return {who: logged_in(edge, who, site=site) for who, site in PEOPLE}


def still_in(browser: Browser, edge: Edge, site: str) -> bool:
    return bool(browser.token(edge.base("practice") + site + "/"))


@pytest.mark.parametrize(("who", "site"), PEOPLE)
def test_no_form_is_taken_without_this_sessions_own_token(
    edge: Edge, inside: dict[str, Browser], who: str, site: str
) -> None:
    browser, base = inside[who], edge.base("practice")
    another = logged_in(edge, who, site=site).token(f"{base}{site}/")
    taken = {
        (path, token[:6]): answer.status
        for path in forms(edge, site)
        for token in ("", "0" * 128, "00", another, "x" * 10, "0" * 8_000)
        if (answer := browser.post(base + path, {"csrf": token} if token else {})).status not in (403, 404)
    }
    assert taken == {}
    assert still_in(browser, edge, site)


@pytest.mark.parametrize(("who", "site"), PEOPLE)
def test_no_form_is_taken_from_another_site_even_with_the_token(
    edge: Edge, inside: dict[str, Browser], who: str, site: str
) -> None:
    browser, base = inside[who], edge.base("practice")
    token = browser.token(f"{base}{site}/")
    taken = {
        (path, str(sent)): answer.status
        for path in forms(edge, site)
        for sent in CROSS_SITE
        if (answer := browser.post(base + path, {"csrf": token}, **sent)).status not in (403, 404)
    }
    assert taken == {}
    assert still_in(browser, edge, site)


@pytest.mark.parametrize(("who", "site"), PEOPLE)
def test_each_form_is_read_in_one_way(edge: Edge, inside: dict[str, Browser], who: str, site: str) -> None:
    """A field twice, another type of body, too large a body: nothing is done."""
    browser, base = inside[who], edge.base("practice")
    token = browser.token(f"{base}{site}/")
    sent = [
        (FORM, f"csrf={token}&csrf={token}", {400, 404}),
        (FORM, f"csrf={token}&csrf=", {400, 404}),
        ({"content-type": "application/json"}, f'{{"csrf": "{token}"}}', {415, 404}),
        ({"content-type": "text/plain"}, f"csrf={token}", {415, 404}),
        ({"content-type": "multipart/form-data; boundary=x"}, "--x--", {415, 404}),
        (FORM, f"csrf={token}&" + "&".join(f"a{n}=" for n in range(60)), {400, 404}),
        (FORM, f"csrf={token}&x=" + "y" * 2_000_000, {413, 404}),
    ]
    taken = {
        (path, body[:20], answer.status)
        for path in forms(edge, site)
        for headers, body, expected in sent
        if (answer := browser.send("POST", base + path, dict(headers), body.encode())).status not in expected
    }
    assert taken == set()
    assert still_in(browser, edge, site)


@pytest.mark.parametrize(("who", "site"), PEOPLE)
def test_a_form_of_one_who_left_or_never_came_is_not_taken(edge: Edge, who: str, site: str) -> None:
    base = edge.base("practice")
    leaving = logged_in(edge, who, site=site)
    cookies, token = dict(leaving.jar), leaving.token(f"{base}{site}/")
    leaving.post(f"{base}{site}/afmelden", {"csrf": token})
    late = Browser(edge, cookies)
    for path in forms(edge, site):
        assert late.post(base + path, {"csrf": token}).status in (303, 403, 404), path
        assert Browser(edge).post(base + path, {"csrf": token}).status in (303, 403, 404), path
    assert not still_in(late, edge, site)


def test_every_form_is_open_to_somebody(edge: Edge, inside: dict[str, Browser]) -> None:
    """The walk above proves nothing of a form that nobody reaches: each is refused as a form (403) to one of them."""
    base, reached = edge.base("practice"), set()
    for who, site in PEOPLE:
        reached |= {path for path in forms(edge, site) if inside[who].post(base + path).status == 403}
    assert set(forms(edge, "/")) - MACHINES - reached <= {"/mitz/notify"}


def test_the_session_of_one_site_is_none_of_another(edge: Edge, inside: dict[str, Browser]) -> None:
    """A client's session opens no viewer and the other way round, whatever name its cookie bears."""
    base = edge.base("practice")
    for who, site, other in (("anna.voorbeeld", "/client", "/viewer"), ("anna.practice", "/viewer", "/client")):
        assert inside[who].token(f"{base}{site}/")
        assert not inside[who].token(f"{base}{other}/")


def test_a_session_id_is_new_at_each_log_in_and_no_sites_choice(edge: Edge) -> None:
    planted = {"babyconnect_90000001": "planted-by-somebody-else"}
    browser = Browser(edge, dict(planted))
    assert not still_in(browser, edge, "/viewer")
    ids = {logged_in(edge, "anna.practice").jar["babyconnect_90000001"] for _ in range(2)}
    assert len(ids) == 2 and planted["babyconnect_90000001"] not in ids
    assert all(len(one) >= 32 for one in ids)

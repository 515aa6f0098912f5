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
UPLOADS = {"/viewer/aanleveren/controle"}
"""Forms that carry a file, so they are sent and read as such."""
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


def post(browser: Browser, base: str, path: str, fields: dict[str, str] | None = None, **headers: str) -> int:
    """The status of a form of this path's own kind."""
    if path not in UPLOADS:
        return browser.post(base + path, fields, **headers).status
    return browser.send("POST", base + path, {**MULTIPART, **headers}, multipart(*(fields or {}).items())).status


MULTIPART = {"content-type": "multipart/form-data; boundary=x"}


def multipart(*fields: tuple[str, str]) -> bytes:
    parts = [f'--x\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields]
    file = '--x\r\ncontent-disposition: form-data; name="bestand"; filename="a.csv"\r\n\r\nx\r\n'
    return "".join([*parts, file, "--x--\r\n"]).encode()


def still_in(browser: Browser, edge: Edge, site: str) -> bool:
    return bool(browser.token(edge.base("practice") + site + "/"))


@pytest.mark.parametrize(("who", "site"), PEOPLE)
def test_no_form_is_taken_without_this_sessions_own_token(
    edge: Edge, inside: dict[str, Browser], who: str, site: str
) -> None:
    browser, base = inside[who], edge.base("practice")
    another = logged_in(edge, who, site=site).token(f"{base}{site}/")
    taken = {
        (path, token[:6]): status
        for path in forms(edge, site)
        for token in ("", "0" * 128, "00", another, "x" * 10, "0" * 8_000)
        if (status := post(browser, base, path, {"csrf": token} if token else {})) not in (403, 404)
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
        (path, str(sent)): status
        for path in forms(edge, site)
        for sent in CROSS_SITE
        if (status := post(browser, base, path, {"csrf": token}, **sent)) not in (403, 404)
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
        if path not in UPLOADS
        for headers, body, expected in sent
        if (answer := browser.send("POST", base + path, dict(headers), body.encode())).status not in expected
    }
    assert taken == set()
    assert still_in(browser, edge, site)


def test_a_form_with_a_file_is_read_in_one_way_too(edge: Edge, inside: dict[str, Browser]) -> None:
    browser, base = inside["ada.practice"], edge.base("practice")
    token = browser.token(f"{base}/viewer/")
    whole = multipart(("csrf", token))
    sent = [
        (FORM, f"csrf={token}".encode(), 415),
        ({"content-type": "application/json"}, b"{}", 415),
        ({"content-type": "multipart/form-data"}, whole, 415),
        (MULTIPART, multipart(("csrf", token), ("csrf", token)), 400),
        (MULTIPART, multipart(("csrf", token), ("csrf", "")), 400),
        (MULTIPART, multipart(("csrf", token), *((f"a{n}", "") for n in range(60))), 400),
        (MULTIPART, whole.removesuffix(b"--x--\r\n"), 400),
        (MULTIPART, b"--x--", 400),
        (MULTIPART, whole.replace(b"form-data;", b"attachment;"), 400),
    ]
    for path in UPLOADS:
        found = [browser.send("POST", base + path, dict(headers), body).status for headers, body, _ in sent]
        assert found == [expected for _, _, expected in sent]
        assert browser.send("POST", base + path, dict(MULTIPART), whole).status == 200, "and as it should be it is"


@pytest.mark.parametrize(("who", "site"), PEOPLE)
def test_a_form_of_one_who_left_or_never_came_is_not_taken(edge: Edge, who: str, site: str) -> None:
    base = edge.base("practice")
    leaving = logged_in(edge, who, site=site)
    cookies, token = dict(leaving.jar), leaving.token(f"{base}{site}/")
    leaving.post(f"{base}{site}/afmelden", {"csrf": token})
    late = Browser(edge, cookies)
    for path in forms(edge, site):
        assert post(late, base, path, {"csrf": token}) in (303, 403, 404), path
        assert post(Browser(edge), base, path, {"csrf": token}) in (303, 403, 404), path
    assert not still_in(late, edge, site)


def test_every_form_is_open_to_somebody(edge: Edge, inside: dict[str, Browser]) -> None:
    """The walk above proves nothing of a form that nobody reaches: each is refused as a form (403) to one of them."""
    base, reached = edge.base("practice"), set()
    for who, site in PEOPLE:
        reached |= {path for path in forms(edge, site) if post(inside[who], base, path) == 403}
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

"""Every entrance that reads XML, serves files, leads elsewhere or takes parameters, with what it must not swallow."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

import pytest

from tests.attacks.browser import FORM, Browser, logged_in
from tests.attacks.edge import Edge, ask, pages
from tests.attacks.test_headers import filled
from tests.attacks.test_openapi import Proved

SECRET = b"root:"
XML = "application/fhir+xml"


def laughs() -> bytes:
    """A kilobyte that would become a billion."""
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "ha">{levels}]><x>&l9;</x>'.encode()


BOMBS = {
    "a billion laughs": laughs(),
    "a file of this machine": b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><x>&f;</x>',
    "an address elsewhere": b'<!DOCTYPE x [<!ENTITY f SYSTEM "http://127.0.0.1:1/x">]><x>&f;</x>',
    "a parameter entity": b'<!DOCTYPE x [<!ENTITY % f SYSTEM "file:///etc/passwd"> %f;]><x/>',
    "an outside document type": b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>',
    "one long entity, many times": b'<!DOCTYPE x [<!ENTITY a "%b">]><x>%b</x>' % (b"a" * 9_000, b"&a;" * 900),
    "very deep": b"<x>" * 60_000 + b"</x>" * 60_000,
    "very many attributes": b"<x " + b" ".join(b'a%d="b"' % n for n in range(20_000)) + b"/>",
    "an included file": b'<x xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="file:///etc/passwd"/></x>',
    "another encoding": '<?xml version="1.0" encoding="utf-16"?><x/>'.encode("utf-16"),
    "a stylesheet": b'<?xml-stylesheet href="file:///etc/passwd"?><x/>',
    "half an element": b"<x",
    "nothing": b"",
}
READERS = [
    ("practice", "/intake"),
    ("practice", "/fhir/stu3"),
    ("practice", "/mitz/notify"),
    ("region", "/mitz-simulator/geslotenautorisatievraag/xacml3"),
]


@pytest.fixture(scope="module")
def caller(edge: Edge) -> Proved:
    return Proved(edge)


def allowed(edge: Edge, caller: Proved, path: str) -> dict[str, str]:
    if path == "/intake":
        return {"authorization": f"Bearer {edge.intake_token()}"}
    if path.startswith("/mitz/"):
        return {"authorization": f"Bearer {(edge.folder('practice') / 'mitz.token').read_text().strip()}"}
    if path.startswith("/fhir"):
        proof = caller.prover.prove("POST", f"{caller.machines}{path}", token=caller.token)
        return {"authorization": f"DPoP {caller.token}", "dpop": proof}
    return {}


@pytest.mark.parametrize(("who", "path"), READERS)
@pytest.mark.parametrize("name", BOMBS)
def test_no_entrance_swallows(edge: Edge, caller: Proved, who: str, path: str, name: str) -> None:
    began = time.monotonic()
    sent = {"content-type": XML, **allowed(edge, caller, path)}
    answer = ask(edge.ports[who], "POST", path, sent, BOMBS[name])
    assert 400 <= answer.status < 500 and answer.status not in (401, 403), answer
    assert SECRET not in answer.body and b"haha" not in answer.body
    assert time.monotonic() - began < 5
    assert ask(edge.ports[who], "GET", "/health").status == 200


CLIMBING = [
    "../../../../etc/passwd", "..%2f..%2f..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "....//....//etc/passwd",
    "..%5c..%5cetc%5cpasswd", "%2fetc%2fpasswd", "/etc/passwd", "..%c0%af..%c0%afetc/passwd", "viewer.css%00.js",
    "..;/..;/etc/passwd", "file:///etc/passwd", "%252e%252e%252fetc%252fpasswd", ".", "..", "~root/.profile",
]  # fmt: skip


@pytest.mark.parametrize("name", CLIMBING)
def test_no_path_climbs_out_of_a_mount(edge: Edge, caller: Proved, name: str) -> None:
    below = [
        ("practice", "/viewer/static/"), ("practice", "/client/static/"), ("practice", "/.well-known/"),
        ("practice", "/"),
        ("practice", "/.well-known/audit/"), ("practice", "/viewer/beheer/versie/"), ("region", "/idp/static/"),
        ("region", "/zis/static/"), ("region", "/zis/90000001/fhir/"), ("region", "/witness/checkpoints/"),
    ]  # fmt: skip
    for who, prefix in below:
        answer = ask(edge.ports[who], "GET", prefix + name)
        assert answer.status < 500 and SECRET not in answer.body, prefix
        assert answer.status != 200 or name in (".", ".."), prefix


def test_a_mount_is_not_reached_past_its_guard_by_another_spelling(edge: Edge) -> None:
    """The way to one mount through another, or by a name that only looks like it, meets no page without its session."""
    for path in ("/viewer/../fhir/stu3/Patient", "/viewer/%2e%2e/intake", "/Viewer/", "//viewer/eigen/",
                 "/viewer//eigen/",
                 "/viewer/eigen/%2e%2e/privacy/", "/viewerx/", "/fhir/stu3x/Patient", "/fhir/stu3/../../health",
                 "/%76iewer/eigen/", "/viewer;x=1/eigen/", "/fhir%2fstu3%2fPatient"):  # fmt: skip
        answer = ask(edge.ports["practice"], "GET", path)
        assert answer.status in (303, 307, 308, 400, 401, 404), (path, answer.status)


ELSEWHERE = [
    "https://evil.test", "//evil.test", "/\\evil.test", "\\\\evil.test", "/%09/evil.test",
    "https:evil.test", "javascript:alert(1)",
    "/viewer/../../evil.test", "/viewer//evil.test", "///evil.test", "http://127.0.0.1@evil.test",
    "%0d%0alocation: //evil.test",
]  # fmt: skip
LEADING = [
    "/viewer/taal/nl?naar=%s", "/client/taal/en?naar=%s", "/viewer/terug?iss=%s&state=x&code=y",
    "/viewer/launch?iss=%s&launch=x",
    "/viewer/aanmelden?naar=%s", "/client/aanmelden?next=%s",
    "/viewer/afgemeld?post_logout_redirect_uri=%s", "/%s", "/viewer%s",
    "/client/%s", "/viewer/consents%s",
]  # fmt: skip


@pytest.fixture(scope="module")
def inside(edge: Edge) -> Browser:
    return logged_in(edge, "anna.practice")


@pytest.mark.parametrize("to", ELSEWHERE)
def test_no_address_of_ours_leads_to_another_site(edge: Edge, inside: Browser, to: str) -> None:
    own = {urlsplit(edge.base(who)).netloc for who in ("practice", "region")}
    for path in LEADING:
        for cookies in ({}, inside.jar):
            sent = {"cookie": "; ".join(f"{k}={v}" for k, v in cookies.items())} if cookies else {}
            answer = ask(edge.ports["practice"], "GET", path.replace("%s", to.replace(" ", "%20")), sent)
            leads = answer.headers.get("location", "")
            assert [name for name, _ in answer.lines].count("location") <= 1
            assert urlsplit(leads).netloc in ("", *own) and not leads.startswith(("//", "/\\", "javascript")), path
            assert answer.headers.get("refresh") is None


def test_no_host_that_is_sent_comes_back(edge: Edge) -> None:
    for method, path in sorted({(method, filled(path)) for method, path in pages(edge.apps["practice"])}):
        sent = {"x-forwarded-host": "evil.test", "forwarded": "host=evil.test", "x-original-url": "/health"}
        answer = ask(edge.ports["practice"], method, path, sent, b"" if method == "POST" else None)
        assert b"evil.test" not in answer.body and "evil.test" not in str(answer.lines)


def test_a_parameter_that_comes_twice_is_refused_on_every_endpoint(edge: Edge, caller: Proved) -> None:
    """Two readers might pick different ones.  FHIR's own search parameters repeat on purpose: they narrow (AND)."""

    def status(method: str, path: str, body: bytes | None = None, who: str = "practice") -> int:
        proof = caller.prover.prove(method, f"{caller.machines}{path.partition('?')[0]}", token=caller.token)
        sent = {"authorization": f"DPoP {caller.token}", "dpop": proof, **(FORM if body is not None else {})}
        return ask(edge.ports[who], method, path, sent, body).status

    assert status("POST", "/oauth/token", b"grant_type=a&grant_type=b") == 400
    assert status("POST", "/oauth/token?scope=x", b"grant_type=a") == 400
    assert status("POST", "/oauth/introspect", b"token=a&token=b") == 400
    assert status("POST", "/oauth/revoke", b"token=a&token=b") == 400
    bsn = b"identifier=http%3A%2F%2Ffhir.nl%2Ffhir%2FNamingSystem%2Fbsn%7C999900730"
    other = b"identifier=http%3A%2F%2Ffhir.nl%2Ffhir%2FNamingSystem%2Fbsn%7C999901552"
    assert status("POST", "/fhir/stu3/Patient/_search", bsn + b"&" + other) == 400
    assert status("POST", "/fhir/stu3/Patient/_search?" + bsn.decode(), other) == 400
    assert status("GET", "/viewer/taal/nl?naar=/viewer/&naar=//evil.test") == 400
    assert status("GET", "/client/terug?state=a&state=b&code=c") == 400


@pytest.mark.parametrize("path", ["/fhir/stu3/Patient?_count=1&_count=2", "/fhir/stu3/Patient?_format=json&_format=xml",
                                  "/fhir/stu3/Patient?_after=a&_after=b"])  # fmt: skip
def test_what_steers_an_answer_comes_once(edge: Edge, caller: Proved, path: str) -> None:
    proof = caller.prover.prove("GET", f"{caller.machines}{path.partition('?')[0]}", token=caller.token)
    sent = {"authorization": f"DPoP {caller.token}", "dpop": proof}
    assert ask(edge.ports["practice"], "GET", path, sent).status == 400

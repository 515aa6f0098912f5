"""Every answer of every mount of a node and a region bears the strict headers, whoever asks and however it ends."""

from __future__ import annotations

import re
import socket
import ssl

import pytest

from babyconnect.definitions import rows
from tests.attacks.browser import logged_in
from tests.attacks.edge import Edge, Said, ask, pages, said, talk

MACHINES = [
    ("GET", "/"), ("GET", "/nowhere"), ("GET", "/health"), ("GET", "/metrics"), ("GET", "/fhir/stu3/metadata"),
    ("GET", "/fhir/stu3/Patient"), ("POST", "/fhir/stu3/Patient/_search"), ("POST", "/fhir/stu3"),
    ("PUT", "/fhir/stu3/Patient/1"), ("POST", "/oauth/token"), ("GET", "/oauth/token"), ("POST", "/oauth/introspect"),
    ("POST", "/oauth/revoke"), ("GET", "/oauth/presentation_definition"), ("GET", "/oauth/nowhere"),
    ("GET", "/.well-known/oauth-authorization-server"), ("GET", "/.well-known/jwks.json"),
    ("GET", "/.well-known/did.json"), ("POST", "/.well-known/did.json"), ("GET", "/.well-known/audit/checkpoint"),
    ("GET", "/.well-known/audit/nowhere"), ("POST", "/.well-known/audit/reconcile"),
    ("GET", "/.well-known/authzen-configuration"), ("POST", "/access/v1/evaluation"), ("POST", "/intake"),
    ("GET", "/intake"), ("DELETE", "/intake/Patient/1"), ("POST", "/mitz/notify"), ("GET", "/mitz/nowhere"),
    ("TRACE", "/"), ("OPTIONS", "/viewer/"), ("HEAD", "/viewer/"), ("GET", "/viewer/nowhere"),
]  # fmt: skip
PUBLIC = re.compile(r"(/static/|/\.well-known/|/presentation_definition|/jwks)")
"""What holds nobody's data and may be kept."""
EVERYWHERE = {row["header"] for row in rows("headers") if row["when"] == "always"}
WHOLE_POLICY = {"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"}


def faults(path: str, answer: Said, tls: bool = False) -> list[str]:
    """What is wrong with the headers of an answer."""
    headers, found = answer.headers, []
    names = [name for name, _ in answer.lines if name != "set-cookie"]
    found += [f"{name} twice" for name in set(names) if names.count(name) > 1]
    found += [f"no {name}" for name in EVERYWHERE - headers.keys()]
    policy = {part.strip() for part in headers.get("content-security-policy", "").split(";")}
    found += [f"policy without {part}" for part in WHOLE_POLICY - policy]
    found += ["policy unsafe"] if any("unsafe" in part or "*" in part for part in policy) else []
    found += ["may be framed"] if headers.get("x-frame-options") != "DENY" else []
    found += ["guessed type"] if headers.get("x-content-type-options") != "nosniff" else []
    found += ["referrer"] if headers.get("referrer-policy") != "no-referrer" else []
    kept = headers.get("cache-control") != "no-store"
    found += ["kept"] if kept and not (PUBLIC.search(path) and answer.status == 200) else []
    found += ["body without a type"] if answer.body and "content-type" not in headers else []
    found += ["says what serves"] if {"server", "x-powered-by"} & headers.keys() else []
    found += ["no Retry-After"] if answer.status in (429, 503) and "retry-after" not in headers else []
    found += ["no HSTS"] if tls and "strict-transport-security" not in headers else []
    found += ["HSTS over plain"] if not tls and "strict-transport-security" in headers else []
    for cookie in (value.lower() for name, value in answer.lines if name == "set-cookie"):
        wanted = ["samesite=lax"] if "language" in cookie else ["httponly", "samesite=lax"]
        found += [f"cookie without {word}" for word in wanted if word not in cookie and "samesite=strict" not in cookie]
    return found


def filled(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "x", path)


def walk(edge: Edge, who: str, cookies: str = "") -> dict[str, list[str]]:
    """All that is wrong, by request: every route of the tables, with its own method and with another."""
    known = sorted({(method, filled(path)) for method, path in pages(edge.apps[who])} | set(MACHINES))
    wrong = {}
    for method, path in known:
        for used in (method, "PATCH"):
            body = b"" if used in ("POST", "PATCH") else None
            answer = ask(edge.ports[who], used, path, {"cookie": cookies} if cookies else {}, body)
            if found := faults(path, answer):
                wrong[f"{used} {path} -> {answer.status}"] = found
    return wrong


@pytest.mark.parametrize("who", ["practice", "region"])
def test_a_strangers_answers(edge: Edge, who: str):
    assert walk(edge, who) == {}


@pytest.mark.parametrize(
    ("who", "site"),
    [
        ("anna.practice", "/viewer"),
        ("pim.practice", "/viewer"),
        ("ada.practice", "/viewer"),
        ("anna.voorbeeld", "/client"),
    ],
)
def test_the_answers_of_somebody_who_is_logged_in(edge: Edge, who: str, site: str):
    browser = logged_in(edge, who, site=site)
    wrong = {}
    for method, path in sorted(pages(edge.apps["practice"])):
        if method == "GET" and path.startswith(site) and "stroom" not in path and "wijziging" not in path:
            answer = browser.get(edge.base("practice") + filled(path))
            if found := faults(path, answer):
                wrong[path] = found
    assert wrong == {}
    assert sum(answer.status == 200 for answer in browser.seen) >= 4
    assert [faults("", answer) for answer in browser.seen if faults("", answer)] == []


@pytest.mark.parametrize(
    "sent",
    [b"GET / HTTP/3.0\r\n\r\n", b"\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
     b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\n\r\n", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x\r\n\r\n"],
)  # fmt: skip
def test_what_is_no_request_is_answered_as_strictly(edge: Edge, sent: bytes):
    assert faults("", said(talk(edge.ports["practice"], sent))) == []


def test_over_tls_a_browser_is_told_to_stay_there(edge: Edge):
    context = ssl.create_default_context(cafile=str(edge.home / "pki" / "ca.pem"))
    context.check_hostname = False
    port = edge.member("practice").secured_port
    for path in ("/.well-known/jwks.json", "/fhir/stu3/Patient", "/nowhere"):
        with socket.create_connection(("127.0.0.1", port), 10) as plain, context.wrap_socket(plain) as wire:
            wire.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
            answer = b""
            while part := wire.recv(65_536):
                answer += part
        assert faults(path, said(answer), tls=True) == []


def test_the_table_has_a_citation_for_each():
    assert all(row["citation"] and row["when"] in ("always", "tls", "unframed") for row in rows("headers"))

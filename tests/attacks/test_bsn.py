"""A BSN stands in no address, no log, no page that says no, no cache: the main flows with a marker, and then a search
through everything that was said and written."""

from __future__ import annotations

import re

import pytest

from tests.attacks.browser import Browser, fields_of, logged_in
from tests.attacks.edge import MARKER, Edge, ask
from tests.attacks.test_openapi import Proved
from tests.spec.publishing import records

HIDDEN = [MARKER, ".".join((MARKER[:4], MARKER[4:6], MARKER[6:])), "-".join(re.findall("...", MARKER))]
SAYING = [
    "/viewer/zoek?bsn=%s", "/viewer/dossier/%s", "/viewer/?bsn=%s", "/client/dossier/kind/%s", "/client/%s", "/%s",
    "/viewer/eigen/%s", "/viewer/static/%s", "/intake/Patient/%s", "/.well-known/%s", "/mitz/%s", "/access/%s",
    "/fhir/stu3/Patient?identifier=http://fhir.nl/fhir/NamingSystem/bsn|%s", "/fhir/stu3/Patient/%s",
    "/fhir/stu3/Patient?_id=%s", "/fhir/stu3/Observation?subject=Patient/%s", "/viewer/launch?iss=x&launch=%s",
]  # fmt: skip
KEPT_ON_PURPOSE = re.compile(
    r"store\.sqlite|roster|custody|clients\.toml|mitz\.json|care_systems\.json|demo\.json|watch\.toml"
)
"""The record itself, who is known here, whom the organisation itself listed to be watched over, and what the demo's own
simulators play with."""


def staff(edge: Edge) -> Browser:
    """A midwife looks for her, by number, by number that is wrong, and where she may not."""
    browser, base = logged_in(edge, "anna.practice"), edge.base("practice")
    token = browser.token(f"{base}/viewer/")
    found = browser.post(f"{base}/viewer/zoek", {"csrf": token, "bsn": MARKER})
    assert found.status == 303
    handle = found.headers["location"]
    browser.get(f"{base}{handle}?geheel=1")
    browser.get(f"{base}/viewer/consents/{handle.rpartition('/')[2]}/vragen")
    browser.get(f"{base}/viewer/spoed/{handle.rpartition('/')[2]}")
    for path in ("/viewer/zoek", "/viewer/eigen/zoek", "/viewer/behandelrelatie/opname", "/viewer/vernietigen/zoek"):
        browser.post(f"{base}{path}", {"csrf": token, "bsn": MARKER, "reden": "x"})
        browser.post(f"{base}{path}", {"csrf": "wrong", "bsn": MARKER})
        browser.post(f"{base}{path}", {"csrf": token, "bsn": MARKER + "0"})
    return browser


def office(edge: Edge) -> Browser:
    browser, base = logged_in(edge, "pim.practice"), edge.base("practice")
    page = browser.get(f"{base}/viewer/privacy/")
    browser.post(f"{base}/viewer/privacy/vraag", {**fields_of(page), "bsn": MARKER})
    return browser


def herself(edge: Edge) -> Browser:
    browser, base = logged_in(edge, "anna.voorbeeld", site="/client"), edge.base("practice")
    for path in ("/client/", "/client/dossier/", "/client/wie-keek/", "/client/consents/", "/client/berichten/"):
        assert browser.get(base + path).status == 200
    token = browser.token(f"{base}/client/")
    browser.post(f"{base}/client/dossier/kopie", {"csrf": token})
    return browser


def machines(edge: Edge) -> list[bytes]:
    """Another organisation finds her, and everything goes wrong as well; what was answered that is no content."""
    caller, port, said = Proved(edge), edge.ports["practice"], []
    path, form = "/fhir/stu3/Patient/_search", f"identifier=http://fhir.nl/fhir/NamingSystem/bsn|{MARKER}".encode()
    for body in (form, form + b"&" + form, form + b"&x=" + MARKER.encode(), MARKER.encode()):
        proof = caller.prover.prove("POST", f"{caller.machines}{path}", token=caller.token)
        sent = {"authorization": f"DPoP {caller.token}", "dpop": proof,
                "content-type": "application/x-www-form-urlencoded", "traceparent": MARKER}  # fmt: skip
        said.append(ask(port, "POST", path, sent, body).body)
    for address in SAYING:
        at = address.replace("%s", MARKER)
        proof = caller.prover.prove("GET", f"{caller.machines}{at.partition('?')[0]}", token=caller.token)
        answer = ask(port, "GET", at, {"authorization": f"DPoP {caller.token}", "dpop": proof, "referer": at})
        said += [answer.body, str(answer.lines).encode()]
    for path in ("/oauth/token", "/oauth/introspect", "/access/v1/evaluation", "/intake", "/mitz/notify"):
        for kind in ("application/x-www-form-urlencoded", "application/json", "application/fhir+xml"):
            sent = {"content-type": kind, "authorization": f"Bearer {edge.intake_token()}"}
            for body in (f"bsn={MARKER}", f'{{"bsn":"{MARKER}"', f"<x bsn='{MARKER}'><y>", MARKER):
                said.append(ask(port, "POST", path, sent, body.encode()).body)
    return said


@pytest.fixture(scope="module")
def written(edge: Edge) -> dict[str, bytes]:
    """All that was said which is no screen of somebody who may see it, and all that was kept."""
    sent = {"authorization": f"Bearer {edge.intake_token()}", "content-type": "application/json"}
    taken = ask(edge.ports["practice"], "POST", "/intake", sent, records.bundle(*records.record()))
    assert taken.status == 200
    found = {"intake": taken.body}
    for name, browser in (("staff", staff(edge)), ("office", office(edge)), ("herself", herself(edge))):
        found[f"addresses of {name}"] = "\n".join(browser.addresses).encode()
        found[f"headers to {name}"] = "\n".join(str(answer.lines) for answer in browser.seen).encode()
        found[f"errors to {name}"] = b"\n".join(a.body for a in browser.seen if a.status >= 400)
    found["answers to machines"] = b"\n".join(machines(edge))
    for who in ("practice", "region"):
        found[f"figures of {who}"] = ask(edge.ports[who], "GET", "/metrics").body
    for path in sorted(edge.home.rglob("*")):
        if path.is_file() and not KEPT_ON_PURPOSE.search(str(path.relative_to(edge.home))):
            found[str(path.relative_to(edge.home))] = path.read_bytes()
    return found


def test_the_marker_is_where_it_belongs(edge: Edge, written: dict[str, bytes]) -> None:
    """Else a search for it proves nothing."""
    kept = [path for path in edge.home.rglob("*") if path.is_file() and KEPT_ON_PURPOSE.search(path.name)]
    assert any(MARKER.encode() in path.read_bytes() for path in kept if "store" in path.name)
    assert sum("audit" in name for name in written) >= 2


def test_it_is_nowhere_else(written: dict[str, bytes]) -> None:
    assert [name for name, text in written.items() for form in HIDDEN if form.encode() in text] == []


def test_it_is_in_nothing_that_the_processes_print(edge: Edge, capfd: pytest.CaptureFixture[str]) -> None:
    staff(edge), office(edge), machines(edge)
    printed = "".join(capfd.readouterr())
    assert printed and not any(form in printed for form in HIDDEN)


def test_what_shows_a_record_may_be_kept_by_no_cache(edge: Edge) -> None:
    for browser in (staff(edge), herself(edge)):
        assert {a.headers.get("cache-control") for a in browser.seen if MARKER.encode() in a.body} <= {"no-store"}

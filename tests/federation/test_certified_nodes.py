"""Nodes as processes, with certificates: who reaches what, and what an operator changes while they run."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from urllib.parse import quote_plus

import orjson
import pytest

from babyconnect.audit import reading
from babyconnect.birthcare.access import Purpose
from babyconnect.birthcare.parties import Person, Role
from babyconnect.cli.main import main
from babyconnect.exchange.http1 import Http, Unreachable
from babyconnect.network.contract import RegionFault
from babyconnect.trust import asserting, keys, pki
from babyconnect.trust.claims import Claim
from babyconnect.trust.tls import Material
from babyconnect.wiring.link import open_link
from tests.federation.certified import Certified, certified
from tests.support.pki import now

WITHIN = 25.0


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Certified]:
    with certified(tmp_path_factory.mktemp("certified")) as made:
        yield made


def asked(
    running: Certified, slug: str, path: str, caller: str | None = None, token: str = "", **form: str
) -> tuple[int, dict]:
    """One request to a node: by its secured listener with `caller`'s certificate, or by the plain one."""
    member = running.member(slug)

    async def once() -> tuple[int, dict]:
        http = Http(security=Material(running.files(caller), now)) if caller else Http()
        body = "&".join(f"{name}={value}" for name, value in form.items()).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        base = member.secured_url if caller else member.base_url
        try:
            answer = await http.send("POST" if form else "GET", base + path, headers, body, owner=member.ura)
        finally:
            http.close()
        return answer.status, orjson.loads(answer.body) if answer.body[:1] == b"{" else {}

    return asyncio.run(once())


def soon(true: Callable[[], bool]) -> None:
    """Wait until it is so; a test that waits for what does not come fails."""
    until = time.monotonic() + WITHIN
    while not true():
        assert time.monotonic() < until
        time.sleep(0.1)


def token_form(running: Certified, issuer: str, holder: str) -> dict[str, str]:
    """A token request that `issuer`'s own key signs, to `holder`."""
    member, there = running.member(issuer), running.member(holder)
    signing = keys.load(running.folder(issuer) / "organisation.jwk")
    role = Role.GYNAECOLOGIST if issuer == "hospital" else Role.MIDWIFE
    claim = Claim(member.party, Person("local:x", "Naam", role), Purpose.TREATMENT)
    form = asserting.token_form(signing, claim, f"{there.secured_url}/oauth/token", there.party.ura, time.time())
    return {name: quote_plus(value) for name, value in form.items()}


def test_the_token_endpoint_answers_over_mutual_tls_and_binds_the_token(running: Certified) -> None:
    status, said = asked(running, "practice", "/oauth/token", "hospital", **token_form(running, "hospital", "practice"))
    assert (status, said["token_type"]) == (200, "Bearer")
    token, bsn = said["access_token"], {"identifier": "http%3A//fhir.nl/fhir/NamingSystem/bsn%7C999900730"}
    search = "/fhir/stu3/Patient/_search"
    assert asked(running, "practice", search, "hospital", token, **bsn)[0] == 200
    assert asked(running, "practice", search, "practice", token, **bsn)[0] == 401


def test_the_token_endpoint_is_not_there_over_the_plain_listener(running: Certified) -> None:
    assert asked(running, "practice", "/oauth/token", **token_form(running, "hospital", "practice"))[0] == 421


def test_an_assertion_of_another_organisation_than_the_certificates_gives_no_token(running: Certified) -> None:
    """A stolen signing key is of no use without the certificate, nor the other way round."""
    status, said = asked(running, "practice", "/oauth/token", "practice", **token_form(running, "hospital", "practice"))
    assert (status, said.get("error")) == (401, "invalid_client")


def test_people_reach_the_plain_listener_and_machines_do_not(running: Certified) -> None:
    assert asked(running, "practice", "/viewer/aanmelden")[0] in (200, 303)
    assert asked(running, "practice", "/fhir/stu3/Patient")[0] == 421
    assert asked(running, "practice", "/viewer/aanmelden", "hospital")[0] == 404
    assert asked(running, "practice", "/metrics", "hospital")[0] == 404


def test_the_regions_services_are_reached_with_a_certificate_only(running: Certified) -> None:
    async def plain() -> int:
        http = Http()
        try:
            return (await http.send("GET", f"{running.plan.region_url}/fhir/r4/Organization", {})).status
        finally:
            http.close()

    assert asyncio.run(plain()) == 421


def test_the_did_document_and_the_jwks_say_the_same_keys(running: Certified) -> None:
    _, jwks = asked(running, "practice", "/.well-known/jwks.json")
    status, document = asked(running, "practice", "/.well-known/did.json")
    port = running.member("practice").secured_port
    assert status == 200
    assert document["id"] == f"did:web:127.0.0.1%3A{port}"
    assert [one["publicKeyJwk"] for one in document["verificationMethod"]] == jwks["keys"]
    assert document["alsoKnownAs"] == ["urn:oid:2.16.528.1.1007.3.3:90000001"]
    assert document["service"][0]["serviceEndpoint"] == f"https://127.0.0.1:{port}/fhir/stu3"


def test_a_signing_key_is_replaced_at_once_while_the_node_runs(running: Certified) -> None:
    place = running.folder("hospital") / "organisation.jwk"
    old = keys.load(place)
    assert main(["pki", "rotate-key", "--config", str(running.config("hospital")), "--now"]) == 0
    soon(lambda: keys.load(place).kid != old.kid)
    new = keys.load(place)
    assert _kids(running, "hospital") == [new.kid]
    assert asyncio.run(_region_believes(running, "hospital", new))
    assert not asyncio.run(_region_believes(running, "hospital", old))


async def _region_believes(running: Certified, slug: str, key: keys.SigningKey) -> bool:
    """Whether the region answers a request that this key signed."""
    link = await open_link(running.config(slug))
    link.ring.signing = key
    try:
        await link.directory.load()
        return [one["kid"] for one in link.directory.keys(link.party.ura)["keys"]] == [key.kid]
    except RegionFault as fault:
        return "401" not in str(fault)
    finally:
        await link.close()


def test_a_certificate_is_replaced_while_the_nodes_run(running: Certified) -> None:
    folder = running.folder("practice") / "tls"
    old = pki.load_certificate(folder / "certificate.pem").serial_number
    assert main(["pki", "rotate", str(running.home / "pki"), str(folder), "--revoke"]) == 0
    assert pki.load_certificate(folder / "certificate.pem").serial_number != old

    def works() -> bool:
        try:
            return asked(running, "practice", "/.well-known/jwks.json", "hospital")[0] == 200
        except Unreachable:
            return False  # still shows the old, revoked one

    soon(works)


def test_a_revoked_organisation_reaches_nobody_any_more(running: Certified) -> None:
    def reached() -> bool:
        try:
            return asked(running, "practice", "/fhir/stu3/Patient", "hospital")[0] == 401
        except Unreachable:
            return False

    assert reached(), "with a certificate, and without a token"
    file = running.folder("hospital") / "tls" / "certificate.pem"
    standing = Standing(running)
    assert standing.ask() == 401
    assert main(["pki", "revoke", str(running.home / "pki"), "--certificate", str(file)]) == 0
    soon(lambda: not reached())
    assert standing.ask() == 403
    standing.close()
    wanted = reading.Wanted(outcome="refused")
    noted = [entry.event for entry in reading.search(running.folder("practice") / "audit", wanted)]
    reasons = [event.get("reasons", []) for event in noted if event["type"] == "token.refuse"]
    assert ["certificate_revoked"] in reasons, "the refusal is in the log"


class Standing:
    """A connection of the hospital to the practice that stands while things change."""

    def __init__(self, running: Certified) -> None:
        material = Material(running.files("hospital"), now)
        plain = socket.create_connection(("127.0.0.1", running.member("practice").secured_port), 10)
        self._socket = material.current().client.wrap_socket(plain, server_hostname="127.0.0.1")

    def ask(self) -> int:
        """The status of one request."""
        self._socket.sendall(b"GET /fhir/stu3/Patient HTTP/1.1\r\nHost: a\r\n\r\n")
        line = self._socket.recv(100_000).split(b"\r\n")[0]
        return int(line.split()[1])

    def close(self) -> None:
        self._socket.close()


def _kids(running: Certified, slug: str) -> list[str]:
    return [one["kid"] for one in asked(running, slug, "/.well-known/jwks.json")[1]["keys"]]

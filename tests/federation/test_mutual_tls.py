"""Mutual TLS between two organisations, over real sockets: who gets in, who not, and what changes while it runs."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator

import pytest
import uvloop

from babyconnect.exchange.http1 import Http, Unreachable
from tests.federation.secured import Server, serving
from tests.support import pki
from tests.support.pki import HOSPITAL, PRACTICE

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(scope="module")
def event_loop_policy():
    """The loop that nodes run on: its TLS is not asyncio's."""
    return uvloop.EventLoopPolicy()


@pytest.fixture
async def server(tmp_path) -> AsyncIterator[Server]:
    folder = pki.make(tmp_path / "pki")
    folder.issue("practice", PRACTICE)
    folder.issue("hospital", HOSPITAL)
    async with serving(folder) as made:
        yield made


async def test_the_application_learns_whose_certificate_the_caller_has(server):
    status, said = await server.asked(server.caller("hospital"))
    assert status == 200
    assert said == {"ura": "90000002", "x5t": said["x5t"]}


async def test_without_a_certificate_only_what_anybody_may_know_is_answered(server):
    loaded = server.material.current()
    context = ssl.create_default_context(cafile=str(server.folder.path / "ca.pem"))
    http = Http(context)
    server.clients.append(http)
    statuses = {
        path: (await http.send("GET", f"{server.secured}{path}", {})).status
        for path in ("/fhir/stu3/Patient", "/oauth/token", "/.well-known/jwks.json", "/fhir/stu3/metadata", "/viewer/")
    }
    assert loaded.number == 1
    assert statuses == {
        "/fhir/stu3/Patient": 401,
        "/oauth/token": 401,
        "/.well-known/jwks.json": 200,
        "/fhir/stu3/metadata": 200,
        "/viewer/": 404,
    }


async def test_the_plain_listener_answers_people_and_no_other_organisation(server):
    http = Http()
    server.clients.append(http)
    statuses = {
        path: (await http.send("GET", f"{server.plain}{path}", {})).status
        for path in ("/viewer/", "/health", "/fhir/stu3/Patient", "/fhir/stu3", "/oauth/token", "/%66hir/stu3/Patient")
    }
    assert statuses == {
        "/viewer/": 200,
        "/health": 200,
        "/fhir/stu3/Patient": 421,
        "/fhir/stu3": 421,
        "/oauth/token": 421,
        "/%66hir/stu3/Patient": 421,
    }


async def test_what_is_for_its_own_systems_is_not_there_for_another_organisation(server):
    server.folder.issue("system", PRACTICE)
    for path in ("/intake", "/access/v1/evaluation"):
        assert (await server.asked(server.caller("hospital"), path))[0] == 404
        assert (await server.asked(server.caller("system"), path))[0] == 200


async def test_a_certificate_revoked_meanwhile_is_refused_on_the_connection_that_stands(server):
    http = server.caller("hospital")
    assert (await server.asked(http))[0] == 200
    server.folder.revoke(pki.pki_certificate(server.folder, "hospital"))
    # The same kept-alive connection: the client does not look at its own certificate.
    http._security = None  # type: ignore[assignment]
    connection = next(iter(http._idle.values()))[0]
    answer = await connection.exchange(b"GET /fhir/stu3/Patient HTTP/1.1\r\nHost: a\r\n\r\n", 1000)
    assert answer.status == 403


async def test_a_revoked_certificate_makes_no_connection(server):
    server.folder.revoke(pki.pki_certificate(server.folder, "hospital"))
    with pytest.raises(Unreachable):
        await server.asked(server.caller("hospital"))


async def test_a_new_server_certificate_is_served_without_a_restart_and_connections_go_on(server):
    http = server.caller("hospital")
    assert (await server.asked(http))[0] == 200
    before = await _served(server)
    server.folder.rotate("practice")
    after = await _served(server)
    assert before != after
    assert (await server.asked(http))[0] == 200


async def test_a_new_client_certificate_is_used_without_a_restart(server):
    http = server.caller("hospital")
    _, before = await server.asked(http)
    old = pki.pki_certificate(server.folder, "hospital")
    server.folder.rotate("hospital")
    server.folder.revoke(old)
    status, after = await server.asked(http)
    assert status == 200
    assert after["x5t"] != before["x5t"]


async def test_files_that_do_not_go_together_leave_things_as_they_are(server):
    (server.folder.path / "practice" / "key.pem").write_bytes((server.folder.path / "hospital/key.pem").read_bytes())
    assert (await server.asked(server.caller("hospital")))[0] == 200


async def test_a_ca_taken_out_of_the_files_lets_nobody_in_any_more(server, tmp_path):
    http = server.caller("hospital")
    assert (await server.asked(http))[0] == 200
    other = pki.make(tmp_path / "other", "Ander")
    connection = next(iter(http._idle.values()))[0]
    (server.folder.path / "ca.pem").write_bytes((other.path / "ca.pem").read_bytes())
    (server.folder.path / "crl.pem").write_bytes((other.path / "crl.pem").read_bytes())
    answer = await connection.exchange(b"GET /fhir/stu3/Patient HTTP/1.1\r\nHost: a\r\n\r\n", 1000)
    assert answer.status == 403


async def test_the_server_of_another_organisation_is_not_asked(server):
    """An endpoint in the directory that points at somebody else's server."""
    http = server.caller("hospital")
    with pytest.raises(Unreachable, match="another organisation"):
        await http.send("GET", f"{server.secured}/fhir/stu3/Patient", {}, owner="90000003")


async def test_a_server_without_tls_is_not_asked(server):
    with pytest.raises(Unreachable, match="not an address over TLS"):
        await server.caller("hospital").send("GET", f"{server.plain}/fhir/stu3", {}, owner=PRACTICE.value)


async def test_a_revoked_server_is_not_asked(server):
    http = server.caller("hospital")
    server.folder.revoke(pki.pki_certificate(server.folder, "practice"))
    with pytest.raises(Unreachable):
        await server.asked(http)


async def test_a_session_is_not_resumed_past_the_look_at_a_certificate(server):
    files = server.folder.files("hospital")
    context = ssl.create_default_context(cafile=str(files.authorities))
    context.load_cert_chain(files.certificate, files.key)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(server.secured.rpartition(":")[2]), ssl=context)
    writer.write(b"GET /fhir/stu3/Patient HTTP/1.1\r\nHost: a\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    connection = writer.get_extra_info("ssl_object")
    assert connection.session is None or not connection.session.has_ticket
    writer.close()


async def _served(server: Server) -> bytes:
    """The certificate that a new connection is shown."""
    context = ssl.create_default_context(cafile=str(server.folder.path / "ca.pem"))
    _, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=context)
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return shown

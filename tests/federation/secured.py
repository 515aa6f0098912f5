"""The practice's node as far as TLS goes: both listeners on real sockets, and callers with certificates."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import orjson

from babyconnect.api.machines import NODE, Machines
from babyconnect.api.peers import Secured, facts, peer_of
from babyconnect.api.server import Listener, listening
from babyconnect.exchange.http1 import Http
from babyconnect.trust.tls import Material
from tests.federation.serving import free_port
from tests.support.pki import PRACTICE, Folder


async def whoever(scope, receive, send) -> None:
    """Says whose certificate it sees."""
    peer = peer_of(scope)
    body = orjson.dumps({"ura": peer.ura.value, "x5t": peer.thumbprint} if peer else {"ura": None})
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


@dataclass
class Server:
    """The practice's node, as far as TLS goes: both listeners."""

    folder: Folder
    material: Material
    secured: str
    plain: str
    clients: list[Http] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.secured.rpartition(":")[2])

    async def note(self, reason: str, address: str) -> None:
        self.refused.append(reason)

    def caller(self, name: str) -> Http:
        http = Http(security=self.folder.material(name))
        self.clients.append(http)
        return http

    async def asked(self, http: Http, path: str = "/fhir/stu3/Patient", **headers: str) -> tuple[int, object]:
        answer = await http.send("GET", f"{self.secured}{path}", headers, owner=PRACTICE.value)
        return answer.status, orjson.loads(answer.body) if answer.body else None


@contextlib.asynccontextmanager
async def serving(folder: Folder) -> AsyncIterator[Server]:
    material = folder.material("practice")
    secured, plain = free_port(), free_port()
    server = Server(folder, material, f"https://127.0.0.1:{secured}", f"http://127.0.0.1:{plain}")
    app = Machines(whoever, NODE, PRACTICE.value, server.note)

    def of(transport):
        return facts(Secured(transport.get_extra_info("ssl_object").getpeercert(binary_form=True), material))

    both = [Listener("127.0.0.1", plain), Listener("127.0.0.1", secured, material.serving(), of)]
    async with listening(app, both):
        yield server
        for http in server.clients:
            http.close()

"""A practice that is a keeper and two workers, a hospital that asks it, and connections that both workers answer."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import os
import socket
import ssl
import time
from collections.abc import Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson

from babyconnect.birthcare.access import Consent, Purpose, Relation
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Person, Role
from babyconnect.flows import enrol
from babyconnect.network.contract import By
from babyconnect.network.roster import Seen
from babyconnect.trust import asserting, keys
from babyconnect.trust.claims import Claim
from babyconnect.trust.tls import Material
from babyconnect.wiring.link import Link, enrolling, open_link
from babyconnect.wiring.stores import open_store
from tests.federation.certified import Certified
from tests.support.material import episode, observation, woman
from tests.support.pki import now

WITHIN = 30.0
CLIENTS = {"anna": "999990019", "bea": "999990020"}
EVIDENCE = (Relation("episode", "EpisodeOfCare/there", dt.date(2026, 1, 5)),)
IDENTIFIER = "http://fhir.nl/fhir/NamingSystem/bsn|"


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes

    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads(self.body)
        return found


class Connection:
    """One connection of the hospital, kept open; whichever worker took it answers all that is asked over it."""

    def __init__(self, running: Certified, slug: str = "practice") -> None:
        self._port = running.member(slug).secured_port
        plain = socket.create_connection(("127.0.0.1", self._port), WITHIN)
        material: ssl.SSLContext = Material(running.files("hospital"), now).current().client
        self._socket = material.wrap_socket(plain, server_hostname="127.0.0.1")
        self._held = b""

    def send(self, path: str, token: str = "", form: Mapping[str, str] | None = None, trace: str = "") -> None:
        body = urlencode(form).encode() if form is not None else b""
        lines = [f"{'GET' if form is None else 'POST'} {path} HTTP/1.1", f"host: 127.0.0.1:{self._port}"]
        lines += [f"authorization: Bearer {token}"] if token else []
        lines += [f"traceparent: {trace}"] if trace else []
        if form is not None:
            lines += ["content-type: application/x-www-form-urlencoded", f"content-length: {len(body)}"]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode() + body)

    def receive(self) -> Answer:
        """Raises OSError when the other side left before its answer was whole."""
        while b"\r\n\r\n" not in self._held:
            self._more()
        head, _, rest = self._held.partition(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        length = next(int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length:"))
        self._held = rest
        while len(self._held) < length:
            self._more()
        body, self._held = self._held[:length], self._held[length:]
        return Answer(int(lines[0].split()[1]), body)

    def ask(self, path: str, token: str = "", form: Mapping[str, str] | None = None, trace: str = "") -> Answer:
        self.send(path, token, form, trace)
        return self.receive()

    def find(self, bsn: str, token: str) -> Answer:
        return self.ask("/fhir/stu3/Patient/_search", token, {"identifier": f"{IDENTIFIER}{bsn}"})

    def _more(self) -> None:
        data = self._socket.recv(65_536)
        if not data:
            raise ConnectionResetError
        self._held += data

    def close(self) -> None:
        self._socket.close()


def children(process: int) -> list[int]:
    """The keeper, then the workers; not one that ended and is only still listed."""
    tasks = Path(f"/proc/{process}/task").iterdir()
    listed = sorted(int(child) for task in tasks for child in (task / "children").read_text().split())
    return [child for child in listed if _runs(child)]


def _runs(process: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def open_files(process: int) -> Iterator[str]:
    """What it has open (`socket:[number]` for a connection); nothing of a process that is gone."""
    with contextlib.suppress(OSError):
        for file in Path(f"/proc/{process}/fd").iterdir():
            with contextlib.suppress(OSError):
                yield os.readlink(file)


def _sockets(process: int) -> int:
    return sum(name.startswith("socket:") for name in open_files(process))


@contextlib.contextmanager
def one_of_each(running: Certified) -> Iterator[list[Connection]]:
    """A connection to each worker of the practice, also when one has just taken the place of another."""
    node = process_of(running, "practice")
    found: dict[int, Connection] = {}
    opened: list[Connection] = []
    until = time.monotonic() + WITHIN
    while len(workers := children(node)[1:]) < 2 or not set(workers) <= set(found):
        assert time.monotonic() < until, "each worker takes connections"
        before = {worker: _sockets(worker) for worker in workers}
        opened.append(Connection(running))
        opened[-1].ask("/fhir/stu3/metadata")
        taken = [worker for worker in workers if _sockets(worker) > before[worker]]
        if len(taken) == 1:
            found.setdefault(taken[0], opened[-1])
    try:
        yield [found[worker] for worker in workers]
    finally:
        for connection in opened:
            connection.close()


def process_of(running: Certified, slug: str) -> int:
    name = running.member(slug).name
    return next(one.process.pid for one in running.processes.running if one.name == name)


def assertion(running: Certified) -> dict[str, str]:
    """A token request that the hospital's own key signs."""
    member, there = running.member("hospital"), running.member("practice")
    signing = keys.load(running.folder("hospital") / "organisation.jwk")
    claim = Claim(member.party, Person("local:x", "Naam", Role.GYNAECOLOGIST), Purpose.TREATMENT, EVIDENCE)
    return asserting.token_form(signing, claim, f"{there.secured_url}/oauth/token", there.party.ura, time.time())


def token(running: Certified, connection: Connection) -> str:
    answered = connection.ask("/oauth/token", form=assertion(running))
    assert answered.status == 200, answered.body
    return str(answered.json()["access_token"])


async def _with_link(running: Certified, work: Any, slug: str = "practice") -> Any:
    link = await open_link(running.config(slug))
    try:
        await link.directory.load()
        return await work(link)
    finally:
        await link.close()


def _done(work: Coroutine[Any, Any, Any]) -> Any:
    """In a thread of its own: whoever drives a browser has a loop in this one."""
    with ThreadPoolExecutor(1) as one:
        return one.submit(asyncio.run, work).result()


def published(running: Certified, slug: str = "practice", value: str = "72") -> None:
    """Two clients of an organisation, known to the region, as publishing would leave them; `value`: of their pulse."""

    async def work(link: Link) -> None:
        store = await open_store(link)
        batch = [
            one
            for id, bsn in CLIENTS.items()
            for one in (woman(id, bsn), episode(id), observation(id, f"{id}-o", value=value))
        ]
        await store.writer.publish(batch, [], dt.datetime.now(dt.UTC))
        await store.close()
        started = {"status": "active", "period": {"start": "2026-01-05"}}
        seen = [Seen(id, Bsn(bsn), [{"id": f"{id}-episode", **started}]) for id, bsn in CLIENTS.items()]
        await link.roster.note(seen)
        await enrol.send_pointers(enrolling(link))

    _done(_with_link(running, work, slug))


def consented(running: Certified, client: str, asker: str = "hospital", holder: str = "practice") -> str:
    """She says yes to the hospital about what the practice has, or to another; by which consent."""

    async def work(link: Link) -> str:
        pseudonym = await link.pseudonyms.of(Bsn(CLIENTS[client]))
        given = Consent("", True, f"ura:{running.member(asker).ura}", f"ura:{link.party.ura}")
        return (await link.desk.change(pseudonym, [given], [], By("person-1", "midwife")))[0]

    return str(_done(_with_link(running, work, holder)))


def withdrawn(running: Certified, consent: str, holder: str = "practice") -> None:
    async def work(link: Link) -> None:
        await link.desk.change("", [], [consent], By("person-1", "midwife"))

    _done(_with_link(running, work, holder))

"""A holder that is really listening, an asker with real keys, and a wire on which every byte can be chosen."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from babyconnect.api.asgi import Receive, Scope, Send
from babyconnect.api.bearers import Bearers, Gate, Unbelieved
from babyconnect.api.dispatch import Mounts
from babyconnect.api.http import Request
from babyconnect.api.oauth import OAuth
from babyconnect.api.peers import keep
from babyconnect.api.source import SourceApi
from babyconnect.audit.log import AuditLog
from babyconnect.audit.reading import Wanted, search
from babyconnect.birthcare.access import Consent, Purpose
from babyconnect.birthcare.identifiers import Ura
from babyconnect.birthcare.parties import Kind, Party, Person, Role
from babyconnect.birthcare.peer import Peer
from babyconnect.flows.grant import Asked, Granting
from babyconnect.trust import asserting, jose, keys, presenting
from babyconnect.trust.assertion import Issuer
from babyconnect.trust.believing import Believing
from babyconnect.trust.claims import Claim
from babyconnect.trust.dpop import Nonces, Proofs, Prover
from babyconnect.trust.keys import SigningKey
from babyconnect.trust.presenting import Holder
from babyconnect.trust.replays import Replays
from tests.federation.serving import free_port, serving
from tests.support.asgi import Response
from tests.support.material import episode, observation, woman
from tests.support.node import HOLDER, HOSPITAL, NOW, Node, evidence

ANNA, BEA = "999900730", "999901552"
OTHER = Party(Ura("00000003"), "Ziekenhuis Ander", Kind.HOSPITAL)
KEY, OTHER_KEY, SUPPLIER_KEY = keys.generate(), keys.generate(), keys.generate("ES256")
RSA_KEY = keys.generate("RS256")
DIDS = {HOSPITAL.ura: "did:web:hospital.example", OTHER.ura: "did:web:other.example"}
SUPPLIER = Holder("did:web:supplier.example", SUPPLIER_KEY)
ASKER = Holder(DIDS[HOSPITAL.ura], KEY)
OTHER_ASKER = Holder(DIDS[OTHER.ura], OTHER_KEY)
DOCTOR = Person("person-1", "Jansen", Role.GYNAECOLOGIST, "substantial")
CLAIM = Claim(HOSPITAL, DOCTOR, Purpose.TREATMENT, evidence())
FORM = "application/x-www-form-urlencoded"
JWKS = {HOSPITAL.ura: keys.jwks(KEY, RSA_KEY), OTHER.ura: keys.jwks(OTHER_KEY)}
PARTIES = {HOSPITAL.ura: HOSPITAL, OTHER.ura: OTHER}

Headers = list[tuple[str, str]]


def issuer_of(ura: Ura) -> Issuer | None:
    return Issuer(PARTIES[ura], JWKS[ura], DIDS[ura]) if ura in PARTIES else None


def issuer_by_did(did: str) -> Issuer | None:
    return next((issuer_of(ura) for ura, name in DIDS.items() if name == did), None)


@dataclass
class Stage:
    """`peer`: the certificate of every connection, when a test sets one."""

    folder: Path
    node: Node = field(default_factory=Node)
    port: int = field(default_factory=free_port)
    peer: Peer | None = None
    demand_nonce: bool = False

    def __post_init__(self) -> None:
        self.base = f"http://127.0.0.1:{self.port}"
        self.endpoint = f"{self.base}/oauth/token"
        self.log = AuditLog.open(self.folder)
        self.sessions = self.node.sessions
        self.prover = Prover(keys.generate(), self.seconds)
        believing = Believing(
            holder=HOLDER.ura,
            endpoint=self.endpoint,
            issuer_of=issuer_of,
            replays=Replays(self.seconds() - 60),
            names=frozenset({self.base, "did:web:holder.example"}),
            issuer_by_did=issuer_by_did,
            supplier_keys={SUPPLIER.did: keys.jwks(SUPPLIER_KEY)}.get,
        )
        self.proofs = Proofs(Replays(0.0), Nonces(b"n" * 32, self.seconds), self.seconds, self.demand_nonce)
        self.granting = Granting("holder", believing, self.sessions, self.proofs, self.log, lambda: self.node.now)
        gate = Gate(Bearers(self.sessions, self.proofs, self.base).admit, self._turned_away)
        self.oauth = oauth = OAuth(self.granting, self.base, lambda: keys.jwks(RSA_KEY))
        source = SourceApi(self.node.door, gate, f"{self.base}/fhir/stu3")
        self._mounts = Mounts([("/oauth", oauth), ("/.well-known", oauth), ("/fhir/stu3", source)])

    async def _turned_away(self, unbelieved: Unbelieved, request: Request) -> None:
        asked = Asked({}, request.trace, request.address, request.peer, to=f"{self.base}{request.scope['path']}")
        await self.granting.turned_away(asked, unbelieved.reason, unbelieved.session)

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.peer is not None:
            keep(scope, self.peer)
        await self._mounts(scope, receive, send)

    def seconds(self) -> float:
        return self.node.now.timestamp()

    def later(self, seconds: float) -> None:
        self.node.now += dt.timedelta(seconds=seconds)

    def events(self) -> list[Mapping[str, Any]]:
        return [entry.event for entry in search(self.folder, Wanted())]

    # What an honest asker sends.

    def form(self, claim: Claim = CLAIM, key: SigningKey = KEY, **changes: str) -> dict[str, str]:
        made = asserting.token_form(key, claim, self.endpoint, HOLDER.ura, self.seconds())
        return {name: value for name, value in {**made, **changes}.items() if value}

    def said(self, **changes: Any) -> dict[str, Any]:
        """The claims of a genuine assertion, changed; a claim changed to None is left out."""
        text = asserting.sign(KEY, CLAIM, self.endpoint, HOLDER.ura, self.seconds())
        claims = jose.unverified(text)
        assert isinstance(claims, dict)
        return {name: value for name, value in {**claims, **changes}.items() if value is not None}

    def proof(self, prover: Prover | None = None, path: str = "/oauth/token", **more: str) -> str:
        return (prover or self.prover).prove(more.pop("method", "POST"), self.base + path, **more)

    async def token(self, form: Mapping[str, str] | None = None, prover: Prover | None = None) -> str:
        answer = await self.ask(form or self.form(), self.proof(prover))
        assert answer.status == 200, answer
        found: str = answer.json()["access_token"]
        return found

    async def ask(self, form: Mapping[str, str] | str, proof: str | None = None, headers: Headers = []) -> Response:  # noqa: B006
        """One token request."""
        body = form if isinstance(form, str) else urlencode(form)
        sent = [("content-type", FORM), *([("dpop", proof)] if proof is not None else []), *headers]
        return await self.send("POST", "/oauth/token", sent, body.encode("latin-1"))

    async def find(self, token: str, bsn: str = ANNA, prover: Prover | None = None) -> Response:
        path = "/fhir/stu3/Patient/_search"
        form = f"identifier=http://fhir.nl/fhir/NamingSystem/bsn|{bsn}"
        return await self.send(
            "POST", path, [("content-type", FORM), *self.proved(token, "POST", path, prover)], form.encode()
        )

    def proved(self, token: str, method: str, path: str, prover: Prover | None = None) -> Headers:
        proof = self.proof(prover, path.partition("?")[0], method=method, token=token)
        return [("authorization", f"DPoP {token}"), ("dpop", proof)]

    async def get(self, path: str, headers: Headers) -> Response:
        return await self.send("GET", path, headers)

    async def send(self, method: str, path: str, headers: Headers, body: bytes = b"") -> Response:
        """These bytes and no others."""
        lines = [f"{method} {path} HTTP/1.1", f"host: 127.0.0.1:{self.port}", "connection: close"]
        lines += [f"{name}: {value}" for name, value in headers]
        if method == "POST":
            lines.append(f"content-length: {len(body)}")
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
            answer = await asyncio.wait_for(reader.read(), 10)
        finally:
            writer.close()
        head, _, content = answer.partition(b"\r\n\r\n")
        first, *rest = head.decode("latin-1").split("\r\n")
        found = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
        return Response(int(first.split(" ")[1]), found, content)


@contextlib.asynccontextmanager
async def staged(folder: Path, **settings: Any) -> AsyncIterator[Stage]:
    stage = Stage(folder, **settings)
    stage.node.consents["anna"] = (Consent(id="c1", permit=True, actor=f"ura:{HOSPITAL.ura}"),)
    await stage.node.publish(
        woman("anna", ANNA),
        episode("anna"),
        observation("anna", "o1", value="1"),
        woman("bea", BEA, name="Bakker"),
        episode("bea"),
        observation("bea", "b1", value="van bea"),
    )
    async with serving(stage.app, stage.port):
        yield stage
    stage.log.close()


def by_hand(header: Mapping[str, Any], claims: Mapping[str, Any], sign: Any = lambda _: b"") -> str:
    """A token under any header, with any signature."""
    # The plain library: it also writes numbers that no careful one would.
    text = jose.encoded(json.dumps(header).encode()) + b"." + jose.encoded(json.dumps(claims).encode())
    return (text + b"." + jose.encoded(sign(text))).decode()


__all__ = ["NOW", "presenting", "replace"]

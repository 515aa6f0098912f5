"""A holder with a mother and her child, asked over HTTP by client portals: one that the directory lists, one that it
does not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import orjson

from babyconnect.api.bearers import Bearers, Gate, Unbelieved
from babyconnect.api.http import Request
from babyconnect.api.oauth import OAuth
from babyconnect.api.own_log import OwnLogApi
from babyconnect.api.rates import Rates
from babyconnect.api.source import SourceApi, is_client
from babyconnect.audit.log import AuditLog
from babyconnect.audit.patterns import Watch
from babyconnect.audit.reading import Entry, Wanted, search
from babyconnect.birthcare.access import Channel, LoggedIn, Purpose
from babyconnect.birthcare.identifiers import BSN_SYSTEM, Bsn, Ura
from babyconnect.birthcare.parties import Kind, Party, Person, Role
from babyconnect.flows.door import Door, Happening
from babyconnect.flows.door_template import DoorEvents
from babyconnect.flows.grant import Granting
from babyconnect.flows.journal import Journal
from babyconnect.flows.oversight import Oversight, Standing
from babyconnect.flows.own_log import OwnLog
from babyconnect.flows.vouched import Vouched
from babyconnect.network.contract import RegionFault
from babyconnect.trust import asserting, keys
from babyconnect.trust.assertion import Issuer
from babyconnect.trust.believing import Believing
from babyconnect.trust.claims import Claim
from babyconnect.trust.dpop import Nonces, Proofs, Prover
from babyconnect.trust.replays import Replays
from babyconnect.trust.sessions import Sessions
from babyconnect.wiring import shielding
from tests.spec.shielding.stage import BSN, KEY, NOW, PARTNER, Practice, mother
from tests.support.asgi import Response, ask
from tests.support.node import HOLDER

PORTAL = Party(Ura("00000002"), "Ziekenhuis Portaal", Kind.HOSPITAL)
UNLISTED = Party(Ura("00000003"), "Ziekenhuis Ander", Kind.HOSPITAL)
PORTAL_KEY, UNLISTED_KEY = keys.generate(), keys.generate()
ISSUERS = {
    PORTAL.ura: Issuer(PORTAL, keys.jwks(PORTAL_KEY), portal=True),
    UNLISTED.ura: Issuer(UNLISTED, keys.jwks(UNLISTED_KEY)),
}
BASE = "https://holder.test"
SCOPE = "eigen-inzage-geboortezorg"


def in_region(bsn: str) -> str:
    """Her pseudonym of the region."""
    return f"region-pseudonym-{bsn[::-1]}"


def claim(bsn: str = BSN, **changes: Any) -> Claim:
    """What an honest portal signs about a client who logged in ten minutes ago."""
    role = changes.pop("role", Role.CLIENT)
    moment = int((NOW - changes.pop("ago", dt.timedelta(minutes=10))).timestamp())
    logged_in = LoggedIn(changes.pop("subject", in_region(bsn)), moment, changes.pop("channel", Channel.CLIENT_SITE))
    person = Person("portal-pseudonym-1", role.value, role, changes.pop("loa", "substantial"))
    made = Claim(PORTAL, person, Purpose.OWN_RECORD, logged_in=logged_in)
    return replace(made, **changes)


@dataclass
class Holder(Practice):
    """`region_away`: nobody can say now whose pseudonym is whose."""

    region_away: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self.audit = AuditLog.open(self.folder / "log" / "node", HOLDER.ura.value, keys.generate())
        self.journal = Journal(HOLDER, self.audit, KEY, lambda: NOW)
        self.sessions, self.prover = Sessions(HOLDER.ura.value, self.seconds), Prover(keys.generate(), self.seconds)
        vouched = Vouched(self.registers, self.roster.clients, self.journal.pseudonym, self._in_region)
        parts = self.door._parts
        self.door = Door(
            replace(parts, herself=vouched.of, bind_herself=self.sessions.bind_herself, bind=self.sessions.bind)
        )
        self.apis = self._apis()

    def _apis(self) -> dict[str, Any]:
        proofs = Proofs(Replays(0.0), Nonces(b"n" * 32, self.seconds), self.seconds)
        believing = Believing(HOLDER.ura, f"{BASE}/oauth/token", ISSUERS.get, Replays(self.seconds() - 60))
        granting = Granting("holder", believing, self.sessions, proofs, self.audit, lambda: NOW)
        gate = Gate(Bearers(self.sessions, proofs, BASE).admit, self._turned_away)
        oversight = Oversight(
            folder=self.folder / "log",
            journal=self.journal,
            known_as=self.roster.clients,
            watch=self._watch,
            standing=lambda: Standing(None, 0, False),
            genuine=lambda: keys.genuine({"keys": []}),
        )
        told = OwnLog(HOLDER, oversight, shielding.for_client(self.registers))
        return {
            "/oauth": OAuth(granting, BASE, lambda: {"keys": []}),
            "/fhir/stu3": SourceApi(self.door, gate, f"{BASE}/fhir/stu3", masked=is_client),
            "/fhir/r4": OwnLogApi(told, gate, f"{BASE}/fhir/r4", Rates(1_000, 1_000, 1_000, 1_000)),
        }

    async def _turned_away(self, unbelieved: Unbelieved, request: Request) -> None:
        """The log of tokens is another chapter's."""

    async def _watch(self, found: object) -> Watch:
        return Watch()

    async def _in_region(self, bsn: Bsn) -> str:
        if self.region_away:
            raise RegionFault("away")
        return in_region(bsn.value)

    async def note(self, happening: Happening) -> None:
        await super().note(happening)
        named = {"pseudonym": self.journal.pseudonym(Bsn(BSN))} if happening.client else {}
        await self.audit.append({**DoorEvents(HOLDER, HOLDER.ura.value, BASE).of(happening), **named})

    def seconds(self) -> float:
        return NOW.timestamp()

    def events(self, **wanted: Any) -> list[Entry]:
        return list(search(self.folder / "log", Wanted(**wanted)))

    async def request(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Response:
        api = next(app for prefix, app in self.apis.items() if path.startswith(prefix))
        return await ask(api, method, path, dict(headers), body)

    async def token_request(self, said: Claim, key: Any = PORTAL_KEY, **changes: str) -> Response:
        form = asserting.token_form(key, said, f"{BASE}/oauth/token", HOLDER.ura, self.seconds()) | changes
        body = "&".join(f"{name}={quote_plus(value)}" for name, value in form.items())
        headers = {"content-type": "application/x-www-form-urlencoded"}
        headers["dpop"] = self.prover.prove("POST", f"{BASE}/oauth/token")
        return await self.request("POST", "/oauth/token", headers, body.encode())

    async def token(self, said: Claim | None = None) -> str:
        answer = await self.token_request(said or claim())
        assert answer.status == 200, answer.body
        token: str = answer.json()["access_token"]
        return token

    def proved(self, token: str, method: str, path: str) -> dict[str, str]:
        proof = self.prover.prove(method, f"{BASE}{path.partition('?')[0]}", token=token)
        return {"authorization": f"DPoP {token}", "dpop": proof}

    async def get(self, token: str, path: str, **more: str) -> Response:
        return await self.request("GET", path, {**self.proved(token, "GET", path), **more})

    async def find(self, token: str, bsn: str = BSN, on_behalf: str = "", **more: str) -> Response:
        path = "/fhir/stu3/Patient/_search"
        form = f"identifier={BSN_SYSTEM}|{bsn}"
        if on_behalf:
            form += f"&_has:RelatedPerson:patient:identifier={BSN_SYSTEM}|{on_behalf}"
        headers = {**self.proved(token, "POST", path), "content-type": "application/x-www-form-urlencoded", **more}
        return await self.request("POST", path, headers, form.encode())

    async def everything(self, token: str) -> bytes:
        """All that its searches give, as bytes."""
        types = ("Patient", "Condition", "Observation", "EpisodeOfCare", "Procedure", "RelatedPerson")
        return b"".join([(await self.get(token, f"/fhir/stu3/{type}")).body for type in types])


def found(answer: Response) -> list[dict[str, Any]]:
    assert answer.status == 200, answer.body
    return [entry["resource"] for entry in orjson.loads(answer.body).get("entry", [])]


async def holder(folder: Path) -> Holder:
    made = Holder(folder)
    await made.publish(mother())
    return made


__all__ = ["BSN", "PARTNER", "Holder", "claim", "found", "holder", "in_region"]

"""One verified request to the region, what it may answer with, and the services it is answered from."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import orjson

from babyconnect.api.http import Answer
from babyconnect.audit.witness import Witness
from babyconnect.birthcare.identifiers import Ura
from babyconnect.birthcare.parties import Party
from babyconnect.definitions import document
from babyconnect.network import fhir4
from babyconnect.network.consent.codes import CodeService
from babyconnect.network.consent.service import ConsentService
from babyconnect.network.contract import Audit, Claims, RegionEvent
from babyconnect.network.directory.service import DirectoryService
from babyconnect.network.evidence.service import EvidenceService
from babyconnect.network.limits import Limits
from babyconnect.network.localisation.service import IndexService
from babyconnect.network.pseudonyms.service import PseudonymService
from babyconnect.network.signed import FHIR_JSON, FORM
from babyconnect.network.sought.service import SoughtService


def _pseudonym_limits() -> Limits:
    table = document("network.toml")["pseudonyms"]
    return Limits(table["per_second"], table["burst"])


@dataclass(frozen=True)
class OwnLog:
    """The region's own log: where it lies, and the keys that sign where it stands.  `room`: one proof at a time."""

    folder: Path
    keys: Callable[[], Mapping[str, Any]]
    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))


@dataclass
class RegionState:
    """The services of one region; `base` is its own address, `name` the audience that requests are signed for.

    `portals`: organisations whose word is believed that a client herself is logged in.
    """

    name: str
    base: str
    directory: DirectoryService
    index: IndexService
    pseudonyms: PseudonymService
    consents: ConsentService
    codes: CodeService
    evidence: EvidenceService
    sought: SoughtService
    now: Callable[[], dt.datetime]
    portals: frozenset[Ura] = frozenset()
    witness: Witness | None = None
    own_log: OwnLog | None = None
    pseudonym_limits: Limits = field(default_factory=_pseudonym_limits)

    def close(self) -> None:
        for service in (self.directory, self.index, self.consents, self.codes, self.evidence, self.sought):
            service.close()


class Refusal(Exception):
    """An answer other than the one asked for: status, issue type, text that is safe to send, seconds to wait."""

    def __init__(self, status: int, code: str, text: str, wait: int = 0) -> None:
        super().__init__(text)
        self.status, self.code, self.text, self.wait = status, code, text, wait


@dataclass(frozen=True)
class Call:
    """One verified request."""

    state: RegionState
    party: Party
    claims: Claims
    query: Mapping[str, str]
    body: bytes
    media: str
    path: Mapping[str, str]
    traceparent: str
    audit: Audit

    def json(self) -> dict[str, Any]:
        try:
            value = orjson.loads(self.body)
        except ValueError:
            raise Refusal(400, "structure", "the body is no JSON") from None
        if not isinstance(value, dict):
            raise Refusal(400, "structure", "the body is no JSON object")
        return value

    def parameters(self) -> dict[str, str]:
        """Search parameters of the address and, for `_search`, of the form."""
        found = dict(self.query)
        if self.body:
            if self.media != FORM:
                raise Refusal(415, "not-supported", f"_search takes {FORM}")
            try:
                found |= dict(parse_qsl(self.body.decode("ascii"), strict_parsing=True, max_num_fields=20))
            except ValueError:
                raise Refusal(400, "structure", "the form cannot be read") from None
        return found

    async def log(self, action: Any, outcome: Any = "ok", pseudonym: str = "", detail: str = "") -> None:
        """Durable before the answer leaves; a fault in it is an answer without content."""
        await self.audit(
            RegionEvent(
                action=action,
                outcome=outcome,
                organisation=self.party.ura.value,
                person=str(self.claims.get("user_id", ""))[:100],
                role=str(self.claims.get("user_role", ""))[:50],
                purpose=str(self.claims.get("purpose_of_use", ""))[:20],
                pseudonym=pseudonym,
                detail=detail,
                traceparent=self.traceparent,
            )
        )


Handle = Callable[[Call], Awaitable[Answer]]
_MEDIA = f"{FHIR_JSON}; fhirVersion=4.0".encode()
_UNKEPT = (b"cache-control", b"no-store")
NOTHING = Answer(204, b"", headers=(_UNKEPT,), media=_MEDIA)

LONGEST = 128


def text(body: Mapping[str, Any], name: str) -> str:
    """A text that the body must have."""
    value = body.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST:
        raise Refusal(422, "value", f"{name} is required")
    return value


def asker(body: Mapping[str, Any]) -> Ura:
    """The organisation that is asked about: `asker` of the body."""
    try:
        return Ura(text(body, "asker"))
    except ValueError:
        raise Refusal(422, "value", "asker is a URA") from None


def answer(content: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    said = tuple((name.encode(), value.encode()) for name, value in headers.items()) if headers else ()
    return Answer(status, orjson.dumps(content), headers=(_UNKEPT, *said), media=_MEDIA)


def refused(refusal: Refusal) -> Answer:
    headers = {"Retry-After": str(refusal.wait)} if refusal.wait else {}
    return answer(fhir4.outcome(refusal.code, refusal.text), refusal.status, headers)

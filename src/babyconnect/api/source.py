"""The source API, `/fhir/stu3`: what other organisations may read and search of one node (domain §3).

FHIR STU3 http.html: read, vread, history, search by GET and POST, a batch of these, and `/metadata`.  Each interaction
goes through the door; this module only reads requests and writes answers.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
import re
from collections.abc import Callable
from email.utils import format_datetime
from typing import Any

import msgspec
import structlog

from babyconnect.api import http
from babyconnect.api.batch import Find, Get, read_batch
from babyconnect.api.bearers import NO_TOKEN, Gate, Unbelieved
from babyconnect.api.capability import capability
from babyconnect.api.http import Answer, Request, refuse
from babyconnect.api.outcomes import Refusal, status
from babyconnect.api.rates import Turns, settled
from babyconnect.api.search_request import SearchRequest, from_url, is_id, read, split
from babyconnect.api.server import App, Receive, Scope, Send
from babyconnect.audit import AuditFault
from babyconnect.birthcare.access import Purpose
from babyconnect.fhir.search_names import types
from babyconnect.flows import answer, bundles
from babyconnect.flows.answer import Answered, Asked, Bind, ForNobody, History, Read, Search, Wire
from babyconnect.flows.door import Door, Interaction, Session
from babyconnect.store.contract import Form
from babyconnect.trust.sessions import Session as KnownSession

MAX_FORM = 16_000
MAX_BATCH = 200_000
_TYPE = re.compile(r"[A-Z][A-Za-z]{1,40}", re.ASCII)
_ADMITTED = (KnownSession, Unbelieved)
_log = structlog.get_logger(__name__)


class Caller(msgspec.Struct, frozen=True):
    """Who asks, from where, in which form the answer goes, and the trace that both ends log."""

    session: Session
    json: bool
    form: Form
    trace: str
    address: str

    def asked(self, interaction: Interaction, text: str) -> Asked:
        return Asked(self.session, interaction, Wire(self.trace, self.address, text))


class SourceApi:
    """The ASGI application of one node.

    `gate` gives the session of a request's token, `base` is the absolute address (`https://…/fhir/stu3`), `path` where
    it is mounted, `masked` whether this asker gets no BSN (a PGO never does), `rates` how much each may ask.
    `elsewhere` answers what the gate says is not for this process.
    """

    def __init__(
        self,
        door: Door,
        gate: Gate,
        base: str,
        path: str = "/fhir/stu3",
        *,
        masked: Callable[[Session], bool] = lambda session: False,
        rates: Turns | None = None,
        elsewhere: App | None = None,
    ) -> None:
        self._rates = rates
        self._elsewhere = elsewhere
        self._door = door
        self._gate = gate
        self._base = base.rstrip("/")
        self._path = path
        self._masked = masked

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = http.request(scope, receive, self._path)
        answer = await self._answer(asked)
        if answer is not None:
            if not http.given(answer, scope):
                await http.send(answer, send)
        elif self._elsewhere is not None:
            await self._elsewhere(scope, receive, send)

    async def _answer(self, asked: Request) -> Answer | None:
        json = http.form(asked.headers.get("accept", ""), None)
        try:
            return await self._route(asked, json if isinstance(json, bool) else True)
        except AuditFault:
            # Not logged is not released: not a byte of content, whatever was read or not.
            _log.error("the audit log took no event; the answer was withheld")
            return refuse(Refusal("unavailable"), json is not False)
        except Exception as fault:
            # Only the kind of fault: its text may quote a record.
            _log.error("an answer failed", fault=type(fault).__name__)
            return refuse(Refusal("fault"), json is not False)

    async def _route(self, asked: Request, json: bool) -> Answer | None:
        if len(asked.path) + len(asked.query) > http.MAX_URL:
            return refuse(Refusal("too_large"), json)
        steps = [step for step in asked.path.split("/") if step]
        if steps == ["metadata"]:
            return self._metadata(asked) if asked.method == "GET" else _only("GET", json)
        if asked.two_tokens:
            return refuse(Refusal("not_understood", "more than one Authorization header"), json)
        admitted = self._gate.admit(asked)
        session = admitted if isinstance(admitted, _ADMITTED) else await admitted
        if session is None:
            return None
        if isinstance(session, Unbelieved):
            if session is not NO_TOKEN:
                if self._rates is not None and (wait := self._rates.knocks(asked.scope)):
                    return _later(wait, json)  # nobody fills the log from outside
                await self._gate.turned_away(session, asked)
            return refuse(Refusal("no_token"), json, session.headers)
        if self._rates is not None and (wait := await settled(self._rates.asks(session))):
            return _later(wait, json)
        posted = steps == [] or steps[1:] == ["_search"]
        if asked.method != ("POST" if posted else "GET"):
            return _only("POST" if posted else "GET", json)
        if not steps:
            return await self._batch(asked, session)
        if posted:
            return await self._posted_search(asked, session, steps[0])
        caller = self._caller(asked, session, _format(asked.query))
        if isinstance(caller, Refusal):
            return refuse(caller, json)
        return await self._get(caller, steps, asked.query)

    def _caller(self, asked: Request, session: Session, format: str | None) -> Caller | Refusal:
        json = http.form(asked.headers.get("accept", ""), format)
        if isinstance(json, Refusal):
            return json
        masked = self._masked(session)
        form: Form = ("json_masked" if masked else "json") if json else ("xml_masked" if masked else "xml")
        return Caller(session, json, form, asked.trace, asked.address)

    async def _get(self, caller: Caller, steps: list[str], query: str) -> Answer:
        """Any interaction by GET, alone or in a batch."""
        if not _TYPE.fullmatch(steps[0]):
            return refuse(Refusal("no_such_interaction"), caller.json)
        match steps:
            case [type] if type in types():
                found = from_url(type, query, self._base)
                return refuse(found, caller.json) if isinstance(found, Refusal) else await self._search(caller, found)
            case [type, id] if is_id(id):
                return await self._read(caller, Read(type, id, caller.form))
            case [type, id, "_history"] if is_id(id):
                return await self._history(caller, History(type, id, caller.form))
            case [type, id, "_history", version] if is_id(id) and version.isascii() and version.isdigit():
                return await self._read(caller, Read(type, id, caller.form, int(version[:9])))
        return refuse(Refusal("no_such_interaction"), caller.json)

    async def _search(self, caller: Caller, found: SearchRequest) -> Answer:
        done = await self._searched(caller, found)
        return done if isinstance(done, Answer) else Answer(200, done.body, caller.json)

    async def _searched(self, caller: Caller, found: SearchRequest) -> Answered | Answer:
        """What the door gives; or an answer at once, where nothing goes to it."""
        query = found.query
        finds = found.identifier if query.type == "Patient" else None
        if finds and self._rates is not None and (wait := await settled(self._rates.finds(caller.session))):
            return _later(wait, caller.json)
        if found.related and not (finds and is_client(caller.session)):
            return refuse(Refusal("parameter"), caller.json)
        interaction = Bind(finds, query, caller.form, found.related) if finds else Search(query, caller.form)
        asked = caller.asked(interaction, f"{query.type}?{found.told}")
        url = f"{self._base}/{query.type}"
        self_url = f"{url}?{found.told}" if found.told else url
        return await answer.search(self._door, asked, self._base, self_url, lambda after: f"{url}?{found.next(after)}")

    async def _read(self, caller: Caller, interaction: Read) -> Answer:
        version = f"/_history/{interaction.version}" if interaction.version is not None else ""
        text = f"{interaction.type}/{interaction.id}{version}"
        done = await answer.read(self._door, caller.asked(interaction, text))
        if done is None:
            return refuse(Refusal("not_found"), caller.json)
        return Answer(200, done.body, caller.json, _validators(done))

    async def _history(self, caller: Caller, interaction: History) -> Answer:
        text = f"{interaction.type}/{interaction.id}/_history"
        done = await answer.history(self._door, caller.asked(interaction, text), self._base, f"{self._base}/{text}")
        return Answer(200, done.body, caller.json) if done else refuse(Refusal("not_found"), caller.json)

    async def _posted_search(self, asked: Request, session: Session, type: str) -> Answer:
        caller = self._caller(asked, session, _format(asked.query))
        if isinstance(caller, Refusal):
            return refuse(caller)
        if type not in types():
            return refuse(Refusal("no_such_interaction"), caller.json)
        if http.media_type(asked.headers.get("content-type", "")) != "application/x-www-form-urlencoded":
            return refuse(Refusal("media_type"), caller.json)
        found = await self._form(asked, type)
        if isinstance(found, Refusal):
            return refuse(found, caller.json)
        if found.format is not None:
            caller = self._caller(asked, session, found.format)
            if isinstance(caller, Refusal):
                return refuse(caller)
        return await self._search(caller, found)

    async def _form(self, asked: Request, type: str) -> SearchRequest | Refusal:
        content = await http.body(asked, MAX_FORM)
        if isinstance(content, Refusal):
            return content
        url, form = split(asked.query), split(content.decode("latin-1"))
        if isinstance(url, Refusal) or isinstance(form, Refusal):
            return Refusal("not_understood")
        return read(type, url, form, self._base)

    async def _batch(self, asked: Request, session: Session) -> Answer:
        caller = self._caller(asked, session, _format(asked.query))
        if isinstance(caller, Refusal):
            return refuse(caller)
        sent = http.is_json(http.media_type(asked.headers.get("content-type", "")))
        if sent is None:
            return refuse(Refusal("media_type"), caller.json)
        content = await http.body(asked, MAX_BATCH)
        if isinstance(content, Refusal):
            return refuse(content, caller.json)
        batch = read_batch(content, sent)
        if isinstance(batch, Refusal):
            return refuse(batch, caller.json)
        if self._rates is not None and (wait := await settled(self._rates.asks(session, batch.size))):
            return _later(wait, caller.json)
        answers: list[Answer] = []
        if batch.find is not None:
            found, released = await self._find(caller, batch.find)
            if found.status == status(Refusal("too_often")):
                return found
            answers.append(found)
            caller = caller if released else msgspec.structs.replace(caller, session=ForNobody(session.asker))
        answers += await asyncio.gather(*(self._one_of_batch(caller, entry) for entry in batch.others))
        return Answer(200, bundles.batch_response([(a.status, a.body) for a in answers], caller.json), caller.json)

    async def _find(self, caller: Caller, find: Find) -> tuple[Answer, bool]:
        """`POST Patient/_search` as the first of a batch, and whether the door released what it found.

        It is whole before anything else of the batch begins: what follows is answered for the client that it bound.
        """
        found = find.form if isinstance(find.form, Refusal) else read("Patient", (), find.form, self._base)
        if not isinstance(found, Refusal) and (found.identifier is None or found.format is not None):
            found = Refusal("parameter", "an identifier is expected, and no _format")
        if isinstance(found, Refusal):
            return refuse(found, caller.json), False
        done = await self._searched(caller, found)
        return (done, False) if isinstance(done, Answer) else (Answer(200, done.body, caller.json), done.released)

    async def _one_of_batch(self, caller: Caller, entry: Get | Refusal) -> Answer:
        if isinstance(entry, Refusal):
            return refuse(entry, caller.json)
        steps = [step for step in entry.path.split("/") if step]
        if not steps or _format(entry.query) is not None:
            return refuse(Refusal("no_such_interaction"), caller.json)
        return await self._get(caller, steps, entry.query)

    def _metadata(self, asked: Request) -> Answer:
        json = http.form(asked.headers.get("accept", ""), _format(asked.query))
        if isinstance(json, Refusal):
            return refuse(json)
        return Answer(200, capability(self._base, json), json)


def is_client(session: Session) -> bool:
    """Whether she herself asks: no BSN is in an answer to her (domain §3), and she may ask on behalf of a child."""
    return session.asker.purpose is Purpose.OWN_RECORD


def _format(query: str) -> str | None:
    """The `_format` of a query string, without reading the rest."""
    if "_format" not in query:
        return None
    pairs = split(query)
    return None if isinstance(pairs, Refusal) else next((v for k, v in pairs if k == "_format"), None)


def _later(seconds: int, json: bool) -> Answer:
    return refuse(Refusal("too_often"), json, ((b"retry-after", b"%d" % seconds),))


def _only(method: str, json: bool) -> Answer:
    return refuse(Refusal("method"), json, ((b"allow", method.encode()),))


def _validators(done: Answered) -> tuple[tuple[bytes, bytes], ...]:
    stored: Any = done.stored
    return ((b"etag", b'W/"%d"' % stored.version), (b"last-modified", _http_date(stored.updated)))


@functools.lru_cache(maxsize=1024)
def _http_date(moment: dt.datetime) -> bytes:
    return format_datetime(moment, usegmt=True).encode()

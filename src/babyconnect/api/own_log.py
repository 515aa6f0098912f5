"""`GET /fhir/r4/AuditEvent` of a node: a client who asks for her own reads who looked (R4 search; IHE ITI-81).

By the token that `POST Patient/_search` bound to her, and by no other; `date=ge…` and `date=lt…` narrow it to a period.
"""

from __future__ import annotations

import datetime as dt
import re

import orjson
import structlog

from babyconnect.api import http
from babyconnect.api.bearers import NO_TOKEN, Gate, Unbelieved
from babyconnect.api.http import Answer, Request, refuse
from babyconnect.api.outcomes import Refusal
from babyconnect.api.rates import Rates
from babyconnect.api.search_request import split
from babyconnect.api.server import Receive, Scope, Send
from babyconnect.api.source import is_client
from babyconnect.audit import AuditFault
from babyconnect.flows.journal import Came
from babyconnect.flows.own_log import OwnLog, Told
from babyconnect.trust.sessions import Session

PATH = "/fhir/r4"
_DATE = re.compile(r"(ge|lt)(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d))", re.ASCII)
_log = structlog.get_logger(__name__)


class OwnLogApi:
    """The ASGI application; `base` is the absolute address of this API."""

    def __init__(self, own_log: OwnLog, gate: Gate, base: str, rates: Rates) -> None:
        self._own_log, self._gate, self._base, self._rates = own_log, gate, base, rates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await http.send(await self._answer(http.request(scope, receive, PATH)), send)

    async def _answer(self, asked: Request) -> Answer:
        try:
            return await self._route(asked)
        except AuditFault:
            _log.error("the audit log took no event; the answer was withheld")
            return refuse(Refusal("unavailable"))
        except Exception as fault:
            # Only the kind of fault: its text may quote the log.
            _log.error("an answer failed", fault=type(fault).__name__)
            return refuse(Refusal("fault"))

    async def _route(self, asked: Request) -> Answer:
        if len(asked.query) > http.MAX_URL:
            return refuse(Refusal("too_large"))
        if asked.two_tokens:
            return refuse(Refusal("not_understood", "more than one Authorization header"))
        session = self._gate.admit(asked)
        if isinstance(session, Unbelieved):
            return await self._turned_away(asked, session)
        if not isinstance(session, Session) or asked.path.strip("/") != "AuditEvent" or not is_client(session):
            # A professional reads no log here: to her there is no such thing.
            return refuse(Refusal("no_such_interaction"))
        if asked.method != "GET":
            return refuse(Refusal("method"), headers=((b"allow", b"GET"),))
        if wait := self._rates.finds(session):
            return refuse(Refusal("too_often"), headers=((b"retry-after", b"%d" % wait),))
        period = _period(asked.query)
        if isinstance(period, Refusal):
            return refuse(period)
        came = Came(asked.trace, asked.address)
        found = await self._own_log.of(session.asker, session.herself, *period, came)
        return Answer(200, self._bundle(found, asked.query), True)

    async def _turned_away(self, asked: Request, who: Unbelieved) -> Answer:
        if who is not NO_TOKEN:
            if wait := self._rates.knocks(asked.scope):
                return refuse(Refusal("too_often"), headers=((b"retry-after", b"%d" % wait),))
            await self._gate.turned_away(who, asked)
        return refuse(Refusal("no_token"), headers=who.headers)

    def _bundle(self, found: Told, query: str) -> bytes:
        url = f"{self._base}/AuditEvent"
        return orjson.dumps({
            "resourceType": "Bundle",
            "type": "searchset",
            "total": found.total,
            "link": [{"relation": "self", "url": f"{url}?{query}" if query else url}],
            "entry": [
                {"fullUrl": f"{url}/{one['id']}", "resource": one, "search": {"mode": "match"}} for one in found.looks
            ],
        })  # fmt: skip


def _period(query: str) -> tuple[dt.datetime | None, dt.datetime | None] | Refusal:
    pairs = split(query)
    if isinstance(pairs, Refusal):
        return pairs
    found: dict[str, dt.datetime] = {}
    for name, value in pairs:
        date = _DATE.fullmatch(value)
        if name != "date":
            return Refusal("parameter")
        if date is None or date[1] in found:
            return Refusal("value", "date")
        try:
            found[date[1]] = dt.datetime.fromisoformat(date[2])
        except ValueError:
            return Refusal("value", "date")
    return found.get("ge"), found.get("lt")

"""The page of a practice without an export: fetch the template, see what is wrong with it filled in, publish it.

Between the check and the publishing the file waits here, in memory and for minutes only, for the session that sent it.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from babyconnect.birthcare.parties import Function
from babyconnect.flows import templates
from babyconnect.flows.findings import Finding
from babyconnect.flows.handing_in import Checked, HandingIn
from babyconnect.flows.journal import Came
from babyconnect.flows.marking import place_of, with_faults
from babyconnect.flows.replacing import Gone
from babyconnect.web.site import Chapter, Site
from babyconnect.web.uploads import Upload, upload

PATH = "/aanleveren"
WAITS_SECONDS = 900.0
MOST_WAITING = 4
SHOWN = 300
"""Findings of one file on the page; the rest is counted."""


def chapter(desk: HandingIn, clock: Callable[[], float]) -> Chapter[Any]:
    """`clock`: seconds that only go on."""

    def routes(site: Site[Any]) -> Sequence[BaseRoute]:
        pages = _Pages(site, desk, clock)
        return [
            Route("/", pages.start, methods=["GET"]),
            Route("/sjabloon/{kind}.{form}", pages.template, methods=["GET"]),
            Route("/controle", pages.check, methods=["POST"]),
            Route("/fouten", pages.faults, methods=["POST"]),
            Route("/publiceren", pages.publish, methods=["POST"]),
        ]

    return Chapter(PATH, "handing_in.menu", routes, function=Function.ADMINISTRATOR)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A file that was checked, for whoever's form has this mark."""

    mark: str
    name: str
    content: bytes
    checked: Checked
    until: float


@dataclass(frozen=True, slots=True)
class Line:
    """A finding as the table has it."""

    severity: str
    where: str
    text: str


class _Pages:
    def __init__(self, site: Site[Any], desk: HandingIn, clock: Callable[[], float]) -> None:
        self._site, self._desk, self._clock = site, desk, clock
        self._home = f"{site.path}{PATH}/"
        self._waiting: dict[bytes, _Waiting] = {}

    async def start(self, request: Request) -> Response:
        return self._page(request)

    async def template(self, request: Request) -> Response:
        kind, form = request.path_params["kind"], request.path_params["form"]
        if kind not in templates.kinds() or form not in ("xlsx", "zip"):
            raise HTTPException(404)
        content = templates.workbook(kind) if form == "xlsx" else templates.packed(kind)
        media = templates.XLSX if form == "xlsx" else "application/zip"
        headers = {"content-disposition": f'attachment; filename="gegevensblad-{kind}.{form}"'}
        return Response(content, media_type=media, headers=headers)

    async def check(self, request: Request) -> Response:
        sent = await upload(request, self._desk.limit)
        session = self._site.sent_by(request, sent.fields)
        if not sent.content:
            return self._page(request, 422, flaw="empty")
        replaces = sent.fields.get("vervangt") == "ja"
        found = await self._desk.check(sent.content, sent.name, replaces)
        mark = self._keep(session.secret, sent, found)
        return self._page(
            request, checked=found, mark=mark, replaces=replaces, **_gone(found.gone), **_table(found.findings)
        )

    async def faults(self, request: Request) -> Response:
        """The file again, with what is wrong beside it."""
        session, fields = await self._site.posted(request)
        one = self._waits(session.secret, fields)
        if one is None:
            return self._page(request, 422, flaw="gone")
        content = await asyncio.to_thread(with_faults, one.content, one.checked.findings)
        if content is None:
            return self._page(request, 422, flaw="unreadable")
        headers = {"content-disposition": 'attachment; filename="wat-er-niet-klopt.xlsx"'}
        return Response(content, media_type=templates.XLSX, headers=headers)

    async def publish(self, request: Request) -> Response:
        session, fields = await self._site.posted(request)
        one = self._waits(session.secret, fields)
        if one is None or not one.checked.good:
            return self._page(request, 422, flaw="gone")
        gone = one.checked.gone
        if gone and fields.get("akkoord") != "ja":
            values = {"checked": one.checked, "mark": one.mark, "replaces": True}
            return self._page(request, 422, flaw="agree", **values, **_gone(gone), **_table(one.checked.findings))
        del self._waiting[session.secret]
        came = Came(address=request.client.host if request.client else "")
        reports = await self._desk.publish(one.content, one.name, session.person, came, gone)
        counts = Counter(report.status for report in reports)
        withdrawn = sum(report.withdrawn for report in reports)
        return self._page(request, counts=counts, withdrawn=withdrawn, **_table(f for r in reports for f in r.findings))

    def _waits(self, session: bytes, fields: Mapping[str, str]) -> _Waiting | None:
        """The file that this form is about, unless it has waited too long."""
        one = self._waiting.get(session)
        if one is None or one.until < self._clock() or not secrets.compare_digest(one.mark, fields.get("bestand", "")):
            self._waiting.pop(session, None)
            return None
        return one

    def _keep(self, session: bytes, sent: Upload, found: Checked) -> str:
        """One file a session, a few in all: the oldest makes room."""
        now = self._clock()
        alive = {who: one for who, one in self._waiting.items() if one.until >= now and who != session}
        while len(alive) >= MOST_WAITING:
            alive.pop(next(iter(alive)))
        made = _Waiting(secrets.token_urlsafe(16), sent.name, sent.content, found, now + WAITS_SECONDS)
        self._waiting = {**alive, session: made}
        return made.mark

    def _page(self, request: Request, status: int = 200, **values: Any) -> Response:
        nothing = {"flaw": "", "checked": None, "mark": "", "counts": None, "lines": (), "more": 0, "told": 0,
                   "replaces": False, "withdrawn": 0, "gone": (), "gone_more": 0, "items": 0}  # fmt: skip
        return self._site.page(
            request, "administration/handing_in.html", status, here=self._home, kinds=templates.kinds(),
            **{**nothing, **values},
        )  # fmt: skip


def _table(findings: Iterable[Finding]) -> dict[str, Any]:
    """What is wrong or doubtful, worst first; what was only not carried over is counted."""
    listed = list(findings)
    told = sorted((f for f in listed if f.severity != "information"), key=lambda f: f.severity != "error")
    lines = [_line(f) for f in told[:SHOWN]]
    return {"lines": lines, "more": len(told) - len(lines), "told": len(listed) - len(told)}


def _gone(gone: Sequence[Gone]) -> dict[str, Any]:
    """What would be taken back, per client, as it was filled in."""
    listed = [(one.records[0].rpartition(" (")[2].removesuffix(")"), row) for one in gone for row in one.rows]
    items = sum(len(one.items) for one in gone)
    return {"gone": listed[:SHOWN], "gone_more": max(0, len(listed) - SHOWN), "items": items}


def _line(finding: Finding) -> Line:
    place = place_of(finding)
    if place is None:
        return Line(finding.severity, finding.place.rpartition(": ")[2], finding.text)
    parts = (place.sheet, f"rij {place.row}" if place.row else "", place.column)
    return Line(finding.severity, ", ".join(part for part in parts if part), finding.text)

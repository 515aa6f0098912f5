"""The privacy officer's chapter of the viewer: figures, questions to the log, reports, and how the log stands.

Every page that shows something of the log is itself in the log before it is shown; a fault there shows nothing.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from babyconnect.audit import patterns
from babyconnect.audit.accounts import Account, hers
from babyconnect.birthcare.parties import Function
from babyconnect.exchange.ask import new_trace, new_traceparent
from babyconnect.flows.journal import Actor, Came
from babyconnect.flows.oversight import Form, Found, Oversight, Overview, Question, TooMany
from babyconnect.web.forms import single
from babyconnect.web.privacy.charts import Bar, Chart, chart
from babyconnect.web.privacy.lines import NameOf, as_csv, lines, organisation
from babyconnect.web.privacy.questions import Questions, question
from babyconnect.web.site import Chapter, Site, language_of
from babyconnect.web.texts import Texts
from babyconnect.web.viewer.records import ViewerSession

PATH = "/privacy"
PAGE = 50
PERIODS = (7, 30, 90)
GROUPS = ("access", "consent", "breakglass", "login", "administer", "relation", "log", "erase", "publish", "own")
FORMS: Mapping[str, tuple[Form, str, str]] = {
    "csv": ("csv", "text/csv; charset=utf-8", "logboek.csv"),
    "ndjson": ("ndjson", "application/fhir+ndjson", "logboek.ndjson"),
    "bundle": ("bundle", "application/fhir+json; fhirVersion=4.0", "logboek.json"),
}


def privacy_chapter(oversight: Oversight, name_of: NameOf) -> Chapter[ViewerSession]:
    """`name_of`: an organisation's name by its URA."""

    def routes(site: Site[ViewerSession]) -> Sequence[Route]:
        return _Pages(site, oversight, name_of).routes()

    return Chapter(PATH, "privacy.menu", routes, function=Function.PRIVACY_OFFICER)


class _Pages:
    def __init__(self, site: Site[ViewerSession], oversight: Oversight, name_of: NameOf) -> None:
        self._site, self._oversight, self._name_of = site, oversight, name_of
        self._questions = Questions()
        self._home = f"{site.path}{PATH}/"

    def routes(self) -> Sequence[Route]:
        return [
            Route("/", self.start, methods=["GET"]),
            Route("/vraag", self.ask, methods=["POST"]),
            Route("/vraag/{handle}", self.answer, methods=["GET"]),
            Route("/vraag/{handle}/bestand", self.file, methods=["POST"]),
            Route("/inzage/{handle}", self.report, methods=["GET"]),
            Route("/inzage/{handle}/bestand", self.report_file, methods=["POST"]),
            Route("/logboek", self.standing, methods=["GET"]),
            Route("/logboek/controle", self.verify, methods=["POST"]),
        ]

    async def start(self, request: Request) -> Response:
        """Figures of a period, what deserves a question, and the form."""
        session = self._site.session(request)
        asked = single(request.url.query).get("dagen", "")
        days = int(asked) if asked.isdecimal() and int(asked) in PERIODS else PERIODS[0]
        seen = await self._oversight.overview(_actor(self._oversight, session), days, came(request))
        t = Texts(language_of(request))
        return self._page(
            request, "privacy/start.html",
            days=days, periods=PERIODS, groups=GROUPS, cut=seen.cut,
            totals=_totals(seen), per_day=_per_day(seen.accounts, days, self._oversight.journal.clock(), t),
            months=_months(seen, t), alarm_above=_figures("breakglass_share", t)["percent"],
            shares=[(organisation(s.organisation, self._name_of), s) for s in seen.shares],
            hits=[self._hit(session, hit, t) for hit in seen.hits], standing=self._oversight.stands(), error="",
        )  # fmt: skip

    def _hit(self, session: ViewerSession, hit: patterns.Hit, t: Texts) -> dict[str, Any]:
        figures = _figures(hit.pattern, t)
        since, until = patterns.local(hit.first), patterns.local(hit.last)
        ask = Question(person=hit.person, since=since, until=until + dt.timedelta(minutes=1))
        return {
            "title": t(f"patterns.{hit.pattern}", **figures), "why": t(f"pattern_reasons.{hit.pattern}", **figures),
            "count": hit.count, "person": hit.person, "percent": t.number(hit.percent, 1) if hit.percent else "",
            "organisation": organisation(hit.organisation, self._name_of),
            "first": since.strftime("%d-%m-%Y %H:%M"), "last": until.strftime("%d-%m-%Y %H:%M"),
            "handle": self._questions.keep(session.name, ask) if hit.person else "",
        }  # fmt: skip

    async def ask(self, request: Request) -> Response:
        """Takes a question; the answer, or the report for a client, has an address without her number."""
        session, fields = await self._site.posted(request)
        asked = question(fields)
        report = "inzage" in fields
        if isinstance(asked, str) or (report and asked.client is None):
            wrong = asked if isinstance(asked, str) else "bsn_needed"
            return self._page(request, "privacy/wrong.html", 422, wrong=wrong)
        handle = self._questions.keep(session.name, asked)
        return RedirectResponse(f"{self._home}{'inzage' if report else 'vraag'}/{handle}", 303)

    async def answer(self, request: Request) -> Response:
        """The looks and acts that match, a page at a time."""
        _, asked, found = await self._found(request)
        number = single(request.url.query).get("pagina", "1")
        last = max(1, -(-len(found.accounts) // PAGE))
        page = min(int(number), last) if number.isdecimal() and 0 < int(number) < 10**6 else 1
        t = Texts(language_of(request))
        shown = lines(found.accounts[(page - 1) * PAGE : page * PAGE], t, self._name_of)
        return self._page(
            request, "privacy/answer.html",
            asked=asked, lines=shown, count=len(found.accounts), cut=found.cut,
            page=page, last=last, handle=request.path_params["handle"],
        )  # fmt: skip

    async def file(self, request: Request) -> Response:
        """The events themselves, as R4 AuditEvents or a table."""
        session, fields = await self._site.posted(request)
        asked = self._asked(session, request)
        form, media, name = FORMS.get(fields.get("vorm", ""), FORMS["csv"])
        try:
            content = await self._oversight.export(_actor(self._oversight, session), asked, form, came(request))
        except TooMany:
            return self._page(request, "privacy/wrong.html", 422, wrong="too_many")
        return _download(content, media, name)

    async def report(self, request: Request) -> Response:
        """Who looked at her record: the answer to a client's request, to print or to save."""
        session, asked, found = await self._found(request)
        t = Texts(language_of(request))
        return self._page(
            request, "privacy/report.html",
            party=session.party, asked=asked, lines=lines(hers(found.accounts), t, self._name_of), cut=found.cut,
            made=self._oversight.journal.clock().astimezone(patterns.HERE).strftime("%d-%m-%Y %H:%M"),
            standing=self._oversight.stands(), handle=request.path_params["handle"],
        )  # fmt: skip

    async def report_file(self, request: Request) -> Response:
        session, _ = await self._site.posted(request)
        asked = self._asked(session, request)
        found = await self._oversight.ask(_actor(self._oversight, session), asked, came(request))
        t = Texts(language_of(request))
        return _download(
            as_csv(lines(hers(found.accounts), t, self._name_of), t), "text/csv; charset=utf-8", "inzage.csv"
        )

    async def standing(self, request: Request) -> Response:
        """Whether the log is whole: checkpoints, the last verification, what is published."""
        self._site.session(request)
        return self._page(request, "privacy/standing.html", standing=self._oversight.stands(), name_of=self._named)

    def _named(self, ura: str) -> str:
        return organisation(ura, self._name_of)

    async def verify(self, request: Request) -> Response:
        session, _ = await self._site.posted(request)
        await self._oversight.verify(_actor(self._oversight, session), came(request))
        return RedirectResponse(f"{self._home}logboek", 303)

    async def _found(self, request: Request) -> tuple[ViewerSession, Question, Found]:
        session = self._site.session(request)
        asked = self._asked(session, request)
        return session, asked, await self._oversight.ask(_actor(self._oversight, session), asked, came(request))

    def _asked(self, session: ViewerSession, request: Request) -> Question:
        asked = self._questions.find(session.name, request.path_params["handle"])
        if asked is None:
            raise HTTPException(404)
        return asked

    def _page(self, request: Request, template: str, status: int = 200, **values: Any) -> Response:
        return self._site.page(request, template, status, here=self._home, local=_local, **values)


def _actor(oversight: Oversight, session: ViewerSession) -> Actor:
    return oversight.journal.person(session.person)


def came(request: Request) -> Came:
    """How a request of a page came: with a trace of its own."""
    client = request.client
    address = f"{client.host}:{client.port}" if client else ""
    return Came(new_traceparent(new_trace()), address)


def _local(moment: str) -> str:
    return patterns.local(moment).strftime("%d-%m-%Y %H:%M")


def _download(content: bytes, media: str, name: str) -> Response:
    return Response(content, media_type=media, headers={"content-disposition": f'attachment; filename="{name}"'})


def _totals(seen: Overview) -> list[tuple[str, int]]:
    looks = [account for account in seen.accounts if account.is_access and account.clients]
    counted = {
        "looks": len(looks),
        "people": len({account.person for account in looks if account.person}),
        "refused": sum(account.outcome == "refused" for account in looks),
        "emergencies": sum(account.emergency for account in looks),
    }
    return list(counted.items())


def _figures(pattern: str, t: Texts) -> dict[str, str]:
    """The thresholds of a pattern, to be filled in where it is explained: what is said is what was counted by."""
    row = patterns.table()[pattern]
    return {name: t.number(value) for name, value in row.items() if isinstance(value, int | float)}


def _per_day(found: Sequence[Account], days: int, now: dt.datetime, t: Texts) -> Chart:
    looks = [account for account in found if account.is_access and account.clients]
    every = Counter(patterns.local(account.first).date() for account in looks)
    refused = Counter(patterns.local(account.first).date() for account in looks if account.outcome == "refused")
    today = now.astimezone(patterns.HERE).date()
    dates = [today - dt.timedelta(days=back) for back in range(days - 1, -1, -1)]
    return chart([Bar(date.strftime("%d-%m"), every[date], refused[date]) for date in dates], t.number)


def _months(seen: Overview, t: Texts) -> Chart:
    limit = float(patterns.table()["breakglass_share"]["percent"])
    return chart([Bar(month, round(share.percent, 2)) for month, share in seen.months], t.number, limit, " %")

"""The steps that both sites share: the form, what would follow, recording, ending one, a code.

A site gives whose consents these are (`Subject`) and how it speaks; everything else is here once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.resources import HOME
from babyconnect.flows import consent_choices as choices
from babyconnect.flows.consent_choices import Choice
from babyconnect.flows.consenting import Consenting, Speaker, in_force, may_end
from babyconnect.network.contract import ConsentRefused, ConsentVersion, MadeCode, RegionFault
from babyconnect.web.consents import fields, words
from babyconnect.web.consents.fields import Filled
from babyconnect.web.consents.words import PartyOf

CODE_DAYS = 14


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose consents a request is about, and who speaks.  `address`: of these pages; `here`: how the screen says it."""

    bsn: Bsn
    speaker: Speaker
    address: str
    back: str
    herself: bool
    session: Any


class Frame(Protocol):
    """What a site gives."""

    layout: str

    def subject(self, request: Request) -> Subject | None: ...

    async def posted(self, request: Request) -> tuple[Subject | None, dict[str, str]]: ...

    def page(self, request: Request, template: str, status: int = 200, **values: Any) -> Response: ...

    def gone(self, request: Request) -> Response: ...


class Asking:
    """The pages.  `base`: the path pattern below the chapter under which they lie."""

    def __init__(self, frame: Frame, consenting: Consenting, party_of: PartyOf, base: str = "") -> None:
        self._frame = frame
        self._consenting = consenting
        self._party_of = party_of
        self._base = base

    def routes(self) -> list[Route]:
        base = self._base
        return [
            Route(f"{base}/", self.overview, methods=["GET"]),
            Route(f"{base}/vragen", self.form, methods=["GET"]),
            Route(f"{base}/controle", self.check, methods=["POST"]),
            Route(f"{base}/vastleggen", self.record, methods=["POST"]),
            Route(f"{base}/intrekken", self.end, methods=["POST"]),
            Route(f"{base}/code", self.code, methods=["POST"]),
        ]

    async def overview(self, request: Request) -> Response:
        """What holds now, in words, and what was before; of a professional also the way to print it for her."""
        subject = self._frame.subject(request)
        if subject is None:
            return self._frame.gone(request)
        return await self._overview(request, subject)

    async def _overview(
        self, request: Request, subject: Subject, status: int = 200, notice: str = "", code: MadeCode | None = None
    ) -> Response:
        versions, notice, status = await self._known(subject, notice, status)
        first = {version.consent.id: version for version in reversed(versions)}
        own, herself = self._consenting.own, subject.herself
        lines = [
            words.line(one, self._party_of, may_end(one, own, first[one.consent.id], herself))
            for one in in_force(versions)
        ]
        done = request.query_params.get("gedaan", "")
        return self._page(
            request,
            subject,
            "consents/overview.html",
            status,
            lines=lines,
            groups=[(whose, its, words.at_a_glance(its)) for whose, its in words.by_holder(lines, own.name)],
            history=words.history(versions, self._party_of),
            notice=notice or (done if done in ("vastgelegd", "ingetrokken") else ""),
            code=f"{code.code[:4]} {code.code[4:]}" if code else "",
            code_until=code.until.astimezone(HOME) if code else None,
            printed=self._consenting.now().astimezone(HOME),
        )

    async def _known(self, subject: Subject, notice: str, status: int) -> tuple[Sequence[ConsentVersion], str, int]:
        try:
            return await self._consenting.versions(subject.bsn, subject.speaker), notice, status
        except (RegionFault, ConsentRefused):
            return (), "away", 503

    async def form(self, request: Request) -> Response:
        subject = self._frame.subject(request)
        if subject is None:
            return self._frame.gone(request)
        versions, notice, status = await self._known(subject, "", 200)
        standing = fields.standing((one.consent for one in in_force(versions)), self._consenting.own)
        return self._form(request, subject, standing, status, notice)

    def _form(self, request: Request, subject: Subject, form: Filled, status: int = 200, error: str = "") -> Response:
        names, later = choices.names(), fields.ends(self._now())
        by_name = {*choices.shared_by_default(), *choices.offered_to_refuse()}
        return self._page(
            request,
            subject,
            "consents/form.html",
            status,
            receivers=[(one, words.names_of(one.needs)) for one in choices.asked_about(self._consenting.own.kind)],
            form=form,
            names=names,
            safety=choices.shared_by_default(),
            sensitive=choices.offered_to_refuse(),
            others=[group for group in names if group not in by_name | choices.spine()],
            periods=[(name, until.astimezone(HOME) if until else None) for name, until in later.items()],
            error=error,
        )

    async def check(self, request: Request) -> Response:
        """What each receiver would see with these answers: nothing is recorded yet."""
        subject, sent = await self._frame.posted(request)
        if subject is None:
            return self._frame.gone(request)
        form = fields.filled(sent, self._now())
        if "terug" in sent:
            return self._form(request, subject, form)
        if form.missing:
            return self._form(request, subject, form, 422, "nothing")
        versions, notice, status = await self._known(subject, "", 200)
        if notice:
            return self._form(request, subject, form, status, notice)
        own = self._consenting.own
        give, ending = self._change(form.choice, versions, subject)
        after = [one.consent for one in in_force(versions) if one.consent.id not in ending] + give
        return self._page(
            request,
            subject,
            "consents/check.html",
            form=form,
            carried=fields.hidden(form),
            seen=choices.preview(after, own, self._now()),
            names_of=words.names_of,
            refused=words.names_of(sorted(form.choice.not_shared)),
            warned=words.names_of(g for g in choices.shared_by_default() if g in form.choice.not_shared),
            remaining=[words.line(one, self._party_of) for one in self._objections(versions, ending)],
        )

    def _change(
        self, choice: Choice, versions: Sequence[ConsentVersion], subject: Subject
    ) -> tuple[list[Any], list[str]]:
        """What is to be recorded and what ends with it, so far as the one who speaks may end it."""
        own = self._consenting.own
        first = {version.consent.id: version for version in reversed(versions)}
        mine = [one.consent for one in in_force(versions) if may_end(one, own, first[one.consent.id], subject.herself)]
        return choices.provisions(choice, own, self._now().astimezone(HOME).date()), choices.replaced(choice, mine, own)

    def _objections(self, versions: Sequence[ConsentVersion], ending: Sequence[str]) -> list[ConsentVersion]:
        """Her earlier objections that stay: a yes of today may open less than it says."""
        return [one for one in in_force(versions) if not one.consent.permit and one.consent.id not in ending]

    async def record(self, request: Request) -> Response:
        subject, sent = await self._frame.posted(request)
        if subject is None:
            return self._frame.gone(request)
        form = fields.filled(sent, self._now())
        if form.missing:
            return self._form(request, subject, form, 422, "nothing")
        try:
            versions = await self._consenting.versions(subject.bsn, subject.speaker)
            give, ending = self._change(form.choice, versions, subject)
            await self._consenting.change(subject.bsn, give, ending, subject.speaker)
        except ConsentRefused:
            return self._form(request, subject, form, 403, "refused")
        except RegionFault:
            return self._form(request, subject, form, 503, "away")
        return RedirectResponse(f"{subject.address}?gedaan=vastgelegd", 303)

    async def end(self, request: Request) -> Response:
        """Two steps on one address: first what follows from it, in plain words; then it is done."""
        subject, sent = await self._frame.posted(request)
        if subject is None:
            return self._frame.gone(request)
        versions, notice, status = await self._known(subject, "", 200)
        stop = subject.herself and sent.get("welke") == "alles"
        found = next((one for one in in_force(versions) if one.consent.id == sent.get("welke", "")), None)
        if notice or (found is None and not stop):
            return await self._overview(request, subject, status if notice else 404, notice or "unknown")
        if sent.get("zeker") != "ja":
            line = words.line(found, self._party_of, may_end=True) if found else None
            return self._page(request, subject, "consents/end.html", line=line)
        try:
            if found is None:
                give, ending = choices.stop_everything(one.consent for one in in_force(versions))
            else:
                give, ending = [], [found.consent.id]
            await self._consenting.change(subject.bsn, give, ending, subject.speaker)
        except ConsentRefused:
            return await self._overview(request, subject, 403, "refused")
        except RegionFault:
            return await self._overview(request, subject, 503, "away")
        return RedirectResponse(f"{subject.address}?gedaan=ingetrokken", 303)

    async def code(self, request: Request) -> Response:
        """A code that she can show or say at any hospital; it stands on this one page only."""
        subject, _ = await self._frame.posted(request)
        if subject is None:
            return self._frame.gone(request)
        until = self._now() + dt.timedelta(days=CODE_DAYS)
        try:
            versions = await self._consenting.versions(subject.bsn, subject.speaker)
            said = fields.standing((one.consent for one in in_force(versions)), self._consenting.own)
            permit = choices.code_permit(self._consenting.own, until, said.choice.not_shared)
            made = await self._consenting.make_code(subject.bsn, until, permit, subject.speaker)
        except (ConsentRefused, RegionFault):
            return await self._overview(request, subject, 503, "away")
        return await self._overview(request, subject, code=made)

    def _now(self) -> dt.datetime:
        return self._consenting.now()

    def _page(self, request: Request, subject: Subject, template: str, status: int = 200, **values: Any) -> Response:
        return self._frame.page(
            request,
            template,
            status,
            layout=self._frame.layout,
            subject=subject,
            own=self._consenting.own,
            plural=words.plural,
            session=subject.session,
            **values,
        )

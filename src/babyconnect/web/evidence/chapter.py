"""Evidence of a treatment relationship, made by the professional: register at the ward, enter a code that she shows,
announce or refer her to another organisation, agree on a locum; and take any of it back (domain §4).

The BSN is typed into a form and never stands in an address; what is shown afterwards is an opaque reference.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from babyconnect.birthcare.identifiers import Bsn, Ura, passes_eleven_check
from babyconnect.birthcare.parties import Responsible, Role
from babyconnect.birthcare.resources import HOME
from babyconnect.flows.evidence import EvidenceDesk
from babyconnect.flows.journal import About, Came
from babyconnect.network.contract import GivenBasis, RegionFault
from babyconnect.web.limits import Limit
from babyconnect.web.site import Chapter, Site
from babyconnect.web.viewer.records import ViewerSession

PATH = "/behandelrelatie"
CODES_PER_MINUTE = 10


def chapter(desk: EvidenceDesk, clock: Callable[[], float]) -> Chapter[ViewerSession]:
    """`clock`: monotonic seconds."""

    def routes(site: Site[ViewerSession]) -> Sequence[BaseRoute]:
        pages = _Pages(site, desk, Limit(CODES_PER_MINUTE, 60, clock))
        return [
            Route("/", pages.start, methods=["GET"]),
            Route("/opname", pages.ward, methods=["POST"]),
            Route("/code", pages.code, methods=["POST"]),
            Route("/aankondiging", pages.give, methods=["POST"]),
            Route("/waarneming", pages.locum, methods=["POST"]),
            Route("/intrekken", pages.revoke, methods=["POST"]),
            Route("/beeindigen", pages.end, methods=["POST"]),
            Route("/verantwoordelijke", pages.responsible, methods=["POST"]),
        ]

    return Chapter(PATH, "evidence.menu", routes, open_to=lambda session: session.person.role is not Role.EMPLOYEE)


class _Pages:
    def __init__(self, site: Site[ViewerSession], desk: EvidenceDesk, tries: Limit) -> None:
        self._site, self._desk, self._tries = site, desk, tries
        self._home = f"{site.path}{PATH}/"

    async def start(self, request: Request) -> Response:
        return await self._page(request)

    async def _page(self, request: Request, said: str = "", status: int = 200, **values: Any) -> Response:
        try:
            made, away = await self._desk.made(), False
        except RegionFault:
            made, away = (), True
        own, session = self._desk.journal.own, self._site.session(request)
        rules = self._desk.rules(self._today())
        kinds = rules.asker.kinds.get("emergency_registration")
        return self._site.page(
            request,
            "evidence/start.html",
            status,
            here=self._home,
            said=said,
            values=values,
            made=made,
            away=away,
            ward=kinds is None or own.kind in kinds,
            others=[party for party in self._desk.directory.parties() if party.ura != own.ura],
            name_of=self._name_of,
            today=self._today(),
            later=self._today() + dt.timedelta(days=30),
            under=sorted(rules.under.get(session.person.role, ())),
        )

    async def ward(self, request: Request) -> Response:
        return await self._with_client(request, self._ward)

    async def _ward(self, request: Request, session: ViewerSession, bsn: Bsn, fields: Mapping[str, str]) -> Response:
        made = await self._desk.at_the_ward(session.person, bsn, _came(request))
        return await self._page(request, "ward_done" if made else "ward_none", 200 if made else 422)

    async def code(self, request: Request) -> Response:
        return await self._with_client(request, self._code)

    async def _code(self, request: Request, session: ViewerSession, bsn: Bsn, fields: Mapping[str, str]) -> Response:
        if not self._tries.take(session.name):
            return await self._page(request, "too_often", 429)
        code = fields.get("code", "").strip()
        made = await self._desk.by_code(session.person, bsn, code, _came(request)) if 0 < len(code) <= 64 else None
        return await self._page(request, "code_done" if made else "code_none", 200 if made else 422)

    async def give(self, request: Request) -> Response:
        return await self._with_client(request, self._give)

    async def _give(self, request: Request, session: ViewerSession, bsn: Bsn, fields: Mapping[str, str]) -> Response:
        receiver, end = self._receiver(fields), self._end(fields)
        if receiver is None or end is None:
            return await self._page(request, "incomplete", 422)
        basis: GivenBasis = "referral" if fields.get("soort") == "referral" else "announcement"
        given = await self._desk.give(session.person, bsn, receiver, basis, end, _came(request))
        return await self._page(request, "given_done", reference=given.reference)

    async def locum(self, request: Request) -> Response:
        session, fields = await self._site.posted(request)
        receiver, end = self._receiver(fields), self._end(fields)
        if receiver is None or end is None:
            return await self._page(request, "incomplete", 422)
        try:
            given = await self._desk.agree_locum(session.person, receiver, self._today(), end, _came(request))
        except RegionFault:
            return await self._page(request, "away", 503)
        return await self._page(request, "given_done", reference=given.reference)

    async def revoke(self, request: Request) -> Response:
        session, fields = await self._site.posted(request)
        try:
            done = await self._desk.revoke(session.person, fields.get("kenmerk", ""), _came(request))
        except RegionFault:
            return await self._page(request, "away", 503)
        return await self._page(request, "revoked" if done else "not_revoked", 200 if done else 422)

    async def end(self, request: Request) -> Response:
        return await self._with_client(request, self._ended)

    async def _ended(self, request: Request, session: ViewerSession, bsn: Bsn, fields: Mapping[str, str]) -> Response:
        """Whatever was registered or entered here about her is over; her episodes are the care system's own."""
        own = [one for one in await self._desk.known(bsn) if one.basis in ("emergency_registration", "code")]
        for one in own:
            await self._desk.end(session.person, bsn, one.reference, _came(request))
        return await self._page(request, "ended" if own else "not_revoked", 200 if own else 422)

    async def responsible(self, request: Request) -> Response:
        """Under whose responsibility somebody acts from now on, in this session; each change is logged."""
        session, fields = await self._site.posted(request)
        under = self._desk.rules(self._today()).under.get(session.person.role, frozenset())
        who, role = fields.get("wie", "").strip(), fields.get("functie", "")
        known = next((one for one in under if one.value == role), None)
        if known is None or not 2 <= len(who) <= 100 or not who.isprintable():
            return await self._page(request, "incomplete", 422)
        person = replace(session.person, responsible=Responsible(who, known))
        journal = self._desk.journal
        await journal.note(
            "delegate", "ok", journal.person(person), About(object=f"role/{known.value}"), came=_came(request)
        )
        session.person = person
        return await self._page(request, "responsible_done")

    async def _with_client(self, request: Request, go_on: Callable[..., Any]) -> Response:
        session, fields = await self._site.posted(request)
        digits = "".join(sign for sign in fields.get("bsn", "") if sign not in " .-")
        if not passes_eleven_check(digits):
            return await self._page(request, "bsn_wrong", 422)
        try:
            answer: Response = await go_on(request, session, Bsn(digits), fields)
        except RegionFault:
            return await self._page(request, "away", 503)
        return answer

    def _receiver(self, fields: Mapping[str, str]) -> Ura | None:
        listed = {party.ura.value: party.ura for party in self._desk.directory.parties()}
        found = listed.get(fields.get("aan", ""))
        return None if found is None or found == self._desk.journal.own.ura else found

    def _end(self, fields: Mapping[str, str]) -> dt.date | None:
        try:
            end = dt.date.fromisoformat(fields.get("tot", ""))
        except ValueError:
            return None
        return end if self._today() <= end <= self._today() + dt.timedelta(days=300) else None

    def _name_of(self, ura: Ura) -> str:
        party = self._desk.directory.party(ura)
        return party.name if party else f"URA {ura}"

    def _today(self) -> dt.date:
        return self._desk.journal.clock().astimezone(HOME).date()


def _came(request: Request) -> Came:
    return Came(address=request.client.host if request.client else "")

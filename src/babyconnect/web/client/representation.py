"""Acting for somebody else: a parent for a child up to 11 (trust.md §1); from 12 on by the table's rules.

Authority is dated data that somebody else keeps; it is asked anew at every page that lists whom she may act for and
at every choice, since a court's decision must work at once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from babyconnect.birthcare.resources import HOME
from babyconnect.trust.authority import Standing
from babyconnect.trust.client_access import may_represent
from babyconnect.web.client.session import ClientSession, Represented, Wards
from babyconnect.web.login.routes import LoginEvent, Note
from babyconnect.web.login.sessions import new_handle
from babyconnect.web.site import Site


def may_act_for(ward: Represented, today: dt.date) -> bool:
    """Whether this authority opens the site for somebody of this age (`definitions/representation.csv`)."""
    known = [kind for kind in Standing if kind.value == ward.authority.kind]
    return bool(known) and may_represent(known[0], ward.birth_date, today)


class Representation:
    """The choice for whom she acts, kept in her session."""

    def __init__(self, site: Site[ClientSession], wards: Wards, now: Callable[[], dt.datetime], note: Note) -> None:
        self._site = site
        self._wards = wards
        self._now = now
        self._note = note

    def routes(self) -> list[Route]:
        return [Route("/namens", self.choose, methods=["POST"])]

    def _today(self) -> dt.date:
        """A birthday begins at midnight here, not in Greenwich."""
        return self._now().astimezone(HOME).date()

    async def may_represent(self, session: ClientSession) -> Sequence[tuple[str, Represented]]:
        """Those for whom she may act today, each under a handle of this session."""
        today = self._today()
        found = [ward for ward in await self._wards(session.subject, today) if may_act_for(ward, today)]
        session.wards = {new_handle(): ward.bsn for ward in found}
        return list(zip(session.wards, found, strict=True))

    async def holds(self, session: ClientSession) -> bool:
        """Whether she may still act for whom she acts; if not, she is on her own again."""
        acting = session.represents
        if acting is None:
            return True
        today = self._today()
        found = [one for one in await self._wards(session.subject, today) if one.bsn == acting.bsn]
        if any(may_act_for(one, today) for one in found):
            return True
        session.act_for(None)
        return False

    async def choose(self, request: Request) -> Response:
        """From now on the record of somebody else, or her own again (`wie` empty)."""
        session, fields = await self._site.posted(request)
        chosen = fields.get("wie", "")
        wanted = session.wards.get(chosen)
        today = self._today()
        found = next((one for one in await self._wards(session.subject, today) if one.bsn == wanted), None)
        if chosen and (found is None or not may_act_for(found, today)):
            session.act_for(None)
            return self._site.message(request, "not_yours", 403)
        role, how = ("representative", found.authority.kind) if found else ("client", "")
        await self._note(LoginEvent("context.switch", "ok", role=role, loa=session.loa, how=how,
                                    client=session.subject))  # fmt: skip
        session.act_for(found)
        return RedirectResponse(f"{self._site.path}/", 303)

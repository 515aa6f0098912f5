"""A professional registers consents together with the client whose record is open (domain §10: in under a minute)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from babyconnect.birthcare.parties import Role
from babyconnect.flows.consenting import Consenting, Speaker
from babyconnect.network.contract import By
from babyconnect.web.consents.asking import Asking, Subject
from babyconnect.web.consents.words import PartyOf
from babyconnect.web.login.sessions import StaffSession
from babyconnect.web.site import Chapter, Site

PATH = "/consents"


class _Frame:
    layout = "base.html"

    def __init__(self, site: Site[Any], consenting: Consenting) -> None:
        self._site = site
        self._consenting = consenting

    def subject(self, request: Request) -> Subject | None:
        return self._subject(request, self._site.session(request))

    async def posted(self, request: Request) -> tuple[Subject | None, dict[str, str]]:
        session, fields = await self._site.posted(request)
        return self._subject(request, session), fields

    def _subject(self, request: Request, session: StaffSession[Any]) -> Subject | None:
        handle = request.path_params["handle"]
        record = session.records.get(handle)
        if record is None:
            return None
        person = session.person
        speaker = Speaker(
            By(person.id, person.role.value),
            self._consenting.journal.person(person, person.loa),
            request.client.host if request.client else "",
        )
        address = f"{self._site.path}{PATH}/{handle}/"
        return Subject(record.bsn, speaker, address, f"{self._site.path}/dossier/{handle}", False, session)

    def page(self, request: Request, template: str, status: int = 200, **values: Any) -> Response:
        return self._site.page(request, template, status, **values)

    def gone(self, request: Request) -> Response:
        return self._site.message(request, "closed", 404)


def chapter(consenting: Consenting, party_of: PartyOf) -> Chapter[Any]:
    """For the viewer.  Only who gives care; the record must be open in this very session."""

    def routes(site: Site[Any]) -> Sequence[BaseRoute]:
        return Asking(_Frame(site, consenting), consenting, party_of, "/{handle}").routes()

    return Chapter(PATH, "", routes, open_to=lambda session: session.person.role is not Role.EMPLOYEE)

"""The client's page "Wie keek in mijn dossier": chronological, in plain words, with proofs (Wabvpz 15d/e, NEN 7513).

From the logs of all organisations that keep something of her; which did not answer is said.  Who acts for a child sees
the child's; the log says who looked at the log.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from babyconnect.exchange.contract import Asking
from babyconnect.flows.journal import Actor
from babyconnect.flows.oversight import Question
from babyconnect.flows.own_looks import OwnLooks
from babyconnect.web.client.session import ClientSession
from babyconnect.web.limits import Limit
from babyconnect.web.privacy.chapter import came
from babyconnect.web.privacy.lines import NameOf, lines
from babyconnect.web.privacy.questions import question
from babyconnect.web.site import Chapter, Site, language_of
from babyconnect.web.texts import Texts

PATH = "/wie-keek"
MOST = 200
LOOKS_PER_MINUTE = 30


AskingOf = Callable[[ClientSession], Awaitable[Asking | None]]
"""The question to other organisations on behalf of a session; None when they would not believe it."""


def client_log_chapter(own_looks: OwnLooks, name_of: NameOf, asking_of: AskingOf) -> Chapter[ClientSession]:
    def routes(site: Site[ClientSession]) -> Sequence[Route]:
        pages = _Pages(site, own_looks, name_of, asking_of)
        return [
            Route("/", pages.page, methods=["GET"]),
            Route("/", pages.period, methods=["POST"]),
            Route("/bewijs", pages.proof, methods=["POST"]),
        ]

    return Chapter(PATH, "client_log.menu", routes)


class _Pages:
    def __init__(self, site: Site[ClientSession], own_looks: OwnLooks, name_of: NameOf, asking_of: AskingOf) -> None:
        self._site, self._own_looks, self._name_of, self._asking_of = site, own_looks, name_of, asking_of
        self._oversight, self._party = own_looks.oversight, own_looks.own
        self._looks = Limit(LOOKS_PER_MINUTE, 60, time.monotonic)

    async def page(self, request: Request) -> Response:
        return await self._shown(request, self._site.session(request), Question())

    async def period(self, request: Request) -> Response:
        session, fields = await self._site.posted(request)
        dates = {name: fields.get(name, "") for name in ("van", "tot")}
        asked = question(dates)
        if isinstance(asked, str):
            return await self._shown(request, session, Question(), dates, asked)
        return await self._shown(request, session, asked, dates)

    async def proof(self, request: Request) -> Response:
        """The proof that one of her events is in the log: a file for whoever doubts it later."""
        session, fields = await self._site.posted(request)
        number = fields.get("nummer", "")
        if not number.isdecimal() or len(number) > 15:
            raise HTTPException(400)
        found = await self._oversight.prove(self._actor(session), session.client, int(number), came(request))
        if found is None:
            return self._site.message(request, "no_proof", 404)
        headers = {"content-disposition": f'attachment; filename="bewijs-{number}.json"'}
        return Response(found.dump(), media_type="application/json", headers=headers)

    async def _shown(
        self,
        request: Request,
        session: ClientSession,
        asked: Question,
        dates: dict[str, str] | None = None,
        wrong: str = "",
    ) -> Response:
        if not self._looks.take(session.name):
            raise HTTPException(429)
        asking = await self._asking_of(session)
        looks = await self._own_looks.of(session.client, self._actor(session), asked, came(request), asking)
        t = Texts(language_of(request))
        given = dates or {"van": "", "tot": ""}
        newest = [look.account for look in looks.found[:MOST]]
        return self._site.page(
            request, "privacy/client.html",
            party=self._party, lines=lines(newest, t, self._name_of), count=len(looks.found), wrong=wrong, looks=looks,
            since=given["van"], until=given["tot"], here=f"{self._site.path}{PATH}/",
            proofs=self._proved_until(),
        )  # fmt: skip

    def _proved_until(self) -> int:
        """The last of our records that is under a checkpoint: a later one has no proof to offer yet."""
        mark = self._oversight.stands().checkpoint
        return mark.seq if mark else 0

    def _actor(self, session: ClientSession) -> Actor:
        role = "representative" if session.represents else "client"
        return self._oversight.journal.herself(session.subject, role, session.loa)  # type: ignore[arg-type]

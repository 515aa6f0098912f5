"""The administrator's page of the rules of access: download, upload, compare, preview, activate from a day.

"What would this maternity carer see of this client?" is answered by the real decision, without reading her record.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from babyconnect.birthcare.access import Decision, Permit, Purpose
from babyconnect.birthcare.identifiers import Bsn, Ura, passes_eleven_check
from babyconnect.birthcare.parties import OUTSIDE_CARE, Function, Kind, Role
from babyconnect.birthcare.resources import HOME
from babyconnect.flows import consent_choices
from babyconnect.flows.journal import Came
from babyconnect.flows.rules import Imagined, Previewed, RulesDesk
from babyconnect.network.contract import Parties, RegionFault
from babyconnect.trust import policy, reasons
from babyconnect.trust.policy import LARGEST, Invalid, Policy
from babyconnect.trust.proposals import Proposal
from babyconnect.web.site import Chapter, Site, language_of

PATH = "/beheer"
NOBODY = Ura("00000000")
ASKED = ("versie", "soort", "ura", "functie", "verantwoordelijke", "doel", "grond")


def chapter(desk: RulesDesk, parties: Parties) -> Chapter[Any]:
    def routes(site: Site[Any]) -> Sequence[BaseRoute]:
        pages = _Pages(site, desk, parties)
        return [
            Route("/", pages.overview, methods=["GET"]),
            Route("/versie/{version}.json", pages.download, methods=["GET"]),
            Route("/nieuw", pages.upload, methods=["POST"]),
            Route("/ingang", pages.activate, methods=["POST"]),
            Route("/bevestigen", pages.confirm, methods=["POST"]),
            Route("/vervallen", pages.drop, methods=["POST"]),
            Route("/voorbeeld", pages.preview, methods=["POST"]),
        ]

    return Chapter(PATH, "administration.menu", routes, function=Function.ADMINISTRATOR)


class _Pages:
    def __init__(self, site: Site[Any], desk: RulesDesk, parties: Parties) -> None:
        self._site, self._desk, self._parties = site, desk, parties
        self._home = f"{site.path}{PATH}/"

    async def overview(self, request: Request) -> Response:
        return self._page(request)

    def _page(self, request: Request, status: int = 200, **values: Any) -> Response:
        today, policies = self._today(), self._desk.policies
        rules = policies.on(today)
        asked = {name: values.get("asked", {}).get(name, "") for name in ASKED}
        nothing = {"problems": (), "flaw": "", "preview": None, "without_mitz": False, "said": ""}
        given: Mapping[str, Any] = {**nothing, **values, "asked": asked}
        return self._site.page(
            request,
            "administration/rules.html",
            status,
            here=self._home,
            today=today,
            rules=rules,
            own=policy.built_in(today),
            versions=policies.versions(),
            is_invalid=lambda kept: isinstance(kept.found, Invalid),
            activations=list(reversed(policies.activations() or ())),
            proposals=self._desk.proposals.waiting() if self._desk.proposals else (),
            four_eyes=self._desk.proposals is not None,
            readable=policies.activations() is not None,
            kinds=list(Kind),
            roles=[role for role in Role if role not in OUTSIDE_CARE],
            purposes=[purpose for purpose in Purpose if purpose is not Purpose.OWN_RECORD],
            bases=sorted(rules.asker.bases - {"break_glass"}),
            local=lambda moment: f"{moment.astimezone(HOME):%d-%m-%Y %H:%M}",
            **given,
        )

    async def download(self, request: Request) -> Response:
        """A version as it is kept, or the program's own, to edit and upload under another name."""
        version, own = request.path_params["version"], policy.built_in(self._today())
        found = own if own is not None and version == own.version else self._desk.policies.version(version).found
        if not isinstance(found, Policy):
            raise HTTPException(404)
        name = f'attachment; filename="toegangsregels-{found.version}.json"'
        return Response(policy.written(found), media_type="application/json", headers={"content-disposition": name})

    async def upload(self, request: Request) -> Response:
        """The document itself as the body of a form field; it is checked, kept and not yet in force."""
        session, fields = await self._site.posted(request, LARGEST * 3)
        content = fields.get("document", "").encode()
        outcome = await self._desk.upload(content, session.person, _came(request))
        if isinstance(outcome, Invalid):
            return self._page(request, 422, problems=outcome.problems)
        if isinstance(outcome, Policy):
            return self._page(request, said="kept")
        return self._page(request, 422, flaw=outcome)

    async def activate(self, request: Request) -> Response:
        session, fields = await self._site.posted(request)
        try:
            start = dt.date.fromisoformat(fields.get("vanaf", ""))
        except ValueError:
            return self._page(request, 422, flaw="past")
        version = "" if fields.get("eigen") else fields.get("versie", "")
        if not version and not fields.get("eigen"):
            return self._page(request, 422, flaw="unknown")
        done = await self._desk.activate(version, start, session.person, _came(request))
        if isinstance(done, Proposal):
            return self._page(request, said="proposed")
        return self._page(request, 422, flaw=done) if done else RedirectResponse(self._home, 303)

    async def confirm(self, request: Request) -> Response:
        """By a second administrator."""
        session, fields = await self._site.posted(request)
        refused = await self._desk.confirm(fields.get("voorstel", ""), session.person, _came(request))
        return self._page(request, 422, flaw=refused) if refused else RedirectResponse(self._home, 303)

    async def drop(self, request: Request) -> Response:
        session, fields = await self._site.posted(request)
        await self._desk.drop(fields.get("voorstel", ""), session.person, _came(request))
        return RedirectResponse(self._home, 303)

    async def preview(self, request: Request) -> Response:
        session, fields = await self._site.posted(request)
        digits = "".join(sign for sign in fields.get("bsn", "") if sign not in " .-")
        asker = _imagined(fields)
        if not passes_eleven_check(digits) or asker is None:
            return self._page(request, 422, flaw="preview", asked=_without_bsn(fields))
        try:
            found = await self._desk.preview(
                Bsn(digits), asker, fields.get("versie", ""), session.person, _came(request)
            )
        except RegionFault:
            return self._page(request, 503, flaw="away", asked=_without_bsn(fields))
        if found is None:
            return self._page(request, 404, flaw="nobody", asked=_without_bsn(fields))
        shown = _shown(found, language_of(request))
        return self._page(request, preview=shown, without_mitz=found.without_mitz, asked=_without_bsn(fields))

    def _today(self) -> dt.date:
        return self._desk.journal.clock().astimezone(HOME).date()


def _imagined(fields: Mapping[str, str]) -> Imagined | None:
    try:
        ura = Ura(fields.get("ura") or NOBODY.value)
        responsible = Role(fields["verantwoordelijke"]) if fields.get("verantwoordelijke") else None
        kind, role, purpose = Kind(fields["soort"]), Role(fields["functie"]), Purpose(fields["doel"])
        return Imagined(ura, kind, role, responsible, purpose, fields.get("grond", "episode"))
    except (ValueError, KeyError):
        return None


def _shown(found: Previewed, language: str) -> list[tuple[str, dict[str, Any]]]:
    """What is in force beside the version looked at; once where these are the same."""
    shown = [("now", found.now), ("then", found.then)]
    return [(which, _decision(one, language)) for which, one in shown[: 1 + (found.then.version != found.now.version)]]


def _decision(one: Decision, language: str) -> dict[str, Any]:
    permitted = isinstance(one, Permit)
    return {
        "permit": permitted,
        "version": one.version,
        "basis": one.legal_basis if isinstance(one, Permit) else "",
        "groups": _groups(one) if isinstance(one, Permit) else [],
        "shielded": len(one.filter.shielded) if isinstance(one, Permit) else 0,
        "episodes": len(one.filter.episodes) if isinstance(one, Permit) else 0,
        "reasons": [reasons.sentence(code, language) for code in one.reasons],
    }


def _groups(permit: Permit) -> list[str]:
    """By the name that people know, with the code that a document of rules has."""
    known = consent_choices.names()
    return sorted(f"{known[group]} ({group})" if group in known else group for group in permit.filter.groups)


def _without_bsn(fields: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if name not in ("bsn", "csrf")}


def _came(request: Request) -> Came:
    return Came(address=request.client.host if request.client else "")

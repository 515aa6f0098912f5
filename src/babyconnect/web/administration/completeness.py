"""The administrator's page for suppliers: how complete the exports are that come in, per group of the data set.

Counts by data element over what was published, with those that never arrive named; as a page and as CSV.  Nothing of a
client is on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from babyconnect.birthcare.parties import Function
from babyconnect.birthcare.resources import HOME
from babyconnect.flows.completeness import Completeness, as_csv
from babyconnect.web.site import Chapter, Site

PATH = "/volledigheid"


def chapter(completeness: Completeness) -> Chapter[Any]:
    def routes(site: Site[Any]) -> Sequence[BaseRoute]:
        pages = _Pages(site, completeness)
        return [
            Route("/", pages.overview, methods=["GET"]),
            Route("/{number:int}.csv", pages.download, methods=["GET"]),
        ]

    return Chapter(PATH, "completeness.menu", routes, function=Function.ADMINISTRATOR)


class _Pages:
    def __init__(self, site: Site[Any], completeness: Completeness) -> None:
        self._site, self._completeness = site, completeness
        self._home = f"{site.path}{PATH}/"

    async def overview(self, request: Request) -> Response:
        return self._site.page(
            request,
            "administration/completeness.html",
            here=self._home,
            exports=self._completeness.exports(),
            local=lambda moment: f"{moment.astimezone(HOME):%d-%m-%Y %H:%M}",
        )

    async def download(self, request: Request) -> Response:
        """One kind of export, by its place on the page."""
        exports, number = self._completeness.exports(), request.path_params["number"]
        if not 0 < number <= len(exports):
            raise HTTPException(404)
        export = exports[number - 1]
        name = f'attachment; filename="volledigheid-{export.tally.transaction}-{export.tally.version}.csv"'
        headers = {"content-disposition": name}
        return Response(as_csv(export), media_type="text/csv; charset=utf-8", headers=headers)

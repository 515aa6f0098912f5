"""The client's page of who looked at her record: hers alone, in plain words, logged, with proofs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Mount

from babyconnect.audit import proofs
from babyconnect.audit.proofs import Inclusion
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.flows.own_looks import OwnLooks
from babyconnect.trust import keys
from babyconnect.web.client.session import ClientSession
from babyconnect.web.privacy.client import client_log_chapter
from babyconnect.web.rendering import Pages, error_handlers
from babyconnect.web.site import Site
from tests.spec.privacy.stage import KEY, NAMES, Office
from tests.spec.viewer.stage import BASE, BSN, OTHER_BSN, OWN
from tests.support.visitor import Visitor

PAGE = "/client/wie-keek/"


async def _not_asked(session: ClientSession) -> None:
    """This organisation is no client portal: others would not believe it."""


async def _nobody_else(*asked: object) -> Any:
    raise AssertionError("nobody else is asked")


class Home:
    """The client's site with this chapter only, and herself logged in already."""

    def __init__(self, office: Office, bsn: str = BSN) -> None:
        self.session: ClientSession | None = ClientSession(subject=Bsn(bsn), display="Noor", loa="substantial")
        pages = Pages("/client/static", home="/client/")
        own_looks = OwnLooks(OWN, office.oversight, _nobody_else, _nobody_else)
        chapter = client_log_chapter(own_looks, lambda ura: NAMES.get(ura, ""), _not_asked)
        site: Site[ClientSession] = Site("/client", BASE, pages, self._session_of, (chapter,))
        app = Starlette(routes=[Mount("/client", routes=site.routes())], exception_handlers=error_handlers(pages))
        self.visitor = Visitor(app)

    def _session_of(self, request: Request) -> ClientSession | None:
        return self.session

    async def post(self, address: str, **fields: str) -> tuple[int, bytes]:
        assert self.session is not None
        sent = await self.visitor.post(PAGE + address, {"csrf": self.session.csrf, **fields})
        return sent.status, sent.body


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path, known={BSN: ("client-1",)})
    yield made
    made.log.close()


async def test_she_sees_who_looked_in_plain_words_the_newest_first_and_nobody_elses(office: Office) -> None:
    office.happened(client="client-1", person="dezi-1")
    office.happened("client.bind", "refused", client="client-1", person="dezi-2", reasons=("objection",), basis="")
    office.happened(client="client-2", person="dezi-3")
    page = (await Home(office).visitor.get(PAGE)).text
    for words in (
        "Ziekenhuis Oostpoort",
        "gynaecoloog",
        "uw toestemming",
        "geweigerd",
        "De cliënt heeft bezwaar gemaakt.",
    ):
        assert words in page
    assert "dezi-3" not in page and BSN not in page and page.index("dezi-2") < page.index("dezi-1")
    assert "elk een eigen logboek" in page and OWN.name in page


async def test_her_own_look_is_there_as_herself_and_not_as_a_pseudonym(office: Office) -> None:
    home = Home(office)
    page = (await home.visitor.get(PAGE)).text
    assert "cliënt zelf of vertegenwoordiger" in page and office.journal.pseudonym(Bsn(BSN)) not in page
    (read,) = office.logged(types=frozenset({"log.read"}))
    assert read.event["actor"]["role"] == "client" and read.event["actor"]["loa"] == "substantial"


async def test_without_a_session_there_is_nothing(office: Office) -> None:
    home = Home(office)
    home.session = None
    assert (await home.visitor.get(PAGE)).status == 303
    assert (await home.visitor.post(f"{PAGE}bewijs", {"nummer": "1"})).status == 303


async def test_a_period_is_chosen_by_form(office: Office) -> None:
    office.happened(client="client-1", person="dezi-1")
    _, body = await Home(office).post("", van="2027-01-01", tot="2027-02-01")
    assert b"dezi-1" not in body and b'value="2027-01-01"' in body
    _, body = await Home(office).post("", van="onzin")
    assert b"jjjj-mm-dd" in body


async def test_a_proof_is_offered_of_what_is_signed_only(office: Office) -> None:
    office.happened(client="client-1")
    home = Home(office)
    assert 'name="nummer"' not in (await home.visitor.get(PAGE)).text
    await office.log.sign()
    signed = (await home.visitor.get(PAGE)).text.count('name="nummer"')
    office.happened(client="client-1")
    assert signed and (await home.visitor.get(PAGE)).text.count('name="nummer"') == signed


async def test_she_gets_a_proof_of_her_own_lines_only_and_it_holds(office: Office) -> None:
    mine, other = office.happened(client="client-1"), office.happened(client="client-2")
    home = Home(office)
    assert (await home.post("bewijs", nummer=str(mine)))[0] == 404  # nothing is signed yet
    await office.log.sign()
    status, body = await home.post("bewijs", nummer=str(mine))
    proof = proofs.load(body)
    assert status == 200 and isinstance(proof, Inclusion) and proof.seq == mine
    assert (
        proof.flaw(keys.genuine(keys.jwks(KEY))) == "" and orjson.loads(proof.record)["event"]["client"] == "client-1"
    )
    assert (await home.post("bewijs", nummer=str(other)))[0] == 404
    assert (await home.post("bewijs", nummer="1e9"))[0] == 400
    assert (await Home(office, OTHER_BSN).post("bewijs", nummer=str(mine)))[0] == 404

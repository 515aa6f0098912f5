"""Pages that other modules hang on the viewer: who reaches them, and that no page can forget to ask."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from babyconnect.birthcare.parties import Function, Person, Role
from babyconnect.web.simulators.users import User
from babyconnect.web.site import Chapter, Site
from babyconnect.web.viewer.records import ViewerSession
from tests.spec.viewer.stage import BSN, HASHED, OWN, Stage
from tests.support.visitor import Visitor


def office(name: str, *functions: Function) -> User:
    return User(name, HASHED, Person(f"local:{name}", name.title(), Role.EMPLOYEE), OWN.ura, OWN.name, functions)


def chapter(path: str, function: Function | None = None) -> Chapter[ViewerSession]:
    """A careless module: its pages check nothing."""

    def routes(site: Site[ViewerSession]) -> list[Route]:
        async def show(request: Request) -> Response:
            return PlainTextResponse(f"for {site.session(request).person.name}")

        async def page(request: Request) -> Response:
            return site.page(request, "viewer/functions.html")

        return [
            Route("/", show),
            Route("/diep/{id}", show, methods=["GET", "POST"]),
            Route("/blad/{id}", page, methods=["GET", "POST"]),
        ]

    return Chapter(path, "functions.title", routes, function)


def staged() -> Stage:
    users = (office("fleur", Function.PRIVACY_OFFICER), office("bas", Function.ADMINISTRATOR))
    chapters = (chapter("/open"), chapter("/toezicht", Function.PRIVACY_OFFICER),
                chapter("/beheer", Function.ADMINISTRATOR))  # fmt: skip
    return Stage(users, chapters=chapters)


async def reached(stage: Stage) -> set[str]:
    pages = ("/open/", "/open/diep/1", "/toezicht/", "/toezicht/diep/1", "/beheer/", "/beheer/diep/1")
    return {page for page in pages if (await stage.visitor.get(f"/viewer{page}")).status == 200}


async def test_without_a_session_every_page_leads_to_the_way_in() -> None:
    stage = staged()
    for page in ("/open/", "/toezicht/", "/beheer/diep/1"):
        answer = await stage.visitor.get(f"/viewer{page}")
        assert (answer.status, answer.location) == (303, "/viewer/")


async def test_each_function_opens_its_own_pages_and_no_others() -> None:
    for name, opens in (("anna", set()), ("fleur", {"/toezicht/", "/toezicht/diep/1"}),
                        ("bas", {"/beheer/", "/beheer/diep/1"})):  # fmt: skip
        stage = staged()
        await stage.log_in(name)
        assert await reached(stage) == {"/open/", "/open/diep/1"} | opens, name


async def test_a_page_that_is_not_for_you_looks_like_one_that_does_not_exist() -> None:
    stage = staged()
    await stage.log_in()
    hidden, absent = await stage.visitor.get("/viewer/toezicht/"), await stage.visitor.get("/viewer/nergens/")
    assert (hidden.status, hidden.body) == (absent.status, absent.body) == (404, absent.body)


async def test_the_menu_names_only_what_opens() -> None:
    stage = staged()
    await stage.log_in("fleur")
    page = (await stage.visitor.get("/viewer/")).text
    assert 'href="/viewer/toezicht/"' in page and 'href="/viewer/beheer/"' not in page


async def test_the_language_switch_stays_on_the_page_and_after_a_form_in_its_chapter() -> None:
    stage = staged()
    await stage.log_in()
    seen, sent = await stage.visitor.get("/viewer/open/blad/1"), await stage.visitor.post("/viewer/open/blad/1", {})
    assert 'href="/viewer/taal/en?naar=/viewer/open/blad/1"' in seen.text
    assert 'href="/viewer/taal/en?naar=/viewer/open/"' in sent.text


async def test_who_gives_no_care_opens_no_record_by_number_or_from_the_list() -> None:
    stage = staged()
    await stage.log_in("fleur")
    csrf = (await stage.visitor.get("/viewer/")).field("csrf")
    for page, fields in (("zoek", {"bsn": BSN}), ("lijst", {"client": "x"})):
        assert (await stage.visitor.post(f"/viewer/{page}", {"csrf": csrf, **fields})).status == 403
    assert not stage.asked


async def test_who_works_here_without_care_task_or_function_comes_in_to_nothing() -> None:
    stage = Stage((office("niks"),))
    assert (await stage.log_in("niks")).status == 303
    assert 'name="bsn"' not in (await stage.visitor.get("/viewer/")).text


async def test_another_s_session_cookie_is_worth_nothing_once_its_owner_left() -> None:
    stage = staged()
    await stage.log_in("fleur")
    held = dict(stage.visitor.jar)
    await stage.visitor.post("/viewer/afmelden", {"csrf": (await stage.visitor.get("/viewer/")).field("csrf")})
    assert (await Visitor(stage.viewer, jar=held).get("/viewer/toezicht/")).status == 303

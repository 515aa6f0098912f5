"""Who leaves while something is under way: it shows nothing, asks nobody and leaves nothing in a session that ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from dataclasses import replace
from typing import Any

from babyconnect.birthcare.identifiers import Bsn
from babyconnect.flows.viewing import Asked
from babyconnect.web.login.claims import ClaimNames, Who, by_claims
from babyconnect.web.login.relying_party import Issuer, LoginRefused, Verified
from babyconnect.web.rendering import Pages
from babyconnect.web.viewer.fragments import Drawer
from babyconnect.web.viewer.records import OpenedRecord
from tests.spec.viewer.stage import BSN, ISSUER, OWN, SECRET, Stage
from tests.support.visitor import Answer


class Paused:
    """A stage whose check that a log-in still holds waits until a test lets it go on."""

    def __init__(self) -> None:
        self.stage, self.asked, self.go = Stage(), asyncio.Event(), asyncio.Event()
        self.go.set()
        inner = by_claims(ClaimNames(), OWN)

        async def identify(verified: Verified) -> Who | LoginRefused:
            found = await inner(verified)
            return replace(found, holds=self._holds) if isinstance(found, Who) else found

        self.stage.identify = identify
        self.stage.build(Issuer(ISSUER, "kijker", SECRET))

    async def _holds(self) -> bool:
        self.asked.set()
        await self.go.wait()
        return True

    async def log_out_during(self, request: Coroutine[Any, Any, Answer], csrf: str) -> Answer:
        self.asked.clear()
        self.go.clear()
        under_way = asyncio.create_task(request)
        await self.asked.wait()
        assert (await self.stage.visitor.post("/viewer/afmelden", {"csrf": csrf})).status == 303
        self.go.set()
        return await under_way


async def test_a_page_under_way_while_she_logs_out_shows_nothing_and_asks_nobody() -> None:
    paused = Paused()
    stage = paused.stage
    await stage.log_in()
    address, csrf = await stage.open(), await stage.csrf()
    await stage.visitor.get(f"{address}?geheel=1")
    stage.clock.seconds += 5  # what is held is now too old to be shown again
    asked = len(stage.asked)
    answer = await paused.log_out_during(stage.visitor.get(f"{address}?geheel=1"), csrf)
    assert answer.status == 303 and "Noor" not in answer.text and len(stage.asked) == asked
    assert [event.type for event in stage.noted].count("logout") == 1


async def test_a_search_under_way_while_she_logs_out_opens_nothing_that_changes_could_fill_again() -> None:
    paused = Paused()
    stage = paused.stage
    await stage.log_in()
    csrf = await stage.csrf()
    search = stage.visitor.post("/viewer/zoek", {"csrf": csrf, "bsn": BSN})
    assert (await paused.log_out_during(search, csrf)).location == "/viewer/"
    stage.change.set()
    await asyncio.sleep(0.05)
    assert stage.asked == []


async def test_a_page_that_waits_for_all_sources_says_that_it_is_closed_once_she_logged_out() -> None:
    stage = Stage()
    await stage.log_in()
    stage.script = [Asked((OWN,)), 60.0]
    address, csrf = await stage.open(), await stage.csrf()
    waiting = asyncio.create_task(stage.visitor.get(f"{address}?geheel=1"))
    await asyncio.sleep(0.05)
    await stage.visitor.post("/viewer/afmelden", {"csrf": csrf})
    assert (await waiting).status == 404


async def test_a_closed_record_is_neither_filled_nor_watched_nor_marked_again() -> None:
    async def never() -> AsyncIterator[Any]:
        raise AssertionError("nobody may be asked")
        yield

    pages = Pages("/viewer/static", home="/viewer/")
    record = OpenedRecord(Bsn(BSN), "nl", lambda language: Drawer(pages, language, BSN))
    record.close()
    record.fill(never())
    record.watch(never(), lambda: None)
    record.give_up()
    await asyncio.sleep(0)
    assert (record.phase, record.fragments, record._task, record._watch) == ("closed", {}, None, None)

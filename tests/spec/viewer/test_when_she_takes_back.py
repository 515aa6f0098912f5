"""A record that stands on a screen is asked anew when she changes what may be seen of her."""

from __future__ import annotations

import asyncio

import pytest

from babyconnect.web.viewer import records
from tests.spec.viewer.stage import Stage


@pytest.fixture
async def stage(monkeypatch):
    monkeypatch.setattr(records, "BETWEEN_CHANGES_SECONDS", 0.01)
    made = Stage()
    await made.log_in()
    yield made
    await made.viewer.close()


async def the_stream(stage: Stage, address: str, turn: int) -> bytes:
    async with asyncio.timeout(30):
        return (await stage.visitor.get(f"{address}/wijziging?b={turn}")).body


async def test_a_page_hears_at_once_that_its_record_is_asked_anew(stage):
    address = await stage.open()
    page = (await stage.visitor.get(address + "?geheel=1")).text
    assert 'data-beurt="1"' in page
    listening = asyncio.create_task(the_stream(stage, address, 1))
    await asyncio.sleep(0.02)
    stage.change.set()
    assert b"event: opnieuw" in await listening
    assert len(stage.asked) == 2


async def test_nothing_of_what_stood_there_is_in_the_page_before_the_sources_answered_anew(stage):
    address = await stage.open()
    before = (await stage.visitor.get(address + "?geheel=1")).text
    assert 'id="sectie-' in before
    stage.script = [5.0]  # nobody answers any more
    stage.change.set()
    await the_stream(stage, address, 1)
    after = (await stage.visitor.get(address)).text
    assert 'id="sectie-' not in after
    assert 'data-beurt="2"' in after


async def test_a_page_of_an_older_turn_hears_it_when_it_comes_back(stage):
    address = await stage.open()
    stage.change.set()
    await asyncio.sleep(0.05)
    assert b"event: opnieuw" in await the_stream(stage, address, 1)


async def test_several_changes_at_once_are_one_reason_to_ask_anew(stage, monkeypatch):
    monkeypatch.setattr(records, "BETWEEN_CHANGES_SECONDS", 0.2)
    await stage.open()
    await asyncio.sleep(0.01)
    for _ in range(5):
        stage.change.set()
        await asyncio.sleep(0.005)
    assert len(stage.asked) == 2


async def test_what_cannot_be_watched_does_not_stay_on_the_screen(stage):
    address = await stage.open()
    await stage.visitor.get(address + "?geheel=1")
    stage.watching_breaks = True
    stage.change.set()
    assert b"event: gesloten" in await the_stream(stage, address, 1)


async def test_a_closed_record_is_told_to_the_page_that_shows_it(stage):
    address = await stage.open()
    listening = asyncio.create_task(the_stream(stage, address, 1))
    await asyncio.sleep(0.02)
    await stage.visitor.post(address + "/sluiten", {"csrf": await stage.csrf()})
    assert b"event: gesloten" in await listening

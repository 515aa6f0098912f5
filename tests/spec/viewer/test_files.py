"""Files of an open record: only those that the page speaks of, only to who has it open, only as data."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from babyconnect.delivery.view import File
from babyconnect.flows.looking import Seen, Unseen
from babyconnect.sources.showing import Showable, showable
from babyconnect.web.limits import Limit
from babyconnect.web.viewer.files import LOOKS_PER_MINUTE
from tests.spec.viewer.stage import BSN, Stage
from tests.support.ultrasound import png
from tests.support.visitor import Visitor

KEY = "0123456789abcdef01234567"
IMAGE = File(KEY, 'Profiel "><script>', True, "", "2 maart 2026", "2026-03-02", "Ziekenhuis Oostpoort", "90000002",
             "Binary", "b1", 0, "Patient/1")  # fmt: skip
DOCUMENT = dataclasses.replace(IMAGE, key="d" * 24, title="Bevalplan", image=False, kind="PDF", id="b2")


def seen(content: bytes) -> Seen:
    how = showable(content)
    assert isinstance(how, Showable)
    return Seen(content, how)


@pytest.fixture
async def stage() -> Stage:
    made = Stage()
    section = made.view.sections[0]
    line = dataclasses.replace(section.lines[0], id="files", files=(IMAGE, DOCUMENT))
    section = dataclasses.replace(section, lines=(line, *section.lines[1:]))
    made.view = dataclasses.replace(made.view, sections=(section, *made.view.sections[1:]))
    await made.log_in()
    return made


def gives(stage: Stage, found: Seen | Unseen) -> list[Any]:
    asked: list[Any] = []

    async def look(bsn: Any, person: Any, declared: Any, file: File) -> Seen | Unseen:
        asked.append((bsn, person, file))
        return found

    stage.viewer.pages.look = look
    return asked


async def complete(stage: Stage) -> str:
    address = await stage.open()
    await stage.visitor.get(address + "?geheel=1")
    return address


async def test_the_page_names_its_files_and_holds_none(stage: Stage) -> None:
    page = (await stage.visitor.get(await stage.open() + "?geheel=1")).text
    assert f'src="?bestand={KEY}"' in page and f'href="?bestand={"d" * 24}" download' in page
    assert "Binary" not in page and "data:image" not in page
    assert "<script>" not in page.partition("Profiel")[2][:40] and BSN not in page


async def test_an_image_is_served_as_the_data_that_it_is(stage: Stage) -> None:
    asked = gives(stage, seen(png()))
    answer = await stage.visitor.get(await complete(stage) + f"?bestand={KEY}")
    assert answer.status == 200 and answer.body == png()
    assert answer.headers["content-type"] == "image/png" and answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox; frame-ancestors 'none'"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"] == 'inline; filename="bestand.png"'
    assert [(bsn.value, file.id) for bsn, _, file in asked] == [(BSN, "b1")]


async def test_a_document_is_handed_over_and_not_shown(stage: Stage) -> None:
    gives(stage, seen(b"%PDF-1.7\n"))
    answer = await stage.visitor.get(await complete(stage) + f"?bestand={'d' * 24}")
    assert answer.headers["content-disposition"] == 'attachment; filename="bestand.pdf"'


@pytest.mark.parametrize("key", ["", "x", "Binary/b1", "..%2F..", KEY + "0", KEY.upper() + "x"])
async def test_what_the_page_does_not_speak_of_is_asked_of_nobody(stage: Stage, key: str) -> None:
    asked = gives(stage, seen(png()))
    assert (await stage.visitor.get(await complete(stage) + f"?bestand={key}")).status == 404
    assert asked == []


@pytest.mark.parametrize("reason", ["refused", "unreachable", "type", "large"])
async def test_a_file_that_is_not_given_is_a_page_that_does_not_say_why(stage: Stage, reason: str) -> None:
    gives(stage, Unseen(reason))
    answer = await stage.visitor.get(await complete(stage) + f"?bestand={KEY}")
    assert answer.status == 404 and "niet te tonen" in answer.text and reason not in answer.text.partition("<main")[2]


async def test_without_a_session_or_an_open_record_there_is_no_file(stage: Stage) -> None:
    asked = gives(stage, seen(png()))
    address = await complete(stage)
    assert (await Visitor(stage.viewer).get(f"{address}?bestand={KEY}")).status == 303
    await stage.visitor.post(f"{address}/sluiten", {"csrf": await stage.csrf()})
    assert (await stage.visitor.get(f"{address}?bestand={KEY}")).status == 404
    assert asked == []


async def test_a_record_that_is_closed_while_a_file_is_on_its_way_shows_nothing_of_it(stage: Stage) -> None:
    address = await complete(stage)

    async def look(*_: Any) -> Seen:
        stage.viewer._sessions.end_all()
        return seen(png())

    stage.viewer.pages.look = look
    assert (await stage.visitor.get(f"{address}?bestand={KEY}")).status == 404


async def test_nobody_fetches_files_without_end(stage: Stage) -> None:
    asked = gives(stage, seen(png()))
    address = await complete(stage)
    stage.viewer.pages.looks = Limit(3, 60, stage.clock)
    found = [(await stage.visitor.get(f"{address}?bestand={KEY}")).status for _ in range(5)]
    assert found == [200, 200, 200, 429, 429] and len(asked) == 3 and LOOKS_PER_MINUTE > 60

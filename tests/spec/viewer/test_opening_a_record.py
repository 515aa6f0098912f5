"""Finding a client and seeing her record fill in: what the page says of sources, and what it never says."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import re
from collections.abc import AsyncIterator

import orjson
import pytest

from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Person, Role
from babyconnect.flows.viewing import Asked, ListedClient, Shown, Sources, Viewing
from babyconnect.web.rendering import Pages
from babyconnect.web.viewer.drawing import Drawn
from babyconnect.web.viewer.fragments import Drawer
from babyconnect.web.viewer.opening import FOUND_PER_MINUTE
from babyconnect.web.viewer.records import OpenedRecord
from tests.spec.viewer.stage import BSN, CLINIC, HOSPITAL, OTHER_BSN, OWN, Stage, answered

PERSON = Person("p", "Anna", Role.MIDWIFE)
WITHHELD = "Mogelijk niet volledig; vraag het uw cliënt"


@pytest.fixture
async def stage() -> Stage:
    made = Stage()
    await made.log_in()
    return made


def _parts(stream: bytes) -> list[tuple[str, dict[str, object]]]:
    found = re.findall(rb"event: (\w+)\nid: \d+\ndata: (.*)\n", stream)
    return [(name.decode(), orjson.loads(data)) for name, data in found]


def _neutral(page: str) -> str:
    """A page without its handle and form tokens, which are random.  Its version counts nothing but changes."""
    return re.sub(r"/dossier/[\w-]+|name=\"csrf\" value=\"\w+\"", "", page)


async def test_the_bsn_is_in_no_address_and_on_no_page(stage: Stage) -> None:
    address = await stage.open()
    page = await stage.visitor.get(address + "?geheel=1")
    assert BSN not in address and BSN not in page.text
    assert stage.asked[0][0] == Bsn(BSN)


async def test_a_number_that_fails_the_eleven_check_is_asked_of_nobody(stage: Stage) -> None:
    answer = await stage.visitor.post("/viewer/zoek", {"csrf": await stage.csrf(), "bsn": "123456789"})
    assert answer.status == 422 and "geen geldig BSN" in answer.text and not stage.asked
    assert "123456789" not in answer.text


async def test_a_bsn_may_be_written_with_spaces_or_points(stage: Stage) -> None:
    await stage.record("9999 00.730")
    assert stage.asked[0][0] == Bsn(BSN)


async def test_a_record_is_opened_from_todays_list_by_a_handle_instead_of_a_bsn(stage: Stage) -> None:
    start = await stage.visitor.get("/viewer/")
    assert "Noor Voorbeeld" in start.text and BSN not in start.text
    fields = {"csrf": start.field("csrf"), "client": start.field("client")}
    opened = await stage.visitor.post("/viewer/lijst", fields)
    await stage.visitor.get(opened.location + "?geheel=1")
    assert stage.asked[0][0] == Bsn(BSN)


async def test_a_handle_of_another_session_opens_nothing(stage: Stage) -> None:
    address = await stage.open()
    other = Stage()
    await other.log_in()
    assert (await other.visitor.get(address)).status == 404


async def test_a_fault_in_todays_list_does_not_stop_a_search(stage: Stage) -> None:
    stage.listed = RuntimeError("must not be shown")
    page = await stage.visitor.get("/viewer/")
    assert page.status == 200 and "kon niet worden geladen" in page.text and "must not" not in page.text
    assert 'name="bsn"' in page.text


async def test_a_whole_record_says_which_sources_answered_and_that_it_is_complete(stage: Stage) -> None:
    page = await stage.record()
    assert "Compleet: 2 van 2 bronnen, om 14:03" in page
    assert OWN.name in page and HOSPITAL.name in page


async def test_a_technical_failure_is_named_and_makes_the_record_incomplete(stage: Stage) -> None:
    stage.script = [Asked((OWN, HOSPITAL)), answered(OWN), answered(HOSPITAL, "timed_out")]
    page = await stage.record()
    assert "niet compleet: 1 van 2 bronnen" in page
    assert re.search(HOSPITAL.name + r": <strong>niet op tijd", page)


async def test_a_source_that_refuses_is_neither_named_nor_counted(stage: Stage) -> None:
    stage.script = [Asked((OWN, HOSPITAL)), answered(OWN), answered(HOSPITAL)]
    without = await stage.record()
    stage.script = [Asked((OWN, HOSPITAL, CLINIC)), answered(OWN), answered(CLINIC, "refused"), answered(HOSPITAL)]
    with_refusal = await stage.record()
    assert CLINIC.name not in with_refusal

    assert _neutral(with_refusal) == _neutral(without)


async def test_an_answer_that_changes_nothing_on_the_screen_makes_no_version_of_it(stage: Stage) -> None:
    """Versions, and events of the stream, would otherwise count the sources that refused."""

    async def versions(refusals: int) -> int:
        async def states() -> AsyncIterator[Drawn]:
            drawer = Drawer(Pages("/viewer/static"), "nl")
            for _ in range(1 + refusals):
                yield Drawn(drawer.fragments(Shown(Sources(), stage.view, stage.clock.now()), "asking"), Sources())
            whole = Sources(waiting=False)
            yield Drawn(drawer.fragments(Shown(whole, stage.view, stage.clock.now()), "complete"), whole)

        record = OpenedRecord(Bsn(BSN), "nl", lambda language: Drawer(Pages("/viewer/static"), language))
        record.fill(states())
        await record.end()
        return record.version

    assert await versions(0) == await versions(5)


@pytest.mark.parametrize("again", ["", "?geheel=1", "/stroom?v=0"])
async def test_what_she_withdrew_is_not_shown_again_from_an_open_record(stage: Stage, again: str) -> None:
    address, name = await stage.open(), stage.view.header.name
    assert name in (await stage.visitor.get(address + "?geheel=1")).text
    stage.view = dataclasses.replace(stage.view, header=dataclasses.replace(stage.view.header, name="Niemand"))
    stage.clock.seconds += 11
    first = (await stage.visitor.get(address + again)).text
    whole = (await stage.visitor.get(address + "?geheel=1")).text
    assert name not in first and name not in whole and "Niemand" in whole
    assert len(stage.asked) == 2, "a second look is asked, and so logged, by itself"


async def test_looking_again_counts_as_looking(stage: Stage) -> None:
    address, statuses = await stage.open(), []
    for _ in range(FOUND_PER_MINUTE + 1):
        stage.clock.seconds += 1.5
        statuses.append((await stage.visitor.get(address + "?geheel=1")).status)
    assert statuses[-1] == 429 and len(stage.asked) <= FOUND_PER_MINUTE


async def test_a_slow_source_is_named_while_busy_and_reads_like_any_other_if_it_then_refuses(stage: Stage) -> None:
    stage.script = [Asked((OWN, HOSPITAL)), answered(OWN), 0.15, answered(HOSPITAL, "refused")]
    address = await stage.open()
    await asyncio.sleep(0.1)
    busy = (await stage.visitor.get(address)).text
    assert re.search(HOSPITAL.name + ": nog bezig", busy)
    whole = (await stage.visitor.get(address + "?geheel=1")).text
    assert "Compleet: 2 van 2 bronnen" in whole and "geweigerd" not in whole


async def test_an_unknown_client_and_one_that_is_not_for_this_asker_look_the_same(stage: Stage) -> None:
    stage.view = dataclasses.replace(
        stage.view, header=dataclasses.replace(stage.view.header, name="", facts=()), banners=(), summary=(),
        disputes=(), missing=(), timeline=(), sections=(), pregnancies=(),
    )  # fmt: skip
    stage.script = [Asked(())]
    unknown = await stage.record(OTHER_BSN)
    stage.script = [Asked((CLINIC,)), answered(CLINIC, "refused")]
    refused = await stage.record(BSN)

    assert f"BSN {OTHER_BSN}" in unknown and f"BSN {BSN}" in refused, "the number that was typed"
    assert _neutral(unknown).replace(OTHER_BSN, BSN) == _neutral(refused) and WITHHELD in unknown
    assert unknown.count("Voor u is niets gevonden. Klopt het nummer?") == 1


@pytest.mark.parametrize("status", ["answered", "refused", "timed_out", "unreachable", "invalid"])
async def test_the_line_that_something_may_be_missing_is_always_there_and_always_the_same(
    stage: Stage, status: str
) -> None:
    stage.script = [Asked((OWN,)), answered(OWN, status)]
    address = await stage.open()
    first = (await stage.visitor.get(address)).text
    whole = (await stage.visitor.get(address + "?geheel=1")).text
    line = f'<p class="withheld">{WITHHELD}</p>'
    assert first.count(WITHHELD) == whole.count(WITHHELD) == 1 and line in first and line in whole


async def test_the_page_comes_before_any_source_has_answered(stage: Stage) -> None:
    stage.script = [Asked((OWN,)), 0.3, answered(OWN)]
    page = (await stage.visitor.get(await stage.open())).text
    assert "De bronnen worden bevraagd" in page and "Noor Voorbeeld" not in page


async def test_without_javascript_the_page_asks_for_itself_whole(stage: Stage) -> None:
    stage.script = [Asked((OWN,)), 0.1, answered(OWN)]
    address = await stage.open()
    page = (await stage.visitor.get(address)).text
    assert f'<noscript><meta http-equiv="refresh" content="0; url={address}?geheel=1"></noscript>' in page
    whole = (await stage.visitor.get(address + "?geheel=1")).text
    assert "Compleet: 1 van 1" in whole and "noscript" not in whole


async def test_the_stream_gives_what_changed_as_it_changes_and_ends_when_complete(stage: Stage) -> None:
    stage.script = [Asked((OWN, HOSPITAL)), 0.02, answered(OWN), 0.1, answered(HOSPITAL)]
    address = await stage.open()
    parts = _parts((await stage.visitor.get(address + "/stroom?v=1")).body)
    names = [name for name, _ in parts]
    assert names[-1] == "klaar" and parts[-1][1]["phase"] == "complete"
    first, last = parts[0][1]["html"], parts[-2][1]["html"]
    assert "kop" in first and "sectie-zwangerschap" in first
    assert "bronnen" in last and "kop" not in last, "what did not change is not sent again"


async def test_a_stream_taken_up_again_gives_only_what_came_after(stage: Stage) -> None:
    address = await stage.open()
    await stage.visitor.get(address + "?geheel=1")
    whole = _parts((await stage.visitor.get(address + "/stroom?v=0")).body)
    version = re.search(r'data-versie="(\d+)"', (await stage.visitor.get(address)).text)
    assert version is not None
    rest = _parts((await stage.visitor.get(address + "/stroom", last_event_id=version[1])).body)
    assert [name for name, _ in whole] == ["deel", "klaar"] and [name for name, _ in rest] == ["klaar"]


async def test_a_fault_while_consulting_never_looks_complete_and_tells_nothing_of_her(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.script = [Asked((OWN,)), answered(OWN), RuntimeError(f"client {BSN}")]
    page = await stage.record()
    assert "onderbroken door een storing" in page and "Compleet" not in page
    assert BSN not in page
    printed = capsys.readouterr()
    assert BSN not in printed.out + printed.err and "RuntimeError" in printed.out + printed.err


async def test_a_closed_record_is_gone(stage: Stage) -> None:
    address = await stage.open()
    await stage.visitor.post(address + "/sluiten", {"csrf": await stage.csrf()})
    answer = await stage.visitor.get(address)
    assert answer.status == 404 and "Noor" not in answer.text


async def test_fetching_again_asks_the_sources_again_under_a_new_handle(stage: Stage) -> None:
    address = await stage.open()
    await stage.visitor.get(address + "?geheel=1")
    again = await stage.visitor.post(address + "/opnieuw", {"csrf": await stage.csrf()})
    await stage.visitor.get(again.location + "?geheel=1")
    assert again.location != address and len(stage.asked) == 2
    assert (await stage.visitor.get(address)).status == 404


async def test_closing_stops_a_consult_that_is_under_way(stage: Stage) -> None:
    stopped: list[str] = []

    async def endless(*_: object) -> object:
        try:
            yield Asked((OWN,))
            await asyncio.sleep(60)
        finally:
            stopped.append("yes")

    stage._consult = endless  # type: ignore[method-assign, assignment]
    stage.viewer._drawing._viewing._consult = endless
    address = await stage.open()
    await asyncio.sleep(0.02)
    await stage.visitor.post(address + "/sluiten", {"csrf": await stage.csrf()})
    await asyncio.sleep(0.02)
    assert stopped == ["yes"]


async def test_nobody_can_try_many_numbers_in_a_minute(stage: Stage) -> None:
    csrf = await stage.csrf()
    statuses = [(await stage.visitor.post("/viewer/zoek", {"csrf": csrf, "bsn": BSN})).status for _ in range(31)]
    assert statuses == [303] * 30 + [429]


async def test_the_screen_speaks_english_when_asked(stage: Stage) -> None:
    address = await stage.open()
    back = await stage.visitor.get(f"/viewer/taal/en?naar={address}")
    assert back.location == address
    page = (await stage.visitor.get(address + "?geheel=1")).text
    assert '<html lang="en">' in page and "Complete: 2 of 2 sources" in page and WITHHELD in page


async def test_the_language_switch_leads_nowhere_else(stage: Stage) -> None:
    for target in ("http://evil.test/", "//evil.test", "/viewer//evil.test", "/viewer/\\evil.test", "/other"):
        assert (await stage.visitor.get(f"/viewer/taal/en?naar={target}")).location == "/viewer/"


async def test_an_item_shows_its_source_author_and_date_and_a_copy_is_marked(stage: Stage) -> None:
    page = await stage.record()
    line = re.search(r'<li class="regel" id="i2">.*?</li>', page, re.S)
    assert line is not None
    for expected in ("112/68 mmHg", "6 januari 2026 09:40", "S. Vroedvrouw", "De Linde", "(kopie)"):
        assert expected in line[0]


async def test_conflicting_values_stand_side_by_side_with_their_sources(stage: Stage) -> None:
    page = await stage.record()
    conflict = re.search(r'<div class="conflict" data-code="rhesus_d">.*?</div>', page, re.S)
    assert conflict is not None
    assert "negatief" in conflict[0] and "positief" in conflict[0]
    assert "De Linde" in conflict[0] and "Oostpoort" in conflict[0]


async def test_gaps_are_named_with_the_rule_they_rest_on(stage: Stage) -> None:
    page = await stage.record()
    assert "Hb rond 27 weken ontbreekt" in page and "regel: KNOV" in page


async def test_a_client_of_todays_list_without_a_birth_date_is_shown(stage: Stage) -> None:
    stage.listed = [ListedClient(Bsn(BSN), "A"), ListedClient(Bsn(OTHER_BSN), "B", dt.date(2000, 1, 2))]
    page = (await stage.visitor.get("/viewer/")).text
    assert "02-01-2000" in page


def counting(stage: Stage) -> tuple[Viewing[object], list[int]]:
    """Looking at three sources that answer together, and how many answers each merge had."""
    merged: list[int] = []

    def picture(answers: object, *_: object) -> object:
        merged.append(len(answers))  # type: ignore[arg-type]
        return stage.view

    stage.script = [Asked((OWN, HOSPITAL, CLINIC)), answered(OWN), answered(HOSPITAL), answered(CLINIC)]
    return Viewing(stage._consult, picture, stage.clock.now), merged  # type: ignore[arg-type]


async def test_a_viewer_alone_sees_the_first_answer_before_those_that_came_with_it(stage: Stage) -> None:
    viewing, merged = counting(stage)
    states = [shown async for shown in viewing.open(Bsn(BSN), PERSON)]
    assert merged == [1, 3] and [shown.complete for shown in states] == [False, True]
    assert states[0].sources.answered == (OWN,)


async def test_many_viewers_at_once_each_merge_what_came_in_while_they_waited(stage: Stage) -> None:
    viewing, merged = counting(stage)

    async def look() -> bool:
        return [shown async for shown in viewing.open(Bsn(BSN), PERSON)][-1].complete

    assert all(await asyncio.gather(*(look() for _ in range(20))))
    assert len(merged) <= 25, "about one merge per viewer, not one per answer"


async def test_in_shared_screen_mode_the_page_comes_hidden_before_any_script_has_run(stage: Stage) -> None:
    address = await stage.open()
    assert '<body class="meekijken">' not in (await stage.visitor.get(address)).text
    stage.visitor.jar["babyconnect_meekijken"] = "1"
    assert '<body class="meekijken">' in (await stage.visitor.get(address)).text


async def test_the_list_has_no_column_that_is_empty_for_everybody(stage: Stage) -> None:
    assert "Zwangerschapsduur" in (await stage.visitor.get("/viewer/")).text
    stage.listed = [ListedClient(Bsn(BSN), "Noor Voorbeeld", reason="09:15 nacontrole")]
    start = (await stage.visitor.get("/viewer/")).text
    assert "Zwangerschapsduur" not in start and "09:15 nacontrole" in start

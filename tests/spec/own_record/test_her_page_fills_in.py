"""Her own record, and a child's, on her screen while organisations answer one after the other."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from babyconnect.birthcare.answers import SourceAnswer
from babyconnect.birthcare.identifiers import Bsn, Ura
from babyconnect.birthcare.parties import Kind, Party
from babyconnect.exchange.contract import Asking
from babyconnect.flows.own_everywhere import OwnEverywhere
from babyconnect.flows.own_record import Looking
from babyconnect.flows.registers import Ward
from babyconnect.flows.viewing import Asked
from babyconnect.trust.authority import Authority, Standing
from babyconnect.web.client.session import Authority as Said
from babyconnect.web.client.session import Represented
from tests.spec.shielding.stage import CHILDS, HERS, NOW, PARTNER, SECRET, Practice, mother
from tests.spec.shielding.test_pages import choose
from tests.support.node import HOLDER
from tests.support.visitor import Answer, Visitor

SLOW = Party(Ura("00000042"), "Ziekenhuis Traag", Kind.HOSPITAL)
CHILD = Bsn("999990019")


class Named:
    async def in_region(self, bsn: Bsn) -> str:
        return "pseudonym"

    def as_person(self, bsn: Bsn) -> str:
        return "pseudonym-here"


class Region:
    """A listed portal that asks itself, by its own door, and an organisation that answers when a test says so."""

    def __init__(self, practice: Practice) -> None:
        self.practice, self.asked, self.stopped = practice, list[Asking](), 0
        self.steps: asyncio.Queue[Any] = asyncio.Queue()
        self.everywhere = OwnEverywhere(practice.own, Named(), lambda ura: True, self.consult, lambda: NOW)

    async def consult(self, asking: Asking) -> AsyncIterator[Asked | SourceAnswer]:
        self.asked.append(asking)
        try:
            yield Asked((HOLDER,))
            yield await self._own(asking)
            yield Asked((HOLDER, SLOW))
            while (step := await self.steps.get()) is not None:
                if isinstance(step, Exception):
                    raise step
                yield step
        finally:
            self.stopped += 1

    async def _own(self, asking: Asking) -> SourceAnswer:
        looking = Looking(asking.related or asking.bsn, "substantial")
        if asking.related is None:
            return await self.practice.own.hers(looking)
        children = [one.authority.child for one in self.practice.own.children(looking.bsn)]
        found = [one for child in children for one in await self.practice.own.childs(looking, child)]
        return SourceAnswer(HOLDER, "answered", tuple(found))

    def answers(self, status: str = "answered", *resources: dict[str, Any]) -> None:
        self.steps.put_nowait(SourceAnswer(SLOW, status, resources))  # type: ignore[arg-type]
        self.steps.put_nowait(None)

    def visitor(self, bsn: str = "") -> Visitor:
        return self.practice.as_client(*([bsn] if bsn else []), everywhere=self.everywhere)


def of_the_slow_one(pulse: int) -> dict[str, Any]:
    return {
        "resourceType": "Observation", "id": "x", "status": "final", "effectiveDateTime": "2026-11-02",
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "364075005"}], "text": "hartslag"},
        "valueQuantity": {"value": pulse, "unit": "/min"}, "subject": {"reference": "Patient/p"},
    }  # fmt: skip


@pytest.fixture
async def region(tmp_path: Path) -> AsyncIterator[Region]:
    made = Practice(tmp_path)
    await made.publish(mother())
    yield Region(made)
    if made.client_session is not None:
        made.client_session.close()
    made.roster.close()
    made.custody.close()


def handle(page: Answer) -> str:
    (found,) = re.findall(
        r'<noscript><meta http-equiv="refresh" content="0; url=/client/dossier/([^/"]+)/geheel">', page.text
    )
    return str(found)


def told(stream: Answer) -> tuple[dict[str, str], str]:
    """All pieces that a stream brought, the last of each, and the phase in which it ended."""
    pieces: dict[str, str] = {}
    ends = ""
    for event in stream.text.split("\n\n"):
        data = re.search(r"^data: (.*)$", event, re.MULTILINE)
        if data and event.startswith("event: deel"):
            pieces |= orjson.loads(data[1])["html"]
        elif data:
            ends = orjson.loads(data[1])["phase"]
    return pieces, ends


async def begun(region: Region, visitor: Visitor) -> tuple[Answer, str]:
    """The page, once the portal's own part has come."""
    page = await visitor.get("/client/dossier/")
    session = region.practice.client_session
    assert page.status == 200 and session is not None
    growing = session.growing[handle(page)]
    async with asyncio.timeout(60):
        while growing.drawn is None or growing.drawn.busy != (SLOW,):
            await asyncio.sleep(0)
    return page, handle(page)


async def test_the_page_is_there_before_anybody_has_answered_and_fills_in_as_they_do(region: Region) -> None:
    visitor = region.visitor()
    page = await visitor.get("/client/dossier/")
    assert page.status == 200 and "Mogelijk niet volledig" in page.text and 'data-klaar="nee"' in page.text
    assert f"<strong>{HOLDER.name}</strong>: is nog bezig." in page.text and "hartslag" not in page.text.lower()
    stream = asyncio.create_task(visitor.get(f"/client/dossier/{handle(page)}/stroom?v=1"))
    await asyncio.sleep(0)
    region.answers("answered", of_the_slow_one(88))
    pieces, ends = told(await stream)
    assert ends == "complete" and "Alle organisaties hebben geantwoord." in pieces["bronnen"]
    everything = "".join(pieces.values())
    assert "72" in everything and "88" in everything and SLOW.name in everything


async def test_who_is_still_busy_is_named_while_the_others_show(region: Region) -> None:
    visitor = region.visitor()
    page, name = await begun(region, visitor)
    session = region.practice.client_session
    assert session is not None
    shown = session.growing[name]
    assert f"<strong>{SLOW.name}</strong>: is nog bezig." in shown.html("bronnen")
    assert (
        "Nog te antwoorden: 1" in shown.html("bronnen")
        and "hartslag" in "".join(map(shown.html, shown.order())).lower()
    )
    assert "hartslag" not in page.text.lower()


@pytest.mark.parametrize(
    ("status", "words"),
    [("unreachable", "is nu niet bereikbaar."), ("timed_out", "gaf niet op tijd antwoord."),
     ("invalid", "gaf een onleesbaar antwoord.")],
)  # fmt: skip
async def test_who_failed_is_named_in_her_words_and_what_came_stays(region: Region, status: str, words: str) -> None:
    visitor = region.visitor()
    _, name = await begun(region, visitor)
    region.answers(status)
    pieces, ends = told(await visitor.get(f"/client/dossier/{name}/stroom?v=0"))
    assert ends == "complete" and f"<strong>{SLOW.name}</strong>: {words}" in pieces["bronnen"]
    assert "Klaar, maar niet alle organisaties gaven antwoord." in pieces["bronnen"]
    assert "72" in "".join(pieces.values())


async def test_a_fault_halfway_leaves_a_page_that_says_it_is_not_complete(region: Region) -> None:
    visitor = region.visitor()
    _, name = await begun(region, visitor)
    region.steps.put_nowait(RuntimeError("must not be shown"))
    pieces, ends = told(await visitor.get(f"/client/dossier/{name}/stroom?v=0"))
    assert ends == "fault" and "niet volledig. Probeer het later opnieuw" in pieces["bronnen"]
    assert "is nog bezig" not in pieces["bronnen"] and "must not" not in str(pieces)


async def test_a_fault_before_anything_could_be_shown_is_a_fault_and_no_page(region: Region) -> None:
    async def broken(asking: Asking) -> AsyncIterator[Asked | SourceAnswer]:
        raise RuntimeError("the log is full")
        yield

    everywhere = OwnEverywhere(region.practice.own, Named(), lambda ura: True, broken, lambda: NOW)
    with pytest.raises(RuntimeError):  # in the site itself: a page of status 500 or 503
        await region.practice.as_client(everywhere=everywhere).get("/client/dossier/")


async def test_without_a_script_the_page_waits_for_the_last_and_comes_whole(region: Region) -> None:
    visitor = region.visitor()
    _, name = await begun(region, visitor)
    waiting = asyncio.create_task(visitor.get(f"/client/dossier/{name}/geheel"))
    await asyncio.sleep(0)
    region.answers("answered", of_the_slow_one(88))
    whole = await waiting
    assert "72" in whole.text and "88" in whole.text and "<noscript>" not in whole.text
    assert 'data-klaar="ja"' in whole.text and "filling." not in whole.text
    assert len(region.asked) == 1, "nobody is asked twice for one page"


async def test_what_is_whole_is_kept_nowhere_and_its_address_leads_to_a_new_look(region: Region) -> None:
    visitor = region.visitor()
    _, name = await begun(region, visitor)
    region.answers()
    await visitor.get(f"/client/dossier/{name}/stroom?v=0")
    session = region.practice.client_session
    assert session is not None and session.growing == {}
    assert (await visitor.get(f"/client/dossier/{name}/stroom?v=0")).status == 404
    again = await visitor.get(f"/client/dossier/{name}/geheel")
    assert (again.status, again.location) == (303, "/client/dossier/")


async def test_when_her_session_ends_the_stream_takes_everything_back_and_nobody_is_asked_on(region: Region) -> None:
    visitor = region.visitor()
    _, name = await begun(region, visitor)
    session = region.practice.client_session
    assert session is not None
    growing = session.growing[name]
    stream = asyncio.create_task(visitor.get(f"/client/dossier/{name}/stroom?v={growing.version}"))
    await asyncio.sleep(0)
    session.close()
    pieces, ends = told(await stream)
    assert (pieces, ends) == ({}, "closed") and growing.fragments == {} and growing.drawn is None
    async with asyncio.timeout(60):
        while not region.stopped:
            await asyncio.sleep(0)


async def test_who_acts_for_somebody_else_from_now_on_gets_no_more_of_the_page_before(region: Region) -> None:
    visitor = region.visitor()
    _, name = await begun(region, visitor)
    session = region.practice.client_session
    assert session is not None
    born = NOW.date()
    session.act_for(Represented(CHILD, "Bo", born, Said("parent", born, "recognition")))
    assert session.growing == {}
    assert (await visitor.get(f"/client/dossier/{name}/stroom?v=0")).status == 404


@pytest.mark.parametrize("how", ["logs out", "acts for her child"])
async def test_a_page_that_was_asked_for_before_she_left_or_acts_for_another_shows_nothing(
    region: Region, how: str
) -> None:
    began, go = asyncio.Event(), asyncio.Event()

    class Slow(Named):
        async def in_region(self, bsn: Bsn) -> str:
            began.set()
            await go.wait()
            return await super().in_region(bsn)

    region.everywhere = replace(region.everywhere, names=Slow())
    visitor = region.visitor()
    session = region.practice.client_session
    assert session is not None
    page = asyncio.create_task(visitor.get("/client/dossier/"))
    await began.wait()
    if how == "logs out":
        session.end()
    else:
        session.act_for(Represented(CHILD, "Bo", NOW.date(), Said("parent", NOW.date(), "recognition")))
    go.set()
    assert ((await page).status, session.growing) == (303, {})


async def test_nothing_about_safety_comes_by_the_stream_unless_its_author_chose_so(region: Region) -> None:
    for keuze, seen in (("", False), ("show", True), ("not-digitally", False)):
        if keuze:
            assert (await choose(region.practice, keuze)).status == 303
        visitor = region.visitor()
        page, name = await begun(region, visitor)
        stream = asyncio.create_task(visitor.get(f"/client/dossier/{name}/stroom?v=0"))
        region.answers()
        streamed = await stream
        assert HERS in streamed.text and (SECRET in streamed.text) is seen, keuze
        assert seen or SECRET not in page.text


async def _authority(practice: Practice, standing: Standing) -> None:
    (client,) = practice.roster.clients(Bsn("999900730"))
    row = Authority(
        practice.id("Patient", "KIND"), practice.registers.handle(Bsn(PARTNER)), standing, "recognition",
        NOW.date().replace(month=9, day=1), NOW.date().replace(month=9, day=1), NOW,
    )  # fmt: skip
    await practice.registers.record_authority(Ward(client, "Bo", CHILD, row))


async def test_a_childs_page_fills_in_and_authority_that_ends_meanwhile_closes_it(region: Region) -> None:
    await _authority(region.practice, Standing.PARENT)
    visitor = region.visitor(PARTNER)
    session = region.practice.client_session
    assert session is not None
    session.children = {"h": region.practice.id("Patient", "KIND")}
    page = await visitor.get("/client/dossier/kind/h")
    stream = asyncio.create_task(visitor.get(f"/client/dossier/{handle(page)}/stroom?v=0"))
    growing = session.growing[handle(page)]
    async with asyncio.timeout(60):
        while growing.drawn is None or SLOW not in growing.drawn.busy:
            await asyncio.sleep(0)
    assert CHILDS in growing.html("kop") and HERS not in str(growing.fragments)
    await _authority(region.practice, Standing.NONE)
    region.answers("answered", of_the_slow_one(88))
    streamed = await stream
    assert told(streamed)[1] == "closed" and "88" not in streamed.text and growing.fragments == {}


async def test_too_many_open_pages_close_the_oldest_and_each_page_is_a_look(region: Region) -> None:
    visitor = region.visitor()
    names = [(await begun(region, visitor))[1] for _ in range(5)]
    session = region.practice.client_session
    assert session is not None and list(session.growing) == names[1:] and len(region.asked) == 5

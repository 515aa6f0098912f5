"""The page for a practice without an export: fetch the template, see what is wrong with it filled in, publish it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from babyconnect.audit import AuditFault
from babyconnect.birthcare.parties import Function, Person, Role
from babyconnect.flows import handing_in
from babyconnect.flows.handing_in import HandingIn
from babyconnect.flows.journal import Journal
from babyconnect.web.administration import handing_in as page
from babyconnect.web.simulators.users import User
from tests.spec.publishing.records import NOW, Node
from tests.spec.viewer.stage import HASHED, OWN, Stage
from tests.support import filled_in
from tests.support.filled_in import changed, joined, small
from tests.support.visitor import Answer

HOME = "/viewer/aanleveren/"
GOOD = filled_in.workbook(small())
HALF = joined(small("D-1"), changed(small("D-2", "999990019"), "controles", {"Gewicht (kg)": "<b>zwaar</b>"}))


class Desk:
    """A node with the page, an administrator at it, and what the log got."""

    def __init__(self, limit: int = 1_000_000) -> None:
        self.node, self.fails = Node(), False
        self.events: list[Mapping[str, Any]] = []
        journal = Journal(OWN, self, b"k" * 32, lambda: NOW)  # type: ignore[arg-type]
        desk = HandingIn(self.node.node, journal, limit)
        users = (User("bas", HASHED, Person("local:bas", "Bas", Role.EMPLOYEE), OWN.ura, OWN.name,
                      (Function.ADMINISTRATOR,)),)  # fmt: skip
        self.seconds = 0.0
        self.stage = Stage(users, chapters=(page.chapter(desk, lambda: self.seconds),))

    async def append(self, event: Mapping[str, Any]) -> None:
        if self.fails:
            raise AuditFault("the disk is full")
        self.events.append(event)

    async def check(self, content: bytes, name: str = "praktijk.xlsx", **fields: str) -> Answer:
        start = await self.stage.visitor.get(HOME)
        told = {"csrf": start.field("csrf"), **fields}
        return await self.stage.visitor.upload(f"{HOME}controle", told, name, content)

    async def confirm(self, checked: Answer, to: str = "publiceren", **more: str) -> Answer:
        fields = {"csrf": checked.field("csrf"), "bestand": checked.field("bestand"), **more}
        return await self.stage.visitor.post(f"{HOME}{to}", fields)


@pytest.fixture
async def desk() -> Desk:
    made = Desk()
    await made.stage.log_in("bas")
    return made


async def test_only_an_administrator_comes_here() -> None:
    made = Desk()
    await made.stage.log_in("anna")

    assert (await made.stage.visitor.get(HOME)).status == 404


async def test_every_template_can_be_fetched_and_no_other(desk: Desk) -> None:
    text = (await desk.stage.visitor.get(HOME)).text
    for address in ("kraamzorg.xlsx", "huisarts.zip"):
        assert f"{HOME}sjabloon/{address}" in text
        answer = await desk.stage.visitor.get(f"{HOME}sjabloon/{address}")
        assert answer.status == 200 and answer.body.startswith(b"PK")
        assert "attachment" in answer.headers["content-disposition"]
    assert (await desk.stage.visitor.get(f"{HOME}sjabloon/onzin.xlsx")).status == 404


async def test_a_check_tells_what_is_wrong_and_keeps_nothing(desk: Desk) -> None:
    answer = await desk.check(filled_in.text(HALF), "praktijk.csv")

    assert answer.status == 200
    assert "Kan worden gepubliceerd: 1 cliënt(en). Nog niet: 1." in answer.text
    assert "<td" in answer.text and "Gewicht (kg) (H3)" in answer.text and "dit is geen getal" in answer.text
    assert "zwaar" not in answer.text
    assert desk.node.empty and not desk.events


async def test_publishing_keeps_the_good_ones_and_logs_each(desk: Desk) -> None:
    answer = await desk.confirm(await desk.check(filled_in.text(HALF)))

    assert "Gepubliceerd: 1 cliënt(en)" in answer.text and "Geweigerd: 1" in answer.text
    assert not desk.node.empty
    assert [(e["type"], e["outcome"]) for e in desk.events] == [("publish", "ok"), ("publish", "refused")]


async def test_the_same_file_again_was_published_already(desk: Desk) -> None:
    await desk.confirm(await desk.check(GOOD))

    assert "Was al gepubliceerd: 1" in (await desk.confirm(await desk.check(GOOD))).text


GROWN = {**small(), "controles": [*small()["controles"], {"Dossiernummer": "D-1", "Datum en tijd": "12-05-2026"}]}


async def test_what_a_replacing_file_takes_back_is_shown_and_goes_only_when_that_is_agreed_to(desk: Desk) -> None:
    await desk.confirm(await desk.check(filled_in.workbook(GROWN)))
    desk.events.clear()

    checked = await desk.check(GOOD, vervangt="ja")
    refused = await desk.confirm(checked)
    kept = len(desk.events)
    done = await desk.confirm(refused, akkoord="ja")

    assert (
        "Controles: 12-05-2026 " in checked.text
        and "(Cliënten rij 2)" in checked.text
        and "Dit verdwijnt (" in checked.text
    )
    assert refused.status == 422 and "Controles: 12-05-2026" in refused.text and kept == 0
    assert "Ingetrokken: " in done.text
    assert [(e["type"], e["outcome"]) for e in desk.events] == [("delete", "ok"), ("publish", "ok")]


async def test_a_replacing_file_that_takes_nothing_back_says_so_and_asks_nothing(desk: Desk) -> None:
    await desk.confirm(await desk.check(GOOD))

    checked = await desk.check(filled_in.workbook(GROWN), vervangt="ja")

    assert "verdwijnt niets" in checked.text and "akkoord" not in checked.text
    assert "Ingetrokken" not in (await desk.confirm(checked)).text


async def test_without_the_log_nothing_is_taken_back(desk: Desk) -> None:
    await desk.confirm(await desk.check(filled_in.workbook(GROWN)))
    checked = await desk.check(GOOD, vervangt="ja")
    desk.fails = True

    assert (await desk.confirm(checked, akkoord="ja")).status == 503
    assert all(kept[-1].publication.group != "entered-in-error" for kept in desk.node.store.versions.values())


async def test_the_file_can_be_fetched_with_what_is_wrong_beside_it_and_nothing_of_it_is_kept(desk: Desk) -> None:
    checked = await desk.check(filled_in.text(HALF), "praktijk.csv")
    made = await desk.confirm(checked, "fouten")

    assert made.status == 200 and made.body.startswith(b"PK") and "attachment" in made.headers["content-disposition"]
    assert (await desk.confirm(checked, "fouten")).status == 200 and desk.node.empty and not desk.events
    assert "Kan worden gepubliceerd" in checked.text
    assert (await desk.confirm(await desk.check(b"PK\x03\x04 damaged"), "fouten")).status == 422


async def test_a_file_of_which_nothing_is_right_is_not_published(desk: Desk) -> None:
    checked = await desk.check(filled_in.text(changed(small(), "clienten", {"BSN": "1"})))

    assert "publiceren" not in checked.text.partition("<h1")[2].partition("</form>")[0]
    assert (await desk.confirm(checked)).status == 422 and desk.node.empty


async def test_a_file_waits_minutes_only_and_goes_once(desk: Desk) -> None:
    checked = await desk.check(GOOD)
    desk.seconds += page.WAITS_SECONDS + 1
    late = await desk.confirm(checked)
    checked = await desk.check(GOOD)
    assert late.status == 422 and desk.node.empty
    assert (await desk.confirm(await desk.check(GOOD), bestand="another")).status == 422
    checked = await desk.check(GOOD)

    await desk.confirm(checked)
    assert (await desk.confirm(checked)).status == 422


async def test_without_the_log_the_page_says_that_nothing_was_confirmed(desk: Desk) -> None:
    checked = await desk.check(GOOD)
    desk.fails = True

    assert (await desk.confirm(checked)).status == 503


async def test_only_our_own_page_hands_in(desk: Desk) -> None:
    visitor = desk.stage.visitor
    assert (await visitor.upload(f"{HOME}controle", {"csrf": "x"}, "a.xlsx", GOOD)).status == 403
    assert (await visitor.upload(f"{HOME}controle", {}, "a.xlsx", GOOD)).status == 403
    csrf = (await visitor.get(HOME)).field("csrf")
    foreign = await visitor.upload(f"{HOME}controle", {"csrf": csrf}, "a.xlsx", GOOD, origin="http://evil.test")
    assert foreign.status == 403


async def test_what_is_no_template_or_no_file_is_told(desk: Desk) -> None:
    assert "geen ingevuld sjabloon" in (await desk.check(b"<adaxml/>", "a.xml")).text
    assert (await desk.check(b"", "")).status == 422


async def test_a_file_over_the_limit_is_not_read_to_its_end() -> None:
    made = Desk(limit=1000)
    await made.stage.log_in("bas")

    assert (await made.check(b"x" * 20_000)).status == 413


@pytest.mark.parametrize(
    "body",
    [b"", b"--g", b"--g\r\n\r\nx\r\n--g--", b"x--g\r\n", b'--g\r\nContent-Disposition: form-data; name="a"\r\n\r\nx'],
)
async def test_a_broken_form_is_refused(desk: Desk, body: bytes) -> None:
    answer = await desk.stage.visitor._ask(
        "POST", f"{HOME}controle", body, {"content-type": "multipart/form-data; boundary=g"}
    )

    assert answer.status == 400
    assert (await desk.stage.visitor.post(f"{HOME}controle", {})).status == 415


async def test_the_page_is_there_in_english(desk: Desk) -> None:
    await desk.stage.visitor.get("/viewer/taal/en?naar=/viewer/aanleveren/")

    assert "Filled-in template" in (await desk.stage.visitor.get(HOME)).text


async def test_a_file_that_would_take_minutes_is_sent_elsewhere(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handing_in, "MOST_ROWS", 5)

    checked = await desk.check(filled_in.text(joined(small("D-1"), small("D-2", "999990019"))))

    assert "meer dan 5 regels duurt hier te lang" in checked.text and "Nog niet: 0" in checked.text

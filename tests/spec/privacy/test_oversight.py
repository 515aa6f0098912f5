"""The privacy officer's pages: what they tell, who gets in, and that looking is itself in the log."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import orjson
import pytest

from babyconnect.audit import patterns
from babyconnect.audit.faults import AuditFault
from babyconnect.audit.patterns import Hit, Watch
from babyconnect.audit.r4 import to_fhir
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.definitions import document
from babyconnect.web.texts import Texts
from tests.spec.privacy.stage import Office
from tests.spec.viewer.stage import BSN, OTHER_BSN


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path, known={BSN: ("client-1",)})
    yield made
    made.log.close()


async def test_only_a_privacy_officer_gets_in_and_to_others_there_is_no_such_page(office: Office) -> None:
    assert (await office.visitor.get("/viewer/privacy/")).status == 303
    await office.enter("anna")
    assert (await office.visitor.get("/viewer/privacy/")).status == 404
    assert (await office.visitor.get("/viewer/privacy/logboek")).status == 404
    assert "Toezicht op inzage" not in (await office.visitor.get("/viewer/")).text


async def test_the_overview_counts_and_draws_what_happened(office: Office) -> None:
    office.happened(client="client-1")
    office.happened("client.bind", "refused", client="client-1", reasons=("no_legal_basis",), basis="")
    office.happened(client="client-2", purpose="BTG", basis="emergency", ago=dt.timedelta(days=3))
    office.happened(client="client-2", ago=dt.timedelta(days=40))
    await office.enter()
    page = (await office.visitor.get("/viewer/privacy/?dagen=30")).text
    assert "<strong>3</strong> raadplegingen" in page and "<strong>1</strong> geweigerd" in page
    assert "<strong>1</strong> met de noodknop" in page
    assert page.count('class="chart-bar"') >= 2 and "02-03: 2" in page and "27-02: 1" in page
    assert "Ziekenhuis Oostpoort" in page


async def test_patterns_show_with_their_reason_and_lead_to_what_happened(office: Office) -> None:
    office.watched = Watch(own={"dezi-1": frozenset({"client-1"})})
    office.happened(client="client-1")
    await office.enter()
    page = (await office.visitor.get("/viewer/privacy/")).text
    assert "Eigen dossier geopend" in page and "dezi-1" in page
    address = page.split('href="/viewer/privacy/vraag/')[1].split('"')[0]
    answer = await office.visitor.get(f"/viewer/privacy/vraag/{address}")
    assert "1 gevonden" in answer.text and "metingen en bevindingen" in answer.text


@pytest.mark.parametrize("pattern", sorted(set(patterns.table()) - {"version"}))
async def test_each_pattern_is_explained_in_the_language_of_the_page_by_the_figures_that_were_counted_by(
    office: Office, pattern: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = {"least": 7, "minutes": 17, "hours": 13, "days": 19, "from": 1, "to": 5, "percent": 2.5}
    hit = Hit(pattern, "90000002", "dezi-1", "2026-03-02T09:00:00Z", "2026-03-02T09:00:00Z", 1, (), 3.25)
    every = {**patterns.table(), pattern: {**patterns.table()[pattern], **row}}
    monkeypatch.setattr(patterns, "table", lambda: every)
    monkeypatch.setattr(patterns, "hits", lambda *_: [hit])
    await office.enter()
    for language in ("nl", "en"):
        figures = {name: Texts(language).number(value) for name, value in row.items()}
        await office.visitor.get(f"/viewer/taal/{language}")
        page = unescape((await office.visitor.get("/viewer/privacy/")).text)
        for section in ("patterns", "pattern_reasons"):
            assert document("texts.toml")[section][pattern][language].format(**figures) in page
        assert ("3,2 %" if language == "nl" else "3.2 %") in page


async def test_a_client_is_found_by_every_name_the_node_has_for_her_and_nobody_else_is(office: Office) -> None:
    office.happened(client="client-1")
    office.happened("consult", bsn=BSN, person="dezi-2")
    office.happened(client="client-2", person="dezi-3")
    office.happened("consult", bsn=OTHER_BSN, person="dezi-4")
    await office.enter()
    page = (await office.visitor.get(await office.ask(bsn=BSN))).text
    assert "dezi-1" in page and "dezi-2" in page and "dezi-3" not in page and "dezi-4" not in page


async def test_after_her_record_was_destroyed_the_log_still_knows_which_looks_were_hers(office: Office) -> None:
    office.happened("client.bind", client="client-9", bsn=BSN, resource="Patient")
    office.happened(client="client-9", person="dezi-5")
    office.happened("client.bind", "refused", bsn=BSN, person="dezi-6", reasons=("client_unknown",), basis="")
    office.known.clear()
    await office.enter()
    page = (await office.visitor.get(await office.ask(bsn=BSN))).text
    assert "dezi-5" in page and "dezi-6" in page


async def test_no_bsn_is_in_an_address_or_in_the_log(office: Office) -> None:
    await office.enter()
    address = await office.ask(bsn=BSN)
    assert BSN not in address and BSN not in (await office.visitor.get(address)).text
    assert all(BSN.encode() not in file.read_bytes() for file in office.folder.glob("*/*"))


async def test_every_look_at_the_log_is_in_the_log_before_it_is_shown(office: Office) -> None:
    await office.enter()
    await office.visitor.get("/viewer/privacy/")
    await office.visitor.get(await office.ask(bsn=BSN))
    await office.visitor.get(await office.ask(medewerker="dezi-1"))
    reads = [entry.event for entry in office.logged(types=frozenset({"log.read"}))]
    assert [read["actor"]["person"] for read in reads] == ["local:fg"] * 3
    assert reads[1]["pseudonym"] == office.journal.pseudonym(Bsn(BSN)) and reads[2]["object"] == "person/dezi-1"


async def test_when_the_log_refuses_nothing_of_it_is_shown(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.happened(client="client-1")
    await office.enter()
    address = await office.ask(bsn=BSN)

    async def refuses(*_: object) -> None:
        raise AuditFault("no room")

    monkeypatch.setattr(office.log, "append", refuses)
    answer = await office.visitor.get(address)
    assert answer.status == 503 and "dezi-1" not in answer.text and "Ziekenhuis" not in answer.text


async def test_by_employee_period_kind_and_outcome_together(office: Office) -> None:
    office.happened(client="c1", person="dezi-9", ago=dt.timedelta(days=9))
    office.happened(client="c1", person="dezi-9", ago=dt.timedelta(days=2))
    office.happened("client.bind", "refused", client="c1", person="dezi-9", reasons=("objection",), basis="")
    office.happened("consent.record", person="dezi-9")
    await office.enter()

    async def count(**fields: str) -> str:
        page = (await office.visitor.get(await office.ask(**fields))).text
        return page.split(" gevonden")[0].rsplit(" ", 1)[-1].rsplit(">", 1)[-1].strip()

    assert await count(medewerker="dezi-9") == "4"
    assert await count(medewerker="dezi-9", van="2026-02-27") == "3"
    assert await count(medewerker="dezi-9", tot="2026-02-25") == "1"
    assert await count(medewerker="dezi-9", soort="consent") == "1"
    assert await count(medewerker="dezi-9", uitkomst="refused") == "1"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"bsn": "123456789"}, "geen geldig BSN"),
        ({"inzage": "1"}, "BSN van de cliënt nodig"),
        ({"van": "gisteren"}, "jjjj-mm-dd"),
        ({"van": "2026-02-03", "tot": "2026-02-01"}, "eindigt voordat"),
    ],
)
async def test_a_question_that_cannot_be_is_said_to_be(office: Office, fields: dict[str, str], words: str) -> None:
    await office.enter()
    sent = await office.visitor.post("/viewer/privacy/vraag", {"csrf": await office.stage.csrf(), **fields})
    assert sent.status == 422 and words in sent.text


async def test_a_question_belongs_to_the_session_that_asked_it(office: Office) -> None:
    await office.enter()
    address = await office.ask(bsn=BSN)
    await office.enter()
    assert (await office.visitor.get(address)).status == 404


async def test_many_lines_come_in_pages_the_newest_first(office: Office) -> None:
    for n in range(120):
        office.happened(client="client-1", person=f"dezi-{n}", ago=dt.timedelta(minutes=200 - n))
    await office.enter()
    address = await office.ask(bsn=BSN)
    first, last = await office.visitor.get(address), await office.visitor.get(f"{address}?pagina=3")
    assert "bladzijde 1 van 3" in first.text and "dezi-119" in first.text and "dezi-20<" not in first.text
    assert "bladzijde 3 van 3" in last.text and "dezi-0<" in last.text
    assert (await office.visitor.get(f"{address}?pagina=999999999")).status == 200


async def test_what_is_found_can_be_had_as_a_table_and_as_audit_events(office: Office) -> None:
    office.happened(client="client-1", person="=cmd()")
    await office.enter()
    address = await office.ask(bsn=BSN)

    async def file(form: str) -> bytes:
        got = await office.visitor.post(f"{address}/bestand", {"csrf": await office.stage.csrf(), "vorm": form})
        assert got.status == 200 and "attachment" in got.headers["content-disposition"]
        return got.body

    rows = list(csv.DictReader(io.StringIO((await file("csv")).decode())))
    assert rows[-1]["client"] == "client-1" and rows[-1]["person"] == "'=cmd()"  # no formula for a spreadsheet
    lines = [orjson.loads(line) for line in (await file("ndjson")).splitlines()]
    assert {line["resourceType"] for line in lines} == {"AuditEvent"} and len(lines) == len(rows) + 1
    bundle = orjson.loads(await file("bundle"))
    (event,) = [entry.event for entry in office.logged(person="=cmd()")]
    assert to_fhir(event).items() <= bundle["entry"][-1]["resource"].items()
    assert len(office.logged(types=frozenset({"log.export"}))) == 3


async def test_the_report_for_a_client_tells_who_looked_on_which_basis_and_whether_it_was_an_emergency(
    office: Office,
) -> None:
    office.happened(client="client-1")
    office.happened(client="client-1", purpose="BTG", basis="emergency", person="dezi-5")
    office.happened("client.bind", "refused", client="client-1", reasons=("objection",), basis="", person="dezi-6")
    office.happened("login", person="dezi-7", bsn="")
    await office.enter()
    address = await office.ask(bsn=BSN, inzage="1")
    report = await office.visitor.get(address)
    for words in (
        "Wie keek in uw dossier", "BSN eindigend op 730", "Ziekenhuis Oostpoort", "gynaecoloog", "uw toestemming",
        "noodsituatie", "De cliënt heeft bezwaar gemaakt.", "artikel 15e", "eigen logboek",
    ):  # fmt: skip
        assert words in report.text
    assert "dezi-7" not in report.text and BSN not in report.text
    table = await office.visitor.post(f"{address}/bestand", {"csrf": await office.stage.csrf()})
    rows = list(csv.DictReader(io.StringIO(table.body.decode("utf-8-sig")), delimiter=";"))
    assert {row["Medewerker"]: row["noodsituatie"] for row in rows if row["Organisatie"].startswith("Zieken")} == {
        "dezi-1": "nee", "dezi-5": "ja", "dezi-6": "nee",
    }  # fmt: skip


async def test_the_log_can_be_verified_from_the_page_and_damage_shows(office: Office) -> None:
    office.happened(client="client-1")
    await office.log.sign()
    await office.enter()
    page = await office.visitor.get("/viewer/privacy/logboek")
    assert "nog niet sinds" in page.text and "gebeurtenis 1" in page.text
    await _verify(office)
    assert "niets gewijzigd" in (await office.visitor.get("/viewer/privacy/logboek")).text
    segment = next((office.folder / "node").glob("audit-*"))
    segment.write_bytes(segment.read_bytes().replace(b"dezi-1", b"dezi-2", 1))
    await _verify(office)
    assert "niet wat er is opgeschreven" in (await office.visitor.get("/viewer/privacy/logboek")).text
    await office.visitor.get("/viewer/taal/en")
    page = (await office.visitor.get("/viewer/privacy/logboek")).text
    assert "This event is not what was written." in page and "event 1, node/audit-" in page


async def _verify(office: Office) -> None:
    await office.visitor.post("/viewer/privacy/logboek/controle", {"csrf": await office.stage.csrf()})
    assert office.oversight._verifying is not None
    await office.oversight._verifying

"""A client found as the first of a batch, and the rest about her: as separate requests, in one round trip."""

from __future__ import annotations

import asyncio
import json
import re

import pytest

from babyconnect.api.batch import MAX_ENTRIES
from babyconnect.api.rates import Rates
from babyconnect.api.source import MAX_BATCH, SourceApi
from babyconnect.audit import AuditFault
from babyconnect.birthcare.access import Consent
from tests.spec.api.conftest import ANNA, BEA, NOBODY
from tests.support.asgi import Response, ask
from tests.support.node import BASE, Node

JSON = {"content-type": "application/fhir+json"}
BSN = "http://fhir.nl/fhir/NamingSystem/bsn"
URLS = ("Patient", "EpisodeOfCare", "Observation", "Observation/b1", "Observation/o1/_history")


def find(bsn: str, **more: object) -> dict[str, object]:
    return {
        "request": {"method": "POST", "url": "Patient/_search"},
        "resource": {
            "resourceType": "Parameters",
            "parameter": [{"name": "identifier", "valueString": f"{BSN}|{bsn}"}],
            **more,
        },
    }


def gets(*urls: str) -> list[dict[str, object]]:
    return [{"request": {"method": "GET", "url": url}} for url in urls]


async def sent(node: Node, token: str, *entries: object) -> Response:
    content = json.dumps({"resourceType": "Bundle", "type": "batch", "entry": entries})
    return await node.post("/", content, token, **JSON)


async def one_batch(node: Node, token: str, bsn: str, *urls: str) -> list[tuple[str, bytes]]:
    answered = (await sent(node, token, find(bsn), *gets(*urls))).json()["entry"]
    return [(entry["response"]["status"], told(json.dumps(entry["resource"]).encode())) for entry in answered]


async def one_by_one(node: Node, token: str, bsn: str, *urls: str) -> list[tuple[str, bytes]]:
    answers = [await node.find(bsn, token), *[await node.get(f"/{url}", token) for url in urls]]
    return [(str(one.status), told(json.dumps(one.json()).encode())) for one in answers]


def told(body: bytes) -> bytes:
    """Without the id and moment that a searchset gets when it is made."""
    return re.sub(rb'"(lastUpdated|id)": "[^"]*"', b"", body)


@pytest.mark.parametrize("bsn", [ANNA, BEA, NOBODY])
async def test_a_batch_that_finds_her_gives_what_separate_requests_give_and_logs_as_they_do(
    node: Node, bsn: str
) -> None:
    apart = await one_by_one(node, node.token(), bsn, *URLS)
    separate, node.log[:] = list(node.log), []
    assert await one_batch(node, node.token(), bsn, *URLS) == apart
    assert [(h.wire.text, h.interaction, h.client, h.decision) for h in node.log] == [
        (h.wire.text, h.interaction, h.client, h.decision) for h in separate
    ]


async def test_who_is_refused_and_who_is_unknown_are_one_answer_byte_by_byte(node: Node) -> None:
    refused, unknown = [await sent(node, node.token(), find(bsn), *gets(*URLS)) for bsn in (BEA, NOBODY)]
    assert (refused.status, refused.headers, refused.body) == (unknown.status, unknown.headers, unknown.body)
    assert [e["response"]["status"] for e in refused.json()["entry"]] == ["200", "200", "200", "200", "404", "404"]


async def test_a_token_of_one_client_gives_nothing_at_all_in_a_batch_that_looks_for_another(
    node: Node, token: str
) -> None:
    """Not Anna's either, though the token is hers: an asker could take it for Bea's."""
    node.consents["bea"] = (Consent(id="c2", permit=True, actor="*"),)
    found = (await sent(node, token, find(BEA), *gets("Patient", "Observation", "Patient/anna"))).json()["entry"]
    assert [entry["resource"].get("total") for entry in found] == [0, 0, 0, None]
    assert found[3]["response"]["status"] == "404" and b"anna" not in json.dumps(found[:3]).encode()
    assert [h.decision.reasons for h in node.log[-3:]] == [("token_not_bound",)] * 3
    assert (await node.get("/Patient", token)).json()["total"] == 1


async def test_two_batches_at_once_with_one_token_end_in_one_client(node: Node) -> None:
    node.consents["bea"] = (Consent(id="c2", permit=True, actor="*"),)
    token = node.token()
    answers = await asyncio.gather(*(sent(node, token, find(bsn), *gets("Observation")) for bsn in (ANNA, BEA)))
    totals = sorted([[e["resource"]["total"] for e in answer.json()["entry"]] for answer in answers])
    assert totals in ([[0, 0], [1, 6]], [[0, 0], [1, 1]])


async def test_the_same_client_may_be_found_again(node: Node, token: str) -> None:
    assert (await sent(node, token, find(ANNA), *gets("Observation"))).json()["entry"][1]["resource"]["total"] == 6


@pytest.mark.parametrize(
    ("entries", "statuses"),
    [
        ([*gets("Patient"), find(ANNA)], ["200", "405"]),
        ([find(ANNA), find(ANNA)], ["200", "405"]),
        ([find(ANNA), find(BEA), *gets("Patient")], ["200", "405", "200"]),
        ([find(ANNA, resourceType="Patient")], ["400"]),
        ([find(ANNA, parameter=[])], ["400"]),
        ([find(ANNA, parameter="x")], ["400"]),
        ([find(ANNA, parameter=[{"name": "identifier", "valueUri": ANNA}])], ["400"]),
        ([find(ANNA, parameter=[{"name": "identifier", "valueString": f"{BSN}|{ANNA}"}] * 2)], ["400"]),
        ([find(ANNA, parameter=[{"name": "identifier", "valueString": f"{BSN}|{ANNA},{BSN}|{BEA}"}])], ["400"]),
        ([find(ANNA, parameter=[{"name": "identifier", "valueString": ANNA}])], ["400"]),
        ([find(ANNA, parameter=[{"name": "birthdate", "valueString": "1990"}])], ["400"]),
        ([find(ANNA, parameter=[{"name": "identifier", "valueString": f"{BSN}|{ANNA}", "part": []}])], ["400"]),
        ([{"request": {"method": "POST", "url": "Patient/_search"}}], ["400"]),
        ([{**find(ANNA), "request": {"method": "GET", "url": "Patient/_search"}}], ["400"]),
        ([{**find(ANNA), "request": {"method": "POST", "url": "Observation/_search"}}], ["405"]),
        ([{**find(ANNA), "request": {"method": "POST", "url": f"Patient/_search?identifier={BSN}|{ANNA}"}}], ["405"]),
        (gets(f"Patient?identifier={BSN}|{ANNA}", f"Patient/_search?identifier={BSN}|{ANNA}"), ["400", "404"]),
    ],
)
async def test_only_the_first_entry_finds_a_client_and_only_in_one_way(
    node: Node, entries: list[dict[str, object]], statuses: list[str]
) -> None:
    answer = await sent(node, node.token(), *entries)
    assert [e["response"]["status"] for e in answer.json()["entry"]] == statuses
    refused = [e["resource"] for e in answer.json()["entry"] if e["response"]["status"] != "200"]
    assert ANNA not in json.dumps(refused) and BEA not in json.dumps(refused)


async def test_after_a_search_that_is_not_understood_nothing_of_the_batch_is_answered_from_the_token(
    node: Node, token: str
) -> None:
    wrong = find(ANNA, parameter=[{"name": "identifier", "valueString": ANNA}])
    for first in (wrong, find(ANNA, resourceType="Patient")):
        found = (await sent(node, token, first, *gets("Observation"))).json()["entry"]
        assert found[0]["response"]["status"] == "400" and found[1]["resource"]["total"] == 0


async def test_a_batch_that_finds_her_is_bounded_as_any_other(node: Node) -> None:
    assert (await sent(node, node.token(), find(ANNA), *gets(*["Patient"] * MAX_ENTRIES))).status == 413
    assert (await sent(node, node.token(), find("9" * MAX_BATCH))).status == 413
    many = [{"name": "_count", "valueString": "1"}] * 100
    assert (await sent(node, node.token(), find(ANNA, parameter=many))).json()["entry"][0]["response"][
        "status"
    ] == "400"
    assert node.log == []


async def test_no_number_of_hers_is_in_what_the_log_is_told_of_the_request(node: Node) -> None:
    await sent(node, node.token(), find(ANNA), *gets("Patient"))
    assert [h.wire.text for h in node.log] == ["Patient?", "Patient?"]


async def test_a_fault_in_the_log_yields_nothing_of_it(node: Node) -> None:
    node.log_fault = AuditFault("disk")
    answer = await sent(node, node.token(), find(ANNA), *gets("Patient"))
    assert answer.status == 503 and b"De Vries" not in answer.body


async def test_who_looks_for_too_many_clients_waits_and_nothing_of_the_batch_is_answered(node: Node) -> None:
    api = SourceApi(node.door, node.gate, BASE, rates=Rates(1e6, 1, 1e6, 1e6, clock=lambda: 0.0))
    content = json.dumps({"resourceType": "Bundle", "type": "batch", "entry": [find(ANNA), *gets("Patient")]}).encode()
    headers = {"authorization": f"Bearer {node.token()}", **JSON}
    answers = [await ask(api, "POST", "/fhir/stu3", headers, content) for _ in range(2)]
    assert [one.status for one in answers] == [200, 429] and "retry-after" in answers[1].headers
    assert len(node.log) == 2


async def test_it_may_come_in_xml(node: Node) -> None:
    content = (
        '<Bundle xmlns="http://hl7.org/fhir"><type value="batch"/><entry><resource><Parameters><parameter>'
        f'<name value="identifier"/><valueString value="{BSN}|{ANNA}"/></parameter></Parameters></resource>'
        '<request><method value="POST"/><url value="Patient/_search"/></request></entry>'
        '<entry><request><method value="GET"/><url value="Observation"/></request></entry></Bundle>'
    )
    answer = await node.post("/", content, node.token(), **{"content-type": "application/fhir+xml"})
    assert [entry["resource"]["total"] for entry in answer.json()["entry"]] == [1, 6]


async def test_metadata_tells_of_it(node: Node) -> None:
    (rest,) = (await ask(node.api, "GET", "/fhir/stu3/metadata")).json()["rest"]
    (batch,) = rest["interaction"]
    assert batch["code"] == "batch" and "POST Patient/_search" in batch["documentation"]

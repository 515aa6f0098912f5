"""The source API says no in one way per reason, repeats nothing that was sent, and ignores nothing it does not know."""

from __future__ import annotations

import pytest

from babyconnect.birthcare.identifiers import passes_eleven_check
from tests.spec.api.conftest import ANNA
from tests.support.asgi import Response, ask
from tests.support.node import Node

BSN = "http://fhir.nl/fhir/NamingSystem/bsn"


def code(answer: Response) -> tuple[int, str]:
    outcome = answer.json()
    assert outcome["resourceType"] == "OperationOutcome"
    return answer.status, outcome["issue"][0]["code"]


@pytest.mark.parametrize(
    "query",
    [
        "colour=red",
        "context=EpisodeOfCare/anna-episode&_sort=date",
        "code:text=x",
        "code:exact=x",
        "patient=anna",
        "subject=Patient/anna",
        "_include=Observation:subject",
        "_include=Encounter:practitioner",
        "_revinclude=Observation:context",
        "context:Patient.identifier=x",
        "context:Encounter.nothing=x",
        "_summary=count",
        "_has:Observation:context:code=x",
    ],
)
async def test_an_unknown_parameter_is_refused_not_ignored(node: Node, token: str, query: str) -> None:
    assert code(await node.get(f"/Observation?{query}", token)) == (400, "not-supported")


@pytest.mark.parametrize(
    "query",
    [
        "date=gisteren",
        "date=2026-13",
        "context=Patient/anna",
        "context=../x",
        "context=",
        "code=",
        "_count=0",
        "_count=-1",
        "_count=٣",
        "_id=a/b",
        "_after=" + "x" * 65,
    ],
)
async def test_a_value_of_the_wrong_kind_is_refused(node: Node, token: str, query: str) -> None:
    assert code(await node.get(f"/Observation?{query}", token)) == (400, "value")


@pytest.mark.parametrize(
    "url",
    [f"/Patient?identifier={BSN}|{ANNA}", f"/Patient?%69dentifier={ANNA}", f"/Patient?identifier:exact={ANNA}"],
)
async def test_a_bsn_in_a_url_is_refused_and_not_repeated(node: Node, token: str, url: str) -> None:
    answer = await node.get(url, token)
    assert code(answer) == (400, "security") and ANNA.encode() not in answer.body
    assert all(ANNA not in happening.wire.text for happening in node.log)


@pytest.mark.parametrize(
    "url",
    [
        f"/Patient/{ANNA}",
        f"/Patient/{ANNA}/_history",
        f"/Patient/{ANNA}/_history/1",
        f"/Patient?_id={ANNA}",
        f"/Patient?_after={ANNA}",
        f"/Observation?context=Encounter/{ANNA}",
        f"/Observation?context={ANNA}",
    ],
)
async def test_a_bsn_where_an_id_stands_reaches_neither_log_nor_answer(node: Node, token: str, url: str) -> None:
    assert passes_eleven_check(ANNA)
    answer = await node.get(url, token)
    assert answer.status in (400, 404) and ANNA.encode() not in answer.body
    assert all(ANNA not in happening.wire.text for happening in node.log)


async def test_a_bsn_in_the_url_of_a_post_is_refused_as_well(node: Node) -> None:
    answer = await node.post(f"/Patient/_search?identifier={BSN}|{ANNA}", "", node.token())
    assert code(answer) == (400, "security")


@pytest.mark.parametrize("value", [f"{BSN}|999900730,{BSN}|999901552", "999900730", "|999900730", f"{BSN}|"])
async def test_one_identifier_with_its_system_or_nothing(node: Node, value: str) -> None:
    answer = await node.post("/Patient/_search", f"identifier={value}", node.token())
    assert answer.status == 400 and not any(passes_eleven_check(word) for word in answer.body.decode().split())


@pytest.mark.parametrize(
    ("header", "said"),
    [(None, "Bearer, DPoP "), ("Bearer", "Bearer, DPoP "), ("Basic YTpi", "Bearer, DPoP "),
     ("Bearer wrong", 'Bearer error="invalid_token", DPoP error="invalid_token", ')],
)  # fmt: skip
async def test_without_a_valid_token_nothing_is_answered(node: Node, header: str | None, said: str) -> None:
    answer = await ask(node.api, "GET", "/fhir/stu3/Patient", {"authorization": header} if header else {})
    assert code(answer) == (401, "login") and answer.headers["www-authenticate"].startswith(said)


async def test_a_token_in_the_url_is_no_token(node: Node, token: str) -> None:
    answer = await ask(node.api, "GET", f"/fhir/stu3/Patient?access_token={token}")
    assert answer.status == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/Patient/anna"),
        ("DELETE", "/Patient/anna"),
        ("POST", "/Patient"),
        ("GET", ""),
        ("GET", "/Patient/_search"),
    ],
)
async def test_methods_that_are_not_offered(node: Node, token: str, method: str, path: str) -> None:
    answer = await ask(node.api, method, f"/fhir/stu3{path}", {"authorization": f"Bearer {token}"})
    assert answer.status == 405 and answer.headers["allow"] in ("GET", "POST")


@pytest.mark.parametrize(
    "path",
    [
        "/Practitioner",
        "/Organization",
        "/Unknown",
        "/patient",
        "/Patient/anna/$everything",
        "/Patient/anna/_history/x",
        "/_history",
    ],
)
async def test_interactions_that_are_not_offered(node: Node, token: str, path: str) -> None:
    assert (await node.get(path, token)).status == 404


async def test_media_types_that_are_not_spoken(node: Node, token: str) -> None:
    assert (await node.get("/Patient", token, accept="text/turtle")).status == 406
    assert (await node.get("/Patient?_format=html", token)).status == 406
    answer = await node.post("/Patient/_search", "{}", token, **{"content-type": "application/json"})
    assert answer.status == 415


async def test_a_body_over_the_limit_is_refused(node: Node, token: str) -> None:
    assert (await node.post("/Observation/_search", "code=" + "x" * 20_000, token)).status == 413


async def test_a_body_that_lies_about_its_length_is_refused(node: Node, token: str) -> None:
    answer = await node.post("/Observation/_search", "code=" + "x" * 20_000, token, **{"content-length": "9"})
    assert answer.status == 413


async def test_a_refusal_is_written_in_the_form_that_was_asked(node: Node, token: str) -> None:
    answer = await node.get("/Observation?colour=red", token, accept="application/fhir+xml")
    assert answer.status == 400 and b"<OperationOutcome" in answer.body

"""Reading by id, versions, histories, batches, and what the API says of itself."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from lxml import etree

from babyconnect import definitions
from babyconnect.api.batch import MAX_ENTRIES
from babyconnect.fhir.search_names import parameters, types
from tests.spec.api.conftest import ANNA
from tests.support.asgi import ask
from tests.support.material import woman
from tests.support.node import BASE, NOW, Node

JSON = {"content-type": "application/fhir+json"}


def batch(*urls: str, method: str = "GET") -> str:
    entries = [{"request": {"method": method, "url": url}} for url in urls]
    return json.dumps({"resourceType": "Bundle", "type": "batch", "entry": entries})


async def test_a_read_tells_version_and_moment_in_headers_and_body(node: Node, token: str) -> None:
    answer = await node.get("/Patient/anna", token)
    assert (answer.status, answer.headers["etag"]) == (200, 'W/"1"')
    assert answer.headers["last-modified"] == "Wed, 01 Apr 2026 09:00:00 GMT"
    assert answer.json()["meta"]["versionId"] == "1"


async def test_a_provider_is_read_by_id(node: Node, token: str) -> None:
    assert (await node.get("/Organization/practice", token)).json()["resourceType"] == "Organization"


async def test_versions_and_history(node: Node, token: str) -> None:
    await node.publish(woman("anna", ANNA, name="Bakker"), moment=NOW + dt.timedelta(hours=1))
    first, second = [(await node.get(f"/Patient/anna/_history/{n}", token)).json() for n in (1, 2)]
    assert (first["name"][0]["family"], second["name"][0]["family"]) == ("De Vries", "Bakker")
    assert (await node.get("/Patient/anna/_history/3", token)).status == 404
    history = (await node.get("/Patient/anna/_history", token)).json()
    assert history["type"] == "history" and history["total"] == 2
    assert [e["resource"]["meta"]["versionId"] for e in history["entry"]] == ["2", "1"]
    assert [e["request"]["method"] for e in history["entry"]] == ["PUT", "POST"]


async def test_history_in_xml_says_the_same(node: Node, token: str) -> None:
    answer = await node.get("/Patient/anna/_history?_format=application/fhir+xml", token)
    root = etree.fromstring(answer.body)
    assert root.tag == "{http://hl7.org/fhir}Bundle"
    assert len(root.findall("{*}entry/{*}resource/{*}Patient")) == 1


async def test_a_batch_carries_a_whole_consult_in_one_round_trip(node: Node, token: str) -> None:
    searches = [
        "Patient",
        "EpisodeOfCare?type=http://snomed.info/sct|364320009",
        "Observation?context=anna-episode",
        "Observation?x=1",
    ]
    urls = [*searches, "Patient/anna", "Patient/none"]
    answer = await node.post("/", batch(*urls), token, **JSON)
    bundle = answer.json()
    assert bundle["type"] == "batch-response"
    assert [e["response"]["status"] for e in bundle["entry"]] == ["200", "200", "200", "400", "200", "404"]
    alone = [(await node.get(f"/{url}", token)).json() for url in urls]
    assert [e["resource"] for e in bundle["entry"]] == alone


async def test_a_batch_in_xml_is_answered_in_xml(node: Node, token: str) -> None:
    content = (
        '<Bundle xmlns="http://hl7.org/fhir"><type value="batch"/><entry><request><method value="GET"/>'
        '<url value="Observation?context=EpisodeOfCare/anna-episode"/></request></entry></Bundle>'
    )
    headers = {"content-type": "application/fhir+xml", "accept": "application/fhir+xml"}
    answer = await node.post("/", content, token, **headers)
    root = etree.fromstring(answer.body)
    assert len(root.findall("{*}entry/{*}resource/{*}Bundle/{*}entry")) == 5


async def test_each_entry_of_a_batch_is_an_event_of_its_own(node: Node, token: str) -> None:
    before = len(node.log)
    await node.post("/", batch("Patient", "Observation", "Patient/none"), token, **JSON)
    assert [h.wire.text for h in node.log[before:]] == ["Patient?", "Observation?", "Patient/none"]


@pytest.mark.parametrize(
    ("entry", "status"),
    [
        ({"request": {"method": "POST", "url": "Observation/_search"}}, "405"),
        ({"request": {"method": "DELETE", "url": "Patient/anna"}}, "405"),
        ({"request": {"method": "GET", "url": "https://elsewhere.test/Patient"}}, "400"),
        ({"request": {"method": "GET", "url": "Patient"}, "resource": {"resourceType": "Patient"}}, "400"),
        ({"request": {"method": "GET", "url": f"Patient?identifier=x|{ANNA}"}}, "400"),
        ({"request": {"method": "GET", "url": ""}}, "400"),
        ({"request": {"method": "GET", "url": "Patient?_format=xml"}}, "404"),
        ({}, "400"),
    ],
)
async def test_a_batch_holds_gets_only(node: Node, token: str, entry: dict[str, object], status: str) -> None:
    content = json.dumps({"resourceType": "Bundle", "type": "batch", "entry": [entry]})
    (answered,) = (await node.post("/", content, token, **JSON)).json()["entry"]
    assert answered["response"]["status"] == status
    assert answered["resource"]["resourceType"] == "OperationOutcome" and ANNA not in str(answered)


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{", '{"resourceType":"Patient"}', '{"resourceType":"Bundle","type":"transaction"}',
     '{"resourceType":"Bundle","type":"batch","entry":{}}', '{"resourceType":"Bundle","type":"batch","entry":[1]}',
     "[" * 5000],
)  # fmt: skip
async def test_what_is_no_batch_is_refused(node: Node, token: str, content: str) -> None:
    assert (await node.post("/", content, token, **JSON)).status == 400


async def test_a_batch_is_bounded(node: Node, token: str) -> None:
    answer = await node.post("/", batch(*["Patient"] * (MAX_ENTRIES + 1)), token, **JSON)
    assert answer.status == 413


async def test_metadata_says_what_the_api_does_and_needs_no_token(node: Node) -> None:
    answer = await ask(node.api, "GET", "/fhir/stu3/metadata")
    statement = answer.json()
    assert statement["fhirVersion"] == "3.0.2" and statement["implementation"]["url"] == BASE
    (rest,) = statement["rest"]
    searched = {r["type"]: r for r in rest["resource"] if {"code": "search-type"} in r["interaction"]}
    assert set(searched) == set(types())


async def test_every_parameter_that_metadata_names_is_accepted(node: Node, token: str) -> None:
    value = {"token": "x", "date": "2026", "reference": "x"}
    (rest,) = (await ask(node.api, "GET", "/fhir/stu3/metadata")).json()["rest"]
    for resource in rest["resource"]:
        for parameter in resource.get("searchParam", ()):
            text = f"{parameter['name']}={value[parameter['type']]}"
            if parameter["name"] == "identifier":
                answer = await node.post(f"/{resource['type']}/_search", "identifier=s|x", token)
            else:
                answer = await node.get(f"/{resource['type']}?{text}", token)
            assert answer.status == 200, (resource["type"], text)
        for include in resource.get("searchInclude", ()):
            assert (await node.get(f"/{resource['type']}?_include={include}", token)).status == 200


async def test_metadata_in_xml(node: Node) -> None:
    answer = await ask(node.api, "GET", "/fhir/stu3/metadata", {"accept": "application/fhir+xml"})
    assert etree.fromstring(answer.body).tag == "{http://hl7.org/fhir}CapabilityStatement"


def test_the_table_of_parameters_agrees_with_the_base_standard() -> None:
    """Name and type of every row are HL7's own (`stu3_search_parameters.json`), except the two of every resource and
    those that Nictiz published or MedMij searches by."""
    dutch = ("Nictiz-STU3-Zib2017", "MedMij")
    official = {
        (p["base"], p["code"]): p["type"] for p in definitions.document("stu3_search_parameters.json")["parameters"]
    }
    for type in types():
        for parameter in parameters(type).values():
            if not parameter.name.startswith("_") and not parameter.citation.startswith(dutch):
                assert official.get((type, parameter.name)) == parameter.kind, (type, parameter.name)

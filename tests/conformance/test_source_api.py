"""The source API under the searches and rules of the published test scripts, with the published records.

Searches and rules: Nictiz TestScripts `geboortezorg-2/XIS-Server` and `geboortezorg-3-0-nts/XIS-Server`; what is
expected is counted in the published files themselves, by lxml, not by our own reading of them.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from lxml import etree

from babyconnect.birthcare.access import Consent
from babyconnect.fhir import xml
from babyconnect.fhir.search_index import index
from babyconnect.flows.publish import Input, PublishingNode, publish
from babyconnect.trust.relation import enrolment
from tests.support.asgi import Response
from tests.support.needs import nictiz
from tests.support.node import BASE, HOLDER, Node

CASES = [
    "Echo-Casus1",
    "Kraam-Casus1",
    "VLK-basis-1-V1_actieve_zwschap",
    "VLK-basis-3A-V2_meerling_1elijn",
    "VLK-basis-3B-V2_meerling_2elijn",
    "Verloskunde-Casus1",
    "Verloskunde-Casus2",
]
EPISODE = (
    "EpisodeOfCare?type=http://snomed.info/sct|364320009"
    "&_include=EpisodeOfCare:organization&_include=EpisodeOfCare:care-manager"
)
PROCEDURES = "Procedure?context={e}&_include=Procedure:performer&_include=Procedure:based-on"
BY_CONTEXT = ("Condition", "Observation", "CareTeam", "DiagnosticReport", "ReferralRequest", "Procedure")
SEARCHES = [
    "Patient",
    EPISODE,
    "Condition?context={e}",
    "Encounter?episodeofcare={e}&_include=Encounter:practitioner",
    "Observation?context={e}",
    "Observation?context:Encounter.episodeofcare={e}",
    PROCEDURES,
    "Coverage",
    "CareTeam?context={e}",
    "DeviceUseStatement?_include=DeviceUseStatement:device",
    "FamilyMemberHistory",
    "RelatedPerson",
    "DiagnosticReport?context={e}",
    "ReferralRequest?context={e}",
    "Consent",
    "ClinicalImpression",
    "AllergyIntolerance",
    "Condition?context:Encounter.episodeofcare={e}",
]
LACKS_A_DISPLAY = {("urn:oid:2.16.840.1.113883.2.4.6.7", "0800")}
"""What the published records themselves leave without display or text: an AGB care type, in Verloskunde-Casus1."""
F = {"f": "http://hl7.org/fhir"}


@dataclass
class Served:
    """A published case, published into a node, and a token bound to its client who allows everything."""

    node: Node
    token: str
    folder: Path

    async def episode(self) -> str:
        (entry,) = [e for e in (await self.get(EPISODE)).json()["entry"] if e["search"]["mode"] == "match"]
        return str(entry["resource"]["id"])

    async def get(self, search: str, accept: str = "application/fhir+json") -> Response:
        return await self.node.get(f"/{search}", self.token, accept=accept)

    def files(self) -> list[Any]:
        return [etree.parse(path).getroot() for path in sorted(self.folder.glob("*.xml"))]


@pytest.fixture(params=CASES)
async def served(request: pytest.FixtureRequest) -> Served:
    folder = nictiz() / "testscripts" / "geboortezorg-3-0-nts" / "_reference" / request.param
    node = Node()
    day = node.now.date()
    publishing = PublishingNode(
        node.store.writer, b"k" * 32, f"urn:babyconnect:ura:{HOLDER.ura}", index, node._moment, dates={"T": day}
    )
    report = await publish([Input(request.param, path=folder)], publishing)
    client = report.inputs[-1].client
    assert client, report.text()
    everything = frozenset({"safety", "abortion", "hiv-sti", "substance-use", "mental-health", "genetics"})
    node.consents[client] = (
        Consent(id="all", permit=True, actor="ura:00000002"),
        Consent(id="shielded", permit=True, actor="ura:00000002", groups=everything),
    )
    # Some fixtures' pregnancies ended long ago: she is still enrolled with the holder.
    node.enrolments = (enrolment("enrolled", dt.date(2020, 1, 1)),)
    token = node.token()
    session = node.sessions.get(token)
    assert session is not None
    episodes = await node.store.open_reader().episodes_of(client)
    node.sessions.bind(session, client, frozenset(str(e["id"]) for e in episodes))
    return Served(node, token, folder)


def entries(bundle: dict[str, Any], mode: str) -> list[dict[str, Any]]:
    return [e for e in bundle.get("entry", []) if e["search"]["mode"] == mode]


async def test_each_search_finds_as_many_as_the_published_files_hold(served: Served) -> None:
    files, episode = served.files(), await served.episode()
    encounters = {f"Encounter/{f.find('f:id', F).get('value')}" for f in files if f.tag.endswith("}Encounter")}
    for type in BY_CONTEXT:
        mine = [f for f in files if f.tag == f"{{http://hl7.org/fhir}}{type}"]
        contexts = [c.get("value") for f in mine for c in f.findall("f:context/f:reference", F)]
        found = (await served.get(f"{type}?context=EpisodeOfCare/{episode}")).json()
        assert found["total"] == sum(1 for c in contexts if c.startswith("EpisodeOfCare/")), type
        if type in ("Observation", "Condition"):
            chained = (await served.get(f"{type}?context:Encounter.episodeofcare=EpisodeOfCare/{episode}")).json()
            assert chained["total"] == sum(1 for c in contexts if c in encounters), type
    for type in ("Patient", "Encounter", "RelatedPerson", "Coverage", "Consent", "EpisodeOfCare"):
        held = sum(1 for f in files if f.tag == f"{{http://hl7.org/fhir}}{type}")
        assert (await served.get(type)).json()["total"] == held, type


async def test_every_answer_obeys_the_rules_of_the_scripts(served: Served) -> None:
    episode = f"EpisodeOfCare/{await served.episode()}"
    for search in SEARCHES:
        asked = search.format(e=episode)
        bundle = (await served.get(asked)).json()
        assert bundle["resourceType"] == "Bundle" and bundle["type"] == "searchset"
        (link,) = [link["url"] for link in bundle["link"] if link["relation"] == "self"]
        assert sorted(parse_qsl(urlsplit(link).query)) == sorted(parse_qsl(urlsplit(asked).query))
        assert bundle["total"] <= len(entries(bundle, "match"))
        for entry in bundle.get("entry", []):
            resource = entry["resource"]
            assert entry["fullUrl"] == f"{BASE}/{resource['resourceType']}/{resource['id']}"
            assert resource["meta"]["profile"]
            assert _objections(resource) == [], (resource["resourceType"], resource["id"])


def _objections(node: Any) -> list[str]:
    """What the scripts would object to below a node: references, codings, concepts and identifiers that lack parts."""
    if isinstance(node, list):
        return [one for child in node for one in _objections(child)]
    if not isinstance(node, dict):
        return []
    said = [one for key, child in node.items() if key != "text" for one in _objections(child)]
    if isinstance(node.get("reference"), str) and not node.get("display"):
        said.append(f"no display: {node['reference']}")
    for coding in node.get("coding", ()):
        if not (coding.get("system") and coding.get("code")):
            said.append(f"no system or code: {coding}")
    concepts = {(coding.get("system"), coding.get("code")) for coding in node.get("coding", ())}
    named = "text" in node or "extension" in node or any("display" in c for c in node.get("coding", ()))
    if concepts - LACKS_A_DISPLAY and not named:
        said.append(f"neither display nor text: {node['coding']}")
    for identifier in node.get("identifier", ()) if isinstance(node.get("identifier"), list) else ():
        if not (identifier.keys() & {"value", "_value", "extension"}):
            said.append("an identifier without a value")
    return said


async def test_includes_bring_providers_with_who_they_belong_to(served: Served) -> None:
    bundle = (await served.get(EPISODE)).json()
    (episode,) = entries(bundle, "match")
    wanted = [episode["resource"].get("managingOrganization"), episode["resource"].get("careManager")]
    brought = {f"{e['resource']['resourceType']}/{e['resource']['id']}" for e in entries(bundle, "include")}
    assert {reference["reference"] for reference in wanted if reference} <= brought


async def test_xml_and_json_hold_the_same_resources(served: Served) -> None:
    episode = f"EpisodeOfCare/{await served.episode()}"
    for search in ("Patient", EPISODE, "Observation?context={e}", PROCEDURES):
        asked = search.format(e=episode)
        in_json = (await served.get(asked)).json()
        answer = await served.get(asked, "application/fhir+xml")
        read_back = xml.to_json(answer.body)
        assert [e["fullUrl"] for e in read_back["entry"]] == [e["fullUrl"] for e in in_json["entry"]]
        for ours, theirs in zip(read_back["entry"], in_json["entry"], strict=True):
            assert _numbers(ours["resource"]) == _numbers(theirs["resource"])


def _numbers(node: Any) -> Any:
    """The same with every number as text-free float: JSON read by orjson has no decimals of its own."""
    if isinstance(node, dict):
        return {k: _numbers(v) for k, v in node.items()}
    if isinstance(node, list):
        return [_numbers(v) for v in node]
    return node if isinstance(node, str | bool) or node is None else float(node)

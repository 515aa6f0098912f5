"""The source API answers exactly the searches of the published scripts, with what every script demands of a server."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from lxml import etree

from tests.spec.api.conftest import ANNA
from tests.support.node import BASE, Node

EPISODES = (
    "/EpisodeOfCare?type=http://snomed.info/sct|364320009&status=active"
    "&_include=EpisodeOfCare:organization&_include=EpisodeOfCare:care-manager"
)
Entries = list[dict[str, dict[str, str]]]


def ids(bundle: dict[str, Entries], mode: str = "match") -> list[str]:
    return [e["resource"]["id"] for e in bundle.get("entry", []) if e["search"]["mode"] == mode]


async def test_she_is_found_by_her_bsn_in_the_body_of_a_post(node: Node) -> None:
    answer = await node.find(ANNA, node.token())
    assert (answer.status, ids(answer.json())) == (200, ["anna"])


async def test_a_bare_patient_search_gives_the_client_of_the_token(node: Node, token: str) -> None:
    assert ids((await node.get("/Patient", token)).json()) == ["anna"]


async def test_her_episode_comes_with_organisation_and_care_manager(node: Node, token: str) -> None:
    bundle = (await node.get(EPISODES, token)).json()
    assert ids(bundle) == ["anna-episode"]
    assert ids(bundle, "include") == ["practice", "midwife"]
    assert bundle["total"] == 1


@pytest.mark.parametrize(
    "context", ["EpisodeOfCare/anna-episode", "anna-episode", f"{BASE}/EpisodeOfCare/anna-episode"]
)
async def test_context_takes_a_reference_a_bare_id_and_our_own_address(node: Node, token: str, context: str) -> None:
    assert ids((await node.get(f"/Observation?context={context}", token)).json()) == ["o0", "o1", "o2", "o3", "o4"]


async def test_a_comma_means_or(node: Node, token: str) -> None:
    found = await node.get("/Observation?context=EpisodeOfCare/anna-episode,Encounter/visit1", token)
    assert ids(found.json()) == ["o0", "o1", "o2", "o3", "o4", "v1"]


async def test_two_parameters_mean_and(node: Node, token: str) -> None:
    found = await node.get("/Observation?context=EpisodeOfCare/anna-episode&_id=o1,v1", token)
    assert ids(found.json()) == ["o1"]


@pytest.mark.parametrize("name", ["context:Encounter.episodeofcare", "context.episodeofcare"])
@pytest.mark.parametrize("value", ["EpisodeOfCare/anna-episode", "anna-episode"])
async def test_observations_of_her_encounters_are_found_by_a_chain(
    node: Node, token: str, name: str, value: str
) -> None:
    assert ids((await node.get(f"/Observation?{name}={value}", token)).json()) == ["v1"]


async def test_encounters_are_found_by_episode(node: Node, token: str) -> None:
    found = await node.get("/Encounter?episodeofcare=EpisodeOfCare/anna-episode&_include=Encounter:practitioner", token)
    assert ids(found.json()) == ["visit1"]


async def test_get_and_post_answer_the_same(node: Node, token: str) -> None:
    got = await node.get("/Observation?context=EpisodeOfCare/anna-episode", token)
    posted = await node.post("/Observation/_search", "context=EpisodeOfCare/anna-episode", token)
    assert got.json() == posted.json()


async def test_the_self_link_repeats_every_parameter(node: Node, token: str) -> None:
    (link,) = (await node.get(EPISODES, token)).json()["link"]
    parts = urlsplit(link["url"])
    assert link["relation"] == "self" and link["url"].startswith(f"{BASE}/EpisodeOfCare?")
    assert sorted(parse_qsl(parts.query)) == sorted(parse_qsl(urlsplit(EPISODES).query))


async def test_the_self_link_never_repeats_an_identifier(node: Node) -> None:
    answer = await node.find(ANNA, node.token())
    assert [link["url"] for link in answer.json()["link"]] == [f"{BASE}/Patient"]


async def test_a_full_url_is_absolute_and_ends_in_the_id(node: Node, token: str) -> None:
    bundle = (await node.get(EPISODES, token)).json()
    for entry in bundle["entry"]:
        resource = entry["resource"]
        assert entry["fullUrl"] == f"{BASE}/{resource['resourceType']}/{resource['id']}"


async def test_json_and_xml_say_the_same(node: Node, token: str) -> None:
    bundle = (await node.get(EPISODES, token)).json()
    answer = await node.get(EPISODES, token, accept="application/fhir+xml")
    assert answer.headers["content-type"].startswith("application/fhir+xml")
    root = etree.fromstring(answer.body)
    fhir = {"f": "http://hl7.org/fhir"}
    assert [u.get("value") for u in root.findall("f:entry/f:fullUrl", fhir)] == [e["fullUrl"] for e in bundle["entry"]]
    assert [m.get("value") for m in root.findall("f:entry/f:search/f:mode", fhir)] == ["match", "include", "include"]
    assert root.find("f:total", fhir).get("value") == "1"  # type: ignore[union-attr]
    assert root.find("f:link/f:url", fhir).get("value") == bundle["link"][0]["url"]  # type: ignore[union-attr]


async def test_format_overrules_accept(node: Node, token: str) -> None:
    answer = await node.get("/Patient?_format=xml", token, accept="application/fhir+json")
    assert answer.body.startswith(b"<?xml")


async def test_pages_are_joined_by_next_links_without_loss_or_repetition(node: Node, token: str) -> None:
    url, seen = "/Observation?context=EpisodeOfCare/anna-episode&_count=2", []
    while url:
        bundle = (await node.get(url, token)).json()
        assert "total" not in bundle
        seen.append(ids(bundle))
        following = [link["url"] for link in bundle["link"] if link["relation"] == "next"]
        url = following[0].removeprefix(BASE) if following else ""
    assert seen == [["o0", "o1"], ["o2", "o3"], ["o4"]]


async def test_a_page_position_tells_nothing_of_what_is_withheld(node: Node, token: str) -> None:
    bundle = (await node.get("/Observation?_count=6", token)).json()
    assert b"secret" not in str(bundle).encode()
    assert [link["relation"] for link in bundle["link"]] == ["self"]


async def test_a_total_counts_what_this_asker_may_see(node: Node, token: str) -> None:
    bundle = (await node.get("/Observation", token)).json()
    assert bundle["total"] == len(bundle["entry"]) == 6


async def test_a_search_without_matches_has_no_entries(node: Node, token: str) -> None:
    bundle = (await node.get("/Observation?code=http://loinc.org|none", token)).json()
    assert bundle["total"] == 0 and "entry" not in bundle


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("code=364075005", ["o0", "o1", "o2", "o3", "o4", "v1"]),
        ("code=http://snomed.info/sct|364075005&_id=o0", ["o0"]),
        ("code=|364075005", []),
        ("code=http://snomed.info/sct|", ["o0", "o1", "o2", "o3", "o4", "v1"]),
        ("date=2026-02&_id=o0", ["o0"]),
        ("date=ge2026-02-03&_id=o0", ["o0"]),
        ("date=gt2026-02-03", []),
        ("date=lt2026-02-04&_id=o0", ["o0"]),
        ("date=sa2026-02-02&_id=o0", ["o0"]),
        ("status=final,amended&_id=o0", ["o0"]),
        ("_lastUpdated=2026-04-01&_id=o0", ["o0"]),
        ("_lastUpdated=lt2026-04-01", []),
        ("context:Encounter=visit1", ["v1"]),
    ],
)
async def test_tokens_dates_and_references_search_as_fhir_says(
    node: Node, token: str, query: str, found: list[str]
) -> None:
    assert ids((await node.get(f"/Observation?{query}", token)).json()) == found

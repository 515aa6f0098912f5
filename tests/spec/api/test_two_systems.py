"""Another organisation asks about a woman whom two systems of this one know: one client, or nobody."""

from __future__ import annotations

import datetime as dt

import pytest

from babyconnect.birthcare.access import Refused
from babyconnect.birthcare.one_woman import together
from babyconnect.exchange import checks
from babyconnect.fhir import json
from tests.spec.api.conftest import ANNA, consent
from tests.support.material import NOON, encounter, episode, observation, publication, woman
from tests.support.node import Node

JOINED = together(["anna", "echo"])
BOTH = "EpisodeOfCare/anna-episode,EpisodeOfCare/echo-episode"


@pytest.fixture
async def two(node: Node) -> Node:
    """Anna's ultrasound system delivers her too, under its own ids."""
    node.consents[JOINED] = (consent(),)
    scan = observation("echo", "scan", value="van de echo")
    await node.publish(woman("echo", ANNA), episode("echo"), encounter("echo", "echo-visit"), scan)
    return node


async def test_one_search_by_bsn_binds_one_patient_and_the_episodes_of_both(two: Node) -> None:
    token = two.token()
    found = (await two.find(ANNA, token)).json()
    assert [one["resource"]["id"] for one in found["entry"]] == ["anna"] and found["total"] == 1
    listed = (await two.get("/EpisodeOfCare?type=http://snomed.info/sct|364320009&status=active", token)).json()
    assert {one["resource"]["id"] for one in listed["entry"]} == {"anna-episode", "echo-episode"}
    everything = (await two.get(f"/Observation?context={BOTH}", token)).json()
    ids = {one["resource"]["id"] for one in everything["entry"]}
    assert "scan" in ids and "o1" in ids and "secret" not in ids
    (happening,) = [one for one in two.log if one.request is not None][:1]
    assert happening.client == JOINED


async def test_what_comes_back_passes_the_checks_of_our_own_exchange(two: Node) -> None:
    token = two.token()
    urls = ("/Patient", "/EpisodeOfCare", f"/Observation?context={BOTH}", "/Encounter")
    bound = [one["resource"] for one in (await two.find(ANNA, token)).json()["entry"]]
    client = checks.bound_client(bound, ANNA)
    found = [one["resource"] for url in urls for one in (await two.get(url, token)).json()["entry"]]
    kept, left_out = checks.hers(found, str(client), ANNA)
    assert left_out == 0 and len(kept) == len(found)


async def test_a_read_of_the_other_systems_resource_is_about_the_one_patient(two: Node) -> None:
    token = two.token()
    await two.find(ANNA, token)
    read = (await two.get("/Observation/scan", token)).json()
    assert read["subject"]["reference"] == "Patient/anna"
    other = (await two.get("/Patient/echo", token)).json()
    assert [one["other"]["reference"] for one in other["link"]] == ["Patient/anna"]


async def test_a_contradiction_closes_her_and_ends_what_a_token_had_opened(two: Node) -> None:
    token = two.token()
    await two.find(ANNA, token)
    plain = {**woman("echo", ANNA).resource, "birthDate": "1994-05-07"}
    await two.publish(publication(plain, "echo", "patient"), moment=NOON + dt.timedelta(days=1))
    for url in ("/Patient", f"/Observation?context={BOTH}"):
        assert (await two.get(url, token)).json()["total"] == 0
    assert (await two.get("/Observation/scan", token)).status == 404
    again = await two.find(ANNA, two.token())
    assert again.json()["total"] == 0 and two.log[-1].decision == Refused(("client_ambiguous",))


async def test_her_no_is_about_both_systems(two: Node) -> None:
    token = two.token()
    await two.find(ANNA, token)
    two.consents[JOINED] = (consent(permit=False),)
    assert (await two.get(f"/Observation?context={BOTH}", token)).json()["total"] == 0
    assert b"scan" not in json.dumps((await two.find(ANNA, two.token())).json())

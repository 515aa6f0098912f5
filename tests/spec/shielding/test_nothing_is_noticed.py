"""What an asker may notice of a withheld item: nothing, byte for byte (domain §4).

One node keeps a record with a shielded item, its twin the same record without it.  Whatever is asked, the two answer
with the same bytes: counts, paging, includes, chains, errors, validators, histories, ids.
"""

from __future__ import annotations

import re
import secrets

import pytest

from babyconnect.birthcare.access import Consent
from babyconnect.fhir import json
from babyconnect.store import numbering
from tests.support.material import encounter, episode, observation, organisation, practitioner, woman
from tests.support.node import HOSPITAL, Node

BSN = "999900730"
ANNA = "anna"
YES = Consent("c1", True, f"ura:{HOSPITAL.ura}", groups=frozenset({"*"}))
SEARCHES = (
    "Observation",
    "Observation?_count=1",
    "Observation?_count=2",
    "Observation?context=EpisodeOfCare/anna-episode",
    "Observation?context=Encounter/visit-hidden",
    "Observation?context:Encounter.episodeofcare=EpisodeOfCare/anna-episode",
    "Observation?code=http://snomed.info/sct|364075005",
    "Observation?_lastUpdated=ge2026-01-01",
    "Observation?_id=o-hidden",
    "Observation?_id=o-1,o-hidden",
    "Encounter?episodeofcare=EpisodeOfCare/anna-episode&_include=Encounter:practitioner",
    "EpisodeOfCare?_include=EpisodeOfCare:organization",
    "Observation/o-hidden",
    "Observation/never-there",
    "Observation/o-hidden/_history",
    "Observation/o-hidden/_history/1",
    "Encounter/visit-hidden",
    "Observation/o-1",
    "Observation/o-1/_history",
    "Condition",
)


async def _node(hidden: bool) -> tuple[Node, str]:
    node = Node(consents={ANNA: (YES,)})
    shared = [
        organisation("org"),
        practitioner("mw"),
        woman(ANNA, BSN),
        episode(ANNA, organization="org", manager="mw"),
    ]
    plain = [encounter(ANNA, "visit-1"), *(observation(ANNA, f"o-{n}", "Encounter/visit-1") for n in (1, 2, 3))]
    shielded = [
        encounter(ANNA, "visit-hidden", shielded={"abortion"}),
        observation(ANNA, "o-hidden", "Encounter/visit-hidden", shielded={"abortion"}),
        observation(ANNA, "o-in-a-hidden-visit", "Encounter/visit-hidden", shielded={"safety"}),
    ]
    await node.publish(*shared, *plain, *(shielded if hidden else ()))
    token = node.token()
    found = await node.find(BSN, token)
    assert found.status == 200
    return node, token


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize("media", ["application/fhir+json", "application/fhir+xml"])
async def test_a_withheld_item_and_one_that_never_was_answer_with_the_same_bytes(search: str, media: str) -> None:
    answers = []
    for hidden in (True, False):
        node, token = await _node(hidden)
        answer = await node.get(f"/{search}", token, accept=media)
        headers = sorted((k, v) for k, v in answer.headers.items() if k != "date")
        answers.append((answer.status, headers, re.sub(rb"o-hidden", b"ID", answer.body)))
    assert answers[0] == answers[1]


async def test_pages_meet_no_gap_where_something_is_withheld() -> None:
    node, token = await _node(hidden=True)
    seen, url = [], "Observation?_count=1"
    while url:
        page = (await node.get(f"/{url}", token)).json()
        seen += [entry["resource"]["id"] for entry in page.get("entry", ())]
        following = [link["url"] for link in page["link"] if link["relation"] == "next"]
        url = following[0].partition("/stu3/")[2] if following else ""
    assert seen == ["o-1", "o-2", "o-3"]


async def test_numbers_of_versions_do_not_tell_what_lies_before_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbering, "random_below", secrets.randbelow)
    node, token = await _node(hidden=False)
    await node.publish(observation(ANNA, "o-9", shielded={"abortion"}))
    await node.publish(observation(ANNA, "o-9", value="73"))
    shown = await node.get("/Observation/o-9", token)
    fresh = await node.get("/Observation/o-1", token)
    for answer in (shown, fresh):
        assert answer.headers["etag"] == f'W/"{answer.json()["meta"]["versionId"]}"'
    history = (await node.get("/Observation/o-9/_history", token)).json()
    assert history["total"] == len(history["entry"]) == 1
    assert history["entry"][0]["request"]["method"] == "POST", "for all one knows it was the first"


def test_the_first_number_may_be_any(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbering, "random_below", secrets.randbelow)
    first = {numbering.following() for _ in range(200)}
    assert len(first) > 150 and min(first) >= 1 and max(first) <= numbering.SPREAD
    assert all(numbering.following(n) > n for n in first)


async def test_nothing_of_a_withheld_client_differs_from_one_nobody_knows() -> None:
    known, _ = await _node(hidden=True)
    known.consents = {}
    unknown = Node()
    answers = []
    for node in (known, unknown):
        token = node.token()
        found = await node.find(BSN, token)
        after = await node.get("/Observation", token)
        answers.append((found.status, found.body, after.status, after.body))
    assert answers[0] == answers[1]
    assert json.loads(answers[0][1]).get("total") == 0

"""A store releases what the filter allows, by an allow-list: anything unforeseen stays in."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable

import orjson
import pytest

from babyconnect.birthcare.access import Filter
from babyconnect.store.contract import SHARED, Clause, Form, Page, Query, Store
from babyconnect.store.selection import released
from babyconnect.trust.decision import may_release
from tests.support.material import NOON, allowed, encounter, episode, observation, organisation, practitioner, woman

BSN = "999900730"
LATER = NOON + dt.timedelta(hours=1)


def found(page: Page) -> list[str]:
    entries = orjson.loads(b"[" + page.entries[1:].replace(b"\0", b"") + b"]")
    return [entry["fullUrl"] for entry in entries]


async def observations(store: Store, filter: Filter, **query: object) -> list[str]:
    page = await store.open_reader().search(Query("Observation", **query), filter, "json")  # type: ignore[arg-type]
    return [url.removeprefix("Observation/") for url in found(page)]


@pytest.fixture
async def record(store: Store) -> Store:
    await store.writer.publish(
        [
            woman("anna", BSN),
            episode("anna", organization="practice"),
            encounter("anna", "visit"),
            encounter("anna", "hidden-visit", shielded={"safety"}),
            observation("anna", "plain"),
            observation("anna", "lab", group="maternal_lab"),
            observation("anna", "shielded", shielded={"genetics"}),
            observation("anna", "twice-shielded", shielded={"genetics", "safety"}),
            observation("anna", "other-episode", episodes={"anna-earlier"}),
            observation("anna", "both-episodes", episodes={"anna-earlier", "anna-episode"}),
            observation("anna", "no-episode", episodes=()),
            observation("anna", "in-visit", context="Encounter/visit"),
            observation("anna", "in-hidden-visit", context="Encounter/hidden-visit"),
            observation("bea", "of-bea"),
            organisation("practice"),
            practitioner("p1"),
        ],
        [],
        NOON,
    )
    return store


UNSHIELDED = ["both-episodes", "in-hidden-visit", "in-visit", "lab", "no-episode", "plain"]


@pytest.mark.parametrize(
    ("narrower", "expected"),
    [
        ({}, UNSHIELDED),
        ({"groups": ["maternal_lab"]}, ["lab"]),
        ({"groups": []}, []),
        ({"shielded": ["genetics"]}, [*UNSHIELDED, "shielded"]),
        ({"shielded": ["genetics", "safety"]}, [*UNSHIELDED, "shielded", "twice-shielded"]),
        ({"shielded": ["abortion"]}, UNSHIELDED),
        ({"episodes": ["anna-earlier"]}, ["both-episodes", "no-episode", "other-episode"]),
        ({"episodes": []}, ["no-episode"]),
    ],
)
async def test_group_shield_and_episode_must_all_allow(
    record: Store, narrower: dict[str, Iterable[str]], expected: list[str]
) -> None:
    assert await observations(record, allowed("anna", **narrower)) == sorted(expected)


async def test_another_client_is_another_world(record: Store) -> None:
    filter = allowed("bea", episodes=["bea-episode"])
    assert await observations(record, filter) == ["of-bea"]
    assert await record.open_reader().read("Observation", "plain", filter, "json") is None


async def test_the_next_answer_is_by_the_filter_of_the_next_question(record: Store) -> None:
    """Whatever an engine remembers of a question, it must not outlive a change of what is allowed."""
    for _ in range(2):
        assert "lab" in await observations(record, allowed("anna"))
        assert "lab" not in await observations(record, allowed("anna", groups=["prenatal_checks"]))


async def test_the_next_answer_is_of_the_record_as_it_is_then(record: Store) -> None:
    assert await observations(record, allowed("anna")) == UNSHIELDED
    changed = observation("anna", "lab", shielded={"safety"})
    await record.writer.publish([observation("anna", "new"), changed], [], LATER)
    assert await observations(record, allowed("anna")) == sorted({*UNSHIELDED, "new"} - {"lab"})


async def test_a_chain_does_not_lead_through_what_is_withheld(record: Store) -> None:
    clause = Clause("context", ("EpisodeOfCare/anna-episode",), "Encounter", "episodeofcare")
    assert await observations(record, allowed("anna"), clauses=(clause,)) == ["in-visit"]
    open_all = allowed("anna", shielded=["safety"])
    assert await observations(record, open_all, clauses=(clause,)) == ["in-hidden-visit", "in-visit"]


async def test_an_include_does_not_bring_what_is_withheld(record: Store) -> None:
    query = Query("EpisodeOfCare", includes=(("EpisodeOfCare", "organization"),))
    reader = record.open_reader()
    both = found(await reader.search(query, allowed("anna"), "json"))
    assert both == ["EpisodeOfCare/anna-episode", "Organization/practice"]
    without = found(await reader.search(query, allowed("anna", groups=["episode"]), "json"))
    assert without == ["EpisodeOfCare/anna-episode"]


async def test_providers_are_read_by_id_and_never_searched(record: Store) -> None:
    reader = record.open_reader()
    assert await reader.read("Organization", "practice", allowed("anna"), "json") is not None
    for client in ("anna", SHARED):
        page = await reader.search(Query("Organization"), allowed(client), "json")
        assert (page.entries, page.matched) == (b"", 0)


async def test_an_identifier_leads_to_the_client_and_to_nothing_else(record: Store) -> None:
    reader = record.open_reader()
    system = "http://fhir.nl/fhir/NamingSystem/bsn"
    assert await reader.client_of(f"{system}|{BSN}") == ("anna",)
    assert await reader.client_of(BSN) == ()
    assert await reader.client_of(f"{system}|999901552") == ()


async def test_an_identifier_that_is_corrected_no_longer_leads_to_her(record: Store) -> None:
    await record.writer.publish([woman("anna", "999901552")], [], LATER)
    system = "http://fhir.nl/fhir/NamingSystem/bsn"
    assert await record.open_reader().client_of(f"{system}|{BSN}") == ()
    assert await record.open_reader().client_of(f"{system}|999901552") == ("anna",)


async def test_her_episodes_are_known_for_evidence_as_they_are_now(record: Store) -> None:
    reader = record.open_reader()
    assert [e["status"] for e in await reader.episodes_of("anna")] == ["active"]
    await record.writer.publish([episode("anna", status="finished")], [], LATER)
    assert [e["status"] for e in await reader.episodes_of("anna")] == ["finished"]
    assert await reader.episodes_of("nobody") == ()


async def test_the_list_of_clients_has_women_only_page_by_page(record: Store) -> None:
    child = dataclasses.replace(woman("child"), client="anna")
    await record.writer.publish([woman("bea"), child], [], LATER)
    reader = record.open_reader()
    assert [c.id for c in await reader.clients()] == ["anna", "bea"]
    assert [c.id for c in await reader.clients(count=1)] == ["anna"]
    assert [c.id for c in await reader.clients(after="anna")] == ["bea"]
    (anna,) = await reader.clients(count=1)
    assert anna.patient["id"] == "anna" and [e["id"] for e in anna.episodes] == ["anna-episode"]


@pytest.mark.parametrize("form", ["json_masked", "xml_masked"])
async def test_a_masked_rendering_holds_no_bsn_but_the_extension(record: Store, form: Form) -> None:
    reader = record.open_reader()
    patient = await reader.read("Patient", "anna", allowed("anna"), form)
    page = await reader.search(Query("Patient"), allowed("anna"), form)
    assert patient is not None
    for content in (patient.content, page.entries):
        assert BSN.encode() not in content and b"masked" in content and b"data-absent-reason" in content


@pytest.mark.parametrize("form", ["json", "xml"])
async def test_an_unmasked_rendering_has_the_bsn(record: Store, form: Form) -> None:
    patient = await record.open_reader().read("Patient", "anna", allowed("anna"), form)
    assert patient is not None and BSN.encode() in patient.content


async def test_what_holds_no_bsn_is_the_same_masked_or_not(record: Store) -> None:
    reader = record.open_reader()
    pages = [await reader.search(Query("Observation"), allowed("anna"), form) for form in ("json", "json_masked")]
    assert pages[0] == pages[1]


@pytest.mark.parametrize("client", ["anna", "bea"])
@pytest.mark.parametrize("group", ["patient", "unknown"])
@pytest.mark.parametrize("shielded", [(), ("safety",), ("safety", "genetics")])
@pytest.mark.parametrize("episodes", [(), ("anna-episode",), ("other",), ("other", "anna-episode")])
def test_store_and_decision_mean_the_same_by_a_filter(
    client: str, group: str, shielded: tuple[str, ...], episodes: tuple[str, ...]
) -> None:
    for filter in (allowed("anna"), allowed("anna", shielded=["safety"]), allowed("anna", episodes=[])):
        expected = may_release(filter, client, group, shielded, episodes)
        assert released(filter, client, group, shielded, episodes) == expected

"""Records of one organisation that bear one BSN are one client where nothing contradicts, else two."""

from __future__ import annotations

import dataclasses
from typing import Any

import orjson
import pytest

from babyconnect.birthcare.one_woman import JOINED
from babyconnect.store.contract import Clause, Client, Publication, Query, Store
from tests.support.material import NOON, allowed, encounter, episode, observation, publication, woman

NUMBER, OTHERS = "999900730", "999901552"
HERS = f"http://fhir.nl/fhir/NamingSystem/bsn|{NUMBER}"


def patient(id: str, bsn: str = NUMBER, **more: Any) -> Publication:
    made = woman(id, bsn)
    return publication({**made.resource, **more}, id, "patient")


def record(id: str, bsn: str = NUMBER, **more: Any) -> list[Publication]:
    measured = observation(id, f"{id}-o", encounter_or_episode(id))
    return [patient(id, bsn, **more), episode(id), encounter(id, f"{id}-v"), measured]


def encounter_or_episode(id: str) -> str:
    return f"EpisodeOfCare/{id}-episode"


async def publish(store: Store, *records: list[Publication]) -> None:
    for one in records:
        await store.writer.publish(one, [], NOON)


async def client_of(store: Store, identifier: str = HERS) -> str:
    (client,) = await store.open_reader().client_of(identifier)
    return client


async def seen(store: Store, client: str, type: str, *clauses: Clause, form: str = "json") -> list[dict[str, Any]]:
    filter = allowed(client, episodes=["anna-episode", "bea-episode", "cato-episode"])
    page = await store.open_reader().search(Query(type, clauses), filter, form)  # type: ignore[arg-type]
    if form != "json":
        return [{"xml": page.entries}]
    entries = orjson.loads(b"[" + page.entries.replace(b"\0", b"")[1:] + b"]")
    return [one["resource"] for one in entries]


async def ids(store: Store, client: str, type: str = "Observation") -> set[str]:
    return {str(one["id"]) for one in await seen(store, client, type)}


async def test_two_records_with_one_bsn_and_nothing_that_contradicts_are_one_client(store: Store) -> None:
    await publish(store, record("bea"), record("anna"))
    client = await client_of(store)
    assert client.startswith(JOINED)
    for type in ("Observation", "Encounter", "EpisodeOfCare"):
        assert len(await seen(store, client, type)) == 2
    found = {str(one["id"]) for one in await store.open_reader().episodes_of(client)}
    assert found == {"anna-episode", "bea-episode"}


async def test_her_bsn_finds_one_patient_and_all_refers_to_that_one(store: Store) -> None:
    await publish(store, record("bea"), record("anna"))
    client = await client_of(store)
    (herself,) = await seen(store, client, "Patient", Clause("identifier", (HERS,)))
    about = {one["subject"]["reference"] for one in await seen(store, client, "Observation")}
    assert herself["id"] == "anna" and about == {"Patient/anna"}
    read = await store.open_reader().read("Observation", "bea-o", allowed(client, episodes=["bea-episode"]), "xml")
    assert read is not None and b"Patient/anna" in read.content and b"Patient/bea" not in read.content


async def test_what_the_other_patient_says_of_her_is_there_too_and_they_tell_of_each_other(store: Store) -> None:
    await publish(store, record("anna"), record("bea", telecom=[{"system": "phone", "value": "0600000000"}]))
    client = await client_of(store)
    hers = await seen(store, client, "Patient")
    links = {one["id"]: [(x["other"]["reference"], x["type"]) for x in one["link"]] for one in hers}
    assert links == {"anna": [("Patient/bea", "seealso")], "bea": [("Patient/anna", "refer")]}
    other = await store.open_reader().read("Patient", "bea", allowed(client), "json_masked")
    assert other is not None and b"0600000000" in other.content and b"refer" in other.content
    assert NUMBER.encode() not in other.content
    xml = (await seen(store, client, "Patient", form="xml"))[0]["xml"]
    assert xml.count(b"<link>") == 2


async def test_an_include_of_her_patient_gives_the_one_that_all_refers_to(store: Store) -> None:
    pays = {"resourceType": "Coverage", "id": "c", "payor": [{"reference": "Patient/bea", "display": "cliënt"}]}
    await publish(store, record("anna"), [*record("bea"), publication(pays, "bea", "patient")])
    client = await client_of(store)
    query = Query("Coverage", (), (("Coverage", "payor"),))
    page = await store.open_reader().search(query, allowed(client, episodes=["bea-episode"]), "json")
    assert b'Patient/anna","resource"' in page.entries and b'Patient/bea","resource"' not in page.entries


async def test_a_record_of_a_joined_client_is_no_client_by_itself(store: Store) -> None:
    await publish(store, record("anna"), record("bea"))
    for name in ("anna", "bea"):
        assert not await seen(store, name, "Observation") and not await store.open_reader().episodes_of(name)
        assert await store.open_reader().read("Patient", name, allowed(name), "json") is None


async def test_what_comes_later_lies_with_the_rest(store: Store) -> None:
    await publish(store, record("anna"), record("bea"))
    client = await client_of(store)
    await publish(store, [observation("bea", "bea-later", "EpisodeOfCare/bea-episode")])
    assert await client_of(store) == client
    assert await ids(store, client) == {"anna-o", "bea-o", "bea-later"}


CONTRADICTIONS: dict[str, tuple[dict[str, Any], ...]] = {
    "birth_date": ({"birthDate": "1994-05-07"},),
    "birth_date_unknown": ({"birthDate": "1994"}, {"birthDate": None}),
    "family_name": ({"name": [{"family": "Visser"}]},),
    "name_unknown": ({"name": [{"given": ["Lisa"]}]}, {"name": None}),
    "multiple_birth_unknown": ({"multipleBirthBoolean": True},),
}


@pytest.mark.parametrize(("code", "more"), [(code, one) for code, each in CONTRADICTIONS.items() for one in each])
async def test_where_something_contradicts_they_stay_two_and_it_is_told_what(
    store: Store, code: str, more: dict[str, Any]
) -> None:
    changed = patient("bea", **more)
    plain = {name: value for name, value in changed.resource.items() if value is not None}
    await publish(store, record("anna"), [publication(plain, "bea", "patient"), *record("bea")[1:]])
    assert await store.open_reader().client_of(HERS) == ("anna", "bea")
    assert await ids(store, "anna") == {"anna-o"} and await ids(store, "bea") == {"bea-o"}
    for name in ("anna", "bea"):
        assert await store.writer.differing(name) == (code,)
    assert await store.writer.joined(["anna", "bea"]) == {}


async def test_a_correction_parts_them_and_another_joins_them_again(store: Store) -> None:
    await publish(store, record("anna"), record("bea"))
    client = await client_of(store)
    await publish(store, [patient("bea", birthDate="1994-05-07")])
    assert await store.open_reader().client_of(HERS) == ("anna", "bea")
    assert not await seen(store, client, "Observation") and not await store.open_reader().episodes_of(client)
    assert await ids(store, "anna") == {"anna-o"} and await ids(store, "bea") == {"bea-o"}
    (about,) = await seen(store, "bea", "Observation")
    assert about["subject"]["reference"] == "Patient/bea"
    await publish(store, [patient("bea", birthDate="1994-05-06")])
    assert await client_of(store) == client and await ids(store, client) == {"anna-o", "bea-o"}


async def test_another_bsn_takes_a_record_away_and_to_whom_it_belongs(store: Store) -> None:
    await publish(store, record("anna"), record("bea"), record("cato", OTHERS))
    await publish(store, [patient("bea", OTHERS)])
    assert await client_of(store) == "anna" and await ids(store, "anna") == {"anna-o"}
    other = await client_of(store, HERS.replace(NUMBER, OTHERS))
    assert await ids(store, other) == {"bea-o", "cato-o"}


async def test_of_three_any_two_must_agree(store: Store) -> None:
    """Of whom "Lisa" and "Lotte" are, is not known by "L."; with each alone it would be hers."""
    lisa, lotte, initial = ([{"family": "De Vries", "given": [given]}] for given in ("Lisa", "Lotte", "L."))
    await publish(store, record("anna", name=lisa), record("bea", name=initial))
    assert (await client_of(store)).startswith(JOINED)
    await publish(store, record("cato", name=lotte))
    assert await store.open_reader().client_of(HERS) == ("anna", "bea", "cato")


async def test_the_list_of_clients_has_her_once(store: Store) -> None:
    await publish(store, record("anna"), record("bea"), record("cato", OTHERS))
    reader = store.open_reader()
    client = await client_of(store)
    listed: list[Client] = []
    while page := await reader.clients(listed[-1].id if listed else "", 1):
        listed += page
    assert sorted(one.id for one in listed) == sorted(["cato", client])
    hers = next(one for one in listed if one.id == client)
    assert hers.patient["id"] == "anna" and len(hers.episodes) == 2


async def test_a_child_is_found_in_its_own_record_where_its_mothers_speaks_of_it(store: Store) -> None:
    spoken = dataclasses.replace(patient("kind-in-mothers", OTHERS), client="anna")
    await publish(store, [*record("anna"), spoken])
    number = HERS.replace(NUMBER, OTHERS)
    assert await client_of(store, number) == "anna"
    await publish(store, record("cato", OTHERS))
    assert await client_of(store, number) == "cato"
    await publish(store, record("cato", OTHERS, birthDate="1994-05-07"))
    assert await store.open_reader().client_of(number) == ("anna", "cato")


async def test_a_child_stays_found_in_its_own_record_when_its_mother_turns_out_to_have_two(store: Store) -> None:
    number = HERS.replace(NUMBER, OTHERS)
    spoken = dataclasses.replace(patient("kind-in-mothers", OTHERS), client="anna")
    await publish(store, [*record("anna"), spoken], record("cato", OTHERS))
    assert await client_of(store, number) == "cato"
    await publish(store, record("bea"))
    assert (await client_of(store)).startswith(JOINED) and await client_of(store, number) == "cato"
    assert await store.writer.differing("anna") == await store.writer.differing("cato") == ()


async def test_a_child_of_whom_little_is_said_in_its_mothers_record_is_found_in_its_own(store: Store) -> None:
    number = HERS.replace(NUMBER, OTHERS)
    born = {name: value for name, value in patient("newborn", OTHERS).resource.items() if name != "name"}
    spoken = publication({**born, "multipleBirthInteger": 2}, "anna", "patient")
    await publish(store, [*record("anna"), spoken], record("cato", OTHERS))
    assert await client_of(store, number) == "cato" and await store.writer.differing("cato") == ()


async def test_a_number_typed_with_a_child_of_somebody_else_is_told_of_both_records(store: Store) -> None:
    mistyped = dataclasses.replace(patient("kind", NUMBER, birthDate="2026-02-01"), client="cato")
    await publish(store, record("anna"), [*record("cato", OTHERS), mistyped])
    assert await store.open_reader().client_of(HERS) == ("anna", "cato")
    assert await store.writer.differing("anna") == await store.writer.differing("cato") == ("birth_date",)


async def test_a_child_spoken_of_in_two_records_and_with_none_of_its_own_is_told(store: Store) -> None:
    number = HERS.replace(NUMBER, OTHERS)
    spoken = [dataclasses.replace(patient(f"kind-{one}", OTHERS), client=one) for one in ("anna", "cato")]
    await publish(store, [*record("anna"), spoken[0]], [*record("cato", "999901643"), spoken[1]])
    assert await store.open_reader().client_of(number) == ("anna", "cato")
    assert await store.writer.differing("anna") == await store.writer.differing("cato") == ("no_own_record",)


async def test_destroying_her_takes_the_records_of_both_systems(store: Store) -> None:
    await publish(store, record("anna"), record("bea"), record("cato", OTHERS))
    client = await client_of(store)
    assert len(await store.writer.items_of(client)) == 8
    await store.writer.erase_client(client)
    assert await store.open_reader().client_of(HERS) == () and await store.writer.items_of(client) == []
    assert not await seen(store, client, "Observation") and not await ids(store, "anna")
    assert await ids(store, "cato") == {"cato-o"}


async def test_what_must_stay_of_one_record_stays_there(store: Store) -> None:
    await publish(store, record("anna"), record("bea"))
    await store.writer.erase_client(await client_of(store), [("Patient", "bea"), ("Observation", "bea-o")])
    assert await client_of(store) == "bea" and await ids(store, "bea") == {"bea-o"}


async def test_erasing_one_patient_leaves_the_other_record_by_itself(store: Store) -> None:
    await publish(store, record("anna"), record("bea"))
    await store.writer.erase("Patient", "bea")
    assert await client_of(store) == "anna" and await ids(store, "anna") == {"anna-o"}


async def test_her_history_is_hers_under_the_one_name(store: Store) -> None:
    await publish(store, record("anna"), record("bea"), [patient("bea", gender="female")])
    client = await client_of(store)
    versions = await store.open_reader().history("Patient", "bea", allowed(client), "json")
    assert [one.version for one in versions] == sorted((one.version for one in versions), reverse=True)
    assert len(versions) == 2 and all(b"refer" in one.content for one in versions)


async def test_taking_something_back_keeps_it_in_its_own_record(store: Store) -> None:
    await publish(store, record("anna"), record("bea"))
    client = await client_of(store)
    await store.writer.withdraw("Observation", "bea-o", "none", NOON)
    assert await ids(store, client) == {"anna-o"}
    assert await store.writer.known([("Observation", "bea-o")]) == {("Observation", "bea-o"): "bea"}


async def test_her_own_records_are_told_by_any_name_of_hers_and_a_name_of_nobody_has_none(store: Store) -> None:
    await publish(store, record("bea"), record("anna"))
    reader, client = store.open_reader(), await client_of(store)
    assert await reader.records(client) == ("anna", "bea")
    await publish(store, [patient("bea", OTHERS)])
    assert await reader.records(client) == () and await reader.records("anna") == ("anna",)

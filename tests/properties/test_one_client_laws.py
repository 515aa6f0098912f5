"""Laws of joining: whoever delivers first and whatever is corrected, nothing of a contradicting record is shown."""

from __future__ import annotations

import asyncio
import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from babyconnect.birthcare.access import Filter
from babyconnect.birthcare.one_woman import contradictions, facts, together
from babyconnect.store.contract import Publication, Query
from babyconnect.store.memory import MemoryStore
from tests.support.cases import cases
from tests.support.material import ALL_GROUPS, BSN, NOON, observation, publication

IDS, NUMBERS = ("anna", "bea", "cato"), ("999900730", "999901552")
names = st.sampled_from(
    [
        {"family": "De Vries"},
        {"family": "de  VRIES-Bakker", "given": ["J.M."]},
        {"family": "Bakker"},
        {"family": "Visser", "given": ["Els"]},
        {"text": "alleen tekst"},
    ]
)
patients = st.builds(
    lambda id, number, name, born, sex: {
        "resourceType": "Patient",
        "id": id,
        "identifier": [{"system": BSN, "value": number}] if number else [],
        "name": [name],
        **({"birthDate": born} if born else {}),
        **({"gender": sex} if sex else {}),
    },
    st.sampled_from(IDS),
    st.sampled_from([*NUMBERS, NUMBERS[0], None]),
    names,
    st.sampled_from(["1994-05-06", "1994-05-06", "1994-05-06", "1994-06-05", "1994", None]),
    st.sampled_from([None, "female", "male"]),
)
histories = st.lists(patients, min_size=1, max_size=8)


def kept(patient: dict[str, Any]) -> Publication:
    plain = {name: value for name, value in patient.items() if value}
    return publication(plain, str(patient["id"]), "patient")


async def filled(patients: list[dict[str, Any]]) -> MemoryStore:
    store = MemoryStore()
    await store.writer.publish([observation(id, f"{id}-o") for id in IDS], [], NOON)
    for patient in patients:
        await store.writer.publish([kept(patient)], [], NOON)
    return store


async def shown(store: MemoryStore, client: str, groups: frozenset[str] = ALL_GROUPS) -> frozenset[str]:
    """Whose observations a filter for this client lets through."""
    allowed = Filter(client, groups, frozenset(), frozenset(f"{id}-episode" for id in IDS))
    page = await store.open_reader().search(Query("Observation"), allowed, "json")
    return frozenset(id for id in IDS if f'Observation/{id}-o"'.encode() in page.entries)


async def picture(store: MemoryStore) -> dict[str, Any]:
    """Per number whom it finds and what that shows."""
    reader, said = store.open_reader(), {}
    for number in NUMBERS:
        clients = await reader.client_of(f"{BSN}|{number}")
        said[number] = {client: await shown(store, client) for client in clients}
    return said


@settings(max_examples=cases(60), deadline=None)
@given(history=histories, seed=st.integers(0, 1000))
def test_joining_ignores_which_record_came_first_and_what_was_corrected_since(
    history: list[dict[str, Any]], seed: int
) -> None:
    async def both() -> None:
        last = list({str(patient["id"]): patient for patient in history}.values())
        random.Random(seed).shuffle(last)
        assert await picture(await filled(history)) == await picture(await filled(last))

    asyncio.run(both())


@settings(max_examples=cases(100), deadline=None)
@given(history=histories)
def test_what_is_shown_together_agrees_and_a_contradicting_record_is_never_shown_with_another(
    history: list[dict[str, Any]],
) -> None:
    async def look() -> None:
        store = await filled(history)
        current = {str(patient["id"]): patient for patient in history}
        for clients in (await picture(store)).values():
            for records in clients.values():
                assert not contradictions([facts(current[id]) for id in sorted(records)])
            if len(clients) > 1:  # the door answers nobody, and a token of before shows nothing of another
                assert all(len(records) <= 1 for records in clients.values())
        every = [together(group) for group in (IDS, IDS[:2], IDS[1:], IDS[::2])]
        seen = [records for name in (*IDS, *every) if (records := await shown(store, name))]
        assert sum(len(records) for records in seen) == len(frozenset().union(*seen))

    asyncio.run(look())


@settings(max_examples=cases(40), deadline=None)
@given(history=histories, groups=st.frozensets(st.sampled_from(sorted(ALL_GROUPS))))
def test_a_narrower_filter_never_shows_more_of_a_joined_client(
    history: list[dict[str, Any]], groups: frozenset[str]
) -> None:
    async def look() -> None:
        store = await filled(history)
        for clients in (await picture(store)).values():
            for client in clients:
                assert await shown(store, client, groups) <= await shown(store, client)

    asyncio.run(look())


@settings(max_examples=cases(40), deadline=None)
@given(history=histories, number=st.sampled_from(NUMBERS))
def test_after_destroying_whom_a_number_finds_nothing_of_her_is_left(
    history: list[dict[str, Any]], number: str
) -> None:
    async def destroy() -> None:
        store = await filled(history)
        for client in await store.open_reader().client_of(f"{BSN}|{number}"):
            await store.writer.erase_client(client)
        assert await store.open_reader().client_of(f"{BSN}|{number}") == ()
        bearing = [v for versions in store.versions.values() for v in versions[-1:] if number in str(v.renderings.json)]
        assert not bearing

    asyncio.run(destroy())

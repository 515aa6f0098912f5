"""SQLite and PostgreSQL answer as the readable reference does, whatever was published, erased and asked."""

from __future__ import annotations

import asyncio
import datetime as dt
import tempfile
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from babyconnect.birthcare.access import Filter
from babyconnect.birthcare.one_woman import together
from babyconnect.store import postgres, sqlite
from babyconnect.store.contract import Clause, Query, Store
from babyconnect.store.memory import MemoryStore
from tests.conftest import Postgres
from tests.support.cases import cases
from tests.support.material import NOON, SNOMED, encounter, episode, observation, organisation, woman

T = TypeVar("T")
CLIENTS, GROUPS, SHIELDS = (
    ("anna", "bea"),
    ("patient", "episode", "prenatal_checks", "provider"),
    ("safety", "genetics"),
)
JOINED = together(CLIENTS)
client = st.sampled_from(CLIENTS)
anybody = st.sampled_from([*CLIENTS, JOINED])
shields = st.frozensets(st.sampled_from(SHIELDS), max_size=2)
episodes = st.frozensets(st.sampled_from(["anna-episode", "bea-episode", "earlier"]), max_size=2)
contexts = st.sampled_from(["EpisodeOfCare/anna-episode", "EpisodeOfCare/bea-episode", "Encounter/v0", "Encounter/v1"])

observations = st.builds(
    lambda c, n, context, value, code, date, shielded, group, held: observation(
        c, f"o{n}", context, value=value, code=code, date=date, shielded=shielded, group=group, episodes=held
    ),
    client,
    st.integers(0, 5),
    contexts,
    st.sampled_from(["één", "twee & <drie>"]),
    st.sampled_from(["1", "2"]),
    st.sampled_from(["2026", "2026-02", "2026-02-03", "2026-02-03T10:00:00+01:00"]),
    shields,
    st.sampled_from(GROUPS),
    episodes,
)
encounters = st.builds(lambda c, n, s: encounter(c, f"v{n}", shielded=s), client, st.integers(0, 1), shields)
patients = st.builds(woman, client, st.sampled_from([None, "999900730", "999901552"]), st.sampled_from(["A", "B"]))
records = st.builds(lambda c, s: episode(c, s, organization="org"), client, st.sampled_from(["active", "finished"]))
publications = st.one_of(observations, encounters, patients, records, st.just(organisation("org")))
batches = st.lists(publications, max_size=8)
keys = st.sampled_from([("Observation", f"o{n}") for n in range(6)] + [("Patient", "anna"), ("Encounter", "v0")])
steps = st.lists(
    st.one_of(
        st.tuples(st.just("publish"), batches),
        st.tuples(st.just("erase"), keys),
        st.tuples(st.just("erase_client"), anybody),
    ),
    max_size=5,
)

clauses = st.sampled_from(
    [
        Clause("context", ("EpisodeOfCare/anna-episode",)),
        Clause("context", ("anna-episode", "v1")),
        Clause("context", ("anna-episode",), "Encounter", "episodeofcare"),
        Clause("code", ("1",)),
        Clause("code", (f"{SNOMED}|2", "|1")),
        Clause("date", ("2026-02",)),
        Clause("date", ("gt2026-02-03", "eb2026-02-03")),
        Clause("_id", ("o1", "o2", "v0")),
        Clause("_lastUpdated", (f"ge{NOON.isoformat().replace('+00:00', 'Z')}",)),
    ]
)
queries = st.one_of(
    st.builds(
        Query,
        type=st.just("Observation"),
        clauses=st.lists(clauses, max_size=2).map(tuple),
        count=st.sampled_from([None, 1, 2]),
        after=st.sampled_from([None, "o1"]),
    ),
    st.just(Query("EpisodeOfCare", includes=(("EpisodeOfCare", "organization"),))),
    st.sampled_from([Query("Patient"), Query("Organization"), Query("Encounter")]),
)
filters = st.builds(Filter, anybody, st.frozensets(st.sampled_from(GROUPS)), shields, episodes)
forms = st.sampled_from(["json", "xml", "json_masked", "xml_masked"])
questions = st.lists(st.tuples(queries, filters, forms), max_size=6)


async def play(store: Store, script: list[tuple[str, Any]], asked: list[tuple[Query, Filter, Any]]) -> list[Any]:
    """Everything a store says in the course of a script, with every question asked after every step."""
    said: list[Any] = []
    reader = store.open_reader()
    for number, (what, argument) in enumerate(script):
        if what == "publish":
            said.append(list(await store.writer.publish(argument, [], NOON + dt.timedelta(minutes=number))))
        elif what == "erase":
            said.append(await store.writer.erase(*argument))
        else:
            said.append(await store.writer.erase_client(argument))
        for query, allowed, form in asked:
            said.append(await reader.search(query, allowed, form))
            said.append(await reader.read("Observation", "o1", allowed, form))
            said.append(tuple(await reader.history("Patient", "anna", allowed, form)))
        said.append(await reader.client_of("http://fhir.nl/fhir/NamingSystem/bsn|999900730"))
        said.append([await reader.episodes_of(c) for c in (*CLIENTS, JOINED)])
        said.append(await reader.clients())
        said.append(dict(await store.writer.joined(CLIENTS)))
        said.append([(await store.writer.differing(c), await store.writer.items_of(c)) for c in (*CLIENTS, JOINED)])
    return said


def compare(
    open_store: Callable[[], Awaitable[Store]], script: list[tuple[str, Any]], asked: list[tuple[Query, Filter, Any]]
) -> None:
    async def both() -> None:
        store = await open_store()
        try:
            assert await play(store, script, asked) == await play(MemoryStore(), script, asked)
        finally:
            await store.close()

    asyncio.run(both())


@settings(max_examples=cases(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(script=steps, asked=questions)
def test_sqlite_answers_as_memory_does(script: list[tuple[str, Any]], asked: list[tuple[Query, Filter, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        compare(lambda: sqlite.open_store(Path(folder) / "store.db"), script, asked)


@pytest.mark.usefixtures("postgres_server")
@settings(
    max_examples=cases(15),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(script=steps, asked=questions)
def test_postgres_answers_as_memory_does(
    postgres_server: Postgres, script: list[tuple[str, Any]], asked: list[tuple[Query, Filter, Any]]
) -> None:
    compare(lambda: postgres.open_store(postgres_server.dsn, f"t_{uuid.uuid4().hex}"), script, asked)

"""The readable reference: what a store promises, in lists and dicts.  SQLite and PostgreSQL answer as it does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from babyconnect.birthcare.access import Filter
from babyconnect.fhir import json
from babyconnect.fhir.rendering import Renderings, instant, render
from babyconnect.store import joining, pointing
from babyconnect.store.contract import (
    SHARED,
    WITHDRAWN,
    Client,
    Form,
    Origin,
    Original,
    Outcome,
    Page,
    Publication,
    Query,
    Stored,
)
from babyconnect.store.entries import Mode, entry
from babyconnect.store.numbering import following
from babyconnect.store.pointing import FILE, files_in
from babyconnect.store.selection import Entry, Selection, released, select


@dataclass(frozen=True, slots=True)
class _Version:
    publication: Publication
    number: int
    updated: dt.datetime
    renderings: Renderings

    def form(self, form: Form) -> bytes:
        masked: bytes | None = getattr(self.renderings, form)
        return getattr(self.renderings, form.removesuffix("_masked")) if masked is None else masked

    def stored(self, form: Form) -> Stored:
        p = self.publication
        return Stored(p.type, p.id, self.number, self.updated, self.form(form))

    def entry(self, joined: joining.Together | None) -> Entry:
        p = self.publication
        labels = (p.group, tuple(sorted(p.shielded)), tuple(sorted(p.episodes)))
        index = joined.index(p.type, p.id, p.index) if joined else dict(p.index)
        length = len(self.renderings.json)
        return Entry(p.id, self.number, instant(self.updated), 0, length, *labels, index, p.subject)

    def shown(self, form: Form, joined: joining.Together | None) -> Stored:
        """As `stored`, in the record of a client who has several as one of hers."""
        stored = self.stored(form)
        if joined is None:
            return stored
        if joined.is_hers(stored.type, stored.id):
            return replace(stored, content=joined.patient(self.stored("json"), form))
        return replace(stored, content=joined.content(stored.content))

    def released(self, allowed: Filter, client: str) -> bool:
        """`client`: whose record it stands in."""
        p = self.publication
        return released(allowed, client, p.group, p.shielded, p.episodes, f"{p.type}/{p.id}", p.subject)


def same(kept: Publication, new: Publication) -> bool:
    """Whether publishing anew changes nothing: the same content, and labels and index as they were."""
    return (
        kept.digest == new.digest
        and (kept.client, kept.group, kept.shielded, kept.episodes, kept.subject)
        == (new.client, new.group, new.shielded, new.episodes, new.subject)
        and dict(kept.index) == dict(new.index)
    )


@dataclass
class MemoryStore:
    """One tenant's resources: versions by (type, id), oldest first, and what the sources sent."""

    versions: dict[tuple[str, str], list[_Version]] = field(default_factory=dict)
    originals: dict[str, Original] = field(default_factory=dict)
    held: set[tuple[str, str, str]] = field(default_factory=set)
    """(original, type, id): which original holds which resource, changed by it or not; erasing must find them all."""

    @property
    def writer(self) -> MemoryWriter:
        return MemoryWriter(self)

    def open_reader(self) -> MemoryReader:
        return MemoryReader(self)

    def patients(self) -> dict[str, _Version]:
        """The Patients that are the client of their record, as they are now."""
        current = [kept[-1] for (type, _), kept in self.versions.items() if type == "Patient"]
        return {v.publication.id: v for v in current if v.publication.id == v.publication.client}

    def bearers(self) -> dict[str, list[str]]:
        """Records by the BSN that their client bears."""
        found: dict[str, list[str]] = {}
        for id, version in sorted(self.patients().items()):
            for number in joining.numbers(version.publication.index.get("identifier", ())):
                found.setdefault(number, []).append(id)
        return found

    def _bearing(self, number: str) -> list[_Version]:
        current = [kept[-1] for (type, _), kept in self.versions.items() if type == "Patient"]
        kept = [v for v in current if v.publication.client != SHARED]
        return [v for v in kept if number in v.publication.index.get("identifier", ())]

    def clients_of(self, number: str) -> tuple[str, ...]:
        """In whose records a number stands."""
        names = self.names()
        return tuple(sorted({names.get(v.publication.client, v.publication.client) for v in self._bearing(number)}))

    def bearing(self, number: str) -> list[joining.Bearer]:
        """All who bear a number, in whichever record."""
        names = self.names()
        return [
            joining.Bearer(names.get(p.client, p.client), p.id == p.client, json.loads(version.renderings.json))
            for version in self._bearing(number)
            if (p := version.publication)
        ]

    def names(self) -> dict[str, str]:
        """Records that are joined with others: record -> the name of their client."""
        patients = self.patients()
        groups = [
            group
            for group in self.bearers().values()
            if joining.one_person([json.loads(patients[id].renderings.json) for id in group])
        ]
        return {record: joining.together(group) for group in groups for record in group}

    def together(self) -> dict[str, joining.Together]:
        """How the records of each client who has several are shown."""
        names = self.names()
        return {name: joining.Together([r for r, n in names.items() if n == name]) for name in set(names.values())}

    def records_of(self, client: str) -> tuple[str, ...]:
        joined = self.together().get(client)
        return joined.members if joined else () if client.startswith(joining.JOINED) else (client,)

    def forget(self) -> None:
        """Nothing is remembered between answers."""

    async def close(self) -> None:
        """Nothing is held open."""


@dataclass(frozen=True)
class MemoryWriter:
    store: MemoryStore

    async def publish(
        self, batch: Iterable[Publication], originals: Sequence[Original], moment: dt.datetime
    ) -> Sequence[Outcome]:
        batch = list(batch)
        moment = dt.datetime.fromisoformat(instant(moment))  # as fine as the bytes tell it
        versions = {key: list(kept) for key, kept in self.store.versions.items()}
        outcomes = [_keep(versions, publication, moment) for publication in batch]
        # Only now, when nothing can fail any more: a batch is kept whole or not at all.
        self.store.versions = versions
        self.store.originals |= {o.digest: o for o in originals}
        self.store.held |= {(p.original, p.type, p.id) for p in batch if p.original}
        return outcomes

    async def known(self, keys: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
        return {key: self.store.versions[key][-1].publication.client for key in keys if key in self.store.versions}

    async def original(self, digest: str) -> Original | None:
        return self.store.originals.get(digest)

    async def withdraw(self, type: str, id: str, group: str, moment: dt.datetime) -> Outcome | None:
        kept = self.store.versions.get((type, id))
        if not kept:
            return None
        taken = replace(kept[-1].publication, group=group, digest=WITHDRAWN, original=None)
        return (await self.publish([taken], [], moment))[0]

    async def origins(self, client: str) -> Sequence[Origin]:
        current = {key: versions[-1].publication for key, versions in self.store.versions.items()}
        kept = {key for key, its in current.items() if its.client == client and its.digest != WITHDRAWN}
        held = sorted((type, id, name) for name, type, id in self.store.held if (type, id) in kept)
        return [Origin(type, id, name, self.store.originals[name].media) for type, id, name in held]

    async def erase(self, type: str, id: str) -> int:
        gone = self.store.versions.pop((type, id), [])
        for original in {held for held, *key in self.store.held if key == [type, id]}:
            self.store.originals.pop(original, None)
            self.store.held = {row for row in self.store.held if row[0] != original}
        return len(gone)

    async def erase_client(self, client: str, keep: Collection[tuple[str, str]] = ()) -> int:
        if client == SHARED:
            raise ValueError("what is shared belongs to no client")
        gone = [key for key in await self.items_of(client) if key not in keep]
        return sum([await self.erase(type, id) for type, id in gone])

    async def items_of(self, client: str) -> Sequence[tuple[str, str]]:
        kept, records = self.store.versions.items(), self.store.records_of(client)
        return sorted(key for key, versions in kept if any(v.publication.client in records for v in versions))

    async def files_of(self, items: Sequence[tuple[str, str]]) -> Sequence[tuple[str, str]]:
        versions = [version for key in items for version in self.store.versions.get(key, [])]
        named = {(FILE, id) for version in versions for id in files_in(version.renderings.json)}
        return sorted(named & self.store.versions.keys())

    async def joined(self, records: Collection[str]) -> Mapping[str, str]:
        names = self.store.names()
        theirs = {names[record] for record in records if record in names}
        return {record: name for record, name in names.items() if name in theirs}

    async def every_joined(self) -> Mapping[str, str]:
        return self.store.names()

    async def against(self, patient: Mapping[str, Any]) -> tuple[str, ...]:
        kept = self.store.versions.get(("Patient", str(patient["id"])))
        if not kept:
            return ()
        return joining.contradictions([joining.facts(json.loads(kept[-1].renderings.json)), joining.facts(patient)])

    async def differing(self, record: str) -> tuple[str, ...]:
        current = [kept[-1].publication for (type, _), kept in self.store.versions.items() if type == "Patient"]
        known = [p.index.get("identifier", ()) for p in current if p.client == record != SHARED]
        borne = joining.numbers([one for each in known for one in each])
        return tuple(sorted({code for number in borne for code in joining.why(self.store.bearing(number))}))


def _keep(versions: dict[tuple[str, str], list[_Version]], new: Publication, moment: dt.datetime) -> Outcome:
    kept = versions.setdefault((new.type, new.id), [])
    if kept and same(kept[-1].publication, new):
        return Outcome(new.type, new.id, kept[-1].number, "unchanged")
    number = following(kept[-1].number if kept else 0)
    kept.append(_Version(new, number, moment, render(new.resource, number, moment)))
    return Outcome(new.type, new.id, number, "updated" if len(kept) > 1 else "created")


class MemoryReader:
    def __init__(self, store: MemoryStore) -> None:
        self.store = store

    def _current(self, type: str | None = None) -> list[_Version]:
        return [kept[-1] for (t, _), kept in sorted(self.store.versions.items()) if type in (None, t)]

    def _of(self, version: _Version) -> tuple[str, joining.Together | None]:
        """Whose it is, and how it is shown among others of hers."""
        client = version.publication.client
        name = self.store.names().get(client)
        return (client, None) if name is None else (name, self.store.together()[name])

    async def client_of(self, identifier: str) -> tuple[str, ...]:
        clients = self.store.clients_of(identifier)
        # Who stands in one record is found as fast as nobody: time tells no asker who is known here.
        return clients if len(clients) < 2 else joining.found(self.store.bearing(identifier))

    async def records(self, client: str) -> tuple[str, ...]:
        return self.store.records_of(client)

    async def episodes_of(self, client: str) -> tuple[dict[str, object], ...]:
        if client in self.store.names():
            return ()  # a record of a client who has another name
        records = self.store.records_of(client)
        hers = [v for v in self._current("EpisodeOfCare") if v.publication.client in records]
        return tuple(json.loads(v.renderings.json) for v in hers)

    async def clients(self, after: str = "", count: int = 100) -> tuple[Client, ...]:
        listed: dict[str, _Version] = {}
        for version in self._current("Patient"):
            if version.publication.id == version.publication.client:
                listed.setdefault(self._of(version)[0], version)
        page = [client for client in sorted(listed) if client > after][:count]
        return tuple([Client(c, json.loads(listed[c].renderings.json), await self.episodes_of(c)) for c in page])

    async def read(self, type: str, id: str, allowed: Filter, form: Form, version: int | None = None) -> Stored | None:
        found = await self.history(type, id, allowed, form)
        return next((s for s in found if version in (None, s.version)), None)

    async def history(self, type: str, id: str, allowed: Filter, form: Form) -> Sequence[Stored]:
        kept = [(version, *self._of(version)) for version in self.store.versions.get((type, id), [])]
        if not kept or not kept[-1][0].released(allowed, kept[-1][1]):
            return ()
        if type == FILE and id not in self._let(allowed):
            return ()
        return tuple(v.shown(form, joined) for v, client, joined in reversed(kept) if v.released(allowed, client))

    def _let(self, allowed: Filter) -> frozenset[str]:
        """The files that what points to them lets be released."""
        hers = [version for version in self._current() if self._of(version)[0] == allowed.client]
        return pointing.let(allowed, [(v.publication.type, [v.entry(None)], v.renderings.json) for v in hers])

    async def search(self, query: Query, allowed: Filter, form: Form) -> Page:
        compartment: dict[str, list[Entry]] = {}
        names, together = self.store.names(), self.store.together()
        for version in self._current():
            client = names.get(version.publication.client, version.publication.client)
            if client == allowed.client != SHARED:
                compartment.setdefault(version.publication.type, []).append(version.entry(together.get(client)))
        if FILE in compartment:
            let = self._let(allowed)
            compartment[FILE] = [entry for entry in compartment[FILE] if entry.id in let]
        return self._page(query.type, select(query, allowed, compartment), allowed, form)

    def _page(self, type: str, found: Selection, allowed: Filter, form: Form) -> Page:
        matches = [self._entry(type, e.id, form, "match") for e in found.matches]
        current = {key: self.store.versions[key][-1] for key in found.included if key in self.store.versions}
        included = [
            self._entry(*key, form, "include")
            for key, version in current.items()
            if version.released(allowed, self._of(version)[0]) and (key[0] != FILE or key[1] in self._let(allowed))
        ]
        return Page(b"".join(matches + included), len(matches), found.next)

    def _entry(self, type: str, id: str, form: Form, mode: Mode) -> bytes:
        version = self.store.versions[type, id][-1]
        return entry(type, id, version.shown(form, self._of(version)[1]).content, form, mode)

"""The readable reference: what a store promises, in lists and dicts.  SQLite and PostgreSQL answer as it does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from babyconnect.birthcare.access import Filter
from babyconnect.fhir import json
from babyconnect.fhir.rendering import Renderings, instant, render
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

    def entry(self) -> Entry:
        p = self.publication
        labels = (p.group, tuple(sorted(p.shielded)), tuple(sorted(p.episodes)))
        return Entry(p.id, self.number, instant(self.updated), 0, 0, *labels, dict(p.index), p.subject)

    def released(self, allowed: Filter) -> bool:
        p = self.publication
        return released(allowed, p.client, p.group, p.shielded, p.episodes, f"{p.type}/{p.id}", p.subject)


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
        kept = self.store.versions.items()
        return sorted(key for key, versions in kept if any(v.publication.client == client for v in versions))


def _keep(versions: dict[tuple[str, str], list[_Version]], new: Publication, moment: dt.datetime) -> Outcome:
    kept = versions.setdefault((new.type, new.id), [])
    if kept and same(kept[-1].publication, new):
        return Outcome(new.type, new.id, kept[-1].number, "unchanged")
    number = following(kept[-1].number if kept else 0)
    kept.append(_Version(new, number, moment, render(new.resource, number, moment)))
    return Outcome(new.type, new.id, number, "updated" if len(kept) > 1 else "created")


@dataclass(frozen=True)
class MemoryReader:
    store: MemoryStore

    def _current(self, type: str | None = None) -> list[_Version]:
        return [kept[-1] for (t, _), kept in sorted(self.store.versions.items()) if type in (None, t)]

    async def client_of(self, identifier: str) -> tuple[str, ...]:
        bearers = [v for v in self._current("Patient") if identifier in v.publication.index.get("identifier", ())]
        return tuple(sorted({v.publication.client for v in bearers} - {SHARED}))

    async def episodes_of(self, client: str) -> tuple[dict[str, object], ...]:
        hers = [v for v in self._current("EpisodeOfCare") if v.publication.client == client]
        return tuple(json.loads(v.renderings.json) for v in hers)

    async def clients(self, after: str = "", count: int = 100) -> tuple[Client, ...]:
        own = [v for v in self._current("Patient") if v.publication.id == v.publication.client]
        page = [v for v in own if v.publication.id > after][:count]
        return tuple(
            [
                Client(v.publication.id, json.loads(v.renderings.json), await self.episodes_of(v.publication.id))
                for v in page
            ]
        )

    async def read(self, type: str, id: str, allowed: Filter, form: Form, version: int | None = None) -> Stored | None:
        found = await self.history(type, id, allowed, form)
        return next((s for s in found if version in (None, s.version)), None)

    async def history(self, type: str, id: str, allowed: Filter, form: Form) -> Sequence[Stored]:
        kept = self.store.versions.get((type, id), [])
        if not kept or not kept[-1].released(allowed):
            return ()
        return tuple(v.stored(form) for v in reversed(kept) if v.released(allowed))

    async def search(self, query: Query, allowed: Filter, form: Form) -> Page:
        compartment: dict[str, list[Entry]] = {}
        for version in self._current():
            if version.publication.client == allowed.client != SHARED:
                compartment.setdefault(version.publication.type, []).append(version.entry())
        return self._page(query.type, select(query, allowed, compartment), allowed, form)

    def _page(self, type: str, found: Selection, allowed: Filter, form: Form) -> Page:
        matches = [self._entry(type, e.id, form, "match") for e in found.matches]
        included = [
            self._entry(*key, form, "include")
            for key in found.included
            if key in self.store.versions and self.store.versions[key][-1].released(allowed)
        ]
        return Page(b"".join(matches + included), len(matches), found.next)

    def _entry(self, type: str, id: str, form: Form, mode: Mode) -> bytes:
        return entry(type, id, self.store.versions[type, id][-1].form(form), form, mode)

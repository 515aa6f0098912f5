"""What a store is, whichever engine keeps it.  Memory is the readable reference; SQLite and PostgreSQL answer alike.

A store holds the resources of ONE tenant.  Records that are one woman's (`birthcare.one_woman`: the same BSN, nothing
that contradicts) are one client to a reader, under a name that stands for exactly these records (`one_woman.together`);
a writer speaks of each record by itself.  Reading and writing are separate: only `flows.door` may open a reader
(tests/architecture lists every importer), `flows.publish` holds a writer.

Each engine is a module with `async open_store(place, ...) -> Store`; a Store gives a `writer` and, for the door alone,
`open_reader()`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from babyconnect.birthcare.access import Filter

Form = Literal["json", "xml", "json_masked", "xml_masked"]
"""The renderings a resource is kept in; in a masked one the standard's extension stands where a BSN was."""

SHARED = ""
"""The `client` of what is about no client (Organization, Practitioner, ...): never searched, only read or included."""

WITHDRAWN = b"withdrawn"
"""The digest of a version that its source took back: no content has it, so the same content again is a new version."""

ORIGIN = b"\0"
"""Stands in a page's entries where the server's own address belongs: no JSON or XML can hold this byte."""


@dataclass(frozen=True, slots=True)
class Publication:
    """One resource, ready to be kept: ids opaque, references rewritten, labels set; no versionId or lastUpdated yet.

    `index`: search parameter name -> the values it is found by (tokens as `system|code`, references as `Type/id`,
    dates as ISO text); made at publishing from `definitions/search_parameters.csv`.
    `subject`: the child (Patient id) whose view may hold it (`labelling.childs_view`), "" for everything else.
    `digest` is over the source's content: the same digest again is "already published", no new version.
    """

    type: str
    id: str
    resource: Mapping[str, Any]
    client: str
    group: str
    shielded: frozenset[str]
    episodes: frozenset[str]
    index: Mapping[str, tuple[str, ...]]
    digest: bytes
    original: str | None = None
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Original:
    """What the source sent, byte for byte, so that nothing a map does not cover is lost."""

    digest: str
    media: str
    content: bytes
    report: bytes = b"{}"


@dataclass(frozen=True, slots=True)
class Origin:
    """An item (`type`, `id`), and the digest and media type of an original that holds it."""

    type: str
    id: str
    original: str
    media: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What publishing one resource came to."""

    type: str
    id: str
    version: int
    change: Literal["created", "updated", "unchanged"]


@dataclass(frozen=True, slots=True)
class Clause:
    """One search parameter of a request: any of `values` (comma = OR); several clauses are ANDed.

    `chain` holds the rest of a chained name: `context:Encounter.episodeofcare` is parameter `context`, target type
    `Encounter`, chain `episodeofcare`.
    """

    parameter: str
    values: tuple[str, ...]
    target: str | None = None
    chain: str | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """A search of one type.  `includes`: (type, parameter) pairs of `_include`.  `after`: opaque paging position."""

    type: str
    clauses: tuple[Clause, ...] = ()
    includes: tuple[tuple[str, str], ...] = ()
    count: int | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """One version as it lies there; `content` is the rendering asked for."""

    type: str
    id: str
    version: int
    updated: dt.datetime
    content: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """An answer to a search, joined from what was rendered at publishing and never parsed again.

    `entries`: Bundle entries in the medium asked for, one after the other, ORIGIN where the server's address belongs;
    in JSON each entry starts with a comma.  Matches come first, in the order of their ids, then what they include.
    `matched` counts the matches on this page.  `next`: where the following page starts, None on the last.
    """

    entries: bytes
    matched: int
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Client:
    """A client of this tenant as its own staff may list her: the Patient and her episodes, as plain resources."""

    id: str
    patient: Mapping[str, Any]
    episodes: tuple[Mapping[str, Any], ...]


class Hers(tuple[Mapping[str, Any], ...]):
    """A client's episodes as a store remembers them.  What is worked out of them is noted with them (`noted`), so that
    it goes when they go: nothing else holds them when they are erased."""

    noted: dict[str, Any]

    def __init__(self, _: Iterable[Mapping[str, Any]] = ()) -> None:
        self.noted = {}


class Reader(Protocol):
    """What may be read, always through a filter."""

    async def client_of(self, identifier: str) -> tuple[str, ...]:
        """The clients whose Patient (or child's Patient) bears this identifier (`system|value`); only for binding.

        One for all records that are joined; a child that has a record of its own is found there."""

    async def records(self, client: str) -> tuple[str, ...]:
        """The ids of her own Patients, a client's by any name of hers here: one, or all that are joined; none of a name
        that stands for nobody any more."""

    async def episodes_of(self, client: str) -> tuple[Mapping[str, Any], ...]:
        """The client's EpisodeOfCare resources, for evidence and binding; never for an answer."""

    async def clients(self, after: str = "", count: int = 100) -> tuple[Client, ...]:
        """Clients in the order of their ids, from beyond `after`: the holder's own list, never another's answer."""

    async def read(self, type: str, id: str, allowed: Filter, form: Form, version: int | None = None) -> Stored | None:
        """The resource as it is now, or one version of it; None when it is not there or not allowed, alike.

        Here and in every other answer a file (Binary) is allowed where all that points to it is (`store.pointing`)."""

    async def history(self, type: str, id: str, allowed: Filter, form: Form) -> Sequence[Stored]:
        """Every version, newest first, as far as allowed both then and by today's labels."""

    async def search(self, query: Query, allowed: Filter, form: Form) -> Page:
        """What the query finds among what is allowed."""


class Writer(Protocol):
    """What may be changed.  A batch is kept whole or not at all."""

    async def publish(
        self, batch: Iterable[Publication], originals: Sequence[Original], moment: dt.datetime
    ) -> Sequence[Outcome]:
        """Keep a batch, durably: an outcome per publication, in order; the same digest again is no new version.

        The batch is gone through once, each publication let go when it is kept: a large one costs little memory.
        """

    async def known(self, keys: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
        """Which of these (type, id) are kept, each with its client (SHARED for none); whose they are, not what."""

    async def original(self, digest: str) -> Original | None:
        """What a source once sent, for whoever translates it again."""

    async def withdraw(self, type: str, id: str, group: str, moment: dt.datetime) -> Outcome | None:
        """A new version in a group that is shown to nobody, for what its source took back; None when it is not kept.

        No destruction: every version stays.  Published again, it is shown again."""

    async def origins(self, client: str) -> Sequence[Origin]:
        """What is about one client and was not taken back, a row for each original that holds it; none has no row."""

    async def erase(self, type: str, id: str) -> int:
        """True erasure: every version, rendering, index row, and the originals that held it; the versions that went."""

    async def erase_client(self, client: str, keep: Collection[tuple[str, str]] = ()) -> int:
        """The same for all that is about one client, but what may not be destroyed: `keep`, (type, id) pairs."""

    async def items_of(self, client: str) -> Sequence[tuple[str, str]]:
        """(type, id) of all that is about one client: what destroying would take, not what it says."""

    async def files_of(self, items: Sequence[tuple[str, str]]) -> Sequence[tuple[str, str]]:
        """The files (Binary) that any version of these points to, as far as they are kept."""

    async def joined(self, records: Collection[str]) -> Mapping[str, str]:
        """Which records are joined with any of these, themselves among them: record -> the name of their client."""

    async def every_joined(self) -> Mapping[str, str]:
        """All records that are joined with others: record -> the name of their client."""

    async def differing(self, record: str) -> tuple[str, ...]:
        """Why a BSN in this record, its client's or a child's, finds nobody, as codes (`one_woman.contradictions`, or
        `no_own_record`: it stands in several records, of which none is its bearer's own); () otherwise."""

    async def against(self, patient: Mapping[str, Any]) -> tuple[str, ...]:
        """What in this Patient contradicts the one that is kept under its id; () when there is none."""


class Store(Protocol):
    """One tenant's store, opened."""

    @property
    def writer(self) -> Writer: ...

    def open_reader(self) -> Reader: ...

    def forget(self) -> None:
        """Let go of what is remembered between answers: something was destroyed, perhaps by another process."""

    async def close(self) -> None: ...

"""What a store is, whichever engine keeps it.  Memory is the readable reference; SQLite and PostgreSQL must answer alike.

A store holds the resources of ONE tenant.  Reading and writing are separate: only `flows.door` may open a reader
(tests/architecture lists every importer), `flows.publish` holds a writer.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from babyconnect.birthcare.access import Filter

Media = Literal["json", "xml"]


@dataclass(frozen=True, slots=True)
class Publication:
    """One resource, ready to be kept: ids opaque, references rewritten, labels set; no versionId or lastUpdated yet.

    `index`: search parameter name -> the values it is found by (tokens as `system|code`, references as `Type/id`,
    dates as ISO text); made at publishing from `definitions/search_parameters.csv`.
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


@dataclass(frozen=True, slots=True)
class Original:
    """What the source sent, byte for byte, so that nothing a map does not cover is lost."""

    digest: str
    media: str
    content: bytes
    report: bytes = b"{}"


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
    """One version as it lies there; `content` is the rendering asked for, or b"" when `deleted`."""

    type: str
    id: str
    version: int
    updated: dt.datetime
    content: bytes
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """An answer to a search: renderings of matches and of included resources, and where the next page starts."""

    matches: Sequence[Stored]
    included: Sequence[Stored] = field(default=())
    next: str | None = None


class Reader(Protocol):
    """What may be read, always through a filter.  `masked`: the rendering with the BSN masked by its extension."""

    async def client_of(self, identifier: str) -> tuple[str, ...]:
        """Opaque Patient ids whose identifier (`system|value`) is this.  Only for binding a token to a client."""

    async def episodes_of(self, client: str) -> tuple[Mapping[str, Any], ...]:
        """The client's EpisodeOfCare resources, for evidence and binding; never for an answer."""

    async def read(self, type: str, id: str, allowed: Filter, media: Media, masked: bool,
                   version: int | None = None) -> Stored | None: ...

    async def history(self, type: str, id: str, allowed: Filter, media: Media, masked: bool) -> Sequence[Stored]: ...

    async def search(self, query: Query, allowed: Filter, media: Media, masked: bool) -> Page: ...


class Writer(Protocol):
    """What may be changed.  A batch is kept whole or not at all."""

    async def publish(self, batch: Sequence[Publication], originals: Sequence[Original],
                      moment: dt.datetime) -> Sequence[Outcome]: ...

    async def erase(self, type: str, id: str) -> int:
        """True erasure: every version, rendering, index row and blob; returns how many versions went."""

    async def erase_client(self, client: str) -> int: ...

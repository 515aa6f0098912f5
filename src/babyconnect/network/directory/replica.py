"""The directory as a node sees it: a whole replica in memory (ITI-90), kept up by `_history?_since` (ITI-91).

Every look-up is immediate and works while the region is away; what is then stale is an address or a revoked key, for at
most the refresh interval after the region is back.  Sequential and idempotent, as mCSD asks.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from babyconnect.birthcare.identifiers import Ura
from babyconnect.birthcare.parties import Party
from babyconnect.definitions import document
from babyconnect.network import fhir4
from babyconnect.network.contract import Endpoint, Jwks, RegionFault
from babyconnect.network.directory import resources
from babyconnect.network.directory.service import TYPES
from babyconnect.network.signed import Region

log = structlog.get_logger(__name__)
NO_KEYS: Jwks = {"keys": []}
MOST_PAGES = 1_000


class Directory:
    """`network.contract.Parties`, fed by one region."""

    def __init__(self, region: Region) -> None:
        self.region = region
        self._since = ""
        self._by_id: dict[str, Ura] = {}
        self._parties: dict[Ura, Party] = {}
        self._keys: dict[Ura, Jwks] = {}
        self._endpoints: dict[Ura, Endpoint] = {}
        self._portals: set[Ura] = set()
        self._task: asyncio.Task[None] | None = None

    def parties(self) -> Sequence[Party]:
        return sorted(self._parties.values())

    def party(self, ura: Ura) -> Party | None:
        return self._parties.get(ura)

    def endpoint(self, ura: Ura) -> Endpoint | None:
        return self._endpoints.get(ura) if ura in self._parties else None

    def keys(self, ura: Ura) -> Jwks:
        return self._keys.get(ura, NO_KEYS) if ura in self._parties else NO_KEYS

    def portal(self, ura: Ura) -> bool:
        return ura in self._portals and ura in self._parties

    async def load(self) -> None:
        """The whole directory, page by page.  Raises RegionFault."""
        since = ""
        for kind in TYPES:
            path: str | None = f"/fhir/r4/{kind}?_count={document('network.toml')['directory']['page_size']}"
            for _ in range(MOST_PAGES):
                if path is None:
                    break
                bundle = await self._get(path)
                since = since or str(bundle.get("meta", {}).get("lastUpdated", ""))
                for resource in fhir4.resources(bundle, kind):
                    self._take(kind, str(resource["id"]), resource)
                path = self._next(bundle)
        self._since = since

    async def refresh(self) -> None:
        """What changed since the last time, oldest first.  Raises RegionFault."""
        if not self._since:
            await self.load()
            return
        since = self._since
        for kind in TYPES:
            bundle = await self._get(f"/fhir/r4/{kind}/_history?_since={self._since}")
            since = max(since, str(bundle.get("meta", {}).get("lastUpdated", "")))
            for entry in reversed(bundle.get("entry", [])):
                self._take(kind, str(entry["request"]["url"]).rpartition("/")[2], entry.get("resource"))
        self._since = since

    def start(self, seconds: float | None = None) -> None:
        """Keep refreshing in the background until `close`."""
        every = seconds or float(document("network.toml")["directory"]["refresh_seconds"])
        self._task = asyncio.create_task(self._keep(every))

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _keep(self, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                await self.refresh()
            except RegionFault as fault:
                log.warning("directory_not_refreshed", reason=str(fault))

    async def _get(self, path: str) -> dict[str, Any]:
        status, bundle = await self.region.send("GET", path)
        if status != 200 or bundle.get("resourceType") != "Bundle":
            raise RegionFault(f"the directory answered {status}")
        return bundle

    def _next(self, bundle: Mapping[str, Any]) -> str | None:
        url = next((str(link["url"]) for link in bundle.get("link", []) if link.get("relation") == "next"), None)
        if url is None:
            return None
        if not url.startswith(self.region.base + "/"):
            raise RegionFault("the directory points elsewhere for its next page")
        return url.removeprefix(self.region.base)

    def _take(self, kind: str, id: str, resource: Mapping[str, Any] | None) -> None:
        """One present or deleted resource.  One that cannot be read takes nothing else down with it."""
        try:
            if kind == "Organization":
                self._take_organization(id, resource)
            else:
                self._take_endpoint(id, resource)
        except (ValueError, KeyError, TypeError, AttributeError) as fault:
            log.warning("directory_entry_unusable", id=id, reason=type(fault).__name__)
            self._forget(kind, id)

    def _forget(self, kind: str, id: str) -> None:
        ura = self._by_id.pop(f"{kind}/{id}", None)
        if ura is None:
            return
        if kind == "Organization":
            self._parties.pop(ura, None)
            self._keys.pop(ura, None)
            self._portals.discard(ura)
        else:
            self._endpoints.pop(ura, None)

    def _take_organization(self, id: str, resource: Mapping[str, Any] | None) -> None:
        self._forget("Organization", id)
        party = resources.read_party(resource) if resource else None
        if party is None or resource is None or resource.get("active") is False:
            return
        self._keys[party.ura] = resources.read_keys(resource)
        self._parties[party.ura] = party
        if resources.read_portal(resource):
            self._portals.add(party.ura)
        self._by_id[f"Organization/{id}"] = party.ura

    def _take_endpoint(self, id: str, resource: Mapping[str, Any] | None) -> None:
        self._forget("Endpoint", id)
        found = resources.read_endpoint(resource) if resource else None
        if found is not None:
            self._endpoints[found[0]] = found[1]
            self._by_id[f"Endpoint/{id}"] = found[0]

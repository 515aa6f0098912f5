"""Her provisions at the holder: immediate while the register's feed confirms them, asked anew when it does not.

The feed is a long poll.  Each answer confirms everything up to the moment at which the register made it; that moment
is not before "sent + held", durations measured without comparing clocks.  What nobody confirmed within the lease is
asked of the register directly; when that fails, `ConsentsUnknown`: the door denies.  So a withdrawal is in force at
every holder within the lease at worst, and normally as soon as the feed has carried it.

Who holds something about her hears of each change that takes away (`on_less`), so that tokens end.  Who has her record
open hears that something changed (`changes`), and asks anew; so does everybody whom the register no longer confirms.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from typing import Any

import structlog

from babyconnect.birthcare.access import Consent
from babyconnect.definitions import document
from babyconnect.network import fhir4
from babyconnect.network.consent import resources
from babyconnect.network.contract import ConsentsUnknown, NotKept, RegionFault
from babyconnect.network.signed import Region

log = structlog.get_logger(__name__)
REMEMBERED = 50_000
LONGEST_PAUSE = 0.5
RECENT = 1_000
"""Changes that are remembered for whoever begins to watch just after."""


Known = dict[str, tuple[int, Consent | None]]
"""What is known of one client: by Consent id, the version and the provision (None: withdrawn)."""


Less = Callable[[str, Consent], None]
"""(pseudonym, the yes that ended or the no that began)."""


class ConsentReplica:
    """`network.contract.Consents` at one holder."""

    def __init__(
        self, region: Region, monotonic: Callable[[], float] = time.monotonic, remembered: int = REMEMBERED
    ) -> None:
        table = document("network.toml")["consent"]
        self._lease = float(table["lease_seconds"])
        self._hold = float(table["hold_seconds"])
        self._region = region
        self._now = monotonic
        self._room = remembered
        self._clients: OrderedDict[str, Known] = OrderedDict()
        self._epoch = ""
        self._since = 0
        self._stirred: int | None = None
        self._confirmed = float("-inf")
        self._task: asyncio.Task[None] | None = None
        self._unconfirmed = float(table["unconfirmed_seconds"])
        self._on_less: list[Less] = []
        self._watching: dict[str, set[asyncio.Event]] = {}
        self._recent: OrderedDict[str, float] = OrderedDict()

    def on_less(self, listener: Less) -> None:
        """Called with each provision, of whoever this holder asked about, that shows less from now on."""
        self._on_less.append(listener)

    def now(self) -> float:
        """The moment from which `changes` may be asked, in this replica's own clock."""
        return self._now()

    async def changes(self, pseudonym: str, since: float) -> AsyncIterator[None]:
        """One step for each time that something changed, after `since`, about what this organisation may see of her.

        And one when the register has not been heard of for a while (then it may have), and when it is back.
        """
        told = asyncio.Event()
        watching = self._watching.setdefault(pseudonym, set())
        watching.add(told)
        if self._recent.get(pseudonym, float("-inf")) >= since:
            told.set()
        heard, lost = self._now(), False
        try:
            while True:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(told.wait(), self._unconfirmed / 4)
                silent = self._now() - max(self._confirmed, heard) > self._unconfirmed
                if told.is_set() or silent != lost:
                    told.clear()
                    lost = silent
                    yield
        finally:
            watching.discard(told)
            if not watching and self._watching.get(pseudonym) is watching:
                del self._watching[pseudonym]

    def stir(self, pseudonym: str) -> None:
        """Whoever has her record open here asks anew."""
        self._tell([pseudonym])

    def _tell(self, pseudonyms: Iterable[str]) -> None:
        for pseudonym in pseudonyms:
            self._recent[pseudonym] = self._now()
            self._recent.move_to_end(pseudonym)
            for told in self._watching.get(pseudonym, ()):
                told.set()
        while len(self._recent) > RECENT:
            self._recent.popitem(last=False)

    def start(self) -> None:
        """Follow the feed until `close`."""
        self._task = asyncio.create_task(self._follow())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def of(self, pseudonym: str) -> tuple[Consent, ...]:
        """Her provisions in force.  Raises ConsentsUnknown."""
        client = self._clients.get(pseudonym)
        if client is not None and self._now() - self._confirmed < self._lease:
            self._clients.move_to_end(pseudonym)
            return tuple(consent for _, consent in client.values() if consent is not None)
        return await self._ask(pseudonym)

    async def as_if(self, stand_in: str) -> None:
        """Go the way that `of` goes, for a name that nobody has: in time and in fault like a client who is known."""
        try:
            await self.of(stand_in)
        except NotKept:
            self._remember(stand_in, {})

    async def _ask(self, pseudonym: str) -> tuple[Consent, ...]:
        form = {"patient:identifier": f"{resources.subject_system()}|{pseudonym}"}
        try:
            status, bundle = await self._region.send(
                "POST", "/fhir/r4/Consent/_search", form=form, patience=self._lease
            )
            if status != 200:
                raise RegionFault(f"the consent register answered {status}")
            epoch, sequence = _position(bundle)
            keeps = next(_extensions(bundle, "keeps", "valueBoolean"), True)
            found = [_provision(resource) for resource in fhir4.resources(bundle, "Consent")]
        except (RegionFault, ValueError, KeyError, TypeError, AttributeError) as fault:
            raise ConsentsUnknown(str(fault)) from None
        if any(about != pseudonym for about, _, _, _ in found):
            raise ConsentsUnknown("the consent register answered about somebody else")
        if keeps is not True:
            raise NotKept(tuple(consent for _, _, _, consent in found if consent is not None))
        if epoch == self._epoch and sequence >= self._since:
            # All changes up to `sequence` are in the answer, and the feed, which is not past it, brings the later ones.
            # An answer that the feed has overtaken is used once and not remembered.
            self._remember(pseudonym, {id: (seq, consent) for _, id, seq, consent in found})
        return tuple(consent for _, _, _, consent in found if consent is not None)

    def _remember(self, pseudonym: str, known: Known) -> None:
        self._clients[pseudonym] = known
        self._clients.move_to_end(pseudonym)
        while len(self._clients) > self._room:
            self._clients.popitem(last=False)

    async def _follow(self) -> None:
        pause = 0.05
        while True:
            try:
                await self._poll()
                pause = 0.05
            except (RegionFault, ValueError, KeyError, TypeError, AttributeError) as fault:
                log.warning("consent_feed_broken", reason=str(fault) or type(fault).__name__)
                await asyncio.sleep(pause)
                pause = min(LONGEST_PAUSE, pause * 2)

    async def _poll(self) -> None:
        path = f"/fhir/r4/Consent/_history?_since={self._since}&_epoch={self._epoch}&_wait={self._hold}"
        if self._stirred is not None:
            path += f"&_stirred={self._stirred}"
        sent = self._now()
        status, bundle = await self._region.send("GET", path, patience=self._hold + 2.0)
        if status != 200:
            raise RegionFault(f"the consent register answered {status}")
        epoch, since = _position(bundle)
        held = float(next(_extensions(bundle, "held", "valueDecimal"), 0.0))
        if epoch != self._epoch:
            # The register forgot what we asked for: so do we.
            self._clients.clear()
            if self._epoch:
                self._tell(list(self._watching))
            self._epoch = epoch
        for entry in reversed(bundle.get("entry", [])):
            about, id, seq, consent = _provision(entry["resource"])
            client = self._clients.get(about)
            if client is not None and seq > client.get(id, (0, None))[0]:
                client[id] = (seq, consent)
            self._note_less(about, entry["resource"], consent)
        self._tell(_extensions(bundle, "changed", "valueString"))
        self._since = since
        self._stirred = next(_extensions(bundle, "stirred", "valueInteger"), None)
        # Whatever a body claims, nothing was made after it arrived or held longer than it was away.
        self._confirmed = sent + max(0.0, min(held, self._now() - sent))

    def _note_less(self, pseudonym: str, resource: Mapping[str, Any], consent: Consent | None) -> None:
        """A yes that ended or a no that began."""
        if consent is None or not consent.permit:
            _, provision = resources.from_resource(resource)
            if provision.permit == (consent is None):
                for listener in self._on_less:
                    listener(pseudonym, provision)


def _provision(resource: Mapping[str, Any]) -> tuple[str, str, int, Consent | None]:
    pseudonym, consent = resources.from_resource(resource)
    active = resource.get("status") == "active"
    return pseudonym, consent.id, int(resource["meta"]["versionId"]), consent if active else None


def _position(bundle: Mapping[str, Any]) -> tuple[str, int]:
    """The register's epoch and sequence: `meta.versionId` of its Bundles is `epoch.sequence`."""
    epoch, _, sequence = str(bundle["meta"]["versionId"]).partition(".")
    if not epoch:
        raise ValueError("no epoch")
    return epoch, int(sequence)


def _extensions(bundle: Mapping[str, Any], name: str, value: str) -> Iterator[Any]:
    for extension in bundle["meta"].get("extension", []):
        if str(extension.get("url", "")).endswith(f"/{name}"):
            yield extension[value]

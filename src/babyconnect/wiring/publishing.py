"""What publishing into a node takes: its store's writer behind the roster, its secrets, what lies beside a folder."""

from __future__ import annotations

import datetime as dt
import os
import pathlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, replace
from typing import TypeVar

from babyconnect.audit.log import AuditLog
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.fhir import search_index
from babyconnect.flows import enrol, publish, replacing
from babyconnect.flows.completeness import Completeness
from babyconnect.flows.findings import Report
from babyconnect.flows.journal import About
from babyconnect.flows.publish import PublishingNode
from babyconnect.flows.registers import Ward
from babyconnect.labelling.identity import Identity
from babyconnect.network.contract import RegionFault
from babyconnect.settings import SettingsRefused
from babyconnect.sources.organisation import Organisation
from babyconnect.store.contract import Writer
from babyconnect.translate.ada import versions
from babyconnect.trust.authority import Authority, Standing
from babyconnect.wiring import files, shielding, ultrasound
from babyconnect.wiring.journal import journal_of
from babyconnect.wiring.link import Link, enrolling, now, open_link
from babyconnect.wiring.stores import open_store

Row = TypeVar("Row")


def publishing_node(
    link: Link, writer: Writer, bsns: Mapping[str, str] | None = None, dates: Mapping[str, dt.date] | None = None
) -> publish.PublishingNode:
    """The node as `flows.publish` sees it."""
    return publish.PublishingNode(
        writer=enrol.EnrollingWriter(writer, link.roster),
        secret=files.secret(link.beside(link.chosen.keys.tenant_secret_file)),
        tenant=f"urn:babyconnect:ura:{link.party.ura}",
        index=search_index.index,
        now=now,
        bsns=bsns or {},
        dates=dates or {},
        limit=link.chosen.intake.file_bytes,
        known=writer.known,
        told=shielding.told(link),
        tally=Completeness(link.tallies, now).note,
        ada_version=_ada_version(link),
        ultrasound=ultrasound.table_of(link),
        check_profiles=link.chosen.intake.check_profiles,
    )


def _ada_version(link: Link) -> str:
    """The version that the settings choose for every record of this node's source system."""
    chosen = link.chosen.intake.ada_version
    if chosen and chosen not in versions():
        raise SettingsRefused(f"{link.path}: intake.ada_version: one of {', '.join(versions())} is expected")
    return chosen


@dataclass(frozen=True, slots=True)
class Publishing:
    """A node opened to publish into."""

    link: Link
    writer: Writer

    async def publish(
        self,
        paths: Sequence[pathlib.Path],
        bsns: Mapping[str, Bsn],
        dates: Mapping[str, dt.date],
        passed: Callable[[int], None] = lambda _: None,
    ) -> Report:
        node = self._node(bsns, dates)
        return await publish.publish(_inputs(paths), node, passed)

    async def vanishing(
        self, paths: Sequence[pathlib.Path], bsns: Mapping[str, Bsn], dates: Mapping[str, dt.date]
    ) -> Sequence[replacing.Gone]:
        """What these spreadsheets would take back, where they replace what was handed in before."""
        return await replacing.vanishing(_inputs(paths), self._node(bsns, dates))

    async def publish_instead(
        self,
        paths: Sequence[pathlib.Path],
        bsns: Mapping[str, Bsn],
        dates: Mapping[str, dt.date],
        shown: Sequence[replacing.Gone],
    ) -> Report:
        """Publish, and take back what was shown; that is logged first, in a chain of its own beside the node's."""
        folder = self.link.beside(self.link.chosen.audit.folder) / f"terminal-{os.getpid()}"
        with closing(AuditLog.open(folder, self.link.party.ura.value, self.link.key)) as log:
            journal = journal_of(self.link, log)

            async def noted(gone: replacing.Gone) -> None:
                await journal.note("delete", "ok", journal.itself(), About(client=gone.client, count=len(gone.items)))

            return await replacing.publish_instead(_inputs(paths), self._node(bsns, dates), shown, noted)

    def _node(self, bsns: Mapping[str, Bsn], dates: Mapping[str, dt.date]) -> PublishingNode:
        return publishing_node(self.link, self.writer, {patient: bsn.value for patient, bsn in bsns.items()}, dates)

    async def announce(self, organisation: Organisation) -> str:
        """Enter enrolments and diary, tell the region; returns what is still to be told and why, "" when nothing is."""
        node = enrolling(self.link)
        visits = [(a.patient, a) for a in organisation.appointments]
        await node.roster.enrol(_by_bsn(organisation, organisation.enrolments))
        await self._authorities(organisation)
        await node.roster.expect_visits([(bsn, a.start, a.kind) for bsn, a in _by_bsn(organisation, visits)])
        try:
            await enrol.send_pointers(node)
            await enrol.enter_consents(node, self.link.desk, organisation.consents)
        except RegionFault as fault:
            return f"the region could not be told yet ({fault}); pointers are kept, the running node sends them"
        return ""

    async def _authorities(self, organisation: Organisation) -> None:
        """Authority over children whose records are here; the same statement again is no new row."""
        identity = Identity(files.secret(self.link.beside(self.link.chosen.keys.tenant_secret_file)))
        for stated in organisation.authorities:
            child = identity.opaque("Patient", stated.child)
            client = (await self.writer.known([("Patient", child)])).get(("Patient", child))
            if not client:
                continue
            row = Authority(
                child,
                self.link.registers.handle(stated.person),
                Standing(stated.standing),
                stated.source,
                stated.start,
                stated.born,
                now(),
                stated.end,
                "source system",
            )
            known = [replace(one, recorded=row.recorded) for one in self.link.registers.authorities(client)]
            if row not in known:
                ward = Ward(client, stated.name, organisation.bsns.get(stated.child), row)
                await self.link.registers.record_authority(ward)


def _inputs(paths: Sequence[pathlib.Path]) -> list[publish.Input]:
    return [publish.Input(path.name, path) for path in paths]


def _by_bsn(organisation: Organisation, rows: Iterable[tuple[str, Row]]) -> list[tuple[Bsn, Row]]:
    """Rows of clients who have a BSN; who has none is invited by other means (domain §2)."""
    return [(organisation.bsns[patient], row) for patient, row in rows if patient in organisation.bsns]


@asynccontextmanager
async def opened(path: pathlib.Path) -> AsyncIterator[Publishing]:
    """The node that `path` configures, to publish into; closed at the end."""
    async with AsyncExitStack() as opening:
        link = await open_link(path)
        opening.push_async_callback(link.close)
        store = await open_store(link)
        opening.push_async_callback(store.close)
        await enrol.EnrollingWriter(store.writer, link.roster).reconcile()
        yield Publishing(link, store.writer)

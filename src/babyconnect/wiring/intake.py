"""`POST /intake` of a node: its source system's way in, behind a token of its own."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping
from typing import Any

from babyconnect.api.intake import Intake
from babyconnect.audit.event import About, Actor, Grounds, Place, event
from babyconnect.audit.log import AuditLog
from babyconnect.flows import publish
from babyconnect.flows.completeness import Completeness, as_json
from babyconnect.flows.findings import Report
from babyconnect.flows.inputs import Input
from babyconnect.store.contract import Store
from babyconnect.wiring import files, ultrasound
from babyconnect.wiring.link import Link, now
from babyconnect.wiring.publishing import publishing_node

SOURCE_SYSTEM = "source system"


def intake_of(link: Link, store: Store, log: AuditLog, soon: asyncio.Event) -> Intake:
    """`soon` is set when something was published, so that pointers are sent without waiting for their turn."""
    node = publishing_node(link, store.writer)

    async def into_store(one: Input) -> Report:
        report = await publish.publish([one], node)
        soon.set()
        return report

    async def audit(happened: Mapping[str, Any]) -> object:
        ura = link.party.ura.value
        return await log.append(
            event(
                happened["type"],
                happened["outcome"],
                dt.datetime.now(dt.UTC),
                Actor(ura, SOURCE_SYSTEM),
                Place(ura, client_address=happened.get("address", ""), trace=happened.get("trace", "")),
                About(
                    client=happened.get("client", ""),
                    resource=f"sha256 {happened.get('digest', '')}",
                    count=happened.get("count"),
                ),
                Grounds(reasons=tuple(happened.get("reasons", ()))),
            )
        )

    async def withdraw(type_name: str, source_id: str) -> object | None:
        return await publish.withdraw(node, type_name, source_id)

    counts = Completeness(link.tallies, now, table=ultrasound.table_of(link))

    def complete() -> list[dict[str, Any]]:
        return as_json(counts.exports())

    token = files.text(link.beside(link.chosen.intake.token_sha256_file))
    return Intake(token, into_store, audit, link.chosen.intake.file_bytes, withdraw, complete)

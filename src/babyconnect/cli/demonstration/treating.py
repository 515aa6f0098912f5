"""Which log-in sees a client: somebody of an organisation that has a treatment relationship with her today."""

from __future__ import annotations

import datetime as dt
import pathlib
from collections.abc import Iterator

from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Kind
from babyconnect.cli.demonstration import prepare
from babyconnect.cli.demonstration.plan import Member, Plan, Special
from babyconnect.wiring.asking import treated_here

LEADING = (Kind.MIDWIFERY_PRACTICE, Kind.HOSPITAL)


def treating(home: pathlib.Path, plan: Plan, today: dt.date) -> Iterator[tuple[Special, str]]:
    """Each client of the list with a sentence (Dutch); where she is booked comes first, if that still treats her."""
    numbers = {client.bsn for client in plan.special if client.bsn}
    treated = {
        member.slug: treated_here(
            prepare.node_folder(home, member) / "node.toml", [Bsn(number) for number in numbers], today
        )
        for member in plan.members
        if member.log_ins
    }
    for client in plan.special:
        now = [m for m in plan.members if client.bsn and Bsn(client.bsn) in treated.get(m.slug, ())]
        yield client, _said(client, sorted(now, key=lambda member: (member.slug != client.member, _rank(member))))


def _rank(member: Member) -> int:
    """Who leads the care sees most of the record."""
    return LEADING.index(member.kind) if member.kind in LEADING else len(LEADING)


def _said(client: Special, now: list[Member]) -> str:
    if not client.bsn:
        return "zonder BSN is zij niet op te zoeken"
    if not now:
        return "niemand behandelt haar op dit moment: haar dossier opent voor niemand"
    return f"log in als {now[0].log_ins[0].username} ({now[0].name})"

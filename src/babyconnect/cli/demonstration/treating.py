"""Which log-in sees a client: somebody of an organisation that has a treatment relationship with her today."""

from __future__ import annotations

import datetime as dt
import pathlib
from collections.abc import Iterator, Mapping, Sequence

from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Kind
from babyconnect.cli.demonstration import prepare
from babyconnect.cli.demonstration.plan import Member, Plan, Special
from babyconnect.wiring.asking import treated_here

LEADING = (Kind.MIDWIFERY_PRACTICE, Kind.HOSPITAL)


def treated(home: pathlib.Path, plan: Plan, today: dt.date) -> dict[str, list[Special]]:
    """The listed clients whom each member treats today, by its slug."""
    numbers = {client.bsn for client in plan.special if client.bsn}
    found: dict[str, list[Special]] = {}
    for member in plan.members:
        if member.log_ins:
            config = prepare.node_folder(home, member) / "node.toml"
            here = treated_here(config, [Bsn(number) for number in numbers], today)
            found[member.slug] = [client for client in plan.special if client.bsn and Bsn(client.bsn) in here]
    return found


def treating(plan: Plan, by_member: Mapping[str, Sequence[Special]]) -> Iterator[tuple[Special, str]]:
    """Each client of the list with a sentence (Dutch); where she is booked comes first, if that still treats her."""
    for client in plan.special:
        now = [member for member in plan.members if client in by_member.get(member.slug, ())]
        now = now if client.bsn else [member for member in plan.members if member.slug == client.member]
        yield client, _said(client, sorted(now, key=lambda member: (member.slug != client.member, _rank(member))))


def _rank(member: Member) -> int:
    """Who leads the care sees most of the record."""
    return LEADING.index(member.kind) if member.kind in LEADING else len(LEADING)


def _said(client: Special, now: list[Member]) -> str:
    if not client.bsn:
        where = f"log in als {now[0].log_ins[0].username} ({now[0].name})" if now else "bij haar eigen praktijk"
        return f"{where}; onder Eigen cliënten, op naam en geboortedatum{f' {client.born}' if client.born else ''}"
    if not now:
        return "niemand behandelt haar op dit moment: haar dossier opent voor niemand"
    return f"log in als {now[0].log_ins[0].username} ({now[0].name})"

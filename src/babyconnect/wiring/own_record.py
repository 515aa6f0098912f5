"""What the client's site needs of a node's registers: her own record, and the children for whom she may act."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from babyconnect.audit.event import client_pseudonym
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.flows.door import Door
from babyconnect.flows.own_record import OwnRecord
from babyconnect.flows.registers import Ward
from babyconnect.web.client.session import Authority, Represented, Wards
from babyconnect.wiring import files
from babyconnect.wiring.link import Link, now


def own_record(link: Link, door: Door) -> OwnRecord:
    key = files.secret(link.beside(link.chosen.keys.tenant_secret_file))
    return OwnRecord(
        own=link.party,
        door=door,
        registers=link.registers,
        clients=link.roster.clients,
        pseudonym=lambda bsn: client_pseudonym(key, bsn),
        now=now,
    )


def wards(own: OwnRecord) -> Wards:
    """Children with a BSN for whom she may act on the whole site; one without is found under her own record."""

    async def found(bsn: Bsn, today: dt.date) -> Sequence[Represented]:
        return [one for ward in own.children(bsn) if (one := _represented(ward))]

    return found


def _represented(ward: Ward) -> Represented | None:
    if ward.bsn is None:
        return None
    row = ward.authority
    return Represented(ward.bsn, ward.name, row.born, Authority(row.standing.value, row.start, row.source))

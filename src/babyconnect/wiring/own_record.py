"""What the client's site needs of a node's registers: her own record, and the children for whom she may act."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from babyconnect.audit.event import client_pseudonym
from babyconnect.birthcare.access import Channel
from babyconnect.birthcare.answers import LogAnswer
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Party
from babyconnect.exchange.contract import Asking
from babyconnect.exchange.own_log import looks
from babyconnect.flows.consult import ConsultingNode, by, consult, parties_of, source_of
from babyconnect.flows.door import Door
from babyconnect.flows.journal import Journal
from babyconnect.flows.oversight import Oversight
from babyconnect.flows.own_everywhere import OwnEverywhere
from babyconnect.flows.own_looks import OwnLooks
from babyconnect.flows.own_record import Looking, OwnRecord
from babyconnect.flows.registers import Ward
from babyconnect.web.client.session import Authority, ClientSession, Represented, SinceLogin, Wards
from babyconnect.web.privacy.client import AskingOf
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


@dataclass(frozen=True, slots=True)
class Names:
    """How this node names a client to others."""

    link: Link
    journal: Journal

    async def in_region(self, bsn: Bsn) -> str:
        return await self.link.pseudonyms.of(bsn)

    def as_person(self, bsn: Bsn) -> str:
        return self.journal.pseudonym(bsn)


def everywhere(link: Link, own: OwnRecord, node: ConsultingNode, journal: Journal) -> OwnEverywhere:
    return OwnEverywhere(own, Names(link, journal), link.directory.portal, lambda asking: consult(asking, node), now)


def own_looks(link: Link, overseen: Oversight, node: ConsultingNode) -> OwnLooks:
    """Her log over all organisations."""

    async def holders(asking: Asking, trace: str) -> Sequence[Party]:
        located = await link.localisation.hers(await link.pseudonyms.of(asking.bsn), by(asking), trace)
        return tuple(one for one in parties_of(node, located))

    async def read(party: Party, asking: Asking, trace: str, period: dict[str, str]) -> LogAnswer:
        asked = source_of(node, party)
        if asked is None:
            return LogAnswer(party, "unreachable", (), 0, "no endpoint in the directory")
        return await looks(node.exchange, asked, asking, trace, period)

    return OwnLooks(link.party, overseen, holders, read)


def asking_of(everywhere: OwnEverywhere, since_login: SinceLogin) -> AskingOf:
    """The question of a session to other organisations: about herself, or about the child for whom she acts."""

    async def asking(session: ClientSession) -> Asking | None:
        looking = Looking(session.subject, session.loa, logged_in=everywhere.now() - since_login(session))
        child = session.represents.bsn if session.represents else None
        return await everywhere.asking(looking, Channel.CLIENT_SITE, child)

    return asking


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

"""What a node decides by: its versions of the rules, its answer to emergencies, and what it can check of evidence."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog

from babyconnect.birthcare.access import AccessRequest, Decision, EmergencyTerms
from babyconnect.birthcare.resources import HOME
from babyconnect.definitions import document
from babyconnect.flows.break_glass import BreakGlass, Channel
from babyconnect.flows.evidence import EvidenceDesk
from babyconnect.flows.journal import AuditFault, Journal
from babyconnect.network.clients import ConsentCodes
from babyconnect.network.database import DatabaseFault
from babyconnect.network.emergencies import Emergencies
from babyconnect.settings import SettingsRefused
from babyconnect.trust import decision
from babyconnect.trust.lasting import Days
from babyconnect.trust.policies import Policies
from babyconnect.trust.rules import Rules
from babyconnect.wiring.holding import Checks, Elsewhere, HolderGrounds
from babyconnect.wiring.link import Link
from babyconnect.wiring.persons import second_of

TELL_EVERY_SECONDS = 60
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Deciding:
    """Opened once per node.  `terms`: how it answers an emergency."""

    policies: Policies
    book: Emergencies
    break_glass: BreakGlass
    desk: EvidenceDesk
    grounds: HolderGrounds
    terms: EmergencyTerms

    def decide(self, request: AccessRequest) -> Decision:
        return decision.decide(request, self.policies.on(request.moment.astimezone(HOME).date()))

    def close(self) -> None:
        self.book.close()

    async def tell(self) -> int:
        """Hands over the notices that can be handed over now."""
        return await self.break_glass.tell(CHANNELS)

    async def keep_telling(self) -> None:
        """Notices that could not be handed over are tried again, for as long as the node runs."""
        while True:
            try:
                await self.tell()
            except AuditFault:
                _log.error("the audit log took no event; notices wait")
            await asyncio.sleep(TELL_EVERY_SECONDS)


class Portal:
    """Her own pages: what is handed over is what they show (`Emergencies.sent_to`)."""

    async def send(self, client: str, text: str) -> None:
        return None


CHANNELS: dict[str, Channel] = {"portal": Portal()}


def deciding(
    link: Link, journal: Journal, elsewhere: Elsewhere | None = None, policies: Policies | None = None
) -> Deciding:
    """`policies`: those that the rest of the node goes by too."""
    policies = policies or policies_of(link)
    terms = _terms(link)
    book = emergencies_of(link)
    glass = glass_of(link, journal, book, policies)
    codes, days = ConsentCodes(link.region), Days()

    def rules() -> Rules:
        return policies.on(days.of(journal.clock()))

    checks = Checks(link.party.ura, link.roster, link.evidence, codes, rules)
    return Deciding(
        policies=policies,
        book=book,
        break_glass=glass,
        desk=EvidenceDesk(journal, link.roster, link.pseudonyms, link.evidence, codes, link.directory, policies.on),
        grounds=HolderGrounds(
            link.party.ura, link.roster, link.consents, rules, checks, glass.declared, terms, elsewhere
        ),
        terms=terms,
    )


def glass_of(link: Link, journal: Journal, book: Emergencies, policies: Policies) -> BreakGlass:
    minutes, roster = _terms(link).minutes, link.roster
    known = (roster.clients, roster.handle, roster.named_so)
    return BreakGlass(
        journal,
        book,
        policies.on,
        minutes,
        *known,
        second=second_of(link),
        called=roster.names_of,
        records=roster.records,
    )


def emergencies_of(link: Link) -> Emergencies:
    """The book lies beside the store."""
    try:
        return Emergencies(link.beside(link.chosen.store.path).with_suffix(".emergencies.sqlite"))
    except DatabaseFault as fault:
        raise SettingsRefused(f"{link.path}: store.path: beside it the book of emergencies {fault}") from fault


def policies_of(link: Link) -> Policies:
    return Policies(link.beside(link.chosen.rules.folder), link.moved)


def _terms(link: Link) -> EmergencyTerms:
    chosen, longest = link.chosen.break_glass, document("break_glass.toml")["longest_minutes"]
    if not 0 < chosen.minutes <= longest:
        raise SettingsRefused(f"{link.path}: break_glass.minutes: 1 to {longest}")
    return EmergencyTerms(chosen.answered, chosen.overrides_objection, chosen.minutes)

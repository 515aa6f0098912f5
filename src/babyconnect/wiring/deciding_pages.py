"""The pages and the endpoint of deciding: evidence, review of emergencies, versions of the rules, AuthZEN."""

from __future__ import annotations

import time
from typing import Any

from babyconnect.api.access import METADATA, Access
from babyconnect.api.server import App
from babyconnect.birthcare.identifiers import Ura
from babyconnect.flows.door import Door
from babyconnect.flows.evaluate import Evaluator
from babyconnect.flows.journal import Journal
from babyconnect.flows.rules import RulesDesk
from babyconnect.flows.unheard import Settling
from babyconnect.network.emergencies import Emergencies
from babyconnect.network.sought.client import SoughtClient
from babyconnect.settings import SettingsRefused
from babyconnect.trust.proposals import Proposals
from babyconnect.web.administration import rules as administration
from babyconnect.web.break_glass import reviews, unheard
from babyconnect.web.client import notices
from babyconnect.web.client.session import ClientSession
from babyconnect.web.evidence import chapter as evidence
from babyconnect.web.site import Chapter
from babyconnect.web.viewer.records import ViewerSession
from babyconnect.wiring import files
from babyconnect.wiring.deciding import Deciding
from babyconnect.wiring.link import Link
from babyconnect.wiring.persons import second_of
from babyconnect.wiring.today import own_clients


def staff_chapters(link: Link, journal: Journal, decides: Deciding, door: Door) -> list[Chapter[ViewerSession]]:
    waiting = Proposals(link.beside(link.chosen.rules.folder)) if link.chosen.four_eyes.activation else None
    grounds = decides.grounds
    desk = RulesDesk(
        *(journal, decides.policies, link.roster, grounds.registered, decides.terms, waiting, grounds.asks_elsewhere),
        second=second_of(link),
    )
    pages: list[Chapter[Any]] = [
        evidence.chapter(decides.desk, time.monotonic),
        reviews.chapter(decides.break_glass, lambda ura: _name(link, ura), own_clients(door)),
        administration.chapter(desk, link.directory),
        unheard.chapter(
            Settling(journal, decides.book.unheard, SoughtClient(link.region).taken, second_of(link)),
            lambda ura: _name(link, ura),
            lambda: _waits(link, decides.book),
        ),
    ]
    return pages


def client_chapter(link: Link, decides: Deciding) -> Chapter[ClientSession]:
    return notices.chapter(decides.break_glass, link.party, decides.tell)


def mounts(link: Link, journal: Journal, decides: Deciding) -> list[tuple[str, App]]:
    """AuthZEN, when `access.token_sha256_file` is set."""
    file = link.chosen.access.token_sha256_file
    if not file:
        return []
    try:
        secret = bytes.fromhex(files.text(link.beside(file)))
    except ValueError:
        secret = b""
    if len(secret) != 32:
        raise SettingsRefused(f"{link.path}: access.token_sha256_file: a SHA-256 in hex is expected")
    evaluator = Evaluator(journal, link.party, link.roster, decides.grounds, decides.decide)
    access = Access(evaluator, link.machine_base, secret)
    return [("/access", access), (METADATA, access)]


def _waits(link: Link, book: Emergencies) -> dict[str, int]:
    counts = link.roster.outbox.counts()
    told = [one for one in book.unsent() if one.recipient == "client"]
    return {"pointers": counts.register, "removals": counts.unregister, "notices": len(told)}


def _name(link: Link, ura: str) -> str:
    party = link.directory.party(Ura(ura))
    return party.name if party else f"URA {ura}"

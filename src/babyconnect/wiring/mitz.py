"""Build what a node has with the Mitz from its `[mitz]` section; nothing when that is not there."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aiohttp

from babyconnect.api.mitz import notified_app
from babyconnect.api.server import App
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.flows.journal import Journal
from babyconnect.flows.mitz import Listening, MitzBeside, said_to
from babyconnect.network.database import DatabaseFault
from babyconnect.network.mitz.client import Mitz, MitzAnswers
from babyconnect.network.mitz.question import table
from babyconnect.network.mitz.subscribed import Subscribed
from babyconnect.network.mitz.subscription import Channel, subscribe, subscription
from babyconnect.settings import SettingsRefused
from babyconnect.trust.sessions import Sessions
from babyconnect.wiring import files
from babyconnect.wiring.holding import Elsewhere
from babyconnect.wiring.link import Link

CONNECTIONS = 16


async def nothing(client: str) -> None:
    return None


@dataclass(frozen=True, slots=True)
class MitzHere:
    """`elsewhere` for the door, which says by which number she is asked about (`asks_by`); `destroyed` when a record
    was; `mounts` for notifications."""

    elsewhere: Elsewhere | None = None
    destroyed: Callable[[str], Awaitable[None]] = nothing
    mounts: tuple[tuple[str, App], ...] = ()
    asks_by: Callable[[Callable[[str], Awaitable[str]]], None] = lambda number: None


def mitz_of(link: Link, journal: Journal, sessions: Sessions, opening: contextlib.AsyncExitStack) -> MitzHere:
    """`opening` closes what is opened here."""
    chosen = link.chosen.mitz
    if not chosen.base_url:
        return MitzHere()
    if chosen.dialect != table()["dialect"]:
        raise SettingsRefused(f"{link.path}: mitz.dialect: {table()['dialect']} is expected")
    if not 0 < chosen.seconds <= 10:
        raise SettingsRefused(f"{link.path}: mitz.seconds: more than 0 and at most 10")
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS, ssl=_security(link)))
    opening.push_async_callback(session.close)
    asking = Mitz(chosen.base_url, session, chosen.seconds)
    beside = MitzBeside(link.party, journal, MitzAnswers(asking.ask, link.party, said_to(journal)))
    opening.push_async_callback(beside.close)
    mounts: tuple[tuple[str, App], ...] = ()
    if chosen.notify_token_file:
        listening, app, kept = _listen(link, session, sessions, beside)
        opening.callback(kept.close)
        beside.listening, mounts = listening, (("/mitz", app),)

    def asks_by(number: Callable[[str], Awaitable[str]]) -> None:
        beside.number = number

    return MitzHere(beside.consents, beside.destroyed, mounts, asks_by)


def _listen(
    link: Link, session: aiohttp.ClientSession, sessions: Sessions, beside: MitzBeside
) -> tuple[Listening, App, Subscribed]:
    chosen = link.chosen.mitz
    token = files.text(link.beside(chosen.notify_token_file))
    if len(token) < 32:
        raise SettingsRefused(f"{link.path}: mitz.notify_token_file: a word of at least 32 characters is expected")
    channel = Channel(f"{link.machine_base}/mitz/notify", token, chosen.gateway_system, chosen.source_system)
    kept = subscribed_of(link)

    async def send(bsn: Bsn) -> bool:
        return await subscribe(chosen.base_url, session, chosen.seconds, subscription(bsn, link.party, channel))

    listening = Listening(send, kept, link.roster.clients, sessions.revoke_client, link.roster.handle)
    return listening, notified_app(token, beside.heard), kept


def subscribed_of(link: Link) -> Subscribed:
    """The subscriptions lie beside the store."""
    try:
        return Subscribed(link.beside(link.chosen.store.path).with_suffix(".mitz.sqlite"))
    except DatabaseFault as fault:
        raise SettingsRefused(f"{link.path}: store.path: beside it the subscriptions {fault}") from fault


def _security(link: Link) -> ssl.SSLContext | bool:
    """Mutual TLS with this organisation's certificate for the Mitz; never without checking theirs."""
    chosen = link.chosen.mitz
    if not chosen.certificate_file:
        return True
    try:
        context = ssl.create_default_context(cafile=str(link.beside(chosen.ca_file)) if chosen.ca_file else None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(link.beside(chosen.certificate_file), link.beside(chosen.key_file))
    except (OSError, ssl.SSLError) as fault:
        raise SettingsRefused(f"{link.path}: mitz.certificate_file: {fault.strerror or fault}") from fault
    return context

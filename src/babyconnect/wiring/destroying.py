"""Destroying at a node: from a terminal, beside a running node, and for its own pages."""

from __future__ import annotations

import contextlib
import os
import pathlib
from collections.abc import AsyncIterator, Awaitable, Callable

from babyconnect.audit.log import AuditLog
from babyconnect.flows.destroy import Destroying
from babyconnect.flows.journal import Journal
from babyconnect.network.emergencies import Emergencies
from babyconnect.store.contract import Writer
from babyconnect.wiring.deciding import emergencies_of
from babyconnect.wiring.journal import journal_of
from babyconnect.wiring.link import Link, open_link
from babyconnect.wiring.mitz import nothing, subscribed_of
from babyconnect.wiring.persons import second_of
from babyconnect.wiring.stores import open_store


def destroying(
    link: Link,
    writer: Writer,
    journal: Journal,
    book: Emergencies,
    *,
    forget: Callable[[str], None] = lambda client: None,
    elsewhere: Callable[[str], Awaitable[None]] = nothing,
) -> Destroying:
    """`elsewhere`: forgets what another register (the Mitz) was asked of her."""

    async def told(client: str, handle: str) -> None:
        await book.forget(client, handle)
        await elsewhere(client)

    def forgotten(client: str) -> None:
        forget(client)
        link.moved()

    alone = not link.chosen.four_eyes.destruction
    return Destroying(
        *(writer, link.roster, link.registers, link.localisation, journal, forgotten, book.about, told, alone),
        second=second_of(link),
        changed=link.consents.stir,
    )


@contextlib.asynccontextmanager
async def opened(path: pathlib.Path) -> AsyncIterator[Destroying]:
    """The node that `path` configures; its log has a chain of its own beside the running node's."""
    async with contextlib.AsyncExitStack() as opening:
        link = await open_link(path)
        opening.push_async_callback(link.close)
        store = await open_store(link)
        opening.push_async_callback(store.close)
        folder = link.beside(link.chosen.audit.folder) / f"terminal-{os.getpid()}"
        log = AuditLog.open(folder, link.party.ura.value, link.key)
        opening.callback(log.close)
        book = emergencies_of(link)
        opening.callback(book.close)
        kept = subscribed_of(link)
        opening.callback(kept.close)
        yield destroying(link, store.writer, journal_of(link, log), book, elsewhere=kept.forget)

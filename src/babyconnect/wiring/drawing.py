"""Who fills the screens of a node's viewer: this process, or, in a node of several processes, its workers."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from functools import partial

import msgspec

from babyconnect.birthcare.identifiers import Bsn
from babyconnect.delivery.view import View
from babyconnect.exchange.http1 import Http
from babyconnect.flows.journal import Log
from babyconnect.flows.picture import picture
from babyconnect.flows.viewing import Viewing
from babyconnect.web.rendering import Pages
from babyconnect.web.viewer.drawing import Drawing, Drawn, Fill, Receiving, Sending, Step, Wanted
from babyconnect.web.viewer.site import PATH
from babyconnect.wiring import consulting, files
from babyconnect.wiring.link import Link, now
from babyconnect.wiring.medication import warnings
from babyconnect.workers.giving import Does, Lost, Work

TIMES = 2
"""When the worker that filled a screen is gone, another begins anew; no third, which would die of the same answer."""
_encode = msgspec.msgpack.Encoder().encode
_wanted = msgspec.msgpack.Decoder(Wanted)
_told = msgspec.msgpack.Decoder(tuple[Step, str])
"""A step, and her pseudonym in the region when it is known: the keeper watches for changes by it."""


def viewing(link: Link, log: Log, http: Http) -> Viewing[View]:
    key = files.secret(link.beside(link.chosen.keys.tenant_secret_file))
    node = consulting.consulting_node(link, log, http, key)
    return Viewing(consulting.consulting(node), partial(picture, table=warnings(link)), now)


def drawn_here(link: Link, log: Log, opening: contextlib.AsyncExitStack) -> Does:
    """A worker's work: a record that the keeper wants for a screen, drawn in this process."""
    http = Http(security=link.secured)
    opening.callback(http.close)
    drawing = Drawing(viewing(link, log, http), Pages(f"{PATH}/static", home=f"{PATH}/"))
    return work_of(drawing, link.pseudonyms.known)


def work_of(drawing: Drawing, known: Callable[[Bsn], str]) -> Does:
    """The same, of what draws.  `known`: her pseudonym, "" when it is not known."""

    async def steps(question: bytes) -> AsyncGenerator[bytes, None]:
        sending, wanted = Sending(), _wanted.decode(question)
        async with contextlib.aclosing(drawing.open(wanted)) as states:
            async for drawn in states:
                yield _encode((sending.step(drawn), known(wanted.bsn)))

    return steps


def drawn_by(work: Work, learn: Callable[[Bsn, str], None]) -> Fill:
    """The keeper's way to it.  `learn` is told her pseudonym."""

    async def states(wanted: Wanted) -> AsyncIterator[Drawn]:
        question = _encode(wanted)
        for left in reversed(range(TIMES)):
            received = Receiving()
            try:
                async with contextlib.aclosing(work.done(question)) as steps:
                    async for content in steps:
                        step, pseudonym = _told.decode(content)
                        if pseudonym:
                            learn(wanted.bsn, pseudonym)
                        yield received.drawn(step)
                return
            except Lost:
                if not left:
                    raise

    return states

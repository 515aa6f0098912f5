"""Who fills the screens of a node's viewer: this process, or, in a node of several processes, its workers."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from functools import partial

import msgspec

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
_step = msgspec.msgpack.Decoder(Step)


def viewing(link: Link, log: Log, http: Http) -> Viewing[View]:
    key = files.secret(link.beside(link.chosen.keys.tenant_secret_file))
    node = consulting.consulting_node(link, log, http, key)
    return Viewing(consulting.consulting(node), partial(picture, table=warnings(link)), now)


def drawn_here(link: Link, log: Log, opening: contextlib.AsyncExitStack) -> Does:
    """A worker's work: a record that the keeper wants for a screen, drawn in this process."""
    http = Http(security=link.secured)
    opening.callback(http.close)
    return work_of(Drawing(viewing(link, log, http), Pages(f"{PATH}/static", home=f"{PATH}/")))


def work_of(drawing: Drawing) -> Does:
    """The same, of what draws."""

    async def steps(question: bytes) -> AsyncGenerator[bytes, None]:
        sending = Sending()
        async with contextlib.aclosing(drawing.open(_wanted.decode(question))) as states:
            async for drawn in states:
                yield _encode(sending.step(drawn))

    return steps


def drawn_by(work: Work) -> Fill:
    """The keeper's way to it."""

    async def states(wanted: Wanted) -> AsyncIterator[Drawn]:
        question = _encode(wanted)
        for left in reversed(range(TIMES)):
            received = Receiving()
            try:
                async with contextlib.aclosing(work.done(question)) as steps:
                    async for content in steps:
                        yield received.drawn(_step.decode(content))
                return
            except Lost:
                if not left:
                    raise

    return states

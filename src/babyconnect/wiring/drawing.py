"""Who fills the screens of a node: this process, or, in a node of several processes, its workers."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from functools import partial
from typing import Literal, TypeVar

import msgspec

from babyconnect.birthcare.answers import SourceAnswer
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.delivery.view import View
from babyconnect.exchange.contract import Asking
from babyconnect.exchange.http1 import Http
from babyconnect.flows.consult import ConsultingNode, consult
from babyconnect.flows.journal import Log
from babyconnect.flows.own_everywhere import Consult, Copied, NotMade, copied
from babyconnect.flows.picture import picture
from babyconnect.flows.viewing import Asked, Viewing
from babyconnect.web.client import drawing as own
from babyconnect.web.rendering import Pages
from babyconnect.web.viewer.drawing import Drawing, Drawn, Fill, Receiving, Sending, Step, Wanted
from babyconnect.web.viewer.site import PATH
from babyconnect.wiring import consulting, files
from babyconnect.wiring.link import Link, now
from babyconnect.wiring.medication import warnings
from babyconnect.workers.giving import Does, Lost, Undone, Work

TIMES = 2
"""When the worker that filled a screen is gone, another begins anew; no third, which would die of the same answer."""
_encode = msgspec.msgpack.Encoder().encode
_question = msgspec.msgpack.Decoder(tuple[Literal["staff", "herself", "copy"], msgspec.Raw])
"""For whose screen or file, and what is wanted for it."""
_asking = msgspec.msgpack.Decoder(Asking)
PIECE = 1 << 20
"""Bytes of a file per step: the line has other work to tell of between two."""
_wanted = msgspec.msgpack.Decoder(Wanted)
_her_wanted = msgspec.msgpack.Decoder(own.Wanted)
_hers = msgspec.msgpack.Decoder(own.Drawn)
T = TypeVar("T")
_told = msgspec.msgpack.Decoder(tuple[Step, str])
"""A step, and her pseudonym in the region when it is known: the keeper watches for changes by it."""


def viewing(link: Link, log: Log, http: Http) -> Viewing[View]:
    return Viewing(consulting.consulting(_node(link, log, http)), partial(picture, table=warnings(link)), now)


def _node(link: Link, log: Log, http: Http) -> ConsultingNode:
    return consulting.consulting_node(link, log, http, files.secret(link.beside(link.chosen.keys.tenant_secret_file)))


def drawn_here(link: Link, log: Log, opening: contextlib.AsyncExitStack) -> Does:
    """A worker's work: a record that the keeper wants for a screen, drawn in this process."""
    http = Http(security=link.secured)
    opening.callback(http.close)
    node = _node(link, log, http)
    drawing = Drawing(viewing(link, log, http), Pages(f"{PATH}/static", home=f"{PATH}/"))

    def asked(asking: Asking) -> AsyncIterator[Asked | SourceAnswer]:
        return consult(asking, node)

    hers = own.Drawing(link.party, Pages("/client/static", home="/client/"), now, asked)
    return for_whom(
        {"staff": work_of(drawing, link.pseudonyms.known), "herself": her_work_of(hers), "copy": copy_work_of(asked)}
    )


def for_whom(doing: Mapping[str, Does]) -> Does:
    """Each question to who does it."""

    def does(question: bytes) -> AsyncGenerator[bytes, None]:
        whose, content = _question.decode(question)
        return doing[whose](bytes(content))

    return does


def work_of(drawing: Drawing, known: Callable[[Bsn], str]) -> Does:
    """What draws for staff.  `known`: her pseudonym, "" when it is not known."""

    async def steps(question: bytes) -> AsyncGenerator[bytes, None]:
        sending, wanted = Sending(), _wanted.decode(question)
        async with contextlib.aclosing(drawing.open(wanted)) as states:
            async for drawn in states:
                yield _encode((sending.step(drawn), known(wanted.bsn)))

    return steps


def her_work_of(drawing: own.Drawing) -> Does:
    """What draws for a client; whole each time, for there are few states."""

    async def steps(question: bytes) -> AsyncGenerator[bytes, None]:
        async with contextlib.aclosing(drawing.open(_her_wanted.decode(question))) as states:
            async for drawn in states:
                yield _encode(drawn)

    return steps


def copy_work_of(consult: Consult) -> Does:
    """What makes the file of a copy, handed over piece by piece once it is whole."""

    async def pieces(question: bytes) -> AsyncGenerator[bytes, None]:
        content = await copied(consult, _asking.decode(question))
        for start in range(0, len(content), PIECE):
            yield content[start : start + PIECE]

    return pieces


def copied_by(work: Work) -> Copied:
    """The keeper's way to it.  A copy whose worker died is begun anew once, as a screen is."""

    async def made(asking: Asking) -> bytes:
        question = _encode(("copy", asking))
        for left in reversed(range(TIMES)):
            try:
                return b"".join([piece async for piece in work.done(question)])
            except Lost:
                if not left:
                    raise NotMade("the workers that made it are gone") from None
            except Undone as undone:
                raise NotMade(str(undone)) from None
        raise AssertionError

    return made


def drawn_by(work: Work, learn: Callable[[Bsn, str], None]) -> Fill:
    """The keeper's way to it.  `learn` is told her pseudonym."""

    def states(wanted: Wanted) -> AsyncIterator[Drawn]:
        def begun() -> Callable[[bytes], Drawn]:
            received = Receiving()

            def drawn(content: bytes) -> Drawn:
                step, pseudonym = _told.decode(content)
                if pseudonym:
                    learn(wanted.bsn, pseudonym)
                return received.drawn(step)

            return drawn

        return _done(work, _encode(("staff", wanted)), begun)

    return states


def hers_by(work: Work) -> own.Fill:
    """The same for a client's own site."""
    return lambda wanted: _done(work, _encode(("herself", wanted)), lambda: _hers.decode)


async def _done(work: Work, question: bytes, begun: Callable[[], Callable[[bytes], T]]) -> AsyncIterator[T]:
    for left in reversed(range(TIMES)):
        understood = begun()
        try:
            async with contextlib.aclosing(work.done(question)) as steps:
                async for content in steps:
                    yield understood(content)
            return
        except Lost:
            if not left:
                raise

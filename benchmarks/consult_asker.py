"""The asking node of the consult benchmark, and the workers that ask for it in a node of several processes.

As in the product: a worker's events are made durable by the process that keeps the log, which gives it its work
(`babyconnect.workers`).  What a step would be as text on a screen is only counted here: `benchmarks.screen` has that.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import msgspec

from babyconnect.birthcare.access import Purpose, Relation
from babyconnect.birthcare.answers import SourceAnswer
from babyconnect.birthcare.identifiers import Bsn, Ura
from babyconnect.birthcare.parties import Kind, Party, Person, Role
from babyconnect.exchange.ask import Exchange
from babyconnect.exchange.contract import Asking
from babyconnect.exchange.http1 import Http
from babyconnect.flows.consult import ConsultingNode, consult
from babyconnect.flows.journal import Log
from babyconnect.flows.signatures import signer
from babyconnect.network.clients import Directory, LocalisationClient, PseudonymClient, Region
from babyconnect.settings import TokensSection
from babyconnect.trust import keys
from babyconnect.wiring.asker_tokens import token_form
from babyconnect.wiring.consulting import noter
from babyconnect.wiring.link import Link
from babyconnect.workers.giving import Does
from babyconnect.workers.line import Line
from benchmarks import several
from benchmarks.consult_parts import NAME

OWN = Party(Ura("00000001"), "Praktijk", Kind.MIDWIFERY_PRACTICE)
PERSON = Person("p1", "Anna", Role.MIDWIFE)


async def node_of(key: keys.SigningKey, base: str, calling: Http, log: Log) -> ConsultingNode:
    region = Region(base, NAME, signer(key, OWN.ura, time.time), calling)
    directory = Directory(region)
    await directory.load()
    chosen = SimpleNamespace(tokens=TokensSection(grant="minvws"))
    # The product's own form, of as much of a node as it takes.
    form = token_form(cast(Link, SimpleNamespace(chosen=chosen, party=OWN, key=key, secured=None)))

    async def evidence(bsn: Bsn) -> tuple[Relation, ...]:
        return (Relation("episode", "opaque"),)

    return ConsultingNode(
        OWN, directory, PseudonymClient(region, NAME), LocalisationClient(region, OWN, directory),
        Exchange(Http(), form), evidence, noter(OWN, log, os.urandom(32)), time.monotonic,
    )  # fmt: skip


def forget(node: ConsultingNode) -> None:
    """As if nobody had opened these records before: no tokens, no pseudonyms."""
    node.exchange._tokens._kept.clear()
    node.pseudonyms._remembered.clear()  # type: ignore[attr-defined]


async def statuses(node: ConsultingNode, bsn: Bsn) -> AsyncGenerator[tuple[str, str, str], None]:
    """How each source answered, as it comes: its name, status and reason."""
    async for step in consult(Asking(PERSON, Purpose.TREATMENT, bsn), node):
        if isinstance(step, SourceAnswer):
            yield step.source.name, step.status, step.reason


def serve(key: str, base: str, *files: str) -> None:
    """One worker.  `files`: the descriptors of its ends."""

    async def made(line: Line) -> tuple[Does, Callable[[], None]]:
        node = await node_of(keys.load(Path(key)), base, Http(), line)

        async def does(question: bytes) -> AsyncGenerator[bytes, None]:
            async for found in statuses(node, Bsn(question.decode())):
                yield msgspec.msgpack.encode(found)

        return does, lambda: forget(node)

    several.serve(files, made)


if __name__ == "__main__":
    serve(*sys.argv[1:])

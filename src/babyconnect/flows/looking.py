"""Look at one file of an open record: an image, a document.  Asked of its source when somebody asks for it.

The same path as a consult: this organisation's evidence, a token of the source bound to her, the source's decision and
log.  Here too each look is in the log before a byte of it is shown; nothing is kept.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from babyconnect.birthcare.access import Purpose
from babyconnect.birthcare.answers import SourceAnswer
from babyconnect.birthcare.identifiers import Bsn, Ura
from babyconnect.birthcare.parties import Person
from babyconnect.exchange.ask import new_trace, new_traceparent
from babyconnect.exchange.contract import Asking, Item, Source
from babyconnect.fhir.walk import find
from babyconnect.flows.consult import ConsultEvent, ConsultingNode, source_of, with_given
from babyconnect.flows.viewing import Declared
from babyconnect.sources.showing import Showable, showable


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file: `place` is that of its Attachment among those of the resource, when the resource is no Binary itself."""

    holder: Ura
    item: Item
    place: int = 0


@dataclass(frozen=True, slots=True)
class Seen:
    content: bytes
    how: Showable


@dataclass(frozen=True, slots=True)
class Unseen:
    """Why there is nothing to see: a status of the source, or a word of `sources.showing`."""

    reason: str


class File(Protocol):
    """What of a file on the screen says where it lies (`delivery.view.File`)."""

    @property
    def ura(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def place(self) -> int: ...
    @property
    def about(self) -> str: ...


Look = Callable[[Bsn, Person, Declared | None, File], Awaitable[Seen | Unseen]]
"""What the viewer has of it: whose record, who looks, how it was opened, which file."""


def looking(node: ConsultingNode) -> Look:
    async def start(bsn: Bsn, person: Person, declared: Declared | None, file: File) -> Seen | Unseen:
        wanted = Wanted(Ura(file.ura), Item(file.type, file.id, file.about), file.place)
        return await look(asking_of(bsn, person, declared), wanted, node)

    return start


def asking_of(bsn: Bsn, person: Person, declared: Declared | None) -> Asking:
    """The question: for treatment, or in an emergency that was declared."""
    if declared is None:
        return Asking(person, Purpose.TREATMENT, bsn)
    return Asking(person, Purpose.EMERGENCY, bsn, (declared.relation,), declared.emergency)


async def look(asking: Asking, wanted: Wanted, node: ConsultingNode) -> Seen | Unseen:
    """The file as its source has it now."""
    party = node.own if wanted.holder == node.own.ura else node.directory.party(wanted.holder)
    source = source_of(node, party) if party else None
    if party is None or source is None:
        return Unseen("unreachable")
    asking = replace(asking, relations=(*asking.relations, *await node.evidence(asking.bsn)))
    trace = new_trace()
    answer, asking = await _read(node, asking, source, wanted.item, trace)
    name = f"{wanted.item.type}/{wanted.item.id}"
    await node.note(
        ConsultEvent(asking, new_traceparent(trace), party, answer.status, len(answer.resources), answer.reason, name)
    )
    if answer.status != "answered":
        return Unseen(answer.status)
    content = _content(answer.resources[0], wanted.place)
    how = showable(content) if content is not None else "type"
    return Seen(content or b"", how) if isinstance(how, Showable) else Unseen(how)


async def _read(
    node: ConsultingNode, asking: Asking, source: Source, item: Item, trace: str
) -> tuple[SourceAnswer, Asking]:
    """What the source gives; refused by our own evidence, asked again with what others gave us, as a consult has it."""
    answer = await node.exchange.read(source, asking, new_traceparent(trace), item)
    if answer.status != "refused" or source.party == node.own:
        return answer, asking
    received = await with_given(node, asking, new_traceparent(trace))
    if received == asking:
        return answer, asking
    return await node.exchange.read(source, received, new_traceparent(trace), item), received


def _content(resource: Mapping[str, Any], place: int) -> bytes | None:
    data: Any = resource.get("content")
    if resource.get("resourceType") != "Binary":
        files = list(find(resource, "Attachment"))
        data = files[place].get("data") if place < len(files) else None
    if not isinstance(data, str):
        return None
    try:
        return base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        return None

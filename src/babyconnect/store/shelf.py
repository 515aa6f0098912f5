"""A shelf: the current JSON entries of one client and type, joined in the order of their ids, and their directory.

Answering reads the directory to choose and cuts the body to answer; nothing is parsed on the way out (design §4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from babyconnect.store.selection import Entry

_DIRECTORY = msgspec.msgpack.Decoder(tuple[Entry, ...])
_ENTRY = msgspec.msgpack.Decoder(Entry)
_pack = msgspec.msgpack.Encoder().encode

Laid = tuple[bytes, bytes]
"""An entry, packed because a large record has tens of thousands of them, with its bytes."""


def laid(entry: Entry, content: bytes) -> Laid:
    return _pack(entry), content


def directory(content: bytes) -> tuple[Entry, ...]:
    return _DIRECTORY.decode(content)


def lay(shelf: dict[str, Laid]) -> tuple[bytes, bytearray]:
    """Directory and body of a shelf, by id, whichever order the entries come in.  Takes them out of `shelf` one by one:
    a large record is in memory once."""
    entries: list[msgspec.Raw] = []
    body = bytearray()
    for id in sorted(shelf):
        packed, content = shelf.pop(id)
        placed = msgspec.structs.replace(_ENTRY.decode(packed), start=len(body), length=len(content))
        entries.append(msgspec.Raw(_pack(placed)))
        body += content
    return _pack(entries), body


def take(directory_content: bytes, body: bytes) -> dict[str, Laid]:
    """What lies on a shelf, by id."""
    return {e.id: laid(e, body[e.start : e.start + e.length]) for e in directory(directory_content)}


def ranges(entries: Sequence[Entry]) -> tuple[tuple[int, int], ...]:
    """Where entries lie, neighbours joined, so that a whole shelf is one cut."""
    cuts: list[tuple[int, int]] = []
    for entry in entries:
        end = entry.start + entry.length
        if cuts and cuts[-1][1] == entry.start:
            cuts[-1] = (cuts[-1][0], end)
        else:
            cuts.append((entry.start, end))
    return tuple(cuts)


def cut(body: bytes, cuts: Sequence[tuple[int, int]]) -> bytes:
    """The bytes of these ranges; the body itself, uncopied, when that is what they are."""
    if len(cuts) == 1:
        return body[cuts[0][0] : cuts[0][1]]
    return b"".join(body[start:end] for start, end in cuts)


def changed(shelf: Mapping[str, Laid], changes: Mapping[str, Laid | None]) -> dict[str, Laid]:
    """A shelf's content after changes by id; None takes one away."""
    after: dict[str, Laid | None] = {**shelf, **changes}
    return {id: content for id, content in after.items() if content is not None}

"""A shelf: the current JSON entries of one client and type, joined in the order of their ids, and their directory.

Answering reads the directory to choose and cuts the body to answer; nothing is parsed on the way out (design §4).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from babyconnect.store.selection import Entry

_DIRECTORY = msgspec.msgpack.Decoder(tuple[Entry, ...])

Laid = tuple[Entry, bytes]
"""An entry with its bytes."""


def directory(content: bytes) -> tuple[Entry, ...]:
    return _DIRECTORY.decode(content)


def lay(laid: Iterable[Laid]) -> tuple[bytes, bytes]:
    """Directory and body of a shelf, whichever order the entries come in."""
    entries: list[Entry] = []
    parts: list[bytes] = []
    start = 0
    for entry, content in sorted(laid, key=lambda item: item[0].id):
        entries.append(msgspec.structs.replace(entry, start=start, length=len(content)))
        parts.append(content)
        start += len(content)
    return msgspec.msgpack.encode(entries), b"".join(parts)


def take(directory_content: bytes, body: bytes) -> dict[str, Laid]:
    """What lies on a shelf, by id."""
    return {e.id: (e, body[e.start : e.start + e.length]) for e in directory(directory_content)}


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


def changed(shelf: Mapping[str, Laid], changes: Mapping[str, Laid | None]) -> list[Laid]:
    """A shelf's content after changes by id; None takes one away."""
    after: dict[str, Laid | None] = {**shelf, **changes}
    return [laid for laid in after.values() if laid is not None]

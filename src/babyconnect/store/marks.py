"""What every engine with tables keeps beside the bytes of a version: its labels, and its moment as text."""

from __future__ import annotations

import datetime as dt
import functools

import msgspec

from babyconnect.store.contract import Publication


class Labels(msgspec.Struct, frozen=True, array_like=True):
    """What a version was labelled and indexed with, as it is kept beside its bytes."""

    group: str
    shielded: tuple[str, ...]
    episodes: tuple[str, ...]
    index: dict[str, tuple[str, ...]]
    subject: str = ""


_LABELS = msgspec.msgpack.Decoder(Labels)


def labels(content: bytes) -> Labels:
    return _LABELS.decode(content)


def labels_of(new: Publication) -> bytes:
    # Sorted, so that equal labels are equal bytes.
    index = {name: tuple(values) for name, values in sorted(new.index.items())}
    shields, episodes = tuple(sorted(new.shielded)), tuple(sorted(new.episodes))
    return msgspec.msgpack.encode(Labels(new.group, shields, episodes, index, new.subject))


@functools.lru_cache(maxsize=1024)
def moment_of(text: str) -> dt.datetime:
    """One batch has one moment, so many resources share it."""
    return dt.datetime.fromisoformat(text)

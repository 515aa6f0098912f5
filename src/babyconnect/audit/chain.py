"""The chain: how one record is written so that no byte of it, nor its place, can change unnoticed.  Pure.

A record is one line of JSON, `{"seq":N,"prev":"…","event":{…},"hash":"…"}`.  `hash` is the SHA-256, in hex, of every
byte before `,"hash"`; `prev` is the previous record's hash, so each hash stands for the whole log up to there.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

GENESIS = "0" * 64
"""The `prev` of the first record."""

_LINE = re.compile(rb'(\{"seq":([1-9][0-9]{0,17}),"prev":"([0-9a-f]{64})","event":(\{.*\})),"hash":"([0-9a-f]{64})"\}')


@dataclass(frozen=True, slots=True)
class Link:
    """One record as it lies there.  `computed` is the hash its bytes have, `stated` the one it says it has."""

    seq: int
    prev: str
    event: bytes
    stated: str
    computed: str

    @property
    def intact(self) -> bool:
        return self.stated == self.computed


def forge(seq: int, prev: str, event: bytes) -> tuple[bytes, str]:
    """The line (with its newline) and the hash of the record that follows the one with hash `prev`."""
    body = b'{"seq":%d,"prev":"%s","event":%s' % (seq, prev.encode(), event)
    own = hashlib.sha256(body).hexdigest()
    return b'%s,"hash":"%s"}\n' % (body, own.encode()), own


def read(line: bytes) -> Link | None:
    """The record in a line (without its newline), or None when it is not one."""
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    body, seq, prev, event, stated = match.groups()
    return Link(int(seq), prev.decode(), event, stated.decode(), hashlib.sha256(body).hexdigest())

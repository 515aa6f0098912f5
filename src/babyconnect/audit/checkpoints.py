"""Signed checkpoints: the log's head at a moment, signed by the node, that whoever holds one can check the log against.

A checkpoint that was published or handed over cannot be taken back: a log that was rewritten or cut off before it no
longer has that hash at that place.  `root` is the root of the Merkle tree over all records until there, so that one
record, or that the log only grew, can be proved without the log (`merkle`; RFC 6962's signed tree head).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import orjson

Genuine = Callable[[str, bytes, bytes], bool]
"""(kid, content, signature) -> whether that key signed it; False for an unknown key (`trust.keys.genuine`)."""


class Signer(Protocol):
    """The node's key, as the log needs it (`trust.keys.SigningKey` is one)."""

    @property
    def kid(self) -> str: ...

    def sign(self, content: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """At `moment`, record `seq` of `node`'s log had this hash, and the tree of `seq` records this root (hex; "" in a
    checkpoint from before there was a tree)."""

    node: str
    seq: int
    hash: str
    moment: str
    kid: str = ""
    signature: bytes = b""
    root: str = ""

    def signed_text(self) -> bytes:
        if self.root:
            text = f"babyconnect audit checkpoint 2\n{self.node}\n{self.seq}\n{self.hash}\n{self.root}\n{self.moment}\n"
            return text.encode()
        return f"babyconnect audit checkpoint\n{self.node}\n{self.seq}\n{self.hash}\n{self.moment}\n".encode()

    def dump(self) -> bytes:
        """One line of JSON, without newline: as kept in the folder and as published."""
        return orjson.dumps({
            "node": self.node,
            "seq": self.seq,
            "hash": self.hash,
            **({"root": self.root} if self.root else {}),
            "moment": self.moment,
            "kid": self.kid,
            "signature": base64.urlsafe_b64encode(self.signature).decode(),
        })  # fmt: skip


Signing = Signer | Callable[[], Signer] | None
"""Who signs; a callable when that changes while the log is open (keys rotate); None: nobody."""


def now_signing(signing: Signing) -> Signer | None:
    return signing() if callable(signing) else signing


def make(bare: Checkpoint, signing: Signing) -> Checkpoint:
    """The same, signed."""
    signer = now_signing(signing)
    if signer is None:
        return bare
    return replace(bare, kid=signer.kid, signature=signer.sign(bare.signed_text()))


def load(line: bytes) -> Checkpoint | None:
    """The checkpoint in a line, or None when it is not one exactly as `dump` writes it."""
    try:
        content = orjson.loads(line)
        signature = base64.b64decode(content["signature"], altchars=b"-_", validate=True)
        found = Checkpoint(
            content["node"],
            content["seq"],
            content["hash"],
            content["moment"],
            content["kid"],
            signature,
            content.get("root", ""),
        )
        exact = type(found.seq) is int and found.dump() == line.strip()
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
        return None
    return found if exact else None

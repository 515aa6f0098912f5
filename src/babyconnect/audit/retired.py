"""What was let go: whole segments older than the retention, and the signed tombstone that stands in their place.

NEN 7513 wants a log kept at least five years, and AVG art. 5 not for ever.  The tombstone states the last record that
is gone, its hash (to which the first kept record is chained) and the peaks of the tree there, so that what is kept
stays verifiable.  It is durable before the first segment is taken away.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import itertools
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from babyconnect.audit import folder, merkle
from babyconnect.audit.checkpoints import Signing, now_signing
from babyconnect.audit.faults import AuditFault
from babyconnect.audit.folder import Head

FILE = "retired.json"


@dataclass(frozen=True, slots=True)
class Tombstone:
    """Records until `seq` are gone.  `until`: the moment of the last of them; `moment`: when they were let go."""

    node: str
    seq: int
    hash: str
    peaks: tuple[bytes, ...]
    until: str
    moment: str
    kid: str = ""
    signature: bytes = b""

    @property
    def head(self) -> Head:
        return Head(self.seq, self.hash)

    @property
    def root(self) -> str:
        return merkle.folded(self.peaks).hex()

    def signed_text(self) -> bytes:
        peaks = ",".join(peak.hex() for peak in self.peaks)
        parts = ("babyconnect audit tombstone", self.node, self.seq, self.hash, peaks, self.until, self.moment, "")
        return "\n".join(map(str, parts)).encode()

    def dump(self) -> bytes:
        return orjson.dumps({
            "node": self.node,
            "seq": self.seq,
            "hash": self.hash,
            "peaks": [peak.hex() for peak in self.peaks],
            "until": self.until,
            "moment": self.moment,
            "kid": self.kid,
            "signature": base64.urlsafe_b64encode(self.signature).decode(),
        })  # fmt: skip


def read(path: Path) -> Tombstone | None:
    """The tombstone of a log, None when nothing was ever let go.  AuditFault when it cannot be read."""
    try:
        content = (path / FILE).read_bytes()
        stone = _tombstone(orjson.loads(content))
        if stone.dump() + b"\n" != content:
            raise ValueError("not as it was written")
        return stone
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, binascii.Error) as problem:
        raise AuditFault("the log's tombstone cannot be read: verify the log before using it") from problem


def _tombstone(content: Mapping[str, Any]) -> Tombstone:
    peaks = tuple(bytes.fromhex(peak) for peak in content["peaks"])
    signature = base64.b64decode(content["signature"], altchars=b"-_", validate=True)
    if type(content["seq"]) is not int or len(peaks) != len(merkle.widths(content["seq"])):
        raise ValueError("no tombstone")
    texts = {name: str(content[name]) for name in ("node", "hash", "until", "moment", "kid")}
    return Tombstone(seq=content["seq"], peaks=peaks, signature=signature, **texts)


def old_segments(path: Path, before: dt.datetime) -> tuple[list[Path], str]:
    """The closed segments whose last record is older than `before`, and when that of the last of them was."""
    limit = before.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    old: list[Path] = []
    until = ""
    for segment in folder.segments(path)[:-1]:
        moment = folder.moment_of(folder.last_line(segment))
        if not moment or moment >= limit:
            break
        old.append(segment)
        until = moment
    return old, until


def let_go(path: Path, segments: list[Path], stone: Tombstone, signing: Signing) -> Tombstone:
    """Keep the tombstone, durably, and only then take the segments away."""
    signer = now_signing(signing)
    if signer is not None:
        stone = replace(stone, kid=signer.kid)
        stone = replace(stone, signature=signer.sign(stone.signed_text()))
    fresh = path / f"{FILE}.new"
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(handle, stone.dump() + b"\n")
        os.fsync(handle)
    finally:
        os.close(handle)
    fresh.replace(path / FILE)
    folder.sync(path)
    for segment in segments:
        segment.unlink()
    folder.sync(path)
    return stone


def finish(path: Path) -> None:
    """Take away what a tombstone says is gone but a sudden end left lying there."""
    stone = read(path)
    found = folder.segments(path) if stone else []
    for segment, following in itertools.pairwise(found):
        if stone and folder.first_of(following) <= stone.seq + 1:
            segment.unlink()

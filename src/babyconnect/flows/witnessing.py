"""Witnesses of each other's logs (RFC 6962 §5.3): no history can be rewritten unseen, also not the region's.

`show`: the region keeps the head of ours.  `watch`: we keep the head of the region's, by the keys that it had when we
first saw them, and each later one only with the proof that its log grew out of what we keep.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from babyconnect.audit import checkpoints, proofs
from babyconnect.audit.checkpoints import Checkpoint
from babyconnect.audit.proofs import Consistency
from babyconnect.audit.witness import Disagrees, Kept, Wanted, Witness
from babyconnect.trust import keys

PATH = "/witness/checkpoints"
REGION = "/witness/region"

Send = Callable[[str, str, Mapping[str, Any] | None], Awaitable[tuple[int, dict[str, Any]]]]
"""(method, path, body) -> status and answer of a signed request to the region; its faults are raised."""


@dataclass(frozen=True, slots=True)
class Witnessed:
    """The last head that is kept of a log, or why what was shown since is not."""

    checkpoint: Checkpoint | None
    fault: str = ""


async def show(folder: Path, head: Checkpoint, send: Send) -> Witnessed:
    """Show a head; when the region wants it, with the proof that our log only grew since what it keeps."""
    status, told = await send("POST", PATH, orjson.loads(head.dump()))
    last = _mark(told.get("last"))
    if status == 409 and last is not None:
        try:
            proof = await asyncio.to_thread(proofs.prove_growth, folder, last, head)
        except proofs.NoProof as problem:
            return Witnessed(last, str(problem))
        status, told = await send("POST", PATH, orjson.loads(proof.dump()))
    if status == 200:
        return Witnessed(_mark(told.get("kept")))
    return Witnessed(last, f"the region does not keep this log's head ({status})")


async def watch(keeper: Witness, keys_file: Path, name: str, send: Send) -> Witnessed:
    """What we keep of the region's log now, or why we do not believe what it shows."""
    status, told = await send("GET", REGION, None)
    head = _mark(told.get("checkpoint")) if status == 200 else None
    if head is None:
        kept = await asyncio.to_thread(keeper.kept, name)
        # A region that never signed anything may begin to; one that did may not stop saying where it stands.
        return Witnessed(kept[-1], f"the region does not show its log's head ({status})") if kept else Witnessed(None)
    genuine = keys.genuine(await asyncio.to_thread(_first_keys, keys_file, told.get("keys")))
    found = await asyncio.to_thread(keeper.show, name, head, genuine)
    if isinstance(found, Wanted):
        last = found.last
        status, told = await send("GET", f"{REGION}/growth?since={last.seq}", None)
        proof = proofs.load(orjson.dumps(told.get("proof"))) if status == 200 else None
        if not isinstance(proof, Consistency):
            return Witnessed(last, f"the region does not prove that its log grew ({status})")
        found = await asyncio.to_thread(keeper.show, name, proof, genuine)
    if isinstance(found, Kept):
        return Witnessed(found.checkpoint)
    last_kept = await asyncio.to_thread(keeper.kept, name)
    reason = found.reason if isinstance(found, Disagrees) else "the region proves the growth of another log"
    return Witnessed(last_kept[-1] if last_kept else None, reason)


def _first_keys(file: Path, shown: Any) -> Mapping[str, Any]:
    """The keys that were shown first, for ever: who could change them could sign another history with his own."""
    if file.exists():
        kept: Mapping[str, Any] = orjson.loads(file.read_bytes())
        return kept
    if not isinstance(shown, dict) or not shown.get("keys"):
        return {"keys": []}
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as opened:
        opened.write(orjson.dumps(shown))
        opened.flush()
        os.fsync(opened.fileno())
    return shown


def _mark(content: Any) -> Checkpoint | None:
    return checkpoints.load(orjson.dumps(content)) if isinstance(content, dict) else None

"""Show the head of our log to the region, which keeps it (RFC 6962 §5.3): a history cannot be rewritten unseen."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from babyconnect.audit import checkpoints, proofs
from babyconnect.audit.checkpoints import Checkpoint

PATH = "/witness/checkpoints"

Send = Callable[[str, str, Mapping[str, Any]], Awaitable[tuple[int, dict[str, Any]]]]
"""(method, path, body) -> status and answer of a signed request to the region; its faults are raised."""


@dataclass(frozen=True, slots=True)
class Witnessed:
    """What the region keeps of us: its last head, or why it will not keep ours."""

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


def _mark(content: Any) -> Checkpoint | None:
    return checkpoints.load(orjson.dumps(content)) if isinstance(content, dict) else None

"""The region's half of the pseudonyms: raise blinded points to the key.  It never sees an identifier or a pseudonym.

The key is a file of its own and the service needs nothing of the others', so that it can run elsewhere, under somebody
else's hands: whoever holds this key AND the index could try all numbers; neither alone can.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from babyconnect.network.pseudonyms import oprf

INLINE = 4
"""Up to this many points are computed on the loop (0.1 ms each); more go to a thread."""


class PseudonymService:
    def __init__(self, key: bytes, recipient: str) -> None:
        """`recipient`: `ura:…` or another name of the region, which this key makes pseudonyms for."""
        if len(key) != oprf.SCALAR_BYTES or not any(key):
            raise ValueError("a pseudonym key is a scalar of 32 bytes")
        self._key = key
        self.recipient = recipient

    async def evaluate(self, blinded: Sequence[bytes]) -> list[bytes]:
        """One evaluated point per blinded point.  Raises oprf.BadPoint."""
        if len(blinded) <= INLINE:
            return [oprf.evaluate(self._key, point) for point in blinded]
        return await asyncio.to_thread(lambda: [oprf.evaluate(self._key, point) for point in blinded])


def load_or_create_key(path: Path) -> bytes:
    """The key in a file that only its owner reads.  Lost is lost: every pseudonym would change."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(oprf.new_scalar(secrets.token_bytes))
    return path.read_bytes()

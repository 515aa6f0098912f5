"""Opaque ids: stable for a tenant, meaningless to anybody else.

The ids of sources are names often enough (`JAMILA-J-XXX-KWEE`), and two tenants' ids must not be comparable.  An id is
therefore a keyed hash (BLAKE2b, 128 bits, RFC 7693) of the source, the type and the source's id, under the tenant's
own secret; in base32 it fits FHIR's `id` ([A-Za-z0-9-.]{1,64}).
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

SHORTEST_SECRET = 16


@dataclass(frozen=True, slots=True, repr=False)
class Identity:
    """Makes the opaque ids of one tenant; `source` tells apart source systems whose ids may coincide."""

    secret: bytes
    source: str = ""

    def __post_init__(self) -> None:
        if len(self.secret) < SHORTEST_SECRET:
            raise ValueError(f"the tenant's secret for ids has at least {SHORTEST_SECRET} bytes")

    def opaque(self, type_name: str, source_id: str, scope: str = "") -> str:
        """The id under which this tenant publishes what its source calls `type_name/source_id`.

        `scope`: what the source's id is unique within, when that is less than the whole source ("" = the source).
        """
        parts = (self.source, scope, type_name, source_id)
        # Each part with its length: ("ab", "c") and ("a", "bc") are different names.
        message = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)
        digest = hashlib.blake2b(message, digest_size=16, key=self.secret[:64], person=b"babyconnect-id").digest()
        return base64.b32encode(digest).decode().rstrip("=").lower()

"""Which roles are believable for which kind of organisation (`definitions/asker_roles.csv`).

An organisation vouches for its people, but a maternity home care organisation that signs for a gynaecologist is either
mistaken or compromised; both are refused.
"""

from __future__ import annotations

import datetime as dt
import functools

from babyconnect import definitions
from babyconnect.birthcare.parties import Kind, Role
from babyconnect.trust.policy import in_force


def believable(kind: Kind, role: Role, day: dt.date | None = None) -> bool:
    """Whether people of this role work in this kind of organisation (on that day; else by every row)."""
    return role in roles_of(kind, day)


@functools.lru_cache(maxsize=256)
def roles_of(kind: Kind, day: dt.date | None = None) -> frozenset[Role]:
    return frozenset(
        Role(row["role"]) for row in definitions.rows("asker_roles") if row["kind"] == kind and in_force(row, day)
    )

"""Numbers of versions, with gaps of chance: a number must not tell how many versions lie before it (domain §4).

Were they 1, 2, 3, whoever sees version 2 without version 1 would know that something is withheld.  They only grow.
"""

from __future__ import annotations

import secrets

SPREAD = 50_000
"""On the average 25,000 a version: nine digits, which the API reads, are enough for 40,000 versions."""
random_below = secrets.randbelow


def following(before: int = 0) -> int:
    """The number of the next version."""
    return before + 1 + random_below(SPREAD)

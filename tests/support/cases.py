"""How many cases a law is tried with: few in `make test`, thousands in `make soak` (BABYCONNECT_EXAMPLES)."""

from __future__ import annotations

import os

AT_LEAST = int(os.environ.get("BABYCONNECT_EXAMPLES", "0"))


def cases(quick: int, slow: int = 1) -> int:
    """`quick`: in `make test`.  `slow`: how many times longer than most laws one case of this one takes."""
    return max(quick, AT_LEAST // slow)

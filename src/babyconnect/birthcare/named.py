"""Codes by the name that code asks after them with (`definitions/terminology/codes.csv`), as `system|code`."""

from __future__ import annotations

import functools

from babyconnect.definitions import rows


@functools.cache
def named(name: str) -> frozenset[str]:
    """Every code of a name; an unknown name is a fault of ours."""
    found = frozenset(f"{row['system']}|{row['code']}" for row in rows("terminology/codes") if row["name"] == name)
    if not found:
        raise KeyError(name)
    return found

"""The headers that every answer bears, whoever makes it (`definitions/headers.csv`).

The server adds those that an application did not set itself; so does it on what never reaches one.  Applications set
the same few combinations of headers time and again: what each lacks is kept, so that an answer costs one look-up.
"""

from __future__ import annotations

import functools

from babyconnect.api.wire import line
from babyconnect.definitions import rows

_MOST_KEPT = 512
_POLICY = "content-security-policy"
_kept: dict[tuple[bool, tuple[bytes, ...]], bytes] = {}


def lacking(names: tuple[bytes, ...], tls: bool) -> bytes:
    """The lines to add to an answer with headers of these names."""
    found = _kept.get((tls, names))
    if found is None:
        found = b"".join(line((name.encode(), value.encode())) for name, value in _added(frozenset(names), tls))
        if len(_kept) < _MOST_KEPT:
            _kept[tls, names] = found
    return found


def _added(names: frozenset[bytes], tls: bool) -> list[tuple[str, str]]:
    given = {name.decode("ascii").lower() for name in names}
    when = {"always": True, "tls": tls, "unframed": _POLICY not in given}
    return [(name, value) for name, value, only in _table() if when[only] and name not in given]


@functools.cache
def _table() -> tuple[tuple[str, str, str], ...]:
    return tuple((row["header"], row["value"], row["when"]) for row in rows("headers"))

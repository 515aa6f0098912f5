"""What points to a file (Binary), and who may therefore see it; pure, the same for every engine.

A file has no meaning of its own: it is released to whoever may see everything of her record that points to it now.
Asked of what lies there at each look, so that it outlives no withdrawal, correction or shielding of what it belongs to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from babyconnect.birthcare.access import Filter
from babyconnect.store.selection import Entry, is_visible

FILE = "Binary"
_SIGN = b'"Binary/'
_POINTS = re.compile(rb'"Binary/([A-Za-z0-9\-.]{1,64})"')
"""A whole string of JSON as we write it: within a text its quotes would be escaped."""

Lying = tuple[str, Sequence[Entry], bytes]
"""A type, the entries of a client on its shelf, and the JSON that they lie in."""


def files_in(content: bytes) -> set[str]:
    """The ids of the files that a resource (or several), as JSON, points to."""
    return {found.decode() for found in _POINTS.findall(content)}


def let(allowed: Filter, lying: Iterable[Lying]) -> frozenset[str]:
    """The ids of the files of which all that points to them is released.  `lying`: the client's whole record."""
    seen: set[str] = set()
    kept_back: set[str] = set()
    for type, entries, body in lying:
        if type == FILE or _SIGN not in body:
            continue
        for entry in entries:
            if files := files_in(body[entry.start : entry.start + entry.length]):
                (seen if is_visible(type, entry, allowed) else kept_back).update(files)
    return frozenset(seen - kept_back)

"""What stands around a resource: the others of its record, so that a reference can be followed.

Nothing is fetched: what a record does not hold is unknown, and a rule about it is not decided.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

_TYPE = re.compile(r"(?:^|/)([A-Z][A-Za-z]+)/[A-Za-z0-9\-.]{1,64}(?:/_history/[A-Za-z0-9\-.]{1,64})?$")
Resource = Mapping[str, Any]


class Surroundings:
    """The resources of one record, by `Type/id` and by the address that they were given."""

    def __init__(self, resources: Iterable[Resource] = (), addresses: Mapping[str, Resource] | None = None) -> None:
        self._found: dict[str, Resource] = dict(addresses or {})
        for one in resources:
            if "id" in one:
                self._found.setdefault(f"{one.get('resourceType')}/{one['id']}", one)
        self._contained: dict[int, tuple[Resource, dict[Any, Resource]]] = {}
        self.conforming: dict[tuple[int, str], bool] = {}
        """What was found out about a resource of this record and a profile; asked again for every reference to it."""

    def resolve(self, address: str, inside: Resource) -> Resource | None:
        """The resource that a reference in `inside` leads to."""
        if address.startswith("#"):
            return self._within(inside).get(address[1:])
        return self._found.get(address.split("/_history/", maxsplit=1)[0])

    def _within(self, inside: Resource) -> Mapping[Any, Resource]:
        """What a resource contains, by id; of two with one id the first.  It is held on to: its `id` stays its own."""
        known = self._contained.get(id(inside))
        if known is None:
            listed = reversed(inside.get("contained", ()))
            known = self._contained[id(inside)] = (inside, {one.get("id"): one for one in listed})
        return known[1]


def type_in(address: str) -> str:
    """The type that an address names (`Patient/1`), or ""."""
    found = _TYPE.search(address)
    return found[1] if found else ""

"""Names behind references without a display, each within its own source: the same id elsewhere is someone else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from babyconnect.birthcare.record import Item, Record
from babyconnect.birthcare.resources import as_list, target
from babyconnect.delivery import values
from babyconnect.delivery.values import Names

_NAMED = frozenset({"Practitioner", "Organization", "Location", "Patient", "RelatedPerson", "CareTeam", "Device"})


class NameBook:
    """`of(item)` and `at(ura)` give the lookup of one source."""

    def __init__(self, found: Mapping[tuple[str, str], str]) -> None:
        self._found = found

    def at(self, ura: str) -> Names:
        def name(reference: Mapping[str, Any]) -> str:
            return self._found.get((ura, target(reference)), "")

        return name

    def of(self, item: Item) -> Names:
        return self.at(item.source.ura.value)


NO_NAMES = NameBook({})


def book_of(record: Record) -> NameBook:
    """The names in a record."""
    found: dict[tuple[str, str], str] = {}
    for item in record.items:
        if item.type in _NAMED:
            for origin, resource in zip(item.origins, (item.resource, *item.others), strict=False):
                found[origin.source.ura.value, origin.reference] = _name(resource)
    return NameBook(found)


def _name(resource: Mapping[str, Any]) -> str:
    for name in as_list(resource.get("name")):
        return str(name.get("text") or values.human_name(name)) if isinstance(name, dict) else str(name)
    return ""

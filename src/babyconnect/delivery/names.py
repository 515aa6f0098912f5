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


def fetuses_of(record: Record) -> dict[str, str]:
    """Subject -> the name of that fetus, when the current pregnancy has more than one; else nothing to tell apart.

    They are called as their source calls them (*Foetus A*), with the name of the source where several sources do.
    """
    found: dict[str, str] = {}
    bodies = [i for i in record.items if i.kind == "fetus" and i.subject.startswith("fetus-")]
    holders = {item.source for item in bodies}
    for number, item in enumerate(bodies, 1):
        said = item.resource.get("description") or f"Foetus {number}"
        found[item.subject] = f"{said} ({item.source.name})" if len(holders) > 1 else str(said)
    return found if len(found) > 1 else {}

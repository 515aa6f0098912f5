"""Which organisation made a resource, so that a copy in another organisation's record can be marked as a copy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from babyconnect.birthcare.identifiers import URA_SYSTEM
from babyconnect.birthcare.resources import Resource, as_list, identifiers_of, target
from babyconnect.merge.gather import Holding
from babyconnect.merge.reading import extensions

_ELEMENTS = ("performer", "serviceProvider", "asserter", "recorder", "author")
_ROLE = ("practitionerrole-reference",)


def own_identifiers(holding: Holding) -> frozenset[str]:
    """How a source calls itself: its URA, and those of the organisation that bears it or manages the record."""
    own = f"{URA_SYSTEM}|{holding.source.ura.value}"
    found = {own}
    for resource in holding.resources.values():
        if resource.get("resourceType") == "Organization":
            identifiers = set(identifiers_of(resource))
            found |= identifiers if own in identifiers else set()
        elif resource.get("resourceType") == "EpisodeOfCare":
            manager = holding.resources.get(target(resource.get("managingOrganization")))
            found |= set(identifiers_of(manager)) if manager else set()
    return frozenset(found)


def _references(value: Mapping[str, Any]) -> Iterator[str]:
    """Organisation first: on whose behalf, then the role, then the person."""
    for element in ("onBehalfOf", "actor", "individual"):
        if isinstance(value.get(element), Mapping):
            yield from _references(value[element])
    for extension in extensions(value, _ROLE):
        yield target(extension.get("valueReference"))
    yield target(value)


class Authors:
    """Answers `of(resource)` for one source: the URA of the source that made it, or "" when that is not told."""

    def __init__(self, holding: Holding, owners: Mapping[str, str]) -> None:
        self._holding = holding
        self._owners = owners
        self._known: dict[str, str] = {}

    def of(self, resource: Resource) -> str:
        for element in _ELEMENTS:
            for value in as_list(resource.get(element)):
                if isinstance(value, Mapping):
                    for reference in _references(value):
                        if reference and (owner := self._owner(reference)):
                            return owner
        return ""

    def _owner(self, reference: str) -> str:
        if reference not in self._known:
            self._known[reference] = self._look_up(reference)
        return self._known[reference]

    def _look_up(self, reference: str) -> str:
        resource = self._holding.resources.get(reference)
        if resource is None:
            return ""
        if resource.get("resourceType") == "PractitionerRole":
            return self._owner(target(resource.get("organization")))
        if resource.get("resourceType") != "Organization":
            return ""
        return next((self._owners[i] for i in sorted(identifiers_of(resource)) if i in self._owners), "")


def owners(holdings: Sequence[Holding]) -> dict[str, str]:
    """Identifier of an organisation -> the URA of the source that is it; one that two sources claim says nothing."""
    found: dict[str, str] = {}
    for holding in holdings:
        for identifier in own_identifiers(holding):
            claimed = found.setdefault(identifier, holding.source.ura.value)
            if claimed != holding.source.ura.value:
                found[identifier] = ""
    return {identifier: ura for identifier, ura in found.items() if ura}

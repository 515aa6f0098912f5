"""The resources of a batch as members: each with its opaque key and what its references come to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from babyconnect.fhir.references import references
from babyconnect.fhir.walk import find
from babyconnect.labelling.addresses import Addresses
from babyconnect.labelling.member import Key, Member


@dataclass(frozen=True, slots=True)
class Given:
    """A resource as its source gave it, the address it had in a Bundle, where it stood, and the file it came from."""

    resource: Mapping[str, Any]
    full_url: str
    place: str
    original: str


@dataclass(frozen=True, slots=True)
class Clash:
    """Two different resources under one name: `place` is that of the second."""

    key: Key
    place: str
    text: str


def members(given: Iterable[Given], addresses: Addresses, known_as: Mapping[int, str]) -> list[Member | Clash]:
    """Each resource once; the same one twice is folded, two different ones under one id are a clash.

    `known_as`: by position, a registered number that names a resource better than the source's id does.
    """
    named: dict[Key, Given] = {}
    found: list[Member | Clash] = []
    for position, one in enumerate(given):
        key = addresses.add(one.resource, one.full_url, known_as.get(position, ""))
        if key not in named:
            named[key] = one
        elif named[key].resource != one.resource:
            found.append(Clash(key, one.place, "another resource of this type has the same id and other content"))
    return [*found, *(_member(key, one, addresses) for key, one in named.items())]


def _member(key: Key, one: Given, addresses: Addresses) -> Member:
    links: dict[str, Key] = {}
    missing: dict[str, Key] = {}
    for address in _addresses(one.resource, addresses):
        meant = addresses.resolve(address)
        if meant is not None:
            target, held = meant
            (links if held else missing)[address] = target
    return Member(key, one.resource, one.place, one.original, links, missing)


def _addresses(resource: Mapping[str, Any], addresses: Addresses) -> Iterator[str]:
    yield from references(resource)
    # An attachment points to its Binary by an address that is no Reference (STU3 §2.24.0.8).
    for attachment in find(resource, "Attachment"):
        url = attachment.get("url")
        if isinstance(url, str) and (url in addresses.held or url.startswith("Binary/")):
            yield url

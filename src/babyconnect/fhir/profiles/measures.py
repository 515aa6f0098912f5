"""Which units does a profile allow for a measured value?  What it fixes as a Quantity's code, or binds (required)."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from babyconnect.fhir.profiles.slicing import Matcher, matcher
from babyconnect.fhir.profiles.tables import Node, profile, type_by_key

UCUM = "http://unitsofmeasure.org"


@dataclass(frozen=True, slots=True)
class Measured:
    """A Quantity under `key` of `holder`, at `place`; `units`: those of UCUM that all its profiles allow."""

    holder: Mapping[str, Any]
    key: str
    place: str
    units: frozenset[str]


class _Alone:
    """What surrounds a resource by itself: nothing."""

    def target(self, address: str) -> Any:
        return None

    def conforms(self, resource: Any, profile: str) -> bool:
        return False


def measured(resource: Mapping[str, Any]) -> list[Measured]:
    """The Quantities of a resource of which its profiles say in which units they may be."""
    meta = resource.get("meta")
    urls = meta.get("profile") if isinstance(meta, Mapping) else None
    found: dict[tuple[int, str], Measured] = {}
    for url in urls if isinstance(urls, list) else ():
        known = profile(url) if isinstance(url, str) else None
        if known is None or known.type != resource.get("resourceType") or not _concerned(known.node):
            continue
        for one in _below(known.node, resource, known.type):
            before = found.get((id(one.holder), one.key))
            both = one.units & before.units if before else one.units
            found[id(one.holder), one.key] = Measured(one.holder, one.key, one.place, both)
    return list(found.values())


@functools.cache
def _concerned(node: Node) -> bool:
    """Whether something is said of units anywhere in a node."""
    inner = (*node.kids, *(one.node for one in node.slices))
    return bool(_units(node)) or any(_concerned(one) for one in inner)


@functools.cache
def _units(node: Node) -> frozenset[str]:
    """The codes of UCUM that a Quantity may have here; empty when anything goes, or another system counts."""
    found: list[frozenset[str]] = []
    code = node.kid("code")
    if code is not None and isinstance(code.fixed, str):
        found.append(frozenset({code.fixed}))
    for one in (node, code):
        if one is not None and one.binding is not None and one.binding.strength == "required":
            found.append(one.binding.codes.systems.get(UCUM) or frozenset())
    listed = [units for units in found if units]
    return frozenset.intersection(*listed) if listed else frozenset()


@functools.cache
def _matching(node: Node) -> Matcher:
    return matcher(node.slices)


def _below(node: Node, element: Mapping[str, Any], place: str) -> Iterator[Measured]:
    for kid in node.kids:
        if _concerned(kid):
            for key in kid.keys:
                yield from _at(kid, element, key, f"{place}.{key}")


def _at(kid: Node, holder: Mapping[str, Any], key: str, place: str) -> Iterator[Measured]:
    value = holder.get(key)
    kind = "" if kid.plain else type_by_key(kid.name)[key]
    for item in value if isinstance(value, list) else (value,):
        if not isinstance(item, Mapping):
            continue
        matched = _matching(kid)(item, kind, _Alone())[0] if kid.slices else ()
        for one in (kid, *(each.node for each in matched)):
            if kind == "Quantity" and (units := _units(one)):
                yield Measured(holder, key, place, units)
            yield from _below(one, item, place)

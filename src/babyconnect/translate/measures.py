"""Measured values in the units that a resource's profiles ask for: the one place, whatever it came as.

UCUM 2.1; the profiles' fixed and bound units (`fhir.profiles.measures`).  A unit that is allowed stays as it is; a
word becomes its code.  What measures something else than the profile is about is no value of it: left out, with that
reason, and kept in the original.  A result whose code says another unit (`terminology/result_units`) is told only.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from babyconnect.birthcare import units
from babyconnect.birthcare.resources import codes_in
from babyconnect.birthcare.units import UCUM
from babyconnect.definitions import rows
from babyconnect.fhir.profiles.measures import Measured, measured
from babyconnect.translate.findings import Severity
from babyconnect.translate.values import WRONG

Resource = Mapping[str, Any]
_VALUE = "valueQuantity"


@dataclass(frozen=True, slots=True)
class Told:
    """What was done with a value, and where in its resource."""

    severity: Severity
    place: str
    text: str


def in_their_units(resource: Resource) -> tuple[Resource, tuple[Told, ...]]:
    """The resource with its values in the units that are asked for, and what changed; itself when nothing does."""
    if resource.get("resourceType") != "Observation":
        return resource, ()  # of no other resource does a profile say in which unit a value is
    holders: dict[int, Resource] = {}
    told = list(_contradicting(resource))
    for asked in _asked(resource):
        holder = holders.get(id(asked.holder), asked.holder)
        made, one = _changed(holder, asked)
        if one is not None:
            holders[id(asked.holder)] = made
            told.append(one)
    return _with(resource, holders) if holders else resource, tuple(told)


def _asked(resource: Resource) -> Iterator[Measured]:
    return (one for one in measured(resource) if one.key == _VALUE and one.units)


def _contradicting(resource: Resource) -> Iterator[Told]:
    """Results in a unit of something else than their code says."""
    parts = resource.get("component")
    for part in (resource, *(parts if isinstance(parts, list) else ())):
        quantity = part.get(_VALUE)
        own = units.code_of(quantity) if isinstance(quantity, Mapping) else ""
        for code in codes_in(part.get("code")) if own else ():
            unit = _by_code().get(code)
            if unit and not units.measure_the_same(own, unit):
                place = f"Observation.{_VALUE}" if part is resource else f"Observation.component.{_VALUE}"
                yield Told("warning", place, f"sent in {own}, while its code says {unit}: kept as it was sent")


@functools.cache
def _by_code() -> Mapping[str, str]:
    return {row["code"]: row["unit"] for row in rows("terminology/result_units")}


def _changed(holder: Resource, asked: Measured) -> tuple[Resource, Told | None]:
    quantity = holder[_VALUE]
    own = units.code_of(quantity)
    if not own or (quantity.get("code") == own and own in asked.units):
        return holder, None  # a number or a word alone stays as it was sent, and nothing is done to what is right
    if own in asked.units:
        named = {**quantity, "system": UCUM, "code": own}
        return {**holder, _VALUE: named}, Told("information", asked.place, f"its unit is {own}")
    wanted = sorted(asked.units, key=_preferred)
    best = next((unit for unit in wanted if units.measure_the_same(own, unit)), "")
    value = units.said_in(quantity.get("value"), own, best)
    if value is not None:
        made = {**quantity, "value": value, "unit": best, "system": UCUM, "code": best}
        text = f"sent in {own}, written in {best}, as its profile asks"
        return {**holder, _VALUE: made}, Told("information", asked.place, text)
    if best or units.is_number(own):
        return holder, None  # no other thing was measured: no number, a count, or a word
    text = f"{own} is no unit of what is measured here ({' or '.join(wanted)}); kept in the original only"
    left = {name: kept for name, kept in holder.items() if name != _VALUE}
    return {"dataAbsentReason": WRONG} | left, Told("warning", asked.place, text)


def _preferred(unit: str) -> tuple[bool, str]:
    """Metric before customary; else by name, which for those that profiles bind (d and wk, g and kg) is the smaller."""
    return unit.startswith("["), unit


def _with(resource: Resource, holders: Mapping[int, Resource]) -> Resource:
    made = dict(holders.get(id(resource), resource))
    if "component" in made:
        made["component"] = [holders.get(id(part), part) for part in made["component"]]
    return made

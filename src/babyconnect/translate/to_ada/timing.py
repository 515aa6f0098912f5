"""When a child was born, and what lies well before that: no step of the delivery unless it says so.

The same act can be one of the pregnancy and one of the delivery: anti-D immunoglobulin in week 30, and after the birth.
Only moments that the data set has count, so that a record that is read again is read the same way.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping

from babyconnect.definitions import document
from babyconnect.translate.tables import Rule
from babyconnect.translate.to_ada.graph import Graph, Resource, found
from babyconnect.translate.to_ada.inverses import wall_time

_PART = "partOf[]"
_PERFORMED = ("performedDateTime", "performedPeriod/start")


class Births:
    """The days of birth that a record tells, by the rules that each resource can be of."""

    def __init__(self, graph: Graph, possible: Mapping[str, frozenset[str]]) -> None:
        self._days = frozenset(_days(graph, possible))

    def lie_after(self, resource: Resource, rule: Rule) -> bool:
        """True when the rule is of a part of the delivery, and the resource is no part of it and too early for one."""
        if resource.get("partOf") or not any(path == _PART for path, _ in rule.template.links):
            return False
        began = next((day for path in _PERFORMED for one in found(resource, path) if (day := _day(one.value))), None)
        if began is None or not self._days:
            return False
        nearest = min(self._days, key=lambda born: abs(born - began))
        return nearest - began > dt.timedelta(days=int(document("ada/anchors.toml")["delivery"]["days"]))


def _days(graph: Graph, possible: Mapping[str, frozenset[str]]) -> Iterator[dt.date]:
    anchors = document("ada/anchors.toml")
    where = {anchors["admission"]["child"]: "birthDate", anchors["delivery"]["ended"]: "valueDateTime"}
    woman = anchors["client"]["element"]
    for key, names in possible.items():
        for path in [path for rule, path in where.items() if rule in names and woman not in names]:
            yield from (day for one in found(graph.all[key], path) if (day := _day(one.value)))


def _day(value: object) -> dt.date | None:
    """A whole day, in Dutch wall time."""
    try:
        return dt.date.fromisoformat(wall_time(value)[:10]) if isinstance(value, str) else None
    except ValueError:
        return None

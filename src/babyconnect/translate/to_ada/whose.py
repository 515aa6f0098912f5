"""Whose a resource is: it is told nowhere but where that person, or that foetus, has a place for it.

Concepts come in twins: the circumference of a newborn's head and of a foetus', a heart rate, a weight.  Their codes and
profiles may be one (bc-FetalHeartRate, zib-HeadCircumference), so these alone never say of whom it was measured.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from babyconnect.translate.tables import Rule
from babyconnect.translate.to_ada.graph import Graph, Resource, found
from babyconnect.translate.to_ada.inverses import wall_time

if TYPE_CHECKING:
    from babyconnect.translate.to_ada.backwards import Backwards

_PERSON = frozenset({"Patient"})
_FETUS = "BodySite"


def is_theirs(graph: Graph, people: Mapping[str, frozenset[str]], key: str, their: Backwards, rule: Rule) -> bool:
    """True when everyone whom a resource says that it is about can be the one whom the rule is about.

    `people`: of each Patient, the rule that she or the child is of; none of whom the record is not about."""
    reached: dict[tuple[str, str], bool] = {}
    for path, link in their.links(rule):
        able = {one.rule for one in their.alternatives(link) if their.reaches(rule, one)}
        able |= {their.table.anchors["admission"]["child"]} if _lies_with_a_child(their, rule) else set()
        for person in _led(graph, graph.all[key], path):
            if person in people:
                reached[path, person] = reached.get((path, person), False) or not able.isdisjoint(people[person])
    return all(reached.values())


def _lies_with_a_child(their: Backwards, rule: Rule) -> bool:
    """True when the rule's element, or what it lies in, can stand in a group of one child or in its phase of birth."""
    groups = their.table.anchors["children"].keys() | their.table.anchors["births"].keys()
    ways = (way for step in their.structure.chain(rule.concept) for way in their.ways(step))
    return any(not groups.isdisjoint(their.structure.chain(way)) for way in ways)


def says_a_fetus(graph: Graph, resource: Resource, their: Backwards, rule: Rule) -> bool:
    """True when a link of the rule leads to a foetus that the resource refers to."""
    return any(one.startswith(f"{_FETUS}/") for path, _ in their.links(rule) for one in _led(graph, resource, path))


def on_the_day_of_birth(graph: Graph, resource: Resource) -> bool:
    """True when it was measured of a person on the day on which that person was born."""
    born = str(graph.all.get(graph.target(resource.get("subject")), {}).get("birthDate", ""))
    return len(born) == len("2024-01-31") and wall_time(str(resource.get("effectiveDateTime", "")))[:10] == born


def persons(graph: Graph) -> Iterator[str]:
    return (key for key, one in graph.all.items() if one.get("resourceType") in _PERSON)


def _led(graph: Graph, resource: Resource, path: str) -> set[str]:
    return {graph.target(one.value) for one in found(resource, path)} - {""}

"""Where each resource belongs inside its own source: which person, pregnancy, encounter and child (no linking yet).

A resource says it by its focus, its reason, its context or its encounter; the walk follows those, nearest first, and
never goes round in circles; only what it finds is remembered on the way, so that the order of asking is nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from babyconnect.birthcare.resources import Resource
from babyconnect.merge.gather import Holding
from babyconnect.merge.persons import is_kind
from babyconnect.merge.reading import focuses, layout, subject_of, targets


@dataclass(slots=True)
class Places:
    """Lookups within one source, each worked out once."""

    holding: Holding
    children: frozenset[str]
    _pregnancies: dict[str, str] = field(default_factory=dict)

    def ties(self, resource: Resource) -> list[str]:
        """What it hangs on: its focus first, then the elements of the table, in the table's order."""
        found = list(focuses(resource))
        for element in layout(resource.get("resourceType", "")).get("belongs", ()):
            found.extend(sorted(targets(resource, element)))
        return found

    def pregnancy(self, key: str) -> str:
        """The `Type/id` of the source's own pregnancy that a resource belongs to, or ""."""
        if key not in self._pregnancies:
            self._pregnancies[key] = self._walk(key, frozenset())
        return self._pregnancies[key]

    def _walk(self, key: str, seen: frozenset[str]) -> str:
        if known := self._pregnancies.get(key):
            return known
        resource = self.holding.resources.get(key)
        if resource is None:
            # A record that was not supplied still tells which of its resources belong together.
            return key if key.startswith("EpisodeOfCare/") else ""
        if self._is_pregnancy(resource):
            return key
        if resource.get("resourceType") == "EpisodeOfCare":
            return self._of_episode(key, resource)
        ties = (tie for tie in self.ties(resource) if tie not in seen)
        return next((p for p in (self._walk(tie, seen | {key}) for tie in ties) if p), "")

    def _of_episode(self, key: str, episode: Resource) -> str:
        for diagnosis in sorted(targets(episode, "diagnosis")):
            condition = self.holding.resources.get(diagnosis)
            if condition is not None and self._is_pregnancy(condition):
                return diagnosis
        return key

    @staticmethod
    def _is_pregnancy(resource: Resource) -> bool:
        return resource.get("resourceType") == "Condition" and is_kind(resource, "pregnancy")

    def child(self, key: str) -> str:
        """The source's own child a resource is about: its subject, or that of what it focuses on or is a part of.

        A birth is a part of the delivery and a delivery is the woman's, so this never crosses to another child; what
        leads to two children is about neither alone.
        """
        found = self._children_of(key, 3)
        return next(iter(found)) if len(found) == 1 else ""

    def _children_of(self, key: str, depth: int) -> frozenset[str]:
        resource = self.holding.resources.get(key)
        if resource is None or depth == 0:
            return frozenset()
        if (subject := subject_of(resource)) in self.children:
            return frozenset({subject})
        ties = (*focuses(resource), *targets(resource, "partOf"))
        return frozenset().union(*(self._children_of(tie, depth - 1) for tie in ties))

    def encounter(self, resource: Resource) -> str:
        """The contact it was made in: its context, or a supporting reference to an Encounter."""
        for element in ("context", "encounter"):
            for found in targets(resource, element):
                if found.startswith("Encounter/"):
                    return found
        return _supporting_encounter(resource)


def _supporting_encounter(resource: Mapping[str, object]) -> str:
    extensions = resource.get("extension")
    for extension in extensions if isinstance(extensions, list) else ():
        reference = (extension.get("valueReference") or {}).get("reference", "")
        if reference.startswith("Encounter/") or "/Encounter/" in reference:
            return "/".join(reference.split("/")[-2:])
    return ""

"""Where each resource belongs inside its own source: which person, pregnancy, encounter and child (no linking yet).

A resource says it by its focus, its reason, its context or its encounter; the walk follows those, nearest first, and
never goes round in circles; only what it finds is remembered on the way, so that the order of asking is nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from babyconnect.birthcare.resources import Resource
from babyconnect.merge.gather import Holding
from babyconnect.merge.read import Read
from babyconnect.merge.reading import layout, targets

_NOBODY: frozenset[str] = frozenset()


@dataclass(slots=True)
class Places:
    """Lookups within one source, each worked out once."""

    holding: Holding
    children: frozenset[str]
    _pregnancies: dict[str, str] = field(default_factory=dict)
    _children: dict[str, str] = field(default_factory=dict)

    def ties(self, read: Read) -> list[str]:
        """What it hangs on: its focus first, then the elements of the table, in the table's order."""
        found = list(read.focuses)
        for element in layout(read.type).get("belongs", ()):
            if element in read.resource:
                found.extend(sorted(targets(read.resource, element)))
        return found

    def pregnancy(self, key: str) -> str:
        """The `Type/id` of the source's own pregnancy that a resource belongs to, or ""."""
        if key not in self._pregnancies:
            self._pregnancies[key] = self._walk(key, frozenset())
        return self._pregnancies[key]

    def _walk(self, key: str, seen: frozenset[str]) -> str:
        if known := self._pregnancies.get(key):
            return known
        read = self.holding.reads.get(key)
        if read is None:
            # A record that was not supplied still tells which of its resources belong together.
            return key if key.startswith("EpisodeOfCare/") else ""
        if read.kind == "pregnancy":
            return key
        if read.type == "EpisodeOfCare":
            return self._of_episode(read)
        for tie in self.ties(read):
            if tie not in seen and (found := self._walk(tie, seen | {key})):
                return found
        return ""

    def _of_episode(self, episode: Read) -> str:
        for diagnosis in sorted(targets(episode.resource, "diagnosis")):
            condition = self.holding.reads.get(diagnosis)
            if condition is not None and condition.kind == "pregnancy":
                return diagnosis
        return episode.key

    def child(self, key: str) -> str:
        """The source's own child a resource is about: its subject, or that of what it focuses on or is a part of.

        A birth is a part of the delivery and a delivery is the woman's, so this never crosses to another child; what
        leads to two children is about neither alone.
        """
        if not self.children:
            return ""
        if key not in self._children:
            found = self._children_of(key, 3)
            self._children[key] = next(iter(found)) if len(found) == 1 else ""
        return self._children[key]

    def _children_of(self, key: str, depth: int) -> frozenset[str]:
        read = self.holding.reads.get(key)
        if read is None or depth == 0:
            return _NOBODY
        if read.subject in self.children:
            return frozenset((read.subject,))
        found = _NOBODY
        for tie in (*read.focuses, *(targets(read.resource, "partOf") if "partOf" in read.resource else ())):
            found |= self._children_of(tie, depth - 1)
        return found

    def encounter(self, resource: Resource) -> str:
        """The contact it was made in: its context, or a supporting reference to an Encounter."""
        for element in ("context", "encounter"):
            if element not in resource:
                continue
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

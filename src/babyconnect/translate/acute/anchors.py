"""Who and what a record is about: the woman, this pregnancy and those before it, deliveries, births, children.

Found by what the resources refer to (bc-MaternalRecord.diagnosis, bc-Birth.partOf, focus), as the birth-care profiles
have it; where nothing tells this pregnancy from others, the one whose record is active, else the latest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from babyconnect.translate.acute import mapping
from babyconnect.translate.to_ada.graph import Graph, Resource, same_coding

_WOMAN, _CHILD = "bc-Woman", "bc-Child"
_TIES = ("partOf", "reasonReference", "context", "encounter", "episodeOfCare", "diagnosis")
"""Elements by which a resource hangs on others, the nearest first; its focus goes before these."""


@dataclass(slots=True)
class Anchors:
    """Keys (`Type/id`) by what they are.  `before`: pregnancies that are over, the first one first."""

    graph: Graph
    women: list[str] = field(default_factory=list)
    episode: str = ""
    pregnancy: str = ""
    before: list[str] = field(default_factory=list)
    deliveries: dict[str, str] = field(default_factory=dict)
    births: dict[str, list[str]] = field(default_factory=dict)
    children: dict[str, str] = field(default_factory=dict)
    _found: dict[str, str] = field(default_factory=dict)

    @property
    def client(self) -> str:
        return self.women[0] if self.women else ""

    def pregnancy_of(self, key: str) -> str:
        """The pregnancy that a resource belongs to: that of what it focuses on, is part of, or was recorded in."""
        if key not in self._found:
            self._found[key] = ""  # what goes round in circles leads nowhere
            self._found[key] = next((found for found in self._reached(key) if found), "")
        return self._found[key]

    def _reached(self, key: str) -> Iterator[str]:
        resource = self.graph.all[key]
        if key == self.pregnancy or key in self.before:
            yield key
        if child := self.graph.target(resource.get("subject")):
            yield self._born_of(child)
        for other in ties(self.graph, resource):
            yield self.pregnancy_of(other)
        yield self._born_of(key)

    def _born_of(self, child: str) -> str:
        """The pregnancy of which a child was born, "" of whoever is no child of this record."""
        birth = self.children.get(child, "")
        return next((pregnancy for pregnancy, births in self.births.items() if birth in births), "")


def anchors(graph: Graph) -> Anchors:
    found = Anchors(graph)
    patients = [key for key, one in graph.all.items() if one["resourceType"] == "Patient"]
    found.women = [key for key in patients if _is(graph.all[key], _WOMAN)]
    episodes = [key for key, one in graph.all.items() if _matches("episode", one)]
    if not found.women:
        named = [graph.target(graph.all[key].get("patient")) for key in episodes]
        others = [key for key in patients if not _is(graph.all[key], _CHILD)]
        found.women = list(dict.fromkeys([key for key in named if key] or others))
    pregnancies = [key for key, one in graph.all.items() if _matches("pregnancy", one)]
    found.episode = _current(graph, episodes)
    found.pregnancy = _this(graph, found.episode, pregnancies)
    found.before = [key for key in pregnancies if key != found.pregnancy]
    for key in (key for key, one in graph.all.items() if _matches("delivery", one)):
        found.deliveries.setdefault(found.pregnancy_of(key) or found.pregnancy, key)
    for key in (key for key, one in graph.all.items() if _matches("birth", one)):
        found.births.setdefault(found.pregnancy_of(key) or found.pregnancy, []).append(key)
        child = graph.target(graph.all[key].get("subject"))
        if child and child not in found.women:
            found.children.setdefault(child, key)
    found._found.clear()
    return found


def ties(graph: Graph, resource: Resource) -> Iterator[str]:
    """What a resource hangs on: its focus first, then the elements of the list."""
    for extension in resource.get("extension") or ():
        if isinstance(extension, Mapping) and (found := graph.target(extension.get("valueReference"))):
            yield found
    for name in _TIES:
        given = resource.get(name)
        for one in given if isinstance(given, list) else [given]:
            reference = one.get("condition", one) if isinstance(one, Mapping) else None
            if reference is not None and (found := graph.target(reference)):
                yield found


def _is(resource: Resource, profile: str) -> bool:
    return any(str(one).endswith(f"/{profile}") for one in (resource.get("meta") or {}).get("profile") or ())


def _matches(rule: str, resource: Resource) -> bool:
    """A resource of the type and with one of the codes of a rule."""
    wanted = mapping.rule(rule)
    if resource["resourceType"] != wanted.type:
        return False
    if rule == "episode":
        types = resource.get("type") or ()
        return any(same_coding(one.get("coding"), wanted.fixed["type"][0]["coding"]) for one in types)
    return same_coding((resource.get("code") or {}).get("coding"), wanted.codings)


def _current(graph: Graph, episodes: list[str]) -> str:
    def rank(key: str) -> tuple[bool, str]:
        one = graph.all[key]
        return one.get("status") == "active", str((one.get("period") or {}).get("start", ""))

    return max(episodes, key=rank, default="")


def _this(graph: Graph, episode: str, pregnancies: list[str]) -> str:
    diagnoses: Any = graph.all[episode].get("diagnosis") or () if episode else ()
    named = [graph.target(one.get("condition")) for one in diagnoses if isinstance(one, Mapping)]
    active = [key for key in pregnancies if graph.all[key].get("clinicalStatus") == "active"]
    candidates = (
        [key for key in named if key in pregnancies] or active or (pregnancies if len(pregnancies) == 1 else [])
    )
    return candidates[0] if candidates else ""

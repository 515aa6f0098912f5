"""References between STU3 resources (§2.3): finding them and reading their addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from babyconnect.fhir.grammar import resource_types
from babyconnect.fhir.walk import find

_LOCAL = re.compile(
    r"(?:(?P<base>[a-z][a-z0-9+.-]*://\S+?)/)?(?P<type>[A-Z][A-Za-z]+)/(?P<id>[^/\s?#]+)(?:/_history/\S+)?"
)


@dataclass(frozen=True, slots=True)
class Address:
    """`Type/id`, with the server it lies on ("" for the resource's own)."""

    type: str
    id: str
    base: str = ""

    @property
    def relative(self) -> str:
        return f"{self.type}/{self.id}"


def parse(reference: str) -> Address | None:
    """The address of a resource; None for `#contained`, `urn:…` and what is no address of an STU3 resource."""
    found = _LOCAL.fullmatch(reference)
    if found is None or found["type"] not in resource_types():
        return None
    return Address(found["type"], found["id"], found["base"] or "")


def references(resource: Mapping[str, Any]) -> Iterator[str]:
    """The address of every Reference that has one, in contained resources and extensions too."""
    for found in find(resource, "Reference"):
        if isinstance(found.get("reference"), str):
            yield found["reference"]


def targets(node: Any, *path: str) -> list[str]:
    """The addresses under a path of element names, lists walked through: `targets(encounter, "episodeOfCare")`."""
    if isinstance(node, list):
        return [found for child in node for found in targets(child, *path)]
    if not isinstance(node, Mapping):
        return []
    if not path:
        return [node["reference"]] if isinstance(node.get("reference"), str) else []
    return targets(node.get(path[0]), *path[1:])

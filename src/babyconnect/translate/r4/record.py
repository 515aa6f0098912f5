"""A whole record in R4: addresses that stay unique, references that follow, what could not come along."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from babyconnect.translate.r4 import tables
from babyconnect.translate.r4.convert import Conversion


@dataclass(frozen=True, slots=True)
class Converted:
    """`resources`: R4; `left`: (type, id) of what has no R4 form; `kept`: places in HL7's extension."""

    resources: list[dict[str, Any]] = field(default_factory=list)
    left: list[tuple[str, str]] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


def convert(resources: Iterable[Mapping[str, Any]]) -> Converted:
    """STU3 resources with references among them as `Type/id`, to R4."""
    given = list(resources)
    conversion = Conversion(_addresses(given))
    made = Converted()
    for resource in given:
        name = str(resource.get("resourceType"))
        if name in tables.types():
            made.resources.append(conversion.resource(resource))
        else:
            made.left.append((name, str(resource.get("id", ""))))
    made.kept.extend(dict.fromkeys(kept.place for kept in conversion.kept))
    return made


def _addresses(resources: list[Mapping[str, Any]]) -> dict[str, str]:
    """New addresses of resources whose type has another name; two types become one, so an id may be taken."""
    taken = {f"{r.get('resourceType')}/{r.get('id', '')}" for r in resources}
    found: dict[str, str] = {}
    for resource in resources:
        name, id = str(resource.get("resourceType")), str(resource.get("id", ""))
        becomes = tables.types().get(name, name)
        if becomes == name or not id:
            continue
        address = f"{becomes}/{id}"
        while address in taken:
            address += "-1"
        taken.add(address)
        found[f"{name}/{id}"] = address
    return found

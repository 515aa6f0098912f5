"""One resource, changed in one place: what a checker must notice, or what no rule forbids.

Every element is left out once, every code, system, reference, choice and date changed once, every repeat doubled; all
of them the same each time.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from babyconnect.fhir.grammar import choices, elements

Path = tuple[str | int, ...]
Resource = dict[str, Any]
LEFT_ALONE = {"resourceType", "id", "meta", "text", "display", "fullUrl"}
_CHOICES = {key: base for base, keys in choices().items() for key in keys[1:]}
_OTHER_VALUES = {"String": "tekst", "DateTime": "2024-01-01", "Boolean": True, "Integer": 3,
                 "Period": {"start": "2024-01-01"}, "Quantity": {"value": 3}}  # fmt: skip


def mutants(resource: Mapping[str, Any]) -> Iterator[tuple[str, Resource]]:
    """Each change by what was done and where, with the resource as it is then."""
    for path, value in _places(resource, ()):
        at = ".".join(str(step) for step in path)
        key = path[-1]
        yield f"drop {at}", _changed(resource, path, None)
        if isinstance(key, int):
            yield f"double {at}", _doubled(resource, path)
        if key == "code" and isinstance(value, str):
            yield f"other code {at}", _changed(resource, path, "ANDERS")
        if key in ("system", "url") and isinstance(value, str):
            yield f"other system {at}", _changed(resource, path, "http://example.org/anders")
        if key == "reference" and isinstance(value, str) and "/" in value:
            yield f"other target {at}", _changed(resource, path, "Substance/" + value.rsplit("/", 1)[1])
        if isinstance(key, str) and key in _CHOICES:
            yield from _other_choice(resource, path, at)
        if key == "start" and isinstance(value, str):
            yield f"ends before it began {at}", _changed(resource, (*path[:-1], "end"), "1900-01-01")
    yield "an extension of another type", _misplaced(resource)


def _places(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if path:
        yield path, value
    if isinstance(value, Mapping):
        for key, child in value.items():
            if key in LEFT_ALONE:
                continue
            # Lists of values and of what stands beside them change together or not at all.
            paired = isinstance(child, list) and ("_" + key in value or key[0] == "_")
            yield from [((*path, key), child)] if paired else _places(child, (*path, key))
    elif isinstance(value, list):
        for position, child in enumerate(value):
            yield from _places(child, (*path, position))


def _changed(resource: Mapping[str, Any], path: Path, value: Any) -> Resource:
    """With another value there, or (None) without it and without what is then empty."""
    changed = copy.deepcopy(dict(resource))
    held = [changed]
    for step in path[:-1]:
        held.append(held[-1][step])
    if value is not None:
        held[-1][path[-1]] = value
        return changed
    for step, holder in zip(reversed(path), reversed(held), strict=True):
        del holder[step]
        if holder:
            break
    return changed


def _doubled(resource: Mapping[str, Any], path: Path) -> Resource:
    changed = copy.deepcopy(dict(resource))
    held: Any = changed
    for step in path[:-1]:
        held = held[step]
    held.append(copy.deepcopy(held[path[-1]]))
    return changed


def _other_choice(resource: Mapping[str, Any], path: Path, at: str) -> Iterator[tuple[str, Resource]]:
    base, own = _CHOICES[str(path[-1])], str(path[-1])
    for ending, value in _OTHER_VALUES.items():
        name = base + ending
        if name != own and (len(path) > 1 or name in elements(resource["resourceType"])):
            changed = _changed(resource, (*path[:-1], name), value)
            yield f"{own} as {ending} {at}", _changed(changed, path, None)
            return


def _misplaced(resource: Mapping[str, Any]) -> Resource:
    url = "http://nictiz.nl/fhir/StructureDefinition/bc-patient-ethnicity"
    changed = copy.deepcopy(dict(resource))
    changed["extension"] = [*changed.get("extension", []), {"url": url, "valueCodeableConcept": {"text": "x"}}]
    return changed

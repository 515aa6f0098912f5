"""Reading plain STU3 resources: where each type keeps its subject, moment and ties.

The table is `definitions/merge/elements.toml`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from babyconnect.birthcare.resources import Resource, as_list, codes_in, target
from babyconnect.definitions import document

_TABLE = document("merge/elements.toml")
_DEFAULT = _TABLE["default"]
FOCUS = tuple(_TABLE["focus_extensions"])
FETUS_CHILD = _TABLE["fetus_child_extension"]


def layout(resource_type: str) -> Mapping[str, list[str]]:
    """The table's block of a type, or the default one."""
    found: Mapping[str, list[str]] = _TABLE.get(resource_type, _DEFAULT)
    return found


def targets(resource: Resource, element: str) -> Iterator[str]:
    """Every reference in an element, also one level down (`diagnosis.condition`)."""
    for value in as_list(resource.get(element)):
        if not isinstance(value, dict):
            continue
        if (found := target(value)) or ("condition" in value and (found := target(value["condition"]))):
            yield found


def extensions(resource: Resource, names: tuple[str, ...]) -> Iterator[Mapping[str, Any]]:
    """Extensions whose canonical ends in one of the names."""
    for extension in resource.get("extension") or ():
        if str(extension.get("url", "")).rsplit("/", 1)[-1] in names:
            yield extension


def focuses(resource: Resource) -> tuple[str, ...]:
    """What a resource is about, by the birth-care focus extensions."""
    if "extension" not in resource:
        return ()
    found = (target(extension.get("valueReference")) for extension in extensions(resource, FOCUS))
    return tuple(reference for reference in found if reference)


def subject_of(resource: Resource) -> str:
    """Whom it is about, as the resource itself says."""
    for element in layout(resource.get("resourceType", "")).get("subject", ()):
        if element in resource and (found := target(resource[element])):
            return found
    return ""


def moment_of(resource: Resource) -> str:
    """When it was, as FHIR text (the start of a period), or ""."""
    for element in layout(resource.get("resourceType", "")).get("moment", ()):
        value = resource.get(element)
        if isinstance(value, str):
            return value
        if isinstance(value, dict) and (value.get("start") or value.get("end")):
            return str(value.get("start") or value.get("end"))
    return ""


def codes_of(resource: Resource) -> tuple[str, ...]:
    """The codes of a resource: `code`, else what its type uses instead."""
    concept = resource.get("code")
    if concept is None:
        concepts = as_list(resource.get("type") or resource.get("vaccineCode") or resource.get("relationship"))
        concept = concepts[0] if concepts else resource.get("medicationCodeableConcept")
    return codes_in(concept)


def quantity(resource: Resource) -> float | None:
    """The number of `valueQuantity`, whether a source sent it as number or as text."""
    value = (resource.get("valueQuantity") or {}).get("value")
    try:
        return float(value) if value is not None else None
    except (TypeError, ValueError):
        return None

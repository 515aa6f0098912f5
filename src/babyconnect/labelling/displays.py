"""What a reference is called: every Reference has a display (domain §3), in words that give nothing shielded away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from babyconnect.definitions import document

_CONCEPTS = ("code", "type", "category", "class", "relationship", "role", "specialty")


def of_type(type_name: str) -> str:
    """The neutral word for a type of resource, for a person."""
    names: Mapping[str, str] = document("displays.toml")["names"]
    return names.get(type_name, type_name)


def not_supplied(type_name: str) -> str:
    """The word for a resource that is referred to but was not published."""
    return f"{of_type(type_name) if type_name else unknown()} ({document('displays.toml')['not_supplied']})"


def is_name(type_name: str) -> bool:
    """True where a display is the name of somebody or something, not what was found or done."""
    return type_name in document("displays.toml")["name_types"]


def unknown() -> str:
    """The word for what has an identifier and nothing else."""
    return str(document("displays.toml")["unknown"])


def of(resource: Mapping[str, Any]) -> str:
    """What this resource calls itself: a name, else what it is about, else its type's word."""
    name = resource.get("name")
    if isinstance(name, str) and name:
        return name
    if isinstance(name, list) and name:
        found = _human(name)
        if found:
            return found
    for element in _CONCEPTS:
        found = _concept(resource.get(element))
        if found:
            return found
    return of_type(str(resource.get("resourceType", "")))


def _human(names: list[Any]) -> str:
    for name in names:
        if not isinstance(name, Mapping):
            continue
        if isinstance(name.get("text"), str):
            return str(name["text"])
        given = [part for part in name.get("given", ()) if isinstance(part, str)]
        family = name.get("family")
        parts = [*given[:1], *([family] if isinstance(family, str) else [])]
        if parts:
            return " ".join(parts)
    return ""


def _concept(value: Any) -> str:
    if isinstance(value, list):
        return next((found for item in value if (found := _concept(item))), "")
    if not isinstance(value, Mapping):
        return ""
    for key in ("text", "display"):
        if isinstance(value.get(key), str):
            return str(value[key])
    return _concept(value.get("coding", []))

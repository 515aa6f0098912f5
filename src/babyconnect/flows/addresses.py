"""References by the address of a Bundle's entry (`urn:uuid:…`) as references by type and id, which every writer reads.

FHIR STU3, Bundle, "Resolving references in Bundles": a reference that is the fullUrl of an entry means that entry.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from babyconnect.sources import Sourced

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


def resolved(sourced: Sequence[Sourced]) -> tuple[Mapping[str, Any], ...]:
    """The resources, each with an id, referring to each other by type and id."""
    named = [_named(one, number) for number, one in enumerate(sourced, 1)]
    addresses = {
        one.full_url: f"{resource['resourceType']}/{resource['id']}"
        for one, resource in zip(sourced, named, strict=True)
        if one.full_url and not one.full_url.endswith(f"/{resource['resourceType']}/{resource['id']}")
    }
    return tuple(_referring(resource, addresses) for resource in named) if addresses else tuple(named)


def _named(one: Sourced, number: int) -> Mapping[str, Any]:
    """A resource without an id has that of its address, else its number."""
    if one.resource.get("id") or "resourceType" not in one.resource:
        return one.resource
    last = re.split(r"[:/]", one.full_url)[-1]
    return {**one.resource, "id": last if _ID.fullmatch(last) else f"entry-{number}"}


def _referring(node: Any, addresses: Mapping[str, str]) -> Any:
    if isinstance(node, Mapping):
        return {key: _address(part, addresses) if key == "reference" else _referring(part, addresses)
                for key, part in node.items()}  # fmt: skip
    return [_referring(part, addresses) for part in node] if isinstance(node, list) else node


def _address(value: Any, addresses: Mapping[str, str]) -> Any:
    return addresses.get(value, value) if isinstance(value, str) else value

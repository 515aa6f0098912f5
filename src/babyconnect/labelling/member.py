"""One resource of a batch, and what its references come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from babyconnect.fhir.references import targets

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Member:
    """One resource of a batch: its opaque key, where it stood, the file it came from, what its references come to.

    `links`: each address it refers to that this batch holds, with its key; `missing`: those it does not hold.
    """

    key: Key
    resource: Mapping[str, Any]
    place: str
    original: str
    links: Mapping[str, Key] = field(default_factory=dict)
    missing: Mapping[str, Key] = field(default_factory=dict)


def patients(member: Member, element: str) -> set[Key]:
    """The Patients that this element points to, present or not."""
    named = targets(member.resource, element)
    keys = {member.links.get(address) or member.missing.get(address) for address in named}
    return {key for key in keys if key and key[0] == "Patient"}

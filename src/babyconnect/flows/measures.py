"""Whatever a record came as: its values in the units that profiles ask for, before it is kept or written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from babyconnect.flows.findings import Finding
from babyconnect.translate.measures import in_their_units

RULE = "unit"


def measured(resource: Mapping[str, Any], place: str) -> tuple[Mapping[str, Any], list[Finding]]:
    """A resource of sound structure, and what was done with its values; `place`: of it in its input."""
    made, told = in_their_units(resource)
    return made, [Finding(one.severity, f"{place} {one.place}".lstrip(), RULE, one.text) for one in told]

"""Whatever a record came as: its values in the units that profiles ask for, before it is kept or written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from babyconnect.flows.findings import Finding
from babyconnect.translate.measures import in_their_units
from babyconnect.translate.plausible import implausible

RULE = "unit"


def measured(resource: Mapping[str, Any], place: str, judged: bool = False) -> tuple[Mapping[str, Any], list[Finding]]:
    """A resource of sound structure, and what was done with its values; `place`: of it in its input.

    `judged`: its reader has told already what is implausible.
    """
    made, told = in_their_units(resource)
    found = [Finding(one.severity, f"{place} {one.place}".lstrip(), RULE, one.text) for one in told]
    doubted = () if judged else implausible(made)
    found += [Finding(one.severity, f"{place} {one.place}".lstrip(), "implausible", one.text) for one in doubted]
    return made, found

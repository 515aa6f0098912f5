"""A moment where the data set asks from when until when: it stands as the beginning, and no end is said.

FHIR STU3: performed[x] of a procedure and effective[x] of an observation are a moment or a period; PWD 3.2 has a
beginning and an end (VerrichtingStartDatum, VerrichtingEindDatum).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_MOMENTS = {f"{name}Period/start": f"{name}DateTime" for name in ("performed", "effective")}


def moment_for(path: str) -> str:
    """The moment that can stand where a map has a beginning; "" for any other path."""
    return _MOMENTS.get(path, "")


def as_beginning(resource: Mapping[str, Any], again: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
    """The resource with its moment as the beginning that it is when read again, and the name of that moment; else as
    it is, and ""."""
    for path, moment in _MOMENTS.items():
        period = path.partition("/")[0]
        if moment in resource and (again.get(period) or {}).keys() == {"start"}:
            rest = {name: value for name, value in resource.items() if name != moment}
            return rest | {period: {"start": resource[moment]}}, moment
    return resource, ""

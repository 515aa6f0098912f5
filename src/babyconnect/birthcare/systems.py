"""The name of a code system that counts here, for each name that sources give it (`definitions/terminology`)."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from babyconnect.definitions import rows


@functools.cache
def _names() -> Mapping[str, str]:
    return {row["written"]: row["system"] for row in rows("terminology/systems")}


def canonical(system: str) -> str:
    """`urn:oid:2.16.840.1.113883.6.96` → `http://snomed.info/sct`; a name that no row knows stays as it is."""
    return _names().get(system, system)

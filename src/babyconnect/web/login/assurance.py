"""How well a log-in establishes who somebody is: an issuer's word turned into eIDAS's low, substantial or high."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from babyconnect.definitions import document

LEVELS: tuple[str, ...] = tuple(document("assurance.toml")["order"])
LOWEST = LEVELS[0]


def level(acr: str, own: Mapping[str, str]) -> str:
    """The level of an `acr`, "" when it is not known.  `own`: the node's settings for this issuer, which go first."""
    found = own.get(acr) or _known().get(acr) or (acr if acr in LEVELS else "")
    return found if found in LEVELS else ""


def reaches(found: str, least: str) -> bool:
    """Whether a level is at least another; no level reaches nothing."""
    return found in LEVELS and LEVELS.index(found) >= LEVELS.index(least)


@functools.cache
def _known() -> Mapping[str, str]:
    return {row["acr"]: row["level"] for row in document("assurance.toml")["value"]}

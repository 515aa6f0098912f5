"""When a row is there: a closed list of conditions about what it leads to and what it lies in."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from babyconnect.translate.hl7v3.sites import Site


def _same_day(site: Site, here: Site, own: str, other: str) -> bool:
    """Both moments are stated, and are of one day; `other` may name several, the first that is there counts."""
    mine = _day(site, own)
    theirs = next((day for path in other.split("|") if (day := _day(here, path))), "")
    return bool(mine) and mine == theirs


def _day(site: Site, path: str) -> str:
    """The day of a moment, relative or not; "" when it says no day."""
    found = site.first(path)
    value = found.element.value if found is not None else ""
    if value.startswith("T"):
        return value.partition("{")[0]
    return value[:10] if len(value) >= len("2026-11-22") else ""


CONDITIONS: Mapping[str, Callable[..., bool]] = {"same-day": _same_day}


def holds(condition: str, site: Site, here: Site) -> bool:
    """True when the condition (`word path…`; "" is always true) holds for what a row at `here` leads to."""
    if not condition:
        return True
    word, *paths = condition.split()
    return CONDITIONS[word](site, here, *paths)

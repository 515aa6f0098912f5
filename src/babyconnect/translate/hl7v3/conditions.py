"""Conditions of a row: a closed list of words with paths.  Nothing here knows a data element."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from babyconnect.translate.hl7v3.sites import Site


def _filled(site: Site, here: Site, path: str) -> bool:
    return any(found.element.is_filled for found in site.select(path))


def _unfilled(site: Site, here: Site, path: str) -> bool:
    return not _filled(site, here, path)


def _stated(site: Site, here: Site, path: str) -> bool:
    """Filled, or it says why it is empty."""
    return any(found.element.is_filled or found.element.null_flavor for found in site.select(path))


def _true(site: Site, here: Site, path: str) -> bool:
    found = site.first(path)
    if found is None:
        return False
    found.used = found.used or found.element.value in ("true", "false")
    return found.element.value == "true"


def _rank(site: Site, here: Site, path: str, other: str) -> bool:
    """What is said of one of several children: equal ranks, or but one of both and no rank given."""
    asked, own = site.first(path), here.first(other)
    if asked is not None and asked.element.value and own is not None and own.element.value:
        asked.used = asked.used or asked.element.value == own.element.value
        return asked.element.value == own.element.value
    return _alone(site.parent) and _alone(here.parent)


def _alone(site: Site | None) -> bool:
    if site is None or site.parent is None:
        return True
    return len(site.parent.step(site.element.name)) == 1


CONDITIONS: Mapping[str, Callable[..., bool]] = {
    "filled": _filled, "unfilled": _unfilled, "stated": _stated, "true": _true, "rank": _rank
}  # fmt: skip


def holds(condition: str, site: Site, here: Site) -> bool:
    """True when the condition (`word path…`; "" is always true) holds for this site of a row that stands at `here`."""
    if not condition:
        return True
    word, *paths = condition.split()
    return CONDITIONS[word](site, here, *paths)

"""Whose each account is, by the organisation's list (`four_eyes.staff_file`): read at each use, so who left is out."""

from __future__ import annotations

from pathlib import Path

import structlog

from babyconnect.settings import SettingsRefused
from babyconnect.trust.persons import Doubt, Persons, Second, read, without_a_list
from babyconnect.wiring.link import Link

_log = structlog.get_logger(__name__)


def second_of(link: Link) -> Second:
    """Raises SettingsRefused when the list cannot be read now; later that means that nobody is on it."""
    if not link.chosen.four_eyes.staff_file:
        return without_a_list
    path = link.beside(link.chosen.four_eyes.staff_file)
    try:
        _listed(path)
    except (OSError, ValueError) as fault:
        raise SettingsRefused(f"{path}: {getattr(fault, 'strerror', None) or fault}") from fault

    def second(first: str, other: str) -> Doubt:
        try:
            persons = _listed(path)
        except (OSError, ValueError) as fault:
            _log.error("staff_list_unreadable", reason=type(fault).__name__)
            persons = Persons({})
        return persons.second(first, other)

    return second


def _listed(path: Path) -> Persons:
    return read(path.read_text(encoding="utf-8"))

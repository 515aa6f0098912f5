"""The table by which this node reads exports of an ultrasound system: the organisation's own, or the one provided."""

from __future__ import annotations

from pathlib import Path

from babyconnect.birthcare.ultrasound import ExportTable, provided
from babyconnect.definitions import read_rows
from babyconnect.settings import SettingsRefused
from babyconnect.translate.ultrasound.checking import faults
from babyconnect.wiring.link import Link

_MOST_TOLD = 5


def table_of(link: Link) -> ExportTable:
    """By `intake.ultrasound_table`."""
    own = link.chosen.intake.ultrasound_table
    return table(link.beside(own)) if own else provided()


def table(path: Path) -> ExportTable:
    """Read and checked at start.  A table that cannot be used refuses the start: half a table is half a record."""
    try:
        found = read_rows(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as problem:
        raise SettingsRefused(f"{path}: cannot be read as a table") from problem
    if wrong := faults(found):
        more = f"; and {len(wrong) - _MOST_TOLD} more" if len(wrong) > _MOST_TOLD else ""
        raise SettingsRefused(f"{path}: {'; '.join(wrong[:_MOST_TOLD])}{more}")
    return ExportTable(found)

"""The table by which this process reads exports of an ultrasound system: the organisation's own, or ours."""

from __future__ import annotations

from pathlib import Path

from babyconnect.definitions import read_rows, replace
from babyconnect.settings import SettingsRefused
from babyconnect.translate.ultrasound.checking import faults
from babyconnect.translate.ultrasound.layout import TABLE

_MOST_TOLD = 5


def use(path: Path | None) -> None:
    """Read and checked at start.  A table that cannot be used refuses the start: half a table is half a record."""
    if path is None:
        replace(TABLE, None)
        return
    try:
        table = read_rows(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as problem:
        raise SettingsRefused(f"{path}: cannot be read as a table") from problem
    if found := faults(table):
        more = f"; and {len(found) - _MOST_TOLD} more" if len(found) > _MOST_TOLD else ""
        raise SettingsRefused(f"{path}: {'; '.join(found[:_MOST_TOLD])}{more}")
    replace(TABLE, table)

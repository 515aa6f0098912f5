"""What an ultrasound system calls things in its export: ours, or an organisation's own table of the same form.

The columns are explained in `definitions/ultrasound/astraia.csv`; `translate.ultrasound.checking` says what is wrong
with a table.  It goes along with whatever reads an export, so that two organisations in one process may differ.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from babyconnect.definitions import rows


@dataclass(frozen=True, eq=False, slots=True)
class ExportTable:
    """The rows.  Two tables are the same only when they are one, so that what is worked out of one can be kept."""

    rows: tuple[Mapping[str, str], ...]


@functools.cache
def provided() -> ExportTable:
    """The table that comes with the program."""
    return ExportTable(rows("ultrasound/astraia"))

"""The table of warnings that this node judges medicines by: its own, or the one that comes with the program."""

from __future__ import annotations

from babyconnect.birthcare.medication import Table
from babyconnect.merge.medication import provided, tables
from babyconnect.settings import SettingsRefused
from babyconnect.wiring.link import Link

MOST_TOLD = 5


def warnings(link: Link) -> Table:
    """Read once, at start.  A table that cannot be used refuses the start: silence would look like safety."""
    name = link.chosen.medication.warnings_file
    if not name:
        return provided()
    path = link.beside(name)
    try:
        read = tables.read(path.read_bytes())
    except OSError as problem:
        raise SettingsRefused(f"{path}: cannot be read: {problem.strerror}") from problem
    if isinstance(read, Table):
        return read
    told = "; ".join(str(wrong) for wrong in read[:MOST_TOLD])
    more = f"; and {len(read) - MOST_TOLD} more" if len(read) > MOST_TOLD else ""
    raise SettingsRefused(f"{path}: medication.warnings_file: {told}{more}")

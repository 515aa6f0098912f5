"""Names that we give (of an emergency, of evidence) stand in the log whole: nothing in them can be taken for a BSN."""

from __future__ import annotations

from babyconnect.audit.event import without_bsn
from babyconnect.flows.journal import opaque


def test_no_name_that_we_give_is_blanked_in_the_log() -> None:
    given = {opaque() for _ in range(2_000)}
    assert len(given) == 2_000
    assert all(name.isalpha() and without_bsn(f"breakglass/{name}") == f"breakglass/{name}" for name in given)

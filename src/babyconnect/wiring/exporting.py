"""Export a node's log from a terminal, by its configuration; logged in a chain of its own beside the node's."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterator

from babyconnect.audit import reading
from babyconnect.audit.event import About, Actor, Place, event
from babyconnect.audit.log import AuditLog
from babyconnect.audit.reading import Wanted
from babyconnect.flows.oversight import Form, as_file
from babyconnect.settings import beside
from babyconnect.wiring import files
from babyconnect.wiring.link import now, party_of, settings_of


def exported(path: pathlib.Path, wanted: Wanted, form: Form, by: str) -> Iterator[bytes]:
    """The events that match, in their order, piece by piece; that it was done is in the log before the first of them.

    `by`: the account of the machine that does it, as the log knows it.
    """
    chosen = settings_of(path)
    own = party_of(path, chosen).ura.value
    folder = beside(path, chosen.audit.folder)
    key = files.signing_key(beside(path, chosen.keys.signing_key_file))
    log = AuditLog.open(folder / f"terminal-{os.getpid()}", own, key)
    try:
        about = About(object=f"export/{form}")
        log.append_and_wait(event("log.export", "ok", now(), Actor(own, by), Place(own), about))
        yield from as_file(reading.search(folder, wanted), form)
    finally:
        log.close()

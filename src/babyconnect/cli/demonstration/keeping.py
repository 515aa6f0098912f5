"""A demo's home: made or found, and kept to one running demo at a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pathlib
from collections.abc import Iterator

from babyconnect.cli.failure import Failure

LOCK = "demo.lock"


@contextlib.contextmanager
def kept(home: pathlib.Path) -> Iterator[None]:
    """The home is ours until the block is left; the system lets go of it too when the process dies."""
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(home / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except (FileExistsError, NotADirectoryError):
        raise Failure(f"--home {home} is not a folder") from None
    except OSError as fault:
        raise Failure(f"--home {home} cannot be used: {fault.strerror}") from fault
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise Failure(f"a demo is running in {home}; stop it, or give another --home") from None
    try:
        yield
    finally:
        os.close(lock)

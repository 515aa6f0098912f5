"""Commands of `babyconnect` as processes that start from one in which the program is loaded already.

Fourteen processes that each load it anew take half a minute of a processor before the first of them answers, and its
memory fourteen times.  Python's own fork server holds the loaded program, serves nothing itself, and ends with us.
"""

from __future__ import annotations

import multiprocessing
import os
import pathlib
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload([f"{__package__}.loaded"])


class Born:
    """`babyconnect WORDS…` in a process of its own, as `subprocess.Popen` has one.

    What it writes goes to the end of a file; its faults to another one, if that is asked.
    """

    def __init__(self, words: Sequence[str], log: pathlib.Path, faults: pathlib.Path | None = None) -> None:
        self._process = _FORKS.Process(target=_be, args=(list(words), log, faults or log, dict(os.environ)))
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("babyconnect", timeout or 0)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _be(words: list[str], log: pathlib.Path, faults: pathlib.Path, environment: Mapping[str, str]) -> None:
    """In the new process: on its own, with our surroundings as they are now, and nothing to read."""
    os.setsid()  # Ctrl-C reaches the demo only, which stops the others in order
    os.environ.clear()
    os.environ.update(environment)
    for number, path in ((1, log), (2, faults)):
        opened = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    from babyconnect.cli.main import main

    sys.exit(main(words))

"""The parent of a node's processes: starts the keeper and the workers, starts a worker again, ends them in order.

It has no threads and no loop, so that forking is safe at any time, and does nothing else.  The keeper tells by a closed
socket that it is gone, and so does the parent: nothing is left running without the others.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from typing import NoReturn

import structlog

Keeper = Callable[[socket.socket], int]
"""Runs the keeper until it is told to stop.  Over the socket come the ends of each worker's lines."""
Ends = tuple[socket.socket, socket.socket, socket.socket]
"""A process's ends: its line, what requests are handed on by, what work is given by."""
Worker = Callable[[Ends], int]
"""Runs a worker."""

LINES = 3
WORKERS_SECONDS = 10.0
"""How long workers may take to finish what they are answering, before they are killed."""
KEEPER_SECONDS = 30.0
LONGEST_PAUSE = 5.0
SOON_SECONDS = 5.0
"""A worker that ends sooner than this is started again after a pause that doubles."""
_SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGCHLD}
_log = structlog.get_logger(__name__)


class Supervisor:
    def __init__(self, keeper: Keeper, worker: Worker, count: int) -> None:
        self._run_keeper, self._run_worker, self._count = keeper, worker, count
        self._control: socket.socket
        self._keeper = 0
        self._workers: dict[int, float] = {}
        """By process, when it was started."""
        self._quick = 0
        self._due: list[float] = []
        """When workers that ended are to be started again."""

    def run(self) -> int:
        """Until told to stop, or until the keeper ends; the exit code."""
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        self._control, theirs = socket.socketpair()
        self._keeper = self._fork(lambda: self._run_keeper(theirs), self._control)
        theirs.close()
        self._due = [0.0] * self._count
        while True:
            self._start_those_due()
            wait = min(self._due, default=time.monotonic() + 60) - time.monotonic()
            told = signal.sigtimedwait(_SIGNALS, max(0.0, wait))
            if told is not None and told.si_signo != signal.SIGCHLD:
                return self._stop()
            code = self._buried()
            if code is not None:
                return code

    def _start_those_due(self) -> None:
        now = time.monotonic()
        for due in [due for due in self._due if due <= now]:
            self._due.remove(due)
            self._start()

    def _start(self) -> None:
        pairs = [socket.socketpair() for _ in range(LINES)]
        ours = [pair[0] for pair in pairs]

        def worker() -> int:
            line, by_hand, work = (pair[1] for pair in pairs)
            return self._run_worker((line, by_hand, work))

        self._workers[self._fork(worker, self._control, *ours)] = time.monotonic()
        for _, theirs in pairs:
            theirs.close()
        with contextlib.suppress(OSError):  # the keeper is gone: that is found next
            socket.send_fds(self._control, [b"w"], [end.fileno() for end in ours])
        for end in ours:
            end.close()

    def _buried(self) -> int | None:
        """Whoever ended is started again; the node's exit code when it was the keeper."""
        while True:
            try:
                process, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return 1
            if not process:
                return None
            if process == self._keeper:
                self._end_workers()
                return os.waitstatus_to_exitcode(status) or 1
            if process in self._workers:
                self._died(self._workers.pop(process), os.waitstatus_to_exitcode(status))

    def _died(self, started: float, code: int) -> None:
        now = time.monotonic()
        self._quick = self._quick + 1 if now - started < SOON_SECONDS else 0
        pause = min(LONGEST_PAUSE, 0.05 * 2**self._quick) if self._quick > 1 else 0.0
        self._due.append(now + pause)
        _log.error("worker_ended", code=code, again_in=pause)

    def _stop(self) -> int:
        """Workers first, which finish what they are answering; then the keeper, which keeps what they logged."""
        self._end_workers()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._keeper, signal.SIGTERM)
        return _ended({self._keeper}, KEEPER_SECONDS)

    def _end_workers(self) -> None:
        for process in self._workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGTERM)
        _ended(set(self._workers), WORKERS_SECONDS)

    def _fork(self, child: Callable[[], int], *not_theirs: socket.socket) -> int:
        sys.stdout.flush()
        sys.stderr.flush()
        process = os.fork()
        if process:
            return process
        for end in not_theirs:
            end.close()
        _be(child)


def _be(child: Callable[[], int]) -> NoReturn:
    """What a process is after it parted: never the parent's code again."""
    code = 70
    try:
        # Ctrl-C in a terminal reaches them all: the parent says who ends first.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        code = child()
    except BaseException as fault:
        # The text of a fault may quote a record; where it came from does not.
        where = traceback.extract_tb(fault.__traceback__)[-1]
        _log.critical("a process failed", fault=type(fault).__name__, at=f"{where.filename}:{where.lineno}")
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _ended(processes: set[int], seconds: float) -> int:
    """Wait until all of them are gone, by force when that takes too long; the last exit code that is not 0."""
    until, worst = time.monotonic() + seconds, 0
    while processes:
        for process in tuple(processes):
            try:
                found, status = os.waitpid(process, os.WNOHANG)
            except ChildProcessError:
                found, status = process, 0
            if found:
                processes.discard(process)
                worst = os.waitstatus_to_exitcode(status) or worst
        if processes and time.monotonic() > until:
            for process in processes:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
        if processes:
            time.sleep(0.02)
    return worst

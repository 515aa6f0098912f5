"""Commands that start from a process in which the program is loaded already are as commands of their own."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import time

import pytest

from babyconnect import __version__
from babyconnect.cli.demonstration.born import Born


def test_it_writes_where_it_is_told_and_ends_as_the_command_does(tmp_path: pathlib.Path) -> None:
    told, faults = tmp_path / "told", tmp_path / "faults"
    assert Born(["--version"], told, faults).wait(60) == 0
    assert Born(["nonsense"], told, faults).wait(60) == 2
    assert told.read_text().startswith(f"babyconnect {__version__}\n")
    assert "there is no command 'nonsense'" in faults.read_text()
    assert told.stat().st_mode & 0o077 == 0


def test_it_is_of_a_session_of_its_own_and_can_be_waited_for_and_stopped(tmp_path: pathlib.Path) -> None:
    line = tmp_path / "line"
    os.mkfifo(line)  # it waits here until somebody writes
    born = Born(["validate", str(line)], tmp_path / "log")
    try:
        until = time.monotonic() + 60
        while os.getsid(born.pid) == os.getsid(0):
            assert time.monotonic() < until
        assert born.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            born.wait(0.05)
    finally:
        born.kill()
    assert born.wait(60) == -signal.SIGKILL
    born.terminate()  # what ended already is left alone

"""Set-up takes an interpreter that was built with optimisation, where the machine has one (tools/setup.py)."""

from __future__ import annotations

import importlib.util
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

SET_UP = Path(__file__).parents[2] / "tools/setup.py"
Interpreter = Callable[[str, str], str]


@pytest.fixture
def set_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The tool on a machine without any interpreter but those a test makes; the one that runs it is slow."""
    specification = importlib.util.spec_from_file_location("set_up", SET_UP)
    assert specification and specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("PYTHON", raising=False)
    monkeypatch.setattr(module, "SYSTEM", str(tmp_path / "system"))
    return module


@pytest.fixture
def interpreter(tmp_path: Path) -> Interpreter:
    def made(name: str, says: str) -> str:
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\necho {says}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return str(path)

    return made


def test_the_systems_own_goes_before_one_built_without_optimisation(
    set_up: ModuleType, interpreter: Interpreter, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, system = interpreter("own", "1 0 3.11.7"), interpreter("system", "1 1 3.11.2")
    monkeypatch.setattr(sys, "executable", own)
    assert set_up.interpreters() == [system, own]


def test_one_that_is_too_old_or_as_slow_is_not_taken(
    set_up: ModuleType, interpreter: Interpreter, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = interpreter("own", "1 0 3.11.7")
    interpreter("system", "0 1 3.9.2")
    interpreter("python3.13", "1 0 3.13.0")
    fast = interpreter("python3.12", "1 1 3.12.4")
    monkeypatch.setattr(sys, "executable", own)
    assert set_up.interpreters() == [fast, own]


@pytest.mark.parametrize(("own_says", "named"), [("1 1 3.13.1", False), ("1 0 3.11.7", True)], ids=["fast", "named"])
def test_one_on_the_path_that_is_fast_or_that_somebody_names_is_kept(
    set_up: ModuleType, interpreter: Interpreter, monkeypatch: pytest.MonkeyPatch, own_says: str, named: bool
) -> None:
    own = interpreter("own", own_says)
    interpreter("system", "1 1 3.11.2")
    monkeypatch.setattr(sys, "executable", own)
    if named:
        monkeypatch.setenv("PYTHON", own)
    assert set_up.interpreters() == [own]


def test_what_an_interpreter_says_of_itself_is_understood(set_up: ModuleType) -> None:
    new, fast, version = set_up.told(sys.executable)
    assert new
    assert isinstance(fast, bool)
    assert version == sys.version.split()[0]

"""The pure core asks nothing of the machine: import rules forbid the modules, this forbids the calls.

Which modules are pure is said once, in the import rules of `pyproject.toml`.
"""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

from tests.architecture.modules import calls_on, modules

ROOT = Path(__file__).parents[2]
CLOCKS_AND_CHANCE = {"now", "today", "utcnow", "urandom", "getrandbits", "uuid1", "uuid4", "monotonic"}
FILES = {"read_text", "read_bytes", "write_text", "write_bytes", "unlink", "mkdir"}


def pure() -> tuple[str, ...]:
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    [core] = [rule for rule in rules if rule["name"].startswith("The core reaches no")]
    return tuple(core["source_modules"])


def dotted(name: str) -> str:
    return "babyconnect." + name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def within(name: str, places: tuple[str, ...]) -> bool:
    return any(dotted(name) == place or dotted(name).startswith(f"{place}.") for place in places)


def asks(tree: ast.Module) -> set[str]:
    return {call for call in calls_on(tree) if call.rpartition(".")[2] in CLOCKS_AND_CHANCE | FILES}


def test_no_pure_module_asks_for_a_clock_chance_or_a_file() -> None:
    asking = {name: asks(tree) for name, tree in modules() if within(name, pure())}
    assert len(asking) > 80
    assert {name: found for name, found in asking.items() if found} == {}


def test_each_name_in_the_rule_is_a_module_that_exists() -> None:
    there = {dotted(name) for name, _ in modules()}
    assert set(pure()) <= there


@pytest.mark.parametrize(
    "text", ["dt.datetime.now(dt.UTC)", "date.today()", "os.urandom(8)", "uuid.uuid4()", "path.read_bytes()"]
)
def test_the_test_itself_would_notice(text: str) -> None:
    assert asks(ast.parse(text))

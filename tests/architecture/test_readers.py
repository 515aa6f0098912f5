"""Whoever can read a store, by name: every module that opens one, or holds a reader, is listed here with its reason."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.architecture.modules import calls, imported, modules

OPENING = "open_reader"

MAY_OPEN = {"flows/door.py": "the door: decides and logs before it reads"}
MAY_HOLD_A_READER = MAY_OPEN | {
    "store/contract.py": "says what a reader is",
    "store/memory.py": "is a reader",
    "store/reading.py": "is a reader",
    "store/sqlite.py": "makes readers",
    "store/postgres.py": "makes readers",
}
MAY_OPEN_A_STORE = {
    "store/sqlite.py": "defines opening",
    "store/postgres.py": "defines opening",
}
BUILDS = ("wiring", "cli")
"""Builds everything: opens stores, and hands `open_reader` to the door and the writer to publishing, uncalled."""

READER_NAMES = {"Reader", "TableReader", "MemoryReader"}
ENGINES = {"babyconnect.store.sqlite", "babyconnect.store.postgres", "babyconnect.store.memory"}
DRIVERS = {"apsw", "asyncpg", "sqlite3"}


def builds(name: str) -> bool:
    return Path(name).parts[0].removesuffix(".py") in BUILDS


def test_only_the_door_opens_a_reader() -> None:
    openers = {name for name, tree in modules() if OPENING in calls(tree)}
    assert openers == set(MAY_OPEN)


def test_only_listed_modules_name_a_reader() -> None:
    holders = {
        name
        for name, tree in modules()
        if {found.rpartition(".")[2] for found in imported(tree) if "babyconnect.store" in found} & READER_NAMES
        or {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)} & READER_NAMES
    }
    assert holders <= set(MAY_HOLD_A_READER)


def test_only_the_builder_imports_an_engine() -> None:
    importers = {name for name, tree in modules() if imported(tree) & ENGINES and not builds(name)}
    assert importers == set()


def test_no_module_outside_the_store_speaks_to_a_database_that_holds_records() -> None:
    speakers = {name for name, tree in modules() if imported(tree) & DRIVERS and not name.startswith("store/")}
    # The regional services keep addresses, pointers and consents in files of their own, without clinical data.
    assert {name for name in speakers if not name.startswith("network/")} == set()


def test_the_statements_that_read_records_are_used_by_the_store_alone() -> None:
    users = {name for name, tree in modules() if "babyconnect.store.tables" in imported(tree)}
    assert all(name.startswith("store/") for name in users)


def test_the_builder_hands_the_opening_on_and_never_calls_it() -> None:
    for name, tree in modules():
        if builds(name):
            assert OPENING not in calls(tree), name


@pytest.mark.parametrize("text", ["s.open_reader()", "getattr(s, 'open_reader')()", "f(open_reader())"])
def test_the_test_itself_would_notice(text: str) -> None:
    assert OPENING in calls(ast.parse(text))

"""The README of the definitions tells of every table, and of no other."""

from __future__ import annotations

import re
from pathlib import Path

import babyconnect.definitions

FOLDER = Path(babyconnect.definitions.__file__).parent
TABLES = {
    str(path.relative_to(FOLDER))
    for path in FOLDER.rglob("*")
    if path.suffix in {".csv", ".toml", ".json"} and path.is_file()
}


def named() -> set[str]:
    return set(re.findall(r"`([\w/.]+(?:\.\w+|/\*))`", (FOLDER / "README.md").read_text()))


def test_every_table_is_in_the_readme() -> None:
    told = named()
    assert not [t for t in sorted(TABLES) if t not in told and f"{t.partition('/')[0]}/*" not in told]


def test_the_readme_names_no_table_that_is_gone() -> None:
    tables = {name for name in named() if not name.startswith("tools/")}
    assert not [t for t in sorted(tables) if t not in TABLES and not (t.endswith("/*") and (FOLDER / t[:-2]).is_dir())]

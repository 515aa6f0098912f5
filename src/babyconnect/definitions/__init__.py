"""The one loader of knowledge: tables in this folder, each read once and never written.

A table is `NAME.csv` (rows of text), `NAME.toml` or `NAME.json`, possibly in a subfolder; README.md says what each is.
Whoever adds a table adds its columns to `tests/unit/definitions`, and a citation per row or block.
"""

from __future__ import annotations

import csv
import functools
import tomllib
from importlib import resources
from typing import Any

import orjson


def content(name: str) -> bytes:
    """A file of this folder as it is."""
    return resources.files(__package__).joinpath(name).read_bytes()


@functools.cache
def rows(name: str) -> tuple[dict[str, str], ...]:
    """The rows of `NAME.csv`, as dicts of text by column; lines that start with # are comments."""
    return read_rows(content(f"{name}.csv").decode())


def read_rows(text: str) -> tuple[dict[str, str], ...]:
    """The rows of a table, from its text."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return tuple(csv.DictReader(lines))


@functools.cache
def document(name: str) -> Any:
    """The content of `NAME.toml` or `NAME.json` (the name says which, with its ending).  Treat it as frozen."""
    read = content(name)
    return tomllib.loads(read.decode()) if name.endswith(".toml") else orjson.loads(read)

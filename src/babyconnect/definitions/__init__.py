"""The one loader of knowledge: tables in this folder, each read once and never written.

An organisation may have rows of its own in place of some of ours (`replace`): set once, at start, for the
whole process, which is one node.

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


def rows(name: str) -> tuple[dict[str, str], ...]:
    """The rows of `NAME.csv`, as dicts of text by column; lines that start with # are comments."""
    own = _OWN.get(name)
    return own if own is not None else _rows(name)


@functools.cache
def _rows(name: str) -> tuple[dict[str, str], ...]:
    return read_rows(content(f"{name}.csv").decode())


def read_rows(text: str) -> tuple[dict[str, str], ...]:
    """The rows of a table, from its text."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return tuple(csv.DictReader(lines))


_OWN: dict[str, tuple[dict[str, str], ...]] = {}
_EDITIONS: dict[str, int] = {}


def replace(name: str, own: tuple[dict[str, str], ...] | None) -> None:
    """An organisation's own rows instead of ours; None: ours again.  For wiring, once the rows are checked."""
    if own is None:
        _OWN.pop(name, None)
    else:
        _OWN[name] = own
    _EDITIONS[name] = edition(name) + 1


def edition(name: str) -> int:
    """Which rows of that table hold now: for what is worked out of them once."""
    return _EDITIONS.get(name, 0)


@functools.cache
def document(name: str) -> Any:
    """The content of `NAME.toml` or `NAME.json` (the name says which, with its ending).  Treat it as frozen."""
    read = content(name)
    return tomllib.loads(read.decode()) if name.endswith(".toml") else orjson.loads(read)

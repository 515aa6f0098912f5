"""The names of searching: which parameters a resource type has, by `definitions/search_parameters.csv`."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from babyconnect import definitions

Kind = Literal["token", "reference", "date"]
_ANY = "*"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One search parameter of one resource type.  `paths`: JSON steps from the root; `targets`: of a reference."""

    resource: str
    name: str
    kind: Kind
    paths: tuple[tuple[str, ...], ...]
    targets: tuple[str, ...]
    citation: str


@functools.cache
def parameters(type: str) -> Mapping[str, Parameter]:
    """The parameters of a resource type by name; those of every type (`_id`, `_lastUpdated`) only if it has a row."""
    own = [row for row in definitions.rows("search_parameters") if row["resource"] == type]
    every = [row for row in definitions.rows("search_parameters") if row["resource"] == _ANY] if own else []
    return {row["name"]: _parameter(row) for row in (*every, *own)}


@functools.cache
def types() -> tuple[str, ...]:
    """The resource types that can be searched, in the table's order."""
    return tuple(dict.fromkeys(r["resource"] for r in definitions.rows("search_parameters") if r["resource"] != _ANY))


def _parameter(row: Mapping[str, str]) -> Parameter:
    if row["type"] not in ("token", "reference", "date"):
        raise ValueError(f"search_parameters: {row['resource']}.{row['name']} has the unknown type {row['type']!r}")
    return Parameter(
        resource=row["resource"],
        name=row["name"],
        kind=cast(Kind, row["type"]),
        paths=tuple(tuple(path.split(".")) for path in row["path"].split()),
        targets=tuple(row["targets"].split()),
        citation=row["citation"],
    )

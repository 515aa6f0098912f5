"""Which of the scopes that a token request names it gets (`definitions/scopes.toml`; RFC 6749 §3.3).

An unknown scope, or one that the purpose, the grant or the level of assurance does not allow, is left out and the
answer says what was given; when nothing is left there is no token.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass

from babyconnect import definitions
from babyconnect.birthcare.access import Purpose

MOST_SCOPES = 16
_SCOPE = re.compile(r"[!#-\[\]-~]{1,100}")


@dataclass(frozen=True, slots=True)
class Scope:
    """One row: what it may be asked for, by which grants, how long its token lives, how sure the person must be, and
    how long ago a client's log-in may be (0: no client asks for it)."""

    name: str
    purposes: frozenset[Purpose]
    grants: frozenset[str]
    seconds: int
    least_loa: str
    login_seconds: int = 0


@functools.cache
def known() -> Mapping[str, Scope]:
    """Every scope of the table by its name."""
    return {
        name: Scope(
            name,
            frozenset(Purpose(code) for code in row["purposes"]),
            frozenset(row["grants"]),
            int(row["seconds"]),
            row["least_loa"],
            int(row.get("login_seconds", 0)),
        )
        for name, row in definitions.document("scopes.toml")["scope"].items()
    }


@functools.cache
def grants() -> Mapping[str, str]:
    """`grant_type` -> the grant's name in the table: minvws, gf, nuts."""
    table = definitions.document("scopes.toml")["grants"]
    return {grant_type: name for grant_type, name in table.items() if grant_type != "citation"}


@functools.lru_cache(maxsize=256)
def asked(text: str) -> tuple[str, ...] | None:
    """The scopes of a request, each once, in its order; None when it is no list of scopes."""
    names = text.split(" ") if text else []
    if len(names) > MOST_SCOPES or not all(_SCOPE.fullmatch(name) for name in names):
        return None
    return tuple(dict.fromkeys(names))


@functools.lru_cache(maxsize=256)
def granted(names: tuple[str, ...], grant: str, purpose: Purpose, loa: str) -> tuple[Scope, ...]:
    """Those of `names` that this grant, purpose and level of assurance open."""
    found = (known().get(name) for name in names)
    return tuple(scope for scope in found if scope and _opens(scope, grant, purpose, loa))


def _opens(scope: Scope, grant: str, purpose: Purpose, loa: str) -> bool:
    return grant in scope.grants and purpose in scope.purposes and rank(loa) >= rank(scope.least_loa)


@functools.cache
def levels() -> tuple[str, ...]:
    """The levels of assurance, weakest first."""
    return tuple(definitions.document("scopes.toml")["loa"]["order"])


def rank(loa: object) -> int:
    """How sure a level is; -1 for one that nobody defined."""
    return levels().index(loa) if isinstance(loa, str) and loa in levels() else -1

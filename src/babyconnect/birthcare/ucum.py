"""Is a code a unit of UCUM?  The grammar of UCUM 2.1 (§5-§14) over its symbols (`definitions/terminology/ucum.csv`).

A term is components with `.` and `/` between them; a component is a symbol (with a prefix where that may stand before
it) and an exponent, a number, an annotation in braces, or a term in parentheses.
"""

from __future__ import annotations

import functools
import re

from babyconnect.definitions import rows

LONGEST = 200
"""Nothing longer is looked at: no unit is, and codes come from anybody."""
# Inside braces and brackets anything may stand (spaces too, as validators have it), else what separates may not.
_ANNOTATION = r"\{[ -z|~]*\}"
_SYMBOL = r"(?:10[*^]|(?:[!-'*,:-Z\\^-z|~]|\[[!-Z\\^-z|~]+\])+)"
_WHOLE = "\x01"  # a term in parentheses that is one; no code holds it
_COMPONENT = re.compile(rf"(?:(?P<symbol>{_SYMBOL})(?:[+-]?\d+)?|\d+)?(?:{_ANNOTATION})?|{_WHOLE}")
_INNERMOST = re.compile(r"\(([^()]*)\)")


@functools.cache
def _symbols() -> tuple[frozenset[str], frozenset[str], tuple[str, ...]]:
    """All units, those that take a prefix, and the prefixes."""
    by_kind: dict[str, list[str]] = {"prefix": [], "metric": [], "unit": []}
    for row in rows("terminology/ucum"):
        by_kind[row["kind"]].append(row["code"])
    metric = frozenset(by_kind["metric"])
    return metric | frozenset(by_kind["unit"]), metric, tuple(by_kind["prefix"])


@functools.lru_cache(maxsize=4096)
def is_unit(code: str) -> bool:
    """Whether UCUM has the unit, case by case: `mmol/L` and `m[IU]/L`, not `mmHg`, nor `MM`."""
    if not 0 < len(code) <= LONGEST or not (code.isascii() and code.isprintable()):
        return False
    found = 1
    while found:  # what stands in parentheses is a term of its own, and counts as one component from then on
        code, found = _INNERMOST.subn(lambda inside: _WHOLE if _is_term(inside[1]) else " ", code)
    return _is_term(code)


def _is_term(text: str) -> bool:
    parts = _split(text.removeprefix("/"))
    return all(map(_is_component, parts))


def _split(text: str) -> list[str]:
    """At every `.` and `/` that is in no braces and no brackets."""
    return re.split(r"[./](?![^{}]*\})(?![^\[\]]*\])", text)


def _is_component(text: str) -> bool:
    match = _COMPONENT.fullmatch(text)
    if match is None or not text:
        return False
    return match["symbol"] is None or _is_symbol(match["symbol"])


def _is_symbol(text: str) -> bool:
    units, metric, prefixes = _symbols()
    return text in units or any(text.startswith(one) and text[len(one) :] in metric for one in prefixes)

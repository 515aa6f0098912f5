"""FHIR JSON (STU3 §2.6.2) to plain dicts and back, with every digit of a decimal kept.

FHIR forbids changing the precision of a decimal: 1.50 is not 1.5.  Numbers with a point are therefore `Decimal` in a
dict and are written as they were read; whole numbers are `int`.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import orjson

from babyconnect.birthcare.numbers import LONGEST, LONGEST_WHOLE
from babyconnect.fhir.malformed import Malformed

# The deepest published resource has 14 levels; a hostile one must not exhaust the stack.
DEEPEST = 64
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def loads(content: bytes) -> dict[str, Any]:
    """Read one resource.  Raises `Malformed` for what is not UTF-8, not JSON, no object, or nested without end."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise Malformed(f"byte {fault.start + 1}", "utf-8", "not UTF-8") from None
    try:
        found = _DECODER.decode(text)
    except json.JSONDecodeError as fault:
        raise Malformed(f"line {fault.lineno}", "json", f"not JSON: {fault.msg}") from None
    except RecursionError:
        raise Malformed("line 1", "depth", "nested too deeply") from None
    if not isinstance(found, dict):
        raise Malformed("line 1", "json", "a resource is a JSON object")
    if _depth(found) > DEEPEST:
        raise Malformed("line 1", "depth", "nested too deeply")
    if _SURROGATE.search(content):
        _refuse_half_characters(found)
    return found


def _refuse_half_characters(found: dict[str, Any]) -> None:
    """JSON may escape half of a surrogate pair, which is no character and cannot be written as UTF-8 again."""
    try:
        dumps(found)
    except TypeError:
        raise Malformed("a text", "utf-8", "half of a surrogate pair is no character") from None


def dumps(resource: Any) -> bytes:
    """Write one resource compactly, as UTF-8; decimals with the digits they came with."""
    return orjson.dumps(resource, default=verbatim)


def verbatim(value: object) -> orjson.Fragment:
    """For `orjson.dumps(default=...)`: a decimal as the digits it came with."""
    if isinstance(value, Decimal) and value.is_finite():
        return orjson.Fragment(format(value, "f"))
    raise TypeError(f"FHIR JSON has no {type(value).__name__}")


def decimal(text: str) -> Decimal:
    """A FHIR decimal: no exponent (STU3), and not longer than a number can sensibly be."""
    if len(text) > LONGEST or "e" in text or "E" in text:
        raise Malformed("a number", "decimal", "a decimal has no exponent and at most 40 characters")
    return Decimal(text)


def integer(text: str) -> int | Decimal:
    """A whole number, as `int` where 64 bits hold it."""
    return int(text) if len(text) <= LONGEST_WHOLE else decimal(text)


def _no_constant(text: str) -> Any:
    raise Malformed("a number", "json", "JSON has no such number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        # A reader that keeps the first and one that keeps the last would see two different records.
        raise Malformed("an object", "json", "the same name occurs twice in one object")
    return found


def _depth(value: Any) -> int:
    """Depth of nesting, without recursion."""
    deepest, level = 0, [value]
    while level:
        deepest += 1
        if deepest > DEEPEST:
            return deepest
        below: list[Any] = []
        for item in level:
            children = item.values() if isinstance(item, dict) else item
            below += [child for child in children if isinstance(child, dict | list)]
        level = below
    return deepest


_DECODER = json.JSONDecoder(
    parse_float=decimal, parse_int=integer, parse_constant=_no_constant, object_pairs_hook=_unique
)

"""What the region's searches may ask: parameters of a closed list, each of its own form.

An unknown search parameter is refused, not ignored: a filter dropped in silence would release too much.
"""

from __future__ import annotations

from collections.abc import Mapping

from babyconnect.api.region_call import Refusal, RegionState


def only(found: Mapping[str, str], *allowed: str) -> None:
    unknown = sorted(set(found) - set(allowed) - {"_format"})
    if unknown:
        raise Refusal(400, "not-supported", f"search parameter {unknown[0][:40]!r} is not supported")


def token(found: Mapping[str, str], name: str, system: str) -> str:
    """The value of a token parameter of one system; "" when the parameter is absent."""
    text = found.get(name, "")
    if not text:
        return ""
    given, separator, value = text.rpartition("|")
    if separator and given != system:
        raise Refusal(400, "value", f"{name} takes identifiers of system {system}")
    return value


def number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not (text.isascii() and text.isdigit()) or not 0 < len(text) < 16:
        raise Refusal(400, "value", f"{name} is a number")
    return int(text)


def fhir_base(state: RegionState) -> str:
    return f"{state.base}/fhir/r4"

"""Reasons of a decision in words (`definitions/reasons.toml`): for the client and the privacy officer."""

from __future__ import annotations

from babyconnect import definitions


def sentence(code: str) -> str:
    """The Dutch sentence for a reason's code; raises KeyError for a code that nobody explains."""
    return str(definitions.document("reasons.toml")[code])


def codes() -> frozenset[str]:
    return frozenset(definitions.document("reasons.toml"))

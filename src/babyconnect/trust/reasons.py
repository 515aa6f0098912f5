"""Reasons of a decision in words (`definitions/reasons.toml`): for the client and the privacy officer."""

from __future__ import annotations

from babyconnect import definitions


def sentence(code: str, language: str = "nl") -> str:
    """The sentence for a reason's code, Dutch or English; raises KeyError for a code that nobody explains."""
    return str(definitions.document("reasons.toml")[code][language])


def codes() -> frozenset[str]:
    return frozenset(definitions.document("reasons.toml"))

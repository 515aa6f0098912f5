"""One way of printing a measurement beside what it must reach, so that a run tells by itself what it fell short of."""

from __future__ import annotations


def at_least(what: str, measured: float, limit: float, unit: str = "") -> None:
    _say(what, measured, limit, unit, ">=", measured >= limit)


def at_most(what: str, measured: float, limit: float, unit: str = "") -> None:
    _say(what, measured, limit, unit, "<=", measured <= limit)


def _say(what: str, measured: float, limit: float, unit: str, sign: str, kept: bool) -> None:
    verdict = "ok" if kept else "SHORT"
    print(f"{verdict:6}{what:58} {_number(measured)}{unit}  (limit {sign} {_number(limit)}{unit})", flush=True)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}".rstrip("0").rstrip(".")

"""One way of printing a measurement beside what it must reach, so that a run tells by itself what it fell short of."""

from __future__ import annotations

import time


def at_least(what: str, measured: float, limit: float, unit: str = "") -> None:
    _say(what, measured, limit, unit, ">=", measured >= limit)


def at_most(what: str, measured: float, limit: float, unit: str = "") -> None:
    _say(what, measured, limit, unit, "<=", measured <= limit)


def disturbance() -> str:
    """How much of itself the machine has just now: a loop of a millisecond, at its median beside its fastest.
    A guest on a busy host measures the host too."""
    took = []
    for _ in range(400):
        began = time.process_time()
        sum(number * number for number in range(20_000))
        took.append(time.process_time() - began)
    took.sort()
    return f"machine: a loop takes {took[len(took) // 2] / took[0]:.2f} times its fastest"


def _say(what: str, measured: float, limit: float, unit: str, sign: str, kept: bool) -> None:
    verdict = "ok" if kept else "SHORT"
    print(f"{verdict:6}{what:58} {_number(measured)}{unit}  (limit {sign} {_number(limit)}{unit})", flush=True)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}".rstrip("0").rstrip(".")

"""Growth as a picture: where each percentile stands, by week.  Pure; a template draws it as SVG.

The lines across are percentiles, so the same in every picture: what a reference curve is, each measurement says itself.
Curves differ by shape and by the name at their end, not by colour alone (WCAG 2.2, 1.4.1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from babyconnect.delivery.view import Curve, Growth

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 960, 300, 56, 230, 14, 34
LINES = (3, 10, 50, 90, 97)
_SHAPES = ("", "6 4", "2 4", "10 4 2 4")
_LETTERS = 34
_APART = 15
"""Between the names of two curves."""


@dataclass(frozen=True, slots=True)
class Dot:
    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """`path`: the curve as points of a polyline; `dash`: its shape; `label`: where its name stands."""

    name: str
    number: int
    dash: str
    path: str
    dots: tuple[Dot, ...]
    label: Dot


@dataclass(frozen=True, slots=True)
class Chart:
    width: int
    height: int
    left: int
    right: int
    bottom: int
    lines: tuple[tuple[float, int], ...]
    weeks: tuple[tuple[float, int], ...]
    curves: tuple[Drawn, ...]


def chart(growth: Growth) -> Chart:
    points = [point for curve in growth.curves for point in curve.points]
    first = max(0, int(min(point.week for point in points)) - 1)
    last = max(first + 6, int(max(point.week for point in points)) + 2)
    scale = (WIDTH - LEFT - RIGHT) / (last - first)

    def x(week: float) -> float:
        return round(LEFT + (week - first) * scale, 1)

    step = 1 if last - first <= 12 else 2
    drawn = _labelled([_drawn(number, curve, x) for number, curve in enumerate(growth.curves)])
    return Chart(
        WIDTH, HEIGHT, LEFT, WIDTH - RIGHT, HEIGHT - BOTTOM,
        lines=tuple((_y(percentile), percentile) for percentile in LINES),
        weeks=tuple((x(week), week) for week in range(first, last + 1, step)),
        curves=drawn,
    )  # fmt: skip


def _y(percentile: float) -> float:
    return round(TOP + (100 - percentile) / 100 * (HEIGHT - TOP - BOTTOM), 1)


def _drawn(number: int, curve: Curve, x: Callable[[float], float]) -> Drawn:
    dots = tuple(Dot(x(point.week), _y(point.percentile), f"{curve.name}: {point.text}") for point in curve.points)
    path = " ".join(f"{dot.x},{dot.y}" for dot in dots)
    end = Dot(dots[-1].x + 10, dots[-1].y + 4, curve.name)
    return Drawn(curve.name, number % 4, _SHAPES[number % len(_SHAPES)], path, dots, end)


def _labelled(curves: Sequence[Drawn]) -> tuple[Drawn, ...]:
    """Names that would stand on each other are moved apart, from top to bottom, and kept within the picture."""
    placed: dict[int, float] = {}
    for at, y in _spread(sorted(enumerate(c.label.y for c in curves), key=lambda pair: pair[1])):
        placed[at] = y
    return tuple(
        Drawn(c.name, c.number, c.dash, c.path, c.dots, Dot(WIDTH - RIGHT + 12, placed[at], _shortened(c.name)))
        for at, c in enumerate(curves)
    )


def _shortened(name: str) -> str:
    """What fits beside the picture; each dot says the whole name."""
    return name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1]}…"


def _spread(wanted: Iterable[tuple[int, float]]) -> list[tuple[int, float]]:
    found: list[tuple[int, float]] = []
    for at, y in wanted:
        found.append((at, max(y, found[-1][1] + _APART) if found else y))
    over = found[-1][1] - (HEIGHT - BOTTOM) if found else 0.0
    return [(at, round(y - max(0.0, over), 1)) for at, y in found]

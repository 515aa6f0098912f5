"""Charts as SVG made on the server: no script, readable aloud (title and description), and a table says the same.

Values are placed on a grid of whole units; colours come from the style sheet by class, never from the picture.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 720, 220, 66, 26, 12


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: what stands below it, how long it is, and how much of it is coloured as `part`."""

    label: str
    value: float
    part: float = 0.0


@dataclass(frozen=True, slots=True)
class Rect:
    x: float
    y: float
    width: float
    height: float
    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class Chart:
    """What the template draws.  `ticks`: height and text of each line across; `limit`: the height of the alarm line."""

    rects: tuple[Rect, ...]
    labels: tuple[tuple[float, str], ...]
    ticks: tuple[tuple[float, str], ...]
    limit: float | None
    bars: tuple[Bar, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    floor: int = HEIGHT - BOTTOM


def chart(bars: Sequence[Bar], number: Callable[[float], str], limit: float | None = None, unit: str = "") -> Chart:
    """Bars side by side; `number` writes a figure, `limit` draws a line across at that value."""
    top = _round_up(max([bar.value for bar in bars] + [limit or 0, 1]))
    scale = (HEIGHT - BOTTOM - TOP) / top
    step = (WIDTH - LEFT) / max(1, len(bars))
    rects: list[Rect] = []
    for place, bar in enumerate(bars):
        x, width = LEFT + place * step + step * 0.15, step * 0.7
        for kind, value in (("bar", bar.value), ("part", bar.part)):
            if value:
                height = max(1.0, value * scale)
                text = f"{bar.label}: {number(value)}{unit}"
                rects.append(Rect(round(x, 1), round(_y(height), 1), round(width, 1), round(height, 1), kind, text))
    every = max(1, -(-len(bars) // 10))
    labels = [(round(LEFT + (place + 0.5) * step, 1), bar.label) for place, bar in enumerate(bars) if not place % every]
    ticks = [(round(_y(top * part / 4 * scale), 1), f"{number(top * part / 4)}{unit}") for part in range(5)]
    line = round(_y(limit * scale), 1) if limit is not None else None
    return Chart(tuple(rects), tuple(labels), tuple(ticks), line, tuple(bars))


def _y(height: float) -> float:
    return HEIGHT - BOTTOM - height


def _round_up(value: float) -> float:
    """The next figure that four lines across divide well."""
    size = 1.0
    while True:
        for factor in (1, 2, 4, 8):
            if factor * size >= value:
                return factor * size
        size *= 10

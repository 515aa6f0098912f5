"""The pregnancy as a picture: where on the line each event of the timeline stands.  Pure; a template draws it as SVG.

The horizontal axis is gestation in days.  Events that bear no gestation are placed by their date, counted from an event
that bears both; without any such event there is no picture, only the list.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from babyconnect.definitions import document

WIDTH, LEFT, RIGHT = 960, 118, 16
LANE_HEIGHT, TOP = 30, 24
DAYS_AT_LEAST = 42 * 7
SPREAD = 9
_GESTATION = re.compile(r"^(\d{1,2})\+([0-6])$")


class Event(Protocol):
    """What is drawn: `delivery.view.Moment`."""

    @property
    def day(self) -> str: ...
    @property
    def moment(self) -> str: ...
    @property
    def gestation(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def item(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Mark:
    """One event: where its mark stands, what it says, and the anchor it points to."""

    x: float
    y: float
    lane: str
    text: str
    item: str


@dataclass(frozen=True, slots=True)
class Lane:
    code: str
    y: float


@dataclass(frozen=True, slots=True)
class Tick:
    x: float
    text: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything a template needs to draw; lengths in SVG units."""

    width: int
    height: int
    left: int
    right: int
    bottom: int
    lanes: tuple[Lane, ...]
    ticks: tuple[Tick, ...]
    marks: tuple[Mark, ...]
    term: float
    today: float | None


def _days(gestation: str) -> int | None:
    found = _GESTATION.match(gestation)
    return int(found[1]) * 7 + int(found[2]) if found else None


def _date(moment: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(moment[:10])
    except ValueError:
        return None


def _conception_line(events: Iterable[Event]) -> dt.date | None:
    """The date of 0+0, by the first event that bears both a date and a gestation."""
    for event in events:
        days, date = _days(event.gestation), _date(event.moment)
        if days is not None and date is not None:
            return date - dt.timedelta(days=days)
    return None


def _lane_of(kind: str, lanes: Mapping[str, list[str]]) -> str:
    return next((lane for lane, kinds in lanes.items() if kind in kinds), "other")


def picture(events: Iterable[Event], today: dt.date | None = None) -> Drawing | None:
    """The drawing of these events, or None when nothing says how far the pregnancy was."""
    events = tuple(events)
    start = _conception_line(events)
    if start is None:
        return None
    placed = []
    for event in events:
        date = _date(event.moment)
        days = (date - start).days if date else _days(event.gestation)
        if days is not None and 0 <= days <= 60 * 7:
            placed.append((days, event))
    lanes_by_code: dict[str, list[str]] = document("timeline_lanes.toml")["lanes"]
    used = {_lane_of(event.kind, lanes_by_code) for _, event in placed}
    codes = [code for code in (*lanes_by_code, "other") if code in used]
    longest = max([DAYS_AT_LEAST, *(days for days, _ in placed)]) + 7
    scale = (WIDTH - LEFT - RIGHT) / longest
    lanes = {code: TOP + LANE_HEIGHT * (index + 0.5) for index, code in enumerate(codes)}
    marks, last = [], dict.fromkeys(codes, -1000.0)
    for days, event in sorted(placed, key=lambda pair: pair[0]):
        lane = _lane_of(event.kind, lanes_by_code)
        x = max(LEFT + days * scale, last[lane] + SPREAD)
        last[lane] = x
        text = ", ".join(part for part in (event.day, event.gestation, event.text) if part)
        marks.append(Mark(round(min(x, WIDTH - 6), 1), lanes[lane], lane, text, event.item))
    bottom = TOP + LANE_HEIGHT * len(codes)
    ticks = tuple(Tick(round(LEFT + week * 7 * scale, 1), str(week)) for week in range(0, longest // 7 + 1, 4))
    passed = (today - start).days if today else -1
    return Drawing(
        width=WIDTH, height=bottom + 26, left=LEFT, right=WIDTH - RIGHT, bottom=bottom,
        lanes=tuple(Lane(code, y) for code, y in lanes.items()), ticks=ticks, marks=tuple(marks),
        term=round(LEFT + 280 * scale, 1),
        today=round(LEFT + passed * scale, 1) if 0 <= passed <= longest else None,
    )  # fmt: skip

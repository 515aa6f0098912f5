"""The pregnancy as a picture: where on the line each event of the timeline stands.  Pure; a template draws it as SVG.

The horizontal axis is gestation in days.  Events that bear no gestation are placed by their date, counted from an event
that bears both; without any such event there is no picture, only the list.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from babyconnect.definitions import document

WIDTH, LEFT, RIGHT = 960, 118, 16
LANE_HEIGHT, TOP = 30, 24
DAYS_AT_LEAST = 42 * 7
LONGEST_DAYS = 60 * 7
APART = 11
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
    """One event, or some that stand too close: where the mark stands, what it says, the anchor it points to."""

    x: float
    y: float
    lane: str
    text: str
    item: str
    count: int = 1


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


def _placed(events: tuple[Event, ...], start: dt.date) -> list[tuple[int, Event]]:
    """Each event with its day of gestation, in order; what lies outside any pregnancy is only in the list."""
    placed = []
    for event in events:
        date = _date(event.moment)
        days = (date - start).days if date else _days(event.gestation)
        if days is not None and 0 <= days <= LONGEST_DAYS:
            placed.append((days, event))
    return sorted(placed, key=lambda pair: pair[0])


def _marks(placed: list[tuple[float, str, Event]], lanes: Mapping[str, float]) -> tuple[Mark, ...]:
    """One mark per event; events too close to be told apart share one that says how many they are."""
    marks: list[Mark] = []
    last: dict[str, int] = {}
    for x, lane, event in placed:
        text = ", ".join(part for part in (event.day, event.gestation, event.text) if part)
        before = marks[last[lane]] if lane in last else None
        if before is not None and x - before.x < APART:
            marks[last[lane]] = replace(before, text=f"{before.text}\n{text}", count=before.count + 1)
        else:
            last[lane] = len(marks)
            marks.append(Mark(round(x, 1), lanes[lane], lane, text, event.item))
    return tuple(marks)


def picture(events: Iterable[Event], today: dt.date | None = None) -> Drawing | None:
    """The drawing of these events, or None when nothing says how far the pregnancy was."""
    events = tuple(events)
    start = _conception_line(events)
    if start is None:
        return None
    placed = _placed(events, start)
    kinds: dict[str, list[str]] = document("timeline_lanes.toml")["lanes"]
    used = {_lane_of(event.kind, kinds) for _, event in placed}
    codes = [code for code in (*kinds, "other") if code in used]
    lanes = {code: TOP + LANE_HEIGHT * (index + 0.5) for index, code in enumerate(codes)}
    longest = max([DAYS_AT_LEAST, *(days for days, _ in placed)]) + 7
    scale = (WIDTH - LEFT - RIGHT) / longest
    passed = (today - start).days if today else -1
    bottom = TOP + LANE_HEIGHT * len(codes)
    return Drawing(
        width=WIDTH,
        height=bottom + 26,
        left=LEFT,
        right=WIDTH - RIGHT,
        bottom=bottom,
        lanes=tuple(Lane(code, y) for code, y in lanes.items()),
        ticks=tuple(Tick(round(LEFT + week * 7 * scale, 1), str(week)) for week in range(0, longest // 7 + 1, 4)),
        marks=_marks([(LEFT + days * scale, _lane_of(event.kind, kinds), event) for days, event in placed], lanes),
        term=round(LEFT + 280 * scale, 1),
        today=round(LEFT + passed * scale, 1) if 0 <= passed <= longest else None,
    )

"""Where events stand in the picture of a pregnancy."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from babyconnect.definitions import document, rows
from babyconnect.web.texts import Texts
from babyconnect.web.viewer.picture import LEFT, WIDTH, picture


@dataclass(frozen=True)
class Event:
    moment: str
    gestation: str = ""
    kind: str = "visit"
    day: str = ""
    text: str = "Controle"
    item: str = "i1"


def test_events_stand_in_order_of_gestation_between_the_borders() -> None:
    drawing = picture([Event("2026-01-05", "10+0"), Event("2026-03-16", "20+0"), Event("2026-08-03", "40+0")])
    assert drawing is not None
    x = [mark.x for mark in drawing.marks]
    assert x == sorted(x) and x[0] > LEFT and x[-1] < WIDTH
    assert abs(x[-1] - drawing.term) < 1


def test_an_event_without_gestation_is_placed_by_its_date() -> None:
    drawing = picture([Event("2026-01-05", "10+0"), Event("2026-03-16", kind="ultrasound")])
    assert drawing is not None
    both = picture([Event("2026-01-05", "10+0"), Event("2026-03-16", "20+0", kind="ultrasound")])
    assert both is not None and drawing.marks == tuple(
        mark if mark.lane == "visit" else next(m for m in drawing.marks if m.lane == "scan") for mark in both.marks
    )


def test_without_any_gestation_there_is_no_picture() -> None:
    assert picture([Event("2026-01-05"), Event("", "")]) is None
    assert picture([]) is None


def test_events_of_one_day_share_a_mark_that_counts_and_names_them() -> None:
    drawing = picture([Event("2026-01-05", "10+0", text=name) for name in ("Intake", "Echo", "Uitslag")])
    assert drawing is not None
    (mark,) = drawing.marks
    assert mark.count == 3 and all(name in mark.text for name in ("Intake", "Echo", "Uitslag"))


def test_no_mark_stands_later_than_its_event() -> None:
    events = [Event(f"2026-01-{5 + n // 4:02}", f"10+{n // 4}") for n in range(20)]
    drawing = picture(events, dt.date(2026, 1, 9))
    assert drawing is not None and drawing.today is not None
    assert all(mark.x <= drawing.today for mark in drawing.marks)
    assert sum(mark.count for mark in drawing.marks) == 20


def test_today_is_drawn_only_within_the_picture() -> None:
    events = [Event("2026-01-05", "10+0")]
    inside, after = picture(events, dt.date(2026, 2, 1)), picture(events, dt.date(2027, 12, 1))
    assert inside is not None and inside.today is not None
    assert after is not None and after.today is None


def test_impossible_dates_and_far_events_are_left_out_of_the_picture() -> None:
    drawing = picture([Event("2026-01-05", "10+0"), Event("1990-01-01"), Event("rubbish"), Event("2031-01-01")])
    assert drawing is not None and len(drawing.marks) == 1


def test_every_line_of_the_picture_has_a_name() -> None:
    words = Texts("nl")
    assert all(words.has(f"lanes.{lane}") for lane in (*document("timeline_lanes.toml")["lanes"], "other"))


def test_the_kinds_that_a_merge_makes_are_known_to_the_picture_or_drawn_as_other() -> None:
    known = {kind for kinds in document("timeline_lanes.toml")["lanes"].values() for kind in kinds}
    made = {row["kind"] for row in rows("merge/timeline")} | {"birth", "death", "laboratory", "episode_end"}
    assert made - known <= {"directive", "care_team"}

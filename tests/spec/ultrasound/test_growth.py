"""The picture of growth: percentiles by week as the sources gave them, beside the table with the same numbers."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest

from babyconnect.birthcare.answers import SourceAnswer
from babyconnect.birthcare.identifiers import Ura
from babyconnect.birthcare.parties import Kind, Party
from babyconnect.delivery import build_view
from babyconnect.delivery.view import Curve, Growth, Point, Section
from babyconnect.merge import merge
from babyconnect.web.rendering import Pages
from babyconnect.web.viewer.growth import LINES, chart
from tests.support.ultrasound import PREGNANCY, TODAY, exam, export, translated

CENTRE = Party(Ura("90000301"), "Echocentrum", Kind.ULTRASOUND_CENTRE)


def echo(*exams: str, pregnancy: str = PREGNANCY) -> Section:
    resources = tuple(translated(export(*exams, pregnancy=pregnancy)).resources)
    view = build_view(merge([SourceAnswer(CENTRE, "answered", resources)], TODAY))
    return next(section for section in view.sections if section.id == "echo")


def scan(day: str, **percentiles: int) -> str:
    said = "".join(f'<{name} percentile="{p}">{200 + p}</{name}>' for name, p in percentiles.items())
    return exam(said, id=day, day=day, type="growth")


def test_each_measurement_is_a_curve_over_the_weeks_of_the_due_date() -> None:
    section = echo(scan("2026-08-02", ac=40, efw=50), scan("2026-08-30", ac=20, efw=30))
    [growth] = section.growth
    assert [curve.name for curve in growth.curves] == ["AC", "Geschat gewicht"]
    assert [(p.week, p.percentile) for p in growth.curves[0].points] == [(22.0, 40.0), (26.0, 20.0)]
    assert growth.curves[0].points[1].text == "30 augustus 2026, 26+0: 220 mm, p20"


def test_what_is_drawn_stands_in_the_table_too() -> None:
    section = echo(scan("2026-08-02", ac=40), scan("2026-08-30", ac=20))
    [table] = section.grids
    cells = " ".join(cell.text for row in table.rows for cell in row.cells)
    assert all(f"(p{point.percentile:.0f})" in cells for curve in section.growth[0].curves for point in curve.points)


def test_one_moment_is_no_growth_and_without_a_due_date_there_are_no_weeks() -> None:
    assert echo(scan("2026-08-02", ac=40)).growth == ()
    undated = "<id>77</id><gravida>1</gravida><para>0</para>"
    assert echo(scan("2026-08-02", ac=40), scan("2026-08-30", ac=20), pregnancy=undated).growth == ()


def test_a_measurement_without_a_percentile_is_not_drawn() -> None:
    later = exam("<ac>230</ac>", id="3", day="2026-09-20", type="growth")
    [growth] = echo(scan("2026-08-02", ac=40), scan("2026-08-30", ac=20), later).growth
    assert len(growth.curves[0].points) == 2


def test_twins_have_curves_of_their_own() -> None:
    two = [exam('<ac percentile="40">180</ac>', '<ac percentile="8">160</ac>', id=d, day=d) for d in
           ("2026-08-02", "2026-08-30")]  # fmt: skip
    [growth] = echo(*two).growth
    assert [(c.name, c.points[0].percentile) for c in growth.curves] == [("Foetus 1: AC", 40.0), ("Foetus 2: AC", 8.0)]


def by(curve: str, day: str, percentile: int) -> str:
    named = f' reference="{curve}"' if curve else ""
    return exam(f'<ac percentile="{percentile}"{named}>{200 + percentile}</ac>', id=day, day=day, type="growth")


@pytest.mark.parametrize("curve", ["Verburg 2008", "INTERGROWTH-21st", ""])
def test_the_picture_says_by_which_reference_curve_its_percentiles_are(curve: str) -> None:
    [growth] = echo(by(curve, "2026-08-02", 40), by(curve, "2026-08-30", 20)).growth
    assert growth.references == (curve,) and [c.name for c in growth.curves] == ["AC"]
    drawn = Pages("/viewer/static").macros("viewer/fragments.html", "nl")("curves", growth)
    assert (f"Referentiecurve volgens de bron: {curve}" if curve else "De bron noemt geen referentiecurve") in drawn


def test_percentiles_by_two_curves_are_not_joined_into_one_line() -> None:
    scans = [by("Verburg 2008", "2026-08-02", 40), by("Verburg 2008", "2026-08-16", 38)]
    second = [by("INTERGROWTH-21st", "2026-08-30", 12), by("", "2026-09-13", 11)]
    [growth] = echo(*scans, *second).growth
    assert [(c.name, len(c.points)) for c in growth.curves] == [
        ("AC (INTERGROWTH-21st)", 1), ("AC (Verburg 2008)", 2), ("AC (curve niet genoemd)", 1)]  # fmt: skip
    drawn = Pages("/viewer/static").macros("viewer/fragments.html", "nl")("curves", growth)
    assert "Niet alles is volgens dezelfde referentiecurve" in drawn


def _growth(*values: float) -> Growth:
    return Growth("groei", tuple(
        Curve(f"M{n}", (Point(20, value, "a"), Point(30, value, "b"))) for n, value in enumerate(values)))  # fmt: skip


@pytest.mark.parametrize("values", [(50,), (0, 100), (50, 50, 50, 50), (1, 1, 1, 1, 1, 1, 1, 1), (99,) * 8])
def test_every_curve_lies_in_the_picture_and_no_name_on_another(values: tuple[float, ...]) -> None:
    drawn = chart(_growth(*values))
    for curve in drawn.curves:
        assert all(drawn.left <= dot.x <= drawn.right and 0 <= dot.y <= drawn.bottom for dot in curve.dots)
    names = sorted(curve.label.y for curve in drawn.curves)
    assert all(0 <= y <= drawn.bottom for y in names)
    assert all(later - earlier >= 14 for earlier, later in itertools.pairwise(names))


def test_higher_is_more_and_later_is_to_the_right() -> None:
    [curve] = chart(Growth("g", (Curve("AC", (Point(20, 10, ""), Point(24, 90, ""))),))).curves
    first, last = curve.dots
    assert last.y < first.y and last.x > first.x
    assert [percentile for _, percentile in chart(_growth(50)).lines] == list(LINES)
    assert dt.date(2026, 12, 6) - dt.date(2026, 8, 2) == dt.timedelta(weeks=18)  # 22 weeks in the first test

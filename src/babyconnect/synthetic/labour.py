"""The true course of a birth: where, how, when, and the children (rates of `figures.csv`)."""

from __future__ import annotations

import datetime as dt

from babyconnect import definitions
from babyconnect.synthetic.chance import Chance
from babyconnect.synthetic.course import Child, Course
from babyconnect.synthetic.figures import assumption, growth, share, shares
from babyconnect.synthetic.people import Woman, child_bsn

_HOURS = (
    5.0,
    5.3,
    5.5,
    5.7,
    5.8,
    5.6,
    5.2,
    4.7,
    4.3,
    4.1,
    4.0,
    3.9,
    3.8,
    3.8,
    3.7,
    3.6,
    3.5,
    3.4,
    3.3,
    3.4,
    3.5,
    3.7,
    4.0,
    4.5,
)
"""Spontaneous births peak about 04:00 (Martin 2018); the shape between is an ASSUMPTION."""
_WEEKEND = 0.08
"""How much rarer a planned caesarean is in a weekend (ASSUMPTION; Martin 2018: mostly weekdays 09:00-11:59)."""


def give_birth(chance: Chance, woman: Woman, course: Course, women: int) -> None:
    """Completes a course that ended in a birth: labour, place and children."""
    if course.first_line_labour:
        rate = "nulliparous" if course.parity == 0 else "multiparous"
        course.referred_in_labour = "referred_in_labour" in course.flags or (
            not woman.key and chance.yes(share(f"referral.{rate}"))
        )
    second_line = course.referred_in_labour or not course.first_line_labour
    _place(chance, course, second_line)
    planned = not course.first_line_labour and _planned_caesarean(chance, course)
    if second_line and not planned:
        _second_line_labour(chance, course)
    if planned:
        course.begin, course.mode, course.blood_loss = "planned", "primary_caesarean", chance.number(300, 900)
    moment = _moment(chance, course)
    for rank in range(1, 3 if course.twins else 2):
        born = moment + dt.timedelta(minutes=(rank - 1) * (2 if "caesarean" in course.mode else chance.number(6, 40)))
        course.children.append(_child(chance, woman, course, rank, born))
    if course.children[0].alive and woman.bsn:
        course.children[0].bsn = child_bsn(woman.index, women)
    course.home_care = _home_care(chance, course)


def _place(chance: Chance, course: Course, second_line: bool) -> None:
    if second_line:
        course.place = "second_line"
        return
    first_line = {p: share(f"place.{p}") for p in ("home", "birth_centre", "outpatient")}
    course.place = chance.weighed(first_line)
    unknown = share("place.unknown")
    course.place_known = bool(course.flags) or not chance.yes(unknown / (unknown + sum(first_line.values())))


def _second_line_at_start() -> float:
    births = sum(share(f"place.{p}") for p in ("home", "birth_centre", "outpatient", "unknown"))
    first = share("parity.0")
    stay = first * (1 - share("referral.nulliparous")) + (1 - first) * (1 - share("referral.multiparous"))
    return 1 - births / stay


def _planned_caesarean(chance: Chance, course: Course) -> bool:
    rate = share("caesarean") * share("primary_of_caesarean") / _second_line_at_start()
    weekend = share("weekday.5") + share("weekday.6")
    weekday = (1 - weekend * _WEEKEND) / (1 - weekend)
    return "stillborn_second" not in course.flags and chance.yes(
        rate * (_WEEKEND if course.end.weekday() >= 5 else weekday)
    )


def _second_line_labour(chance: Chance, course: Course) -> None:
    primary = share("caesarean") * share("primary_of_caesarean")
    others = share("place.second_line") - primary
    if not course.referred_in_labour and chance.yes(assumption("induction")):
        course.begin = "induced"
    if chance.yes((share("caesarean") - primary) / others) and "showcase" not in course.flags:
        course.mode, course.blood_loss = "secondary_caesarean", chance.number(300, 1100)
    elif chance.yes(0.12):
        course.mode, course.blood_loss = "vacuum", chance.number(200, 900)
    course.epidural = chance.yes(share("epidural") / others)


def _moment(chance: Chance, course: Course) -> dt.datetime:
    if course.mode == "primary_caesarean":
        hour = chance.number(9, 11)
    else:
        hour = chance.weighed(dict(enumerate(_HOURS)))
    return dt.datetime.combine(course.end, dt.time(hour, chance.number(0, 59)))


def _child(chance: Chance, woman: Woman, course: Course, rank: int, born: dt.datetime) -> Child:
    lists = definitions.document("synthetic/names.toml")
    boy = chance.yes(0.512)
    small = chance.yes(share("sga"))
    median = growth("weight_boy" if boy else "weight_girl", course.days)
    weight = round(median * (1 + 0.125 * _deviation(chance, small)))
    stillborn, died = _death(chance, woman, course, rank, born.date())
    first = 0 if stillborn else min(9, max(0, round(chance.normal(8.4 if course.days >= 259 else 6.9, 1.2))))
    later = min(10, first + chance.number(0, 2)) if not stillborn else 0
    return Child(
        rank,
        "M" if boy else "F",
        chance.one(lists["boys" if boy else "girls"]),
        born,
        weight,
        round(10.6 * weight**0.19),
        round(7.15 * weight**0.1955, 1),
        (first, max(first, later), min(10, later + 1) if later else 0),
        course.mode,
        small,
        stillborn,
        died,
        breastfed=chance.yes(assumption("breastfeeding")),
        relinquished="relinquished" in course.flags,
    )


def _deviation(chance: Chance, small: bool) -> float:
    """A standard score under or over the tenth percentile."""
    while True:
        score = chance.normal(0, 1)
        if (score < -1.2816) == small and abs(score) < 3.2:
            return score


def _death(chance: Chance, woman: Woman, course: Course, rank: int, born: dt.date) -> tuple[bool, dt.date | None]:
    if woman.key:
        stillborn = "stillborn_second" in woman.flags and rank == 2
        return stillborn, born if stillborn else None
    groups = [key for key in shares("mortality") if 7 * int(key) <= course.days]
    if not chance.yes(share(f"mortality.{groups[-1]}")):
        return False, None
    if chance.yes(share("stillborn_of_deaths")):
        return True, born
    return False, born + dt.timedelta(days=chance.weighed({0: 5, 1: 2, 2: 1, 4: 1, 9: 1, 20: 1}))


def _home_care(chance: Chance, course: Course) -> bool:
    if "home_care" in course.flags:
        return True
    alive = any(child.alive for child in course.children)
    return alive and "no_home_care" not in course.flags and chance.yes(assumption("maternity_home_care"))

"""The true course of one pregnancy, before anybody records it: dates, outcome, care, labour, children.

Rates follow `figures.csv`.  The day of birth is drawn first (by month and weekday), the gestation next, and the last
menstruation follows: so births keep their pattern over the year and the week, and `today` only cuts the story off.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from babyconnect.synthetic.chance import Chance
from babyconnect.synthetic.figures import assumption, figures, share, shares
from babyconnect.synthetic.people import Woman

BOOKED = 45
"""Nobody is known to be pregnant before this day of gestation."""


@dataclass(slots=True)
class Child:
    """A child as it truly was.  `died` without `stillborn` is a death after birth."""

    rank: int
    sex: str
    given: str
    born: dt.datetime
    weight: int
    length: int
    head: float
    apgar: tuple[int, int, int]
    mode: str
    small: bool
    stillborn: bool = False
    died: dt.date | None = None
    bsn: str | None = None
    breastfed: bool = True
    relinquished: bool = False

    @property
    def alive(self) -> bool:
        return self.died is None


@dataclass(slots=True)
class Course:
    """One pregnancy.  Days are days of gestation; `outcome`: birth, miscarriage; `over` says whether today is past it.

    `referred_day`: when the first line handed her over before labour (0: booked in hospital, None: not).
    `rhesus_positive`: her child is RhD-positive.  `place`: home, birth_centre, outpatient, second_line; `place_known`
    is False where nobody noted it.
    """

    last_period: dt.date
    end: dt.date
    days: int
    outcome: str
    parity: int
    gravidity: int
    over: bool
    twins: str = ""
    breech: bool = False
    hypertension: bool = False
    diabetes: bool = False
    rhesus_positive: bool = True
    referred_day: int | None = None
    reason: str = ""
    first_line_labour: bool = False
    referred_in_labour: bool = False
    place: str = ""
    place_known: bool = True
    begin: str = "spontaneous"
    mode: str = "spontaneous"
    epidural: bool = False
    blood_loss: int = 300
    children: list[Child] = field(default_factory=list)
    choices: dict[str, str] = field(default_factory=dict)
    home_care: bool = False
    flags: frozenset[str] = frozenset()

    def on(self, day: int) -> dt.date:
        """The date of a day of gestation."""
        return self.last_period + dt.timedelta(days=day)

    def gestation(self, date: dt.date) -> int:
        return (date - self.last_period).days

    @property
    def due(self) -> dt.date:
        """40 weeks, by the true dating."""
        return self.on(280)


def draw_course(chance: Chance, woman: Woman, today: dt.date, stage: int | None, parity: int | None) -> Course:
    """A pregnancy of this woman that is booked by `today`.  `stage` fixes its end (days from today)."""
    twins = _twins(chance, woman)
    miscarriage = stage is None and chance.yes(assumption("miscarriage"))
    days = chance.number(50, 110) if miscarriage else _gestation(chance, woman, twins)
    if stage is not None and stage < 0 and days < 240:
        days = chance.number(262, 285)  # the special cases of the table are ordinary in this respect
    end = today + dt.timedelta(days=stage) if stage is not None else _end(chance, today, days)
    parity = int(chance.weighed(shares("parity"))) if parity is None else parity
    lost = chance.weighed({0: 0.74, 1: 0.2, 2: 0.06}) + ("abortion_before" in woman.flags)
    course = Course(
        end - dt.timedelta(days=days),
        end,
        days,
        "miscarriage" if miscarriage else "birth",
        parity,
        1 + parity + lost,
        over=end <= today,
        twins=twins,
        flags=woman.flags,
    )
    course.rhesus_positive = chance.yes(assumption("rhesus_positive_child")) or "rhesus_negative" in woman.flags
    _choices(chance, course)
    if not miscarriage:
        _troubles(chance, course)
        _care(chance, course)
    else:
        course.referred_day = None if chance.yes(assumption("first_line_booking")) else 0
    return course


def _twins(chance: Chance, woman: Woman) -> str:
    if not ("twins" in woman.flags or (not woman.key and chance.yes(share("twins")))):
        return ""
    return "mono" if chance.yes(assumption("monochorionic")) and "conflict_multiple" not in woman.flags else "di"


_TWIN_GESTATION = {"26": 0.06, "32": 0.42, "37": 0.52}
"""ASSUMPTION: twins come early; single children make up what the figure for all children leaves."""


def _gestation(chance: Chance, woman: Woman, twins: str) -> int:
    if woman.key and not twins:
        return chance.number(263, 286)
    if twins:
        return _within(chance, chance.weighed(_TWIN_GESTATION))
    all_children, among_twins = shares("gestation"), 2 * share("twins")
    single = {key: max(0.0, part - among_twins * _TWIN_GESTATION.get(key, 0.0)) for key, part in all_children.items()}
    return _within(chance, chance.weighed(single))


_WEEKS: dict[str, dict[int, float]] = {
    "22": {22: 1, 23: 1},
    "24": {24: 1, 25: 1},
    "26": {26: 1, 27: 1.1, 28: 1.3, 29: 1.6, 30: 2, 31: 2.6},
    "32": {32: 1, 33: 1.5, 34: 2.3, 35: 4, 36: 8},
    "37": {37: 6, 38: 15, 39: 28, 40: 31, 41: 20},
    "42": {42: 1},
}
"""ASSUMPTION: how births spread over the weeks within a group of the figure."""


def _within(chance: Chance, group: str) -> int:
    return 7 * chance.weighed(_WEEKS[group]) + chance.number(0, 6)


def _end(chance: Chance, today: dt.date, days: int) -> dt.date:
    """A day of birth by month and weekday, from eleven months ago until as far ahead as she can be booked today."""
    found = figures()
    while True:
        end = today + dt.timedelta(days=chance.number(-330, days - BOOKED))
        weight = found[f"month.{end.month}"].value * found[f"weekday.{end.weekday()}"].value * 7 / 100
        if chance.yes(weight / 1.35):
            return end


def _choices(chance: Chance, course: Course) -> None:
    for test in ("nipt", "scan13", "scan20"):
        options = {
            option: assumption(f"{test}_{option}")
            for option in ("done", "declined", "does_not_want_to_know", "not_offered")
            if test == "nipt" or option != "does_not_want_to_know"
        }
        course.choices[test] = chance.weighed({**options, "unknown": max(0.0, 1 - sum(options.values()))})
    if {"showcase", "showcase_born"} & course.flags:
        course.choices.update(nipt="declined", scan13="done", scan20="done")


def _troubles(chance: Chance, course: Course) -> None:
    course.hypertension = chance.yes(assumption("hypertension"))
    course.diabetes = chance.yes(assumption("gestational_diabetes"))
    course.breech = not course.twins and course.days >= 259 and chance.yes(assumption("breech"))
    if {"first_line", "second_line"} & course.flags:
        course.breech = False


def _first_line_share() -> float:
    """How many labours begin in the first line, for its births to be what they are after referral."""
    births = sum(share(f"place.{place}") for place in ("home", "birth_centre", "outpatient", "unknown"))
    first = share("parity.0")
    stay = first * (1 - share("referral.nulliparous")) + (1 - first) * (1 - share("referral.multiparous"))
    return births / stay


def _care(chance: Chance, course: Course) -> None:
    """Who is in charge: the practice until labour, handed over before it, or the hospital from the start."""
    term = share("gestation.37")
    eligible = term * (1 - share("twins")) * (1 - assumption("breech"))
    wanted = _first_line_share() / eligible
    booked = assumption("first_line_booking")
    may_stay = 259 <= course.days < 294 and not course.twins and not course.breech
    if "second_line" in course.flags:
        course.referred_day = 0
        return
    stays = may_stay and chance.yes(wanted)
    if "first_line" in course.flags:
        stays = "referred_in_pregnancy" not in course.flags and may_stay
        course.referred_day = None if stays else 168
    elif not stays:
        from_start = (1 - booked) / (1 - _first_line_share())
        course.referred_day = 0 if chance.yes(from_start) else chance.number(84, max(90, course.days - 4))
    course.first_line_labour = stays
    if course.referred_day is not None:
        course.reason = _reason(chance, course)


def _reason(chance: Chance, course: Course) -> str:
    for said, reason in (
        (course.twins, "multiple"),
        (course.breech, "breech"),
        (course.hypertension, "hypertension"),
        (course.diabetes, "diabetes"),
        (course.days < 259, "preterm"),
    ):
        if said:
            return reason
    return chance.one(("growth", "movements", "growth", "postterm" if course.days >= 287 else "movements"))

"""Recording during pregnancy: visits, laboratory results and scans, by whoever is in charge at that moment."""

from __future__ import annotations

import datetime as dt

from babyconnect.birthcare.parties import Role
from babyconnect.synthetic.chance import Chance
from babyconnect.synthetic.course import Course
from babyconnect.synthetic.dossier import Act, Dossier, Encounter, Fact, Moment, Pressure, Scan
from babyconnect.synthetic.figures import assumption, growth
from babyconnect.synthetic.people import Woman

VISITS = (66, 87, 115, 143, 168, 190, 211, 225, 239, 248, 255, 262, 269, 276, 281, 286, 290)
"""Days of gestation at which she is expected (ASSUMPTION: a usual scheme)."""


def visit_days(chance: Chance, course: Course, period: range, today: dt.date, fixed: bool) -> list[int]:
    """Days of visits in a period of care (days of gestation); `fixed` makes sure that one is `today`."""
    now = course.gestation(today)
    days = [day + chance.number(-3, 3) for day in VISITS]
    days = [day for day in days if day in period]
    if not days or days[0] > period.start + 10:
        days.insert(0, period.start)
    if now in period:
        near = [day for day in days if abs(day - now) <= 2]
        if near and (fixed or chance.yes(0.5)):
            days[days.index(near[0])] = now
        elif fixed:
            days = sorted({*days, now})
    return sorted(set(days))


def at(date: dt.date, chance: Chance) -> dt.datetime:
    """A time in office hours, by five minutes."""
    return dt.datetime.combine(date, dt.time(chance.number(8, 16), 5 * chance.number(0, 11)))


def record_visits(chance: Chance, dossier: Dossier, course: Course, days: list[int]) -> None:
    """One encounter a visit with what was measured, some of it left out, some by a locum."""
    people = dossier.organisation.with_role(Role.MIDWIFE, Role.GYNAECOLOGIST, Role.CLINICAL_MIDWIFE)
    for place, day in enumerate(days):
        by = chance.one(people) if chance.yes(assumption("locum_visit")) else dossier.manager
        encounter = Encounter(
            f"c{day}",
            at(course.on(day), chance),
            "contact.intake" if place == 0 and day < 100 else "contact.consult",
            "AMB",
            by,
        )
        dossier.encounters.append(encounter)
        _measure(chance, dossier, encounter, day)
        if place == 0:
            _intake(chance, dossier, encounter)


def _intake(chance: Chance, dossier: Dossier, encounter: Encounter) -> None:
    date, woman = encounter.when, dossier.woman
    folate = chance.weighed({"folate.before": 0.6, "folate.after": 0.3, "folate.none": 0.1})
    dossier.facts += [
        Fact("folate", folate, date),
        Fact("tobacco", "tobacco.daily" if woman.smokes else "tobacco.never", date, encounter),
        Fact("height", woman.height, date),
        Fact("bmi", round(woman.weight / (woman.height / 100) ** 2, 1), date),
        Fact("wished_place", chance.weighed({"wish.home": 0.4, "wish.hospital": 0.6}), date),
    ]


def _measure(chance: Chance, dossier: Dossier, encounter: Encounter, day: int) -> None:
    course, when = dossier.course, encounter.when
    assert course is not None, "visits are of a pregnancy"
    raised = 22 if course.hypertension and day > 200 else 0
    if not chance.yes(assumption("gap.blood_pressure")):
        dossier.pressures.append(
            Pressure(
                round(chance.normal(114, 8)) + raised, round(chance.normal(69, 6)) + raised * 2 // 3, when, encounter
            )
        )
    dossier.facts.append(Fact("gestation", day, when, encounter))
    if chance.yes(0.6):
        dossier.facts.append(
            Fact(
                "weight",
                round(dossier.woman.weight + max(0, day - 80) * 0.062 + chance.normal(0, 0.6), 1),
                when,
                encounter,
            )
        )
    if day >= 140:
        less = course.reason == "movements" and day + 5 >= (course.referred_day or 999)
        dossier.facts.append(Fact("movement", "movement.less" if less else "movement.present", when, encounter))
    if day >= 170:
        dossier.facts.append(Fact("fundus", max(14, round(day / 7 - 1.5 + chance.normal(0, 1))), when, encounter))
        _palpation(chance, dossier, course, encounter, day)


def _palpation(chance: Chance, dossier: Dossier, course: Course, encounter: Encounter, day: int) -> None:
    when = encounter.when
    breech = course.breech or (day < 240 and chance.yes(0.12))
    for fetus in range(1, 3 if course.twins else 2):
        dossier.facts += [
            Fact("position", "position.breech" if breech else "position.head", when, encounter, fetus=fetus),
            Fact(
                "descent",
                "descent.engaged" if day > 262 and fetus == 1 else "descent.none",
                when,
                encounter,
                fetus=fetus,
            ),
            Fact("heart_rate", chance.number(124, 156), when, encounter, fetus=fetus, method="heart.doppler"),
        ]


def record_dating(
    dossier: Dossier, stated_period: dt.date, known_on: dt.date, final_on: dt.date | None, shift: int = 0
) -> None:
    """Last menstruation as she said it, the estimate, and once scanned the definitive date (off by `shift`)."""
    dossier.facts.append(Fact("last_period", stated_period, known_on))
    estimate = stated_period + dt.timedelta(days=280)
    dossier.facts.append(Fact("due_estimated", estimate, known_on, method="dating.lmp"))
    if final_on is not None:
        assert dossier.course is not None, "only a pregnancy has a due date"
        final = dossier.course.due + dt.timedelta(days=shift)
        dossier.facts.append(Fact("due_definitive", final, final_on, method="method.ultrasound"))


def first_bloods(chance: Chance, woman: Woman, when: dt.date, laboratory: str) -> list[Fact]:
    """Blood group, rhesus, antibodies, infections and Hb of the first trimester."""
    blood = woman.blood
    values: list[tuple[str, float | str | bool]] = [
        ("blood_group", f"blood.{blood.group}"),
        ("rhesus_d", "rhd.positive" if blood.rhesus_d else "rhd.negative"),
        ("rhesus_c", "rhc.positive" if blood.rhesus_c else "rhc.negative"),
        ("hbsag", 412 if blood.hepatitis_b else 0),
        ("hiv", "hiv.positive" if blood.hiv else "hiv.negative"),
        ("syphilis", 0),
        ("antibodies", bool(blood.antibody)),
        ("hb", round(chance.normal(7.7, 0.45), 1)),
    ]
    return [
        Fact(key, value, when, laboratory=f"{laboratory}.{key}", note=blood.antibody if key == "antibodies" else "")
        for key, value in values
    ]


def later_bloods(
    chance: Chance, dossier: Dossier, when: dt.date, laboratory: str, *, hb: bool, antibodies: bool
) -> list[Fact]:
    """Week 27: Hb, glucose, and for RhD- or Rhc-negative women antibodies and the child's rhesus D."""
    woman, course = dossier.woman, dossier.course
    assert course is not None, "week 27 is of a pregnancy"
    facts = [Fact("hb", round(chance.normal(7.1, 0.45), 1), when)] if hb else []
    facts.append(Fact("glucose", round(chance.normal(4.9, 0.5), 1), when))
    if antibodies and not (woman.blood.rhesus_d and woman.blood.rhesus_c):
        facts.append(Fact("antibodies", bool(woman.blood.antibody), when, note=woman.blood.antibody))
    if antibodies and not woman.blood.rhesus_d:
        facts.append(Fact("fetal_rhesus_d", course.rhesus_positive, when))
    for fact in facts:
        fact.laboratory = f"{laboratory}.{fact.key}"
    return facts


def scan(chance: Chance, course: Course, code: str, when: Moment, day: int) -> Scan:
    """One ultrasound: crown-rump length in early pregnancy, biometry afterwards, for each fetus."""
    facts: list[Fact] = []
    for fetus in range(1, 3 if course.twins else 2):
        if day < 92:
            crl = ((day - 23.73) / 8.052) ** 2 / 1.037  # Robinson's curve, turned round
            facts.append(
                Fact("crl", round(crl + chance.normal(0, 1), 1), when, fetus=fetus, method="method.ultrasound")
            )
        else:
            size = 1 + chance.normal(0, 0.035) - (0.08 if course.reason == "growth" and day > 200 else 0)
            facts += [
                Fact(
                    key,
                    round(growth(key, day) * size * (0.1 if key == "hc" else 1), 1),
                    when,
                    fetus=fetus,
                    method="method.ultrasound",
                )
                for key in ("bpd", "hc", "ac", "fl")
            ]
            if day > 154:
                weight = growth("weight_boy", day) * 0.98 * size**3
                facts.append(Fact("efw", round(weight), when, fetus=fetus, method="method.ultrasound"))
        facts.append(Fact("heart_rate", chance.number(132, 162), when, fetus=fetus, method="heart.echo"))
    return Scan(code, when, facts)


def screening(course: Course, test: str, when: dt.date, done: bool) -> Act | None:
    """The choice about a screening test as an act that was done or not; None when nothing was noted."""
    choice = course.choices[test]
    reasons = {"declined": "declined", "does_not_want_to_know": "not_wanting_to_know", "not_offered": "not_offered"}
    if choice == "done":
        return Act(f"act.{test}", when) if done else None
    return Act(f"act.{test}", when, not_done=reasons[choice]) if choice in reasons else None

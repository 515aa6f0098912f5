"""Recording after birth: the midwife's visits, maternity home care, youth health care."""

from __future__ import annotations

import datetime as dt

from babyconnect.birthcare.parties import Kind, Role
from babyconnect.synthetic import perinatal
from babyconnect.synthetic.antenatal import at
from babyconnect.synthetic.chance import Chance
from babyconnect.synthetic.course import Child, Course
from babyconnect.synthetic.dossier import Dossier, Encounter, Fact
from babyconnect.synthetic.figures import assumption
from babyconnect.synthetic.organisations import Organisation
from babyconnect.synthetic.recorder import Recording


def after_birth(recording: Recording, practice: Dossier | None, hospital: Dossier | None) -> None:
    """Everybody who comes in before or after birth besides midwife and hospital."""
    course, network = recording.course, recording.network
    born = course.over and course.outcome == "birth"
    if born and practice is not None:
        practice.end = practice.end if course.referred_day is None else _reopened(recording)
        fixed = bool(recording.client.woman.key)
        perinatal.postnatal_visits(recording.chance, course, practice, recording.today, fixed)
    home_care = network.first(Kind.MATERNITY_HOME_CARE)
    if home_care is not None and course.home_care and course.outcome == "birth":
        _home_care(recording, home_care)
    youth = network.first(Kind.YOUTH_HEALTH_CARE)
    visited = recording.happens("prenatal_home_visit", "prenatal_home_visit")
    if youth is not None and (visited or born):
        _youth(recording, youth, visited)


def _told_due(recording: Recording) -> dt.date:
    """The due date as the practice tells it: by scan, or where nobody made one by her last menstruation."""
    unscanned = recording.has("unbooked")
    return recording.stated_period + dt.timedelta(days=280) if unscanned else recording.course.due


def _attended(recording: Recording) -> Organisation:
    client = recording.client
    return client.hospital if recording.course.place == "second_line" else client.practice


def _reopened(recording: Recording) -> dt.date | None:
    """The practice takes her back for the postpartum weeks."""
    over = recording.course.end + dt.timedelta(days=42)
    return over if over <= recording.today else None


def _home_care(recording: Recording, organisation: Organisation) -> None:
    """Intake from 32 weeks, then a visit a day for eight days to mother and children."""
    course, today, chance = recording.course, recording.today, recording.chance
    intake = course.on(min(course.days - 5, chance.number(205, 235)))
    if intake > today:
        return
    dossier = recording.open(organisation, intake, course.end + dt.timedelta(days=10), Role.MATERNITY_CARER)
    dossier.facts += [
        Fact("last_period", recording.stated_period, intake),
        Fact("due_estimated", _told_due(recording), intake, method="dating.ultrasound"),
        Fact("home_care_hours", chance.one((24, 45, 49, 49)), intake),
    ]
    dossier.encounters.append(Encounter("i1", at(intake, chance), "contact.home_care_intake", "HH", dossier.manager))
    dossier.others.append(recording.client.practice)
    if not course.over:
        return
    dossier.children = list(course.children)
    perinatal.told_of_birth(dossier, course, _attended(recording), ("birth_weight", "birth_mode", "apgar5"))
    for day in range(8):
        date = course.end + dt.timedelta(days=day + 1)
        if date <= today:
            _day_at_home(chance, course, dossier, day, date)


def _day_at_home(chance: Chance, course: Course, dossier: Dossier, day: int, date: dt.date) -> None:
    when = at(date, chance)
    visit = Encounter(f"k{day}", when, "contact.home_care", "HH", dossier.manager)
    dossier.encounters.append(visit)
    dossier.facts += [
        Fact("temperature", round(chance.normal(36.8, 0.25), 1), when, visit),
        Fact("lochia", "lochia.much" if chance.yes(0.05) else "lochia.normal", when, visit),
    ]
    for child in course.children:
        if child.died is None or child.died > date:
            _child_at_home(chance, child, dossier, day, visit)


def _child_at_home(chance: Chance, child: Child, dossier: Dossier, day: int, visit: Encounter) -> None:
    when, rank = visit.when, child.rank
    dossier.facts.append(Fact("child_temperature", round(chance.normal(36.9, 0.2), 1), when, visit, child=rank))
    if day % 2 == 0:
        loss = (0.03, 0.06, 0.05, 0.02)[day // 2] + chance.normal(0, 0.01)
        dossier.facts.append(Fact("child_weight", round(child.weight * (1 - loss)), when, visit, child=rank))
    if day in (2, 6):
        dossier.facts += [
            Fact("navel", "navel.wet" if chance.yes(0.1) else "navel.dry", when, visit, child=rank),
            Fact("skin", "skin.normal", when, visit, child=rank),
            Fact("crying", "crying.normal", when, visit, child=rank),
            Fact("feeding", "feeding.breast" if child.breastfed else "feeding.formula", when, visit, child=rank),
        ]
    if day == 6 and child.breastfed:
        dossier.facts.append(Fact("vitamin_k", True, when, visit, child=rank))


def _working_day(date: dt.date) -> dt.date:
    return date + dt.timedelta(days={5: 2, 6: 1}.get(date.weekday(), 0))


def _youth(recording: Recording, organisation: Organisation, visited: bool) -> None:
    """Youth health care hears of a birth through municipality and RIVM, on a working day; the heel prick follows.

    A prenatal home visit makes it know her before.  A stillborn child is not reported to it.
    """
    course, today, chance = recording.course, recording.today, recording.chance
    living = [child for child in course.children if not child.stillborn]
    visit_day = course.on(min(course.days - 10, 225))
    told = _working_day(course.end + dt.timedelta(days=3))
    before = visited and visit_day <= today
    after = course.over and bool(living) and told <= today
    if not (before or after):
        return
    start = visit_day if before else told
    dossier = recording.open(organisation, start, None, Role.YOUTH_DOCTOR)
    dossier.facts.append(Fact("last_period", recording.stated_period, start))
    if before:
        dossier.encounters.append(Encounter("j0", at(visit_day, chance), "contact.home_visit", "HH", dossier.manager))
    if after:
        dossier.children = living
        perinatal.told_of_birth(dossier, course, _attended(recording), ("birth_weight",))
        for child in living:
            _screen_newborn(chance, child, dossier, told, today)


def _screen_newborn(chance: Chance, child: Child, dossier: Dossier, told: dt.date, today: dt.date) -> None:
    moment = max(dt.datetime.combine(told, dt.time(10)), child.born + dt.timedelta(hours=chance.number(74, 120)))
    if moment.date() > today or (child.died is not None and child.died <= moment.date()):
        return
    visit = Encounter(
        f"j{child.rank}",
        moment.replace(minute=0, second=0),
        "contact.home_visit",
        "HH",
        chance.one(dossier.organisation.with_role(Role.NURSE)),
        child.rank,
    )
    dossier.encounters.append(visit)
    for key in ("heel_prick", "hearing"):
        dossier.facts.append(Fact(key, chance.yes(assumption(f"{key}_done")), visit.when, visit, child=child.rank))
    later = _working_day(child.born.date() + dt.timedelta(days=28))
    if later <= today and child.died is None:
        check = Encounter(f"w{child.rank}", at(later, chance), "contact.consult", "AMB", dossier.manager, child.rank)
        dossier.encounters.append(check)
        weight = child.weight + chance.number(650, 1150)
        dossier.facts.append(Fact("child_weight", weight, check.when, check, child=child.rank))

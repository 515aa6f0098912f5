"""Recording of history, birth and the first hours: by the practice at home, by the hospital, or by both in part."""

from __future__ import annotations

import datetime as dt

from babyconnect.birthcare.parties import Kind
from babyconnect.synthetic.antenatal import at
from babyconnect.synthetic.chance import Chance
from babyconnect.synthetic.course import Course
from babyconnect.synthetic.dossier import Act, Dossier, Encounter, Fact, Problem, Value
from babyconnect.synthetic.figures import assumption
from babyconnect.synthetic.organisations import Organisation


def history(dossier: Dossier, when: dt.date) -> None:
    """What she came with: allergy, asthma, and what may only be seen by whom it concerns."""
    woman, has = dossier.woman, dossier.woman.flags.__contains__
    if woman.allergy:
        dossier.allergies = [woman.allergy]
    if woman.asthma:
        dossier.problems.append(Problem("p-asthma", "history.asthma", None, "history"))
    if woman.blood.hepatitis_b and woman.blood.known:
        dossier.problems.append(Problem("p-hepb", "history.hepatitis_b", None, "history"))
    if has("violence") and dossier.organisation.kind is Kind.MIDWIFERY_PRACTICE:
        dossier.problems.append(Problem("p-safe", "history.violence", when, "history"))
    if has("abortion_before") and dossier.organisation.kind is Kind.MIDWIFERY_PRACTICE:
        dossier.acts.append(Act("history.abortion", when - dt.timedelta(days=900), "history"))


def record_birth(
    chance: Chance, course: Course, practice: Dossier | None, hospital: Dossier | None, today: dt.date
) -> None:
    """The birth in the dossier of who attended it; the practice that referred knows the children by name only."""
    attended = hospital if course.place == "second_line" and hospital is not None else practice
    if attended is None:
        return
    attended.born_here = True
    attended.children = list(course.children)
    if course.place == "second_line":
        attended.hospital = attended.organisation
    _labour(chance, course, attended)
    for child in course.children:
        _newborn(chance, course, attended, child.rank)
    for dossier in (practice, hospital):
        if dossier is not None:
            dossier.facts.append(Fact("pregnancy_end", course.end, course.end))
    if practice is not None and practice is not attended and course.referred_in_labour:
        practice.problems.append(Problem("p-labour", "labour.stalled", course.end, "labour", day=course.days))


def _labour(chance: Chance, course: Course, dossier: Dossier) -> None:
    born = course.children[0].born
    dossier.encounters.append(
        Encounter(
            f"c{course.days}b", born, "contact.delivery", "HH" if course.place == "home" else "IMP", dossier.manager
        )
    )
    if course.begin != "planned":
        begin = born - dt.timedelta(minutes=chance.number(120, 1100))
        dossier.facts += [Fact("begin_mode", f"begin.{course.begin}", born), Fact("begin_active", begin, born)]
    else:
        dossier.facts.append(Fact("begin_mode", "begin.unknown", born))
    meconium = chance.yes(0.12)
    dossier.facts += [
        Fact("fluid", "fluid.meconium" if meconium else "fluid.clear", born),
        Fact("blood_loss", course.blood_loss, born),
        Fact("placenta", "placenta.complete", born),
    ]
    if course.begin == "induced":
        dossier.acts.append(Act("act.induction", born - dt.timedelta(hours=14), "labour"))
    if course.epidural:
        dossier.acts.append(Act("act.epidural", born - dt.timedelta(hours=4), "labour"))
    _complications(chance, course, dossier, born, meconium)


def _complications(chance: Chance, course: Course, dossier: Dossier, born: dt.datetime, meconium: bool) -> None:
    found = [
        ("labour.haemorrhage", course.blood_loss >= 1000),
        ("labour.meconium", meconium),
        ("labour.pain_relief", course.referred_in_labour and course.epidural),
        ("labour.stalled", course.referred_in_labour and not course.epidural),
    ]
    if "caesarean" not in course.mode:
        tear = chance.weighed({"": 0.45, "labour.tear1": 0.3, "labour.tear2": 0.25})
        found.append((tear, bool(tear)))
    for place, (code, said) in enumerate(found):
        if said:
            dossier.problems.append(Problem(f"p-lab{place}", code, born.date(), "labour", day=course.days))
    blood = dossier.woman.blood
    negative = blood.known and not blood.rhesus_d and not blood.antibody
    if negative and course.rhesus_positive and any(child.alive for child in course.children):
        dossier.acts.append(Act("act.anti_d", born + dt.timedelta(hours=20), "labour"))


def _newborn(chance: Chance, course: Course, dossier: Dossier, rank: int) -> None:
    child = course.children[rank - 1]
    born = child.born
    place = f"place.{course.place}" if course.place_known else "place.unknown"
    dossier.facts += [
        Fact("birth_mode", f"mode.{child.mode}", born, child=rank),
        Fact("birth_place", place, born, child=rank),
        Fact("birth_weight", child.weight, born, child=rank),
        Fact("birth_length", child.length, born, child=rank),
        Fact("birth_head", child.head, born, child=rank),
    ]
    if child.stillborn:
        dossier.problems.append(Problem(f"p-dead{rank}", "problem.fetal_death", born.date(), "child", child=rank))
        return
    dossier.facts += [
        Fact("apgar1", child.apgar[0], born, child=rank),
        Fact("apgar5", child.apgar[1], born, child=rank),
    ]
    if not chance.yes(assumption("gap.apgar10")):
        dossier.facts.append(Fact("apgar10", child.apgar[2], born, child=rank))
    dossier.acts.append(Act("act.vitamin_k", born + dt.timedelta(minutes=50), "child", child=rank))
    if dossier.woman.blood.hepatitis_b and dossier.woman.blood.known:
        dossier.acts += [
            Act("act.hbig", born + dt.timedelta(hours=1), "child", child=rank),
            Act("act.hepb_vaccine", born + dt.timedelta(hours=2), "child", child=rank),
        ]
    if course.days < 224:
        dossier.acts.append(Act("act.nicu", born + dt.timedelta(hours=1), "child", child=rank))


def postnatal_visits(chance: Chance, course: Course, dossier: Dossier, today: dt.date, fixed: bool) -> None:
    """The midwife's visits in the first ten days, and one at six weeks."""
    days = [1, 3, 5, 8, 41]
    now = (today - course.end).days
    if fixed and 0 < now <= 41:
        days = sorted({*days, now})
    for day in days:
        date = course.end + dt.timedelta(days=day)
        if date <= today:
            dossier.encounters.append(
                Encounter(
                    f"n{day}", at(date, chance), "contact.postnatal", "HH" if day < 20 else "AMB", dossier.manager
                )
            )


def told_of_birth(dossier: Dossier, course: Course, attended: Organisation, keys: tuple[str, ...]) -> None:
    """What a later organisation heard of the birth from who attended it, noted as that organisation's."""
    dossier.told_by = attended
    for child in dossier.children:
        values: dict[str, Value] = {
            "birth_weight": child.weight,
            "birth_mode": f"mode.{child.mode}",
            "apgar5": child.apgar[1],
        }
        for key in keys:
            if not (child.stillborn and key == "apgar5"):
                dossier.facts.append(Fact(key, values[key], child.born, child=child.rank, made_by=attended))
    dossier.others.append(attended)

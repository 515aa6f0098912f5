"""Who recorded what: from what is true about a client to the dossiers of the organisations that saw her.

Each organisation records its own part.  What two of them have may be the same result sent to both (a duplicate), a
retyped copy, a copy with an error (a conflict), or be in neither (a gap): at the rates of `assumptions.csv`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from babyconnect.birthcare.parties import Kind, Role
from babyconnect.synthetic import antenatal, medicines, perinatal, postnatal
from babyconnect.synthetic.chance import Chance
from babyconnect.synthetic.dossier import Act, Dossier, Fact, Problem, Referral, on_day
from babyconnect.synthetic.figures import assumption
from babyconnect.synthetic.organisations import Network, Organisation
from babyconnect.synthetic.population import Client
from babyconnect.synthetic.recorder import Recording

AFTER_BIRTH = 42
"""Days after birth that birth care lasts here; youth health care goes on."""


def record(client: Client, seed: int, today: dt.date, network: Network) -> list[Dossier]:
    """All dossiers about this client, at most `today`; a client of preconception care has one without a pregnancy."""
    chance = Chance(seed, client.woman.index, "records")
    if not client.courses:
        return [_preconception(client, chance, today)]
    dossiers: list[Dossier] = []
    for number, course in enumerate(client.courses, start=1):
        recording = Recording(
            client,
            course,
            network,
            today,
            chance,
            f"{course.gravidity}{number}",
            course.last_period + dt.timedelta(days=chance.number(-5, 5)),
        )
        _pregnancy(recording, current=course is client.courses[-1])
        if course is client.courses[-1]:
            medicines.prescribe(recording, Chance(seed, client.woman.index, "medication"))
        dossiers += recording.dossiers
    for dossier in dossiers:
        dossier.acts = [act for act in dossier.acts if on_day(act.when) <= today]
    return dossiers


def _preconception(client: Client, chance: Chance, today: dt.date) -> Dossier:
    practice = client.practice
    start = today - dt.timedelta(days=chance.number(3, 200))
    dossier = Dossier(
        practice,
        client.woman,
        None,
        f"{practice.number:02d}{client.woman.index:06d}",
        "00",
        start,
        None,
        chance.one(practice.staff),
    )
    perinatal.history(dossier, start)
    return dossier


def _pregnancy(recording: Recording, current: bool) -> None:
    course, network = recording.course, recording.network
    practice = None if course.referred_day == 0 else _practice(recording)
    hospital = _hospital(recording, practice)
    if course.over and course.outcome == "birth":
        perinatal.record_birth(recording.chance, course, practice, hospital, recording.today)
    if not current:
        return
    centre = network.first(Kind.ULTRASOUND_CENTRE)
    scans_here = recording.happens("scans_at_centre", "scans_at_centre")
    _scans(recording, (centre if practice and scans_here else None), hospital or practice)
    postnatal.after_birth(recording, practice, hospital)
    if recording.client.woman.has_gp and (gp := network.first(Kind.GENERAL_PRACTITIONER)):
        _gp(recording, gp)


def _practice(recording: Recording) -> Dossier:
    course, today = recording.course, recording.today
    started = min(course.days - 1, recording.chance.number(52, 84))
    start = min(course.on(started), today)
    stop = course.referred_day or course.days
    over = (
        course.on(course.referred_day)
        if course.referred_day
        else course.end + dt.timedelta(days=AFTER_BIRTH if course.outcome == "birth" else 14)
    )
    dossier = recording.open(recording.client.practice, start, over, Role.MIDWIFE)
    if recording.has("relinquished"):
        dossier.note = "Mevrouw staat haar kind af; gezag en contact volgens de afspraken in het dossier."
    _antenatal(recording, dossier, course.gestation(start), stop, None)
    if course.referred_day and course.on(course.referred_day) <= today:
        dossier.referrals.append(Referral(course.on(course.referred_day), recording.client.hospital, course.reason))
        dossier.problems.append(
            Problem("p-ref", f"problem.{course.reason}", course.on(course.referred_day), day=course.referred_day)
        )
    if recording.chance.yes(assumption("change_of_case_manager")):
        dossier.managers = [(dossier.manager, start), (recording.chance.one(dossier.organisation.staff), today)]
    return dossier


def _hospital(recording: Recording, practice: Dossier | None) -> Dossier | None:
    """The hospital's dossier from referral, booking or arrival in labour, with what it took over from the practice."""
    course, today = recording.course, recording.today
    in_labour = course.over and course.outcome == "birth" and (course.referred_in_labour or recording.has("unbooked"))
    if course.referred_day is None and not in_labour:
        return None
    since = max(course.referred_day or recording.chance.number(60, 90), 50) if not in_labour else course.days
    since = min(since, course.days - (0 if in_labour else 1))
    if course.referred_day == 0 and not in_labour:
        since = min(since, course.gestation(today) - 1)
    start = course.on(since)
    if start > today:
        return None
    end = course.end + dt.timedelta(days=AFTER_BIRTH if practice is None else 3)
    dossier = recording.open(recording.client.hospital, start, end, Role.GYNAECOLOGIST, Role.CLINICAL_MIDWIFE)
    if not in_labour:
        _antenatal(recording, dossier, since, course.days, practice)
        if practice is not None:
            dossier.problems.append(Problem("p-own", f"problem.{course.reason}", start, day=since))
    else:
        _dating(recording, dossier, start, practice)
    if practice is not None:
        _take_over(recording, practice, dossier)
    return dossier


def _antenatal(recording: Recording, dossier: Dossier, start: int, stop: int, before: Dossier | None) -> None:
    course, today, chance = recording.course, recording.today, recording.chance
    fixed = bool(recording.client.woman.key)
    planned = antenatal.visit_days(chance, course, range(start, stop), today, fixed)
    days = [day for day in planned if course.on(day) <= today]
    dossier.planned = [course.on(day) for day in planned if course.on(day) > today]
    antenatal.record_visits(chance, dossier, course, days)
    _dating(recording, dossier, course.on(start), before)
    _bloods(recording, dossier, range(start, stop), before)
    perinatal.history(dossier, course.on(start))
    if course.twins and min(stop, course.gestation(today)) > 80:
        found = max(start, 80)
        dossier.facts.append(
            Fact("twins", f"twins.{_chorionicity(recording, before)}", course.on(found), method="method.ultrasound")
        )
        dossier.problems.append(Problem("p-twin", "problem.multiple", course.on(found), day=found))
    if course.outcome == "miscarriage" and course.over:
        dossier.problems.append(Problem("p-loss", "problem.miscarriage", course.end, day=course.days))
        dossier.facts.append(Fact("pregnancy_end", course.end, course.end))
    for test, day in (("nipt", 77), ("scan13", 93), ("scan20", 140)):
        act = antenatal.screening(course, test, course.on(day), done=test == "nipt")
        if act and start <= day < stop and course.on(day) <= today:
            dossier.acts.append(act)
    if start <= 70 < stop and course.on(70) <= today:
        dossier.acts.append(Act("act.counselling", course.on(70)))


def _chorionicity(recording: Recording, before: Dossier | None) -> str:
    true = recording.course.twins
    if before is not None and recording.happens("conflict_multiple", "conflict.multiple"):
        return "mono" if true == "di" else "di"
    return true


def _dating(recording: Recording, dossier: Dossier, start: dt.date, before: Dossier | None) -> None:
    course, chance = recording.course, recording.chance
    shift = 0
    if before is not None and recording.happens("conflict_due_date", "conflict.due_date"):
        shift = chance.one((-7, -5, 4, 6))
    scanned = course.on(74) if course.on(74) <= recording.today and course.days > 76 else None
    scanned = None if recording.has("unbooked") else scanned
    antenatal.record_dating(dossier, recording.stated_period, start, scanned, shift)
    if before is not None and recording.happens("conflict_parity", "conflict.parity"):
        dossier.parity += 1
        dossier.gravidity = max(dossier.gravidity, dossier.parity + (0 if recording.course.over else 1))


def _bloods(recording: Recording, dossier: Dossier, period: range, before: Dossier | None) -> None:
    """First bloods by who first sees her, those of week 27 by who is then in charge."""
    course, chance, woman = recording.course, recording.chance, recording.client.woman
    day = max(period.start + 3, 70)
    first, later = course.on(day), course.on(191)
    laboratory = f"TESTLAB-{dossier.number}-{recording.episode}"
    done = before is not None and bool(before.facts_of("blood_group"))
    if day in period and not done and day < 140 and first <= recording.today and woman.blood.known:
        dossier.facts += antenatal.first_bloods(chance, woman, first, f"{laboratory}-1")
        dossier.acts.append(Act("act.bloods", first))
    if 191 in period and later <= recording.today:
        hb = not recording.happens("gap_hb27", "gap.hb27")
        antibodies = not recording.happens("gap_antibodies27", "gap.antibodies27")
        dossier.facts += antenatal.later_bloods(chance, dossier, later, f"{laboratory}-2", hb=hb, antibodies=antibodies)
    needs = not woman.blood.rhesus_d and not woman.blood.antibody and course.rhesus_positive
    if 212 in period and needs and course.on(212) <= recording.today:
        dossier.acts.append(Act("act.anti_d", course.on(212)))


_TAKEN_OVER = ("blood_group", "rhesus_d", "rhesus_c", "hbsag", "hiv", "syphilis", "antibodies", "hb")


def _take_over(recording: Recording, practice: Dossier, hospital: Dossier) -> None:
    """Results of the practice that the hospital has too: sent by the laboratory to both, or retyped, or not at all."""
    sent, retyped = recording.happens("lab_both", "lab_sent_to_both"), recording.happens("lab_retyped", "lab_retyped")
    if not (sent or retyped) or recording.has("rhesus_unknown"):
        return
    wrong_group, wrong_rhesus = (recording.happens(f"conflict_{k}", f"conflict.{k}") for k in ("blood_group", "rhesus"))
    for fact in practice.facts_of(*_TAKEN_OVER):
        duplicate = sent and (not retyped or fact.key in ("hbsag", "hiv", "hb", "syphilis"))
        copy = replace(fact) if duplicate else replace(fact, laboratory="", made_by=practice.organisation)
        if wrong_group and fact.key == "blood_group":
            copy = replace(copy, value="blood.b" if fact.value != "blood.b" else "blood.a", laboratory="")
        if wrong_rhesus and fact.key == "rhesus_d":
            copy = replace(
                copy, value="rhd.positive" if fact.value == "rhd.negative" else "rhd.negative", laboratory=""
            )
        hospital.facts.append(copy)
    hospital.others.append(practice.organisation)


def _scans(recording: Recording, centre: Organisation | None, holder: Dossier | None) -> None:
    """Dating, 13 and 20 weeks and growth: at the ultrasound centre, or by whoever treats her."""
    course, chance, today = recording.course, recording.chance, recording.today
    if recording.has("unbooked"):
        return
    plan = [
        ("act.dating", 74, True),
        ("act.scan13", 93, course.choices["scan13"] == "done"),
        ("act.scan20", 140, course.choices["scan20"] == "done"),
        ("act.growth_scan", 210, course.reason == "growth" or bool(course.twins) or chance.yes(0.4)),
    ]
    if course.twins:
        plan += [("act.growth_scan", 182, True), ("act.growth_scan", 231, True)]
    done = [
        (code, day)
        for code, day, wanted in sorted(plan, key=lambda row: row[1])
        if wanted and day < course.days and course.on(day) <= today
    ]
    if not done:
        return
    dossier = holder
    if centre is not None:
        dossier = recording.open(centre, course.on(done[0][1]), course.end, Role.SONOGRAPHER)
        _dating(recording, dossier, dossier.start, None)
        dossier.others.append(recording.client.practice)
    if dossier is None:
        return
    for code, day in done:
        dossier.scans.append(antenatal.scan(chance, course, code, antenatal.at(course.on(day), chance), day))
    if course.twins and centre is not None and done[-1][1] > 80:
        dossier.facts.append(Fact("twins", f"twins.{course.twins}", course.on(done[0][1]), method="method.ultrasound"))


def _gp(recording: Recording, organisation: Organisation) -> None:
    course, woman, chance = recording.course, recording.client.woman, recording.chance
    start = min(course.on(chance.number(45, 60)), recording.today)
    dossier = recording.open(
        organisation, start, course.end + dt.timedelta(days=AFTER_BIRTH), Role.GENERAL_PRACTITIONER
    )
    perinatal.history(dossier, start)
    dossier.facts.append(Fact("last_period", recording.stated_period, start))
    if (woman.allergy and recording.happens("conflict_allergy", "conflict.allergy")) or (
        not woman.allergy and chance.yes(0.5)
    ):
        dossier.allergies = ["none"]

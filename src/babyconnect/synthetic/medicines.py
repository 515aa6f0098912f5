"""Which medicines each organisation has on record: what the GP and the hospital agreed, and what she tells others.

They overlap as in real life: the same medicine at two organisations, another dose, one that she stopped by herself, one
that nobody thought of when she became pregnant.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from babyconnect.birthcare.parties import Kind
from babyconnect.synthetic.chance import Chance
from babyconnect.synthetic.dossier import Dossier, Medicine
from babyconnect.synthetic.recorder import Recording

_FOLIC_UNTIL, _IRON_FROM = 70, 196
_LABETALOL_FROM = 205


def prescribe(recording: Recording, chance: Chance) -> None:
    """Fills the medication of the dossiers of one pregnancy, at most `today`."""
    by_kind = {kind: [d for d in recording.dossiers if d.organisation.kind is kind] for kind in Kind}
    practices, hospitals = by_kind[Kind.MIDWIFERY_PRACTICE], by_kind[Kind.HOSPITAL]
    homes, gps = by_kind[Kind.MATERNITY_HOME_CARE], by_kind[Kind.GENERAL_PRACTITIONER]
    _folic_acid(recording, practices)
    _lungs(recording, gps, [*hospitals, *homes])
    _iron(recording, chance, [*gps, *practices], homes)
    _pressure(recording, hospitals, [*homes, *gps])
    _painkillers(recording, gps, homes)
    _births(recording, hospitals)
    for dossier in recording.dossiers:
        dossier.medicines = [one for one in dossier.medicines if one.noted <= recording.today]


def _folic_acid(recording: Recording, practices: Sequence[Dossier]) -> None:
    until = recording.course.on(_FOLIC_UNTIL)
    for dossier in practices:
        dossier.medicines.append(Medicine("foliumzuur", "use", dossier.start, recording.course.on(-28), until))


def _lungs(recording: Recording, gps: Sequence[Dossier], others: Sequence[Dossier]) -> None:
    """An inhaler of years: the GP agreed on it, the others hear that she has it."""
    if not recording.client.woman.asthma:
        return
    since = recording.course.on(-900)
    for dossier in gps:
        dossier.medicines.append(Medicine("salbutamol", "agreement", since, since, treatment="inhaler"))
    for dossier in others:
        dossier.medicines.append(Medicine("salbutamol", "use", dossier.start, since))


def _iron(recording: Recording, chance: Chance, agreeing: Sequence[Dossier], homes: Sequence[Dossier]) -> None:
    """Iron from the 28th week; in the showcase she does not take it, as she tells at the intake at home."""
    start, stopped = recording.course.on(_IRON_FROM), recording.has("medication_conflict")
    if not (chance.yes(0.35) or stopped) or start > recording.today:
        return
    for dossier in agreeing[:1]:
        dossier.medicines.append(Medicine("ferrofumaraat", "agreement", start, start, treatment="iron"))
    for dossier in homes:
        if dossier.start > start:
            end = dossier.start - dt.timedelta(days=2) if stopped else None
            dossier.medicines.append(Medicine("ferrofumaraat", "use", dossier.start, start, end, taken=not stopped))


def _pressure(recording: Recording, hospitals: Sequence[Dossier], others: Sequence[Dossier]) -> None:
    """Against high blood pressure: raised by the hospital, which another organisation may not have heard."""
    if not recording.course.hypertension:
        return
    start = recording.course.on(_LABETALOL_FROM)
    raised = start + dt.timedelta(days=14)
    for dossier in hospitals:
        low = Medicine("labetalol_low", "agreement", start, start, treatment="pressure")
        dossier.medicines += [low, Medicine("labetalol", "agreement", raised, raised, treatment="pressure")]
    for dossier in others[:1] if hospitals else ():
        dossier.medicines.append(Medicine("labetalol_low", "use", max(dossier.start, start), start))


def _painkillers(recording: Recording, gps: Sequence[Dossier], homes: Sequence[Dossier]) -> None:
    """What nobody thought of: a painkiller of before the pregnancy, and one with codeine while she breastfeeds."""
    if recording.has("medication_warning"):
        before = recording.course.on(-60)
        for dossier in gps:
            dossier.medicines.append(Medicine("naproxen", "agreement", before, before, treatment="back"))
        for dossier in homes:
            dossier.medicines.append(Medicine("naproxen", "use", dossier.start, before))
    if recording.has("medication_lactation") and recording.course.over:
        after = recording.course.end + dt.timedelta(days=2)
        for dossier in gps:
            dossier.medicines.append(Medicine("codeine", "agreement", after, after, treatment="pain"))
        for dossier in homes:
            dossier.medicines.append(Medicine("paracetamol", "use", after, after - dt.timedelta(days=1)))


def _births(recording: Recording, hospitals: Sequence[Dossier]) -> None:
    """Oxytocin after a birth with much blood loss, where the hospital attended it."""
    course = recording.course
    for dossier in hospitals:
        if course.over and dossier.born_here and course.blood_loss >= 500:
            dossier.medicines.append(Medicine("oxytocine", "administration", course.end, course.end))

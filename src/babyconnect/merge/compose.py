"""Many answers to one record: the merge as a story (domain §7 and §8).  Pure: no clock, no order, no repetition.

gather the answers → sort the persons → link pregnancies and children → place and fold the resources → read the facts →
name conflicts and gaps → draw the timeline.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from functools import partial

from babyconnect.birthcare.answers import SourceAnswer
from babyconnect.birthcare.medication import Overview, Table
from babyconnect.birthcare.record import (
    Apart,
    Blood,
    Child,
    Gap,
    Item,
    PossiblySame,
    Pregnancy,
    Record,
    Stated,
    Warning_,
)
from babyconnect.merge import gaps, medication, statements
from babyconnect.merge.conflicts import Compared, conflicts
from babyconnect.merge.due import due_date, gestation_of
from babyconnect.merge.fold import fold, items
from babyconnect.merge.gather import Holding, gather
from babyconnect.merge.people import children_of, names_of, woman_of
from babyconnect.merge.persons import Key, sort_persons
from babyconnect.merge.pregnancies import possibly_same
from babyconnect.merge.scope import Scope, place, survey
from babyconnect.merge.statements import claims_of, latest_of_each_source
from babyconnect.merge.timeline import timeline


class Items:
    """The folded items, by id and by pregnancy ("" for what belongs to none)."""

    def __init__(self, everything: tuple[Item, ...]) -> None:
        self.all = everything
        self.by_id = {item.id: item for item in everything}
        self._of: dict[str, list[Item]] = {}
        for item in everything:
            self._of.setdefault(item.pregnancy, []).append(item)

    def of(self, pregnancy: str) -> list[Item]:
        return self._of.get(pregnancy, [])


def _blood(everything: Sequence[Item], holdings: Sequence[Holding]) -> Blood:
    state = partial(claims_of, [item for item in everything if item.subject == "woman"])
    d = statements.gather(state("rhesus_d"))
    whole = all(holding.answered.state == "answered" for holding in holdings)
    return Blood(
        group=statements.gather(state("blood_group")),
        rhesus_d=d,
        rhesus_c=statements.gather(state("rhesus_c")),
        rhesus_certain=whole and len(d) == 1,
    )


def _competing_due_dates(hers: Sequence[Item]) -> tuple[Stated, ...]:
    """Definitive dates; without any, what each source estimated last.  An estimate never disputes a definitive date."""
    if definitive := statements.gather(claims_of(hers, "due_definitive")):
        return definitive
    return statements.gather(latest_of_each_source(claims_of(hers, "due_estimated")))


def _pregnancy(
    scope: Scope, group: Sequence[Key], found: Items, children: Sequence[Child], today: dt.date
) -> Pregnancy:
    name = scope.pregnancy_name[group[0]]
    hers = found.of(name)
    locals_ = [scope.locals[key] for key in group]
    ended = max((end for local in locals_ for end in local.ends), default=None)
    periods = [period for local in locals_ for period in local.periods]
    due = due_date(hers)
    active = any(local.active for local in locals_)
    running = active or any(end is None for _, end in periods)
    born = [child for child in children if child.pregnancy == name]
    now = gestation_of(due, ended, today) if ended or running else None
    return Pregnancy(
        id=name,
        sources=tuple(sorted({o.source for item in hers for o in item.origins})),
        merged_by=tuple(sorted(scope.pregnancy_why.get(group[0], ()))),
        active=active,
        start=min((start for start, _ in periods), default=None),
        end=None if running else max((end for _, end in periods if end), default=None),
        ended=ended,
        due=due,
        gestation=now,
        gravidity=statements.gather(latest_of_each_source(claims_of(hers, "gravidity"))),
        parity=statements.gather(latest_of_each_source(claims_of(hers, "parity"))),
        multiple=statements.gather(statements.multiple_claims(hers, born, found.by_id)),
        chorionicity=statements.gather(claims_of(hers, "multiple")),
        children=tuple(child.id for child in born),
        choices=gaps.choices(hers, now if ended is None else None),
    )


def _current(pregnancies: Sequence[Pregnancy]) -> str:
    """The pregnancy to open with: the running one, else the latest."""

    def rank(pregnancy: Pregnancy) -> tuple[bool, bool, dt.date, str]:
        last = pregnancy.ended or pregnancy.end or pregnancy.start or dt.date.min
        due = pregnancy.due.date if pregnancy.due else last
        return (pregnancy.active, pregnancy.start is not None, due, pregnancy.id)

    return max(pregnancies, key=rank).id if pregnancies else ""


def _warnings(scope: Scope, record_items: Sequence[Item], children: Sequence[Child]) -> tuple[Warning_, ...]:
    found = []
    if doubtful := [child for child in children if not child.linked]:
        about = tuple(sorted({o.source for child in doubtful for o in child.origins}))
        found.append(Warning_("unlinked_children", tuple(n for c in doubtful for n in c.persons), about))
    if homeless := [child for child in children if not child.pregnancy]:
        about = tuple(sorted({o.source for child in homeless for o in child.origins}))
        found.append(Warning_("child_without_pregnancy", tuple(n for c in homeless for n in c.persons), about))
    if scope.persons.strangers:
        parties = {h.source.ura.value: h.source for h in scope.holdings}
        about = tuple(sorted({parties[ura] for group in scope.persons.strangers for ura, _ in group}))
        found.append(Warning_("shown_apart", (), about))
    if variants := [item.id for item in record_items if item.variant_of]:
        found.append(Warning_("changed_copy", tuple(variants)))
    return tuple(found)


def _apart(scope: Scope) -> tuple[Apart, ...]:
    """Each other person per source, with what that source holds of her."""
    found = []
    parties = {h.source.ura.value: h.source for h in scope.holdings}
    for ura, reference in sorted({(u, who) for (u, _), who in scope.owner.items() if who not in ("", "client")}):
        placed = [p for p in place(scope, reference) if p.source.ura.value == ura]
        patient = next((p.read.resource for p in placed if p.key == reference), None)
        found.append(Apart(parties[ura], names_of(patient)[0] if patient else "", items([[p] for p in placed])))
    return tuple(found)


def _pregnancy_gaps(
    pregnancies: Sequence[Pregnancy], found: Items, blood: Blood, medicines: Overview, today: dt.date
) -> Iterator[Gap]:
    """Checks and choices of the pregnancies that still run, and what is still needed after a birth."""
    for pregnancy in pregnancies:
        yield from gaps.check_gaps(pregnancy, found.of(pregnancy.id), found.all, blood, today)
        if gaps.running(pregnancy, today):
            yield from gaps.choice_gaps(pregnancy)
            yield from medication.advised.gaps(medicines, found.of(pregnancy.id), pregnancy)


def _possibly_same(scope: Scope, pregnancies: Sequence[Pregnancy], today: dt.date) -> tuple[PossiblySame, ...]:
    together = [[scope.locals[key] for key in group] for group in scope.groups]
    pairs = possibly_same(together, today)
    return tuple(PossiblySame(pregnancies[i].id, pregnancies[j].id, because) for i, j, because in pairs)


def _situation(
    pregnancy: Pregnancy | None, due: Sequence[Stated], children: Sequence[Child], today: dt.date
) -> medication.Situation:
    """What of the pregnancy that the screen opens with matters for medicines."""
    if pregnancy is None:
        return medication.Situation(today)
    dates = {dt.date.fromisoformat(stated.value) for stated in due} | ({pregnancy.due.date} if pregnancy.due else set())
    ended = pregnancy.ended
    since = (today - ended).days if ended else 0
    lately = 0 <= since <= medication.LACTATION_DAYS
    alive = [child for child in children if child.pregnancy == pregnancy.id and not child.death.reported]
    running = ended is None and (pregnancy.gestation is not None or pregnancy.active)
    return medication.Situation(
        today=today,
        pregnant=running or (ended is not None and lately),
        due=tuple(sorted(dates)),
        ended=ended,
        lactating=ended is not None and lately and bool(alive),
    )


def merge(answers: Sequence[SourceAnswer], today: dt.date, strict: bool = False, table: Table | None = None) -> Record:
    """One record from the answers so far; call it again when another source has answered.

    `today` is the calendar day in the Netherlands.  The order of the answers, their repetition, and how a source spread
    its resources over them change nothing.  Resources are taken as STU3; one that is not raises, or with `strict` is
    left out, and its source is then called invalid.  `table`: the warnings to judge medicines by, else those provided.
    """
    holdings = gather(answers, strict)
    scope = survey(holdings, sort_persons(holdings), today)
    groups = fold(place(scope))
    found = Items(items(groups))
    children = children_of(found.all, scope)
    woman = woman_of(found.all, scope, today)
    pregnancies = [_pregnancy(scope, group, found, children, today) for group in scope.groups]
    blood = _blood(found.all, holdings)
    allergies = statements.gather(statements.allergy_claims(found.all))
    due = {pregnancy.id: _competing_due_dates(found.of(pregnancy.id)) for pregnancy in pregnancies}
    current = _current(pregnancies)
    opened = next((p for p in pregnancies if p.id == current), None)
    situation = _situation(opened, due.get(current, ()), children, today)
    held = {holding.source.ura.value: holding.resources for holding in holdings}
    medicines = medication.overview(found.all, held, situation, table or medication.provided())
    return Record(
        today=today,
        woman=woman,
        pregnancies=tuple(sorted(pregnancies, key=lambda p: (p.start or dt.date.min, p.id), reverse=True)),
        current=current,
        children=children,
        items=found.all,
        blood=blood,
        allergies=allergies,
        conflicts=conflicts(Compared(woman, pregnancies, due, children, blood, allergies)),
        gaps=(*gaps.source_gaps(holdings), *_pregnancy_gaps(pregnancies, found, blood, medicines, today)),
        possibly_same=_possibly_same(scope, pregnancies, today),
        warnings=_warnings(scope, found.all, children),
        timeline=timeline(found.all),
        sources=tuple(holding.answered for holding in holdings),
        apart=_apart(scope),
        duplicates_folded=sum(len(group) - 1 for group in groups),
        medication=medicines,
    )

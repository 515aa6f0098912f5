"""What a table of warnings says of a medicine as it is used: now, later, or earlier in this pregnancy.

Every row that speaks of a code of the medicine counts, however coarse: a class is not overruled by a row about one of
its members.  A medicine that the table cannot judge says so.  Where sources dispute the due date, each date counts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from babyconnect.birthcare import gestation
from babyconnect.birthcare.medication import Block, Exposure, Judgement, Phase, Rule, State, Table, When
from babyconnect.birthcare.resources import day
from babyconnect.definitions import content
from babyconnect.merge.medication import tables

# How long after a birth breastfeeding is reckoned with, unless a source says otherwise. [own]
LACTATION_DAYS = 365
# A pregnancy that runs may last as long as this after the due date (NVOG: 42+0, and a margin of our own).
_OVERDUE_DAYS = 21
# How long after a supply ran out its use is still reckoned with: the usual supply of what is used for long. [own]
_GRACE_DAYS = 90
_ORDER: tuple[When, ...] = ("now", "undated", "upcoming", "past")
_OPEN: tuple[State, ...] = ("current", "planned", "unknown", "paused")
_USES = ("agreement", "administration_agreement", "use", "dispense", "administration")
_STRICT = ("contraindicated", "avoid", "caution", "no_objection")

Span = tuple[dt.date, dt.date]


@dataclass(frozen=True, slots=True)
class Situation:
    """What of her pregnancy matters here.  `due`: every due date that competes; `ended`: when it ended, or None.

    `lactating`: a child may be breastfed.  `pregnant`: it runs, or ended so lately that what was used in it counts.
    """

    today: dt.date
    pregnant: bool = False
    due: tuple[dt.date, ...] = ()
    ended: dt.date | None = None
    lactating: bool = False


@cache
def provided() -> Table:
    """The table that comes with the product."""
    found = tables.read(content("medication/warnings.csv"))
    if not isinstance(found, Table):
        raise ValueError(f"medication/warnings.csv: {'; '.join(map(str, found))}")
    return found


class Judge:
    """One table, ready to be asked."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._systems = frozenset(rule.system for rule in table.rules)
        self._rules: dict[tuple[str, str], list[Rule]] = {}
        for rule in table.rules:
            self._rules.setdefault((rule.system, rule.code), []).append(rule)

    @property
    def table(self) -> Table:
        return self._table

    def of(self, blocks: Sequence[Block], situation: Situation) -> Judgement:
        """What the table says of the medicine that these blocks tell of."""
        if not situation.pregnant and not situation.lactating:
            return Judgement(unjudged="no_phase")
        told = [block for block in blocks if block.role in _USES] or list(blocks)
        phases = _phases(told, situation)
        if not phases:
            return Judgement(unjudged="not_used")
        found = [(rule, block) for block in told for rule in self._matching(block) if rule.phase in phases]
        if not found and not any(self._coded(block) for block in told):
            return Judgement(unjudged="no_code")
        # Whoever breastfeeds is judged by what the table says of that, whatever it says of the pregnancy that was.
        missing = not any(rule.phase == phases[-1] for rule, _ in found)
        return Judgement(_exposures(found, situation), "not_in_table" if missing else "")

    def _coded(self, block: Block) -> bool:
        return any(code.rsplit("|", 1)[0] in self._systems for code in block.product.codes)

    def _matching(self, block: Block) -> Iterator[Rule]:
        """The rows on the product; and on a substance in it those that object, since what is true of one of several
        substances is no reassurance about all."""
        for coded in block.product.codes:
            yield from self._of_code(coded)
        for coded in block.product.substances:
            if coded not in block.product.codes:
                yield from (rule for rule in self._of_code(coded) if rule.level != "no_objection")

    def _of_code(self, coded: str) -> Iterator[Rule]:
        system, code = coded.rsplit("|", 1)
        yield from self._rules.get((system, code), ())
        if system.endswith("/atc"):
            for length in (1, 3, 4, 5):
                if length < len(code):
                    yield from self._rules.get((system, code[:length]), ())


@cache
def judge_of(table: Table) -> Judge:
    """The judge of a table, built once."""
    return Judge(table)


def _phases(blocks: Sequence[Block], situation: Situation) -> list[Phase]:
    """In which phases of hers she uses it, or used it, the present one last."""
    spans = [span for block in blocks if (span := _used(block, situation.today))]
    found: list[Phase] = []
    if situation.pregnant and any(_meets(span, _pregnancy(situation, None, None)) for span in spans):
        found.append("pregnancy")
    if situation.lactating and any(_meets(span, _lactation(situation)) for span in spans):
        found.append("lactation")
    return found


def _meets(one: Span, other: Span) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def _exposures(found: Sequence[tuple[Rule, Block]], situation: Situation) -> tuple[Exposure, ...]:
    """Each rule once, at its most pressing.  What is no objection is not said beside an objection at that time, nor of
    what is past."""
    best: dict[Rule, Exposure] = {}
    for rule, block in found:
        made = _exposure(rule, block, situation)
        if made and (rule not in best or _key(made) < _key(best[rule])):
            best[rule] = made
    silent = {"past", *(exposure.when for exposure in best.values() if exposure.rule.level != "no_objection")}
    kept = [e for e in best.values() if e.rule.level != "no_objection" or e.when not in silent]
    return tuple(sorted(kept, key=_key))


def _key(exposure: Exposure) -> tuple[int, int, tuple[int, int], str, str]:
    rule = exposure.rule
    return (_ORDER.index(exposure.when), _STRICT.index(rule.level), exposure.days or (0, 0), rule.code, rule.nl)


def _exposure(rule: Rule, block: Block, situation: Situation) -> Exposure | None:
    if rule.phase == "pregnancy" and not situation.due:
        going = situation.ended is None and block.state in _OPEN
        return Exposure(rule, "undated") if going else None
    for_rule, used = _window(rule, situation), _used(block, situation.today)
    if used is None:
        return None
    first, last = max(for_rule[0], used[0]), min(for_rule[1], used[1])
    if first > last:
        return None
    when = _when(first, last, situation.today)
    if rule.phase == "lactation" or not situation.due:
        return Exposure(rule, when)
    # Told by the first of the dates: disputed dates differ by days, and the window already holds them all.
    due = min(situation.due)
    return Exposure(rule, when, (gestation.days_on(due, first), gestation.days_on(due, last)))


def _when(first: dt.date, last: dt.date, today: dt.date) -> When:
    if first > today:
        return "upcoming"
    return "now" if last >= today else "past"


def _window(rule: Rule, situation: Situation) -> Span:
    """The days on which a rule applies to her; the widest where her due date is disputed."""
    if rule.phase == "lactation":
        return _lactation(situation)
    return _pregnancy(situation, rule.first, rule.last)


def _lactation(situation: Situation) -> Span:
    ended = situation.ended or situation.today
    return ended, ended + dt.timedelta(days=LACTATION_DAYS)


def _pregnancy(situation: Situation, first: int | None, last: int | None) -> Span:
    """Without any due date nobody knows: then it is now."""
    if not situation.due:
        return (dt.date.min, situation.ended) if situation.ended else (situation.today, dt.date.max)
    term = dt.timedelta(days=gestation.TERM_DAYS)
    begin = min(situation.due) - term + dt.timedelta(days=first or 0)
    days = last if last is not None else gestation.TERM_DAYS + _OVERDUE_DAYS
    end = max(situation.due) - term + dt.timedelta(days=days)
    return begin, min(end, situation.ended) if situation.ended else end


def _used(block: Block, today: dt.date) -> Span | None:
    """The days on which a block says that she uses it; None when it says that she does not, or no day at all."""
    noted = day(block.stated)
    if block.role == "administration":
        given = block.start or noted
        return (given, block.end or given) if given else None
    first = block.start or noted
    if block.state in _OPEN:
        late = dt.timedelta(days=_GRACE_DAYS if block.state == "unknown" else 0)
        return first or today, block.end + late if block.end else dt.date.max
    last = min(block.end or today, today) if block.superseded else block.end or noted
    return (first, last) if first and last and first <= last and block.start else None

"""Gaps with names: a source that failed, a check that is absent, a choice that nobody knows (domain §7).

Rules are rows of `definitions/checks`.  A withheld result cannot be told from an absent one, and must not be: the text
of a row that may be shielded says so, always.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from babyconnect.birthcare import gestation
from babyconnect.birthcare.named import named
from babyconnect.birthcare.record import Blood, Choice, DueDate, Gap, Gestation, Item, Pregnancy
from babyconnect.birthcare.resources import as_list, codes_in, day
from babyconnect.definitions import rows
from babyconnect.merge.gather import Holding

_ANSWERS = {row["code"]: row["value"] for row in rows("checks/answers")}
_STRONGEST = ("done", "accepted", "declined", "does_not_want_to_know", "not_offered")
_POSTPARTUM_DAYS = 42
_FETAL_RHESUS_D, _NEGATIVE = named("fetal_rhesus_d"), named("antigen_negative")


def source_gaps(holdings: Sequence[Holding]) -> list[Gap]:
    """Every source that gave no whole answer, as a technical failure with its name."""
    failed = [h.answered for h in holdings if h.answered.state != "answered"]
    return [Gap("source", answered.state, answered.source.name, source=answered.source) for answered in failed]


def _within(item: Item, due: DueDate, first: str, last: str) -> bool:
    """Whether an item was made in the window; one without a day counts for the first window only."""
    when = day(item.moment)
    if when is None:
        return gestation.days_of(first) == 0
    return gestation.days_of(first) <= gestation.days_on(due.date, when) <= gestation.days_of(last)


def _applies(rule: str, blood: Blood, items: Sequence[Item]) -> bool:
    if rule == "all":
        return True
    d_positive = bool(blood.rhesus_d) and {s.value for s in blood.rhesus_d} == {"positive"}
    if rule == "rhesus_c_negative":
        return any(s.value == "negative" for s in blood.rhesus_c)
    # A conflict is treated as negative: never "niet nodig" on disputed ground (domain §7).
    negative = any(s.value == "negative" for s in blood.rhesus_d) and not d_positive
    if rule == "rhesus_d_negative_fetus_not_negative":
        typed = [i for i in items if not _FETAL_RHESUS_D.isdisjoint(i.codes)]
        return negative and not (typed and all(_is_negative(item) for item in typed))
    return negative


def _is_negative(typing: Item) -> bool:
    """Whether a typing of the fetus says RhD-negative (coded, or antigen: no); anything else counts as positive."""
    values = set(codes_in(typing.resource.get("valueCodeableConcept")))
    return bool(values and values <= _NEGATIVE) or typing.resource.get("valueBoolean") is False


def check_gaps(
    pregnancy: Pregnancy, hers: Sequence[Item], everything: Sequence[Item], blood: Blood, today: dt.date
) -> list[Gap]:
    """Expected checks that no source shows and that were not declined: of a pregnancy that runs or ended in a birth.

    `hers`: the items of this pregnancy; `everything`: all items, because a blood group is for life.
    """
    everything = [item for item in everything if item.resource.get("status") != "entered-in-error"]
    hers = [item for item in hers if item.resource.get("status") != "entered-in-error"]
    return [
        Gap("check", row["check"], row["label"], pregnancy.id, reason=row["citation"])
        for row in rows("checks/expected")
        if _expected(row, pregnancy, today) and _applies(row["applies"], blood, hers)
        if not _present(row, pregnancy.due, hers, everything)
    ]


def _expected(row: Mapping[str, str], pregnancy: Pregnancy, today: dt.date) -> bool:
    """By gestation while it runs; what protects mother and child, also when nobody knows that, and after the birth."""
    now, first = pregnancy.gestation, gestation.days_of(row["due"])
    if pregnancy.ended is None and running(pregnancy, today):
        known = pregnancy.due is not None and now is not None
        return now.days >= first if known and now else row["stays"] == "yes"
    if pregnancy.ended is None or row["stays"] != "yes" or not 0 <= (today - pregnancy.ended).days <= _POSTPARTUM_DAYS:
        return False
    return now.days >= first if now else bool(pregnancy.children)


def _present(row: Mapping[str, str], due: DueDate | None, hers: Sequence[Item], everything: Sequence[Item]) -> bool:
    codes = frozenset(row["codes"].split())
    lifelong = row["check"] in ("blood_group", "rhesus_d", "rhesus_c")
    candidates = [i for i in (everything if lifelong else _of_pregnancy(hers, everything)) if codes & set(i.codes)]
    if lifelong or due is None:
        return bool(candidates)
    if row["from"] == "0+0":
        return any(_early_enough(i, due) for i in candidates)
    return any(_within(i, due, row["from"], row["until"]) for i in candidates)


def _of_pregnancy(hers: Sequence[Item], everything: Sequence[Item]) -> list[Item]:
    """Her items and those that no source ties to a pregnancy: an undated result may well be of this one."""
    return [*hers, *(i for i in everything if not i.pregnancy and not i.moment)]


def _early_enough(item: Item, due: DueDate) -> bool:
    """A first test done late is done: only a result of before this pregnancy does not count."""
    when = day(item.moment)
    return when is None or gestation.days_on(due.date, when) >= 0


def _answer(item: Item, row: dict[str, str]) -> str:
    """What one resource says about a choice: done, accepted, declined, …, or ""."""
    codes = set(item.codes)
    if not codes & {*row["done"].split(), *row["choice_codes"].split()}:
        return ""
    resource = item.resource
    told = [resource.get("valueCodeableConcept"), resource.get("dataAbsentReason"), resource.get("notDoneReason")]
    told += as_list(resource.get("reasonCode"))
    for code in (code for concept in told for code in codes_in(concept)):
        if code in _ANSWERS:
            return _ANSWERS[code]
    if resource.get("valueBoolean") is False or resource.get("notDone") is True:
        return "declined"
    if codes & set(row["choice_codes"].split()):
        return "accepted" if resource.get("valueBoolean") else ""
    return "done"


def choices(items: Sequence[Item], now: Gestation | None) -> tuple[Choice, ...]:
    """Her screening choices.  `unknown` when nobody recorded anything; `due` when its window has begun."""
    found = []
    for row in rows("checks/choices"):
        answers = [(answer, item.id) for item in items if (answer := _answer(item, row))]
        value = next((v for v in _STRONGEST if any(answer == v for answer, _ in answers)), "unknown")
        because = tuple(sorted(name for answer, name in answers if answer == value))
        found.append(
            Choice(row["choice"], value, because, now is not None and now.days >= gestation.days_of(row["from"]))
        )
    return tuple(found)


def choice_gaps(pregnancy: Pregnancy) -> list[Gap]:
    """Only *not offered* and *unknown* are gaps, and only once the window has begun."""
    labels = {row["choice"]: (row["label"], row["citation"]) for row in rows("checks/choices")}
    return [
        Gap(
            "choice",
            f"{choice.code}:{choice.value}",
            labels[choice.code][0],
            pregnancy.id,
            reason=labels[choice.code][1],
        )
        for choice in pregnancy.choices
        if not pregnancy.ended and choice.due and choice.value in ("not_offered", "unknown")
    ]


def running(pregnancy: Pregnancy, today: dt.date) -> bool:
    """Whether checks can still be expected in it."""
    return pregnancy.active and pregnancy.ended is None and (pregnancy.end is None or pregnancy.end >= today)

"""The author's choice for an item about safety: show, show after we talked, not digitally (domain §4).  Pure.

Without a choice, and after its review date, it is *not digitally*: a forgotten choice must not go on showing.  The
latest choice holds; earlier ones stay as history with whoever keeps them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

LONGEST_REVIEW_DAYS = 366
LONGEST_REASON = 400


class Choice(StrEnum):
    SHOW = "show"
    AFTER_TALK = "after-talk"
    NOT_DIGITALLY = "not-digitally"


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One choice about one item (`Type/id`).  `talked`: when author and client spoke of it, for AFTER_TALK only.

    `reason` is about safety itself: it is shown to nobody but the organisation's own people and reaches no log.
    """

    item: str
    choice: Choice
    reason: str
    review: dt.date
    author: str
    recorded: dt.datetime
    talked: dt.date | None = None


def problem(choice: Choice, reason: str, review: dt.date | None, talked: dt.date | None, today: dt.date) -> str:
    """Why a choice cannot be taken, as a code for the page; "" when it can."""
    if not reason.strip() or len(reason) > LONGEST_REASON:
        return "reason"
    if review is None or not today <= review <= today + dt.timedelta(days=LONGEST_REVIEW_DAYS):
        return "review"
    if talked is not None and (talked > today or choice is not Choice.AFTER_TALK):
        return "talked"
    return ""


def in_force(choices: Iterable[Disclosure]) -> dict[str, Disclosure]:
    """The latest choice for each item; of two of one moment, the stricter."""
    order = list(Choice)
    found: dict[str, Disclosure] = {}
    for one in sorted(choices, key=lambda c: (c.recorded, order.index(c.choice))):
        found[one.item] = one
    return found


def may_show(one: Disclosure, today: dt.date) -> bool:
    if today > one.review:
        return False
    if one.choice is Choice.AFTER_TALK:
        return one.talked is not None and one.talked <= today
    return one.choice is Choice.SHOW


def shown(choices: Iterable[Disclosure], today: dt.date) -> frozenset[str]:
    """The items (`Type/id`) that may reach client-side channels on this day."""
    return frozenset(item for item, one in in_force(choices).items() if may_show(one, today))

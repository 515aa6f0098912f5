"""What an open record shows of the answers so far: merge them, make the view.  Pure.

Another organisation's rubbish must not take the record of all others from the screen.  Checking every element of every
answer costs more than merging them, so it is done only when something proved unreadable: then what is no STU3 is left
out and its source is named as one that gave an unreadable answer.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from babyconnect.birthcare.answers import SourceAnswer
from babyconnect.birthcare.medication import Table
from babyconnect.birthcare.parties import Party
from babyconnect.delivery import build_view
from babyconnect.delivery.lines import Kept
from babyconnect.delivery.view import View
from babyconnect.merge import merge

_UNREADABLE = (AttributeError, TypeError, ValueError, LookupError, ArithmeticError, RecursionError)


def picture(
    answers: Sequence[SourceAnswer],
    today: dt.date,
    busy: Sequence[Party] = (),
    kept: Kept | None = None,
    table: Table | None = None,
) -> View:
    """The view of the answers; `today` is the calendar day in the Netherlands, `busy` who has not answered yet.

    `kept`: the lines that one open screen keeps while it fills in (`delivery.lines.Writer`).  `table`: the warnings
    that medicines are judged by, when they are not those provided.
    """
    try:
        return build_view(merge(answers, today, table=table), busy, kept)
    except _UNREADABLE:
        return build_view(merge(answers, today, strict=True, table=table), busy, kept)

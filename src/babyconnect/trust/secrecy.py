"""Secret addresses: a safe house, BRP secrecy, or her own wish (domain §4).  Dated data; what it hides is a table.

What is hidden is taken out when something is released (`labelling.whereabouts`), so that it holds at once, for every
version and for what was published before.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from babyconnect.birthcare.access import Channel
from babyconnect.trust import channels

MARKED = "address-marked"
"""In a filter's `hidden`: nothing is taken out, what says where she is bears a label."""


class Basis(StrEnum):
    SAFE_HOUSE = "safe_house"
    BRP = "brp"
    REQUEST = "request"


@dataclass(frozen=True, slots=True)
class Secrecy:
    """Her address is secret from `start` on, until `end` if that was recorded."""

    basis: Basis
    start: dt.date
    recorded: dt.datetime
    end: dt.date | None = None
    by: str = ""


def is_secret(known: Iterable[Secrecy], day: dt.date) -> bool:
    return any(one.start <= day and (one.end is None or day <= one.end) for one in known)


def hidden(known: Iterable[Secrecy], channel: Channel, day: dt.date, own: bool = False) -> frozenset[str]:
    """What is taken out of everything released into a channel; `own`: the asker is the organisation that has it.

    Its own people see the address, marked, so that no paper and no shared screen shows it.
    """
    rule = channels.rule(channel, channels.ADDRESS)
    if rule in ("open", "decision") or not is_secret(known, day):
        return frozenset()
    return frozenset({MARKED if rule == "own" and own else channels.ADDRESS})

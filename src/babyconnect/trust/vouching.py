"""A client portal's word that she herself is logged in: what it signs, and what a holder believes of it.  Pure.

The directory lists whose word counts; the region believes the same organisations when she gives and lifts consents.  A
portal names her by her pseudonym of the region, so that each token is about one woman from the moment it is asked, and
the holder finds whether the number in the request is hers.  Of anybody else the same request is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from babyconnect.birthcare.access import Channel, LoggedIn, Purpose
from babyconnect.birthcare.parties import HERSELF, Role
from babyconnect.trust.jose import Rejected
from babyconnect.trust.scopes import Scope

AHEAD_SECONDS = 60
"""How far a portal's clock may be ahead of ours."""
CHANNELS = frozenset({Channel.CLIENT_SITE, Channel.EXPORT})
_PSEUDONYM = re.compile(r"[!-~]{16,200}")


@dataclass(frozen=True, slots=True)
class Vouched:
    """By whom a request is signed: whether the directory lists it as a client portal; and when it came."""

    portal: bool = False
    now: float = 0.0


NOBODY = Vouched()


def written(logged_in: LoggedIn) -> dict[str, Any]:
    """The claim `client`, as it is signed."""
    return {"subject": logged_in.subject, "login": logged_in.moment, "channel": logged_in.channel.value}


def read(said: object) -> LoggedIn | None:
    """The claim `client`; ValueError for anything else than a claim or its absence."""
    if said is None:
        return None
    if not isinstance(said, Mapping):
        raise ValueError("a client is an object")
    subject, moment, channel = said.get("subject"), said.get("login"), Channel(str(said.get("channel")))
    if not isinstance(subject, str) or not _PSEUDONYM.fullmatch(subject) or type(moment) is not int:
        raise ValueError("a client has a pseudonym and a moment of log-in")
    return LoggedIn(subject, moment, channel)


def believed(
    logged_in: LoggedIn | None, role: Role, purpose: Purpose, given: Iterable[Scope], by: Vouched
) -> Rejected | None:
    """Why a request that is made for a client, or says so, is not believed; None when it is, or is a professional's."""
    herself = purpose is Purpose.OWN_RECORD
    if not herself and logged_in is None and role not in HERSELF:
        return None
    if not (herself and logged_in is not None and role in HERSELF):
        return Rejected("claims_malformed")
    if not by.portal:
        return Rejected("portal_not_listed")
    if logged_in.channel not in CHANNELS:
        return Rejected("channel_not_offered")
    longest = min((scope.login_seconds for scope in given), default=0)
    age = by.now - logged_in.moment
    return None if -AHEAD_SECONDS <= age <= longest else Rejected("login_too_old")

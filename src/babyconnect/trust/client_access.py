"""What a client sees of her own record, and who has authority of a child's: decided apart from professionals.  Pure.

She sees what is about her, in every data group, with what `channels.csv` lets into the channel; safety only where its
author chose so.  Who has authority over a child sees what is about that child and nothing of its mother: the filter
names the child as `subject`.  Ages come from `definitions/representation.csv`.  Default is no.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from babyconnect.birthcare.access import Channel, Decision, Filter, Permit, Refused
from babyconnect.birthcare.resources import HOME
from babyconnect.definitions import document, rows
from babyconnect.trust import authority, channels, disclosure, secrecy
from babyconnect.trust.authority import Authority
from babyconnect.trust.disclosure import Disclosure
from babyconnect.trust.rules import data_groups
from babyconnect.trust.secrecy import Secrecy

CHILD_GROUPS = "childs_view.toml"


@dataclass(frozen=True, slots=True)
class ClientRequest:
    """Everything one decision rests on.

    `person`: handle of who is logged in.  `client`: whose record (compartment) it is here; `own`: the log-in proves
    that it is hers.  `child`: the child's Patient id when a child's view is asked, else "".  `episodes`: hers, here.
    `born`: whose record it is was born then, where known.
    """

    channel: Channel
    person: str
    client: str
    own: bool
    episodes: frozenset[str]
    moment: dt.datetime
    child: str = ""
    born: dt.date | None = None
    authorities: tuple[Authority, ...] = ()
    choices: tuple[Disclosure, ...] = ()
    secret: tuple[Secrecy, ...] = ()


def decide(request: ClientRequest) -> Decision:
    """Permit with a filter, or Refused, with the codes of its reasons."""
    if request.channel not in (Channel.CLIENT_SITE, Channel.PGO, Channel.EXPORT):
        return Refused(("channel_not_offered",))
    day = request.moment.astimezone(HOME).date()
    hidden = secrecy.hidden(request.secret, request.channel, day)
    if request.child:
        return _childs(request, day, hidden)
    if not request.own:
        return Refused(("not_herself",))
    if request.born and not may_look_herself(request.born, day):
        return Refused(("age",))
    opened = channels.labels_by(request.channel, "open")
    chosen = disclosure.shown(request.choices, day) if channels.labels_by(request.channel, "author") else frozenset()
    allowed = Filter(request.client, data_groups(), opened, request.episodes, "", chosen, hidden)
    return Permit(allowed, "own", ("own_data",))


def _childs(request: ClientRequest, day: dt.date, hidden: frozenset[str]) -> Decision:
    """A child's view, for who has authority over it."""
    if request.child == request.client and request.own:
        return Refused(("not_a_child",))
    standing = authority.standing(request.authorities, request.child, request.person, day)
    if standing not in authority.HOLDS:
        return Refused(("authority_suspended" if standing is authority.Standing.SUSPENDED else "no_authority",))
    born = {row.born for row in request.authorities if row.child == request.child}
    # Two birth dates for one child is a mistake in the register; the older child has the narrower rule.
    if not may_represent(standing, min(born), day):
        return Refused(("age",))
    groups = frozenset(document(CHILD_GROUPS)["groups"]) & data_groups()
    # No shielded group, and no author's choice either: what is about safety may be about who is asking.
    allowed = Filter(request.client, groups, frozenset(), request.episodes, request.child, frozenset(), hidden)
    return Permit(allowed, "authority", ("authority",))


def may_represent(standing: authority.Standing, born: dt.date, day: dt.date) -> bool:
    """Whether who has this authority looks into the record of somebody born then."""
    return _row(standing.value, authority.age(born, day)) == "yes"


def may_look_herself(born: dt.date, day: dt.date) -> bool:
    """Whether somebody of this age opens her own record; a pregnant minor of twelve or more does."""
    return _row("self", authority.age(born, day)) == "yes"


def _row(kind: str, years: int) -> str:
    """What the first fitting row of `definitions/representation.csv` says; no row is no."""
    fits = (
        row["may"]
        for row in rows("representation")
        if row["authority"] == kind and int(row["from_age"]) <= years <= int(row["to_age"] or 999)
    )
    return next(fits, "no")

"""What in the log deserves a look of the privacy officer: pure functions over accounts, thresholds in a table.

A hit is a question, not a verdict.  What the log does not know (whose record is a colleague's own, who is on the
attention list, what clients are called) is brought by the organisation, as `Watch`; nothing of it is kept.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from babyconnect import definitions
from babyconnect.audit.accounts import Account
from babyconnect.birthcare.parties import HERSELF

HERE = ZoneInfo("Europe/Amsterdam")


@dataclass(frozen=True, slots=True)
class Watch:
    """What the organisation knows besides.  `own`: person -> the names (ids, pseudonyms) under which her own record is
    known.  `family`: person -> her family names, folded.  `names`: client id -> family names, folded.  `attention`:
    clients whose every look is checked."""

    own: Mapping[str, frozenset[str]] = field(default_factory=dict)
    family: Mapping[str, frozenset[str]] = field(default_factory=dict)
    names: Mapping[str, frozenset[str]] = field(default_factory=dict)
    attention: frozenset[str] = frozenset()


def folded_names(names: Sequence[str]) -> frozenset[str]:
    """Family names as they are compared: parts of a double name each, without prefixes."""
    prefixes = table()["family_name"]["prefixes"]
    parts = (part for name in names for part in name.casefold().replace("-", " ").split())
    return frozenset(part for part in parts if part not in prefixes)


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing to look at: which pattern, by whom, since when until when, and the accounts it rests on."""

    pattern: str
    organisation: str
    person: str
    first: str
    last: str
    count: int
    accounts: tuple[Account, ...]
    percent: float = 0.0


@dataclass(frozen=True, slots=True)
class Share:
    """How often one organisation needed the emergency button, of all its looks that released something."""

    organisation: str
    emergencies: int
    consults: int

    @property
    def percent(self) -> float:
        return 100 * self.emergencies / self.consults if self.consults else 0.0

    @property
    def alarm(self) -> bool:
        row = table()["breakglass_share"]
        return self.emergencies >= row["least"] and self.percent > row["percent"]


NOBODY_WATCHED = Watch()


def table() -> dict[str, Any]:
    return definitions.document("audit_patterns.toml")


def hits(found: Sequence[Account], now: dt.datetime, watch: Watch = NOBODY_WATCHED) -> list[Hit]:
    """All hits in these accounts (of any order), the most pressing first."""
    ordered = sorted(found, key=lambda account: account.first)
    # Who looks at her own record, or her child's, is nobody's question, at whatever hour.
    looks = [one for one in ordered if one.is_access and one.person and one.role not in HERSELF and not _of_office(one)]
    office = [one for one in ordered if one.person and one.role not in HERSELF and _of_office(one)]
    every: list[Hit] = [
        *_by_client("own_record", looks, lambda one: bool(one.clients & watch.own.get(one.person, frozenset()))),
        *_by_client("vip", looks, lambda one: bool(one.clients & watch.attention)),
        *_by_client("family_name", looks, lambda one: _same_name(one, watch)),
        *_without_follow_up(ordered, now),
        *(_share_hit(share, ordered) for share in shares(ordered) if share.alarm),
        *_many_clients(looks),
        *_often("refused_often", [one for one in ordered if one.is_access and one.outcome == "refused"]),
        *_often("unknown_clients", [one for one in ordered if "client_unknown" in one.reasons]),
        *_often("login_refused", [one for one in ordered if "login.refused" in one.kinds]),
        *_at_night("at_night", looks),
        *_at_night("office_at_night", office),
    ]
    order = list(table())
    return sorted(every, key=lambda hit: (order.index(hit.pattern), hit.person, hit.first))


def shares(found: Iterable[Account]) -> list[Share]:
    """Emergencies of all looks that released something, per asking organisation."""
    counted: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for account in found:
        if account.is_access and account.outcome == "ok" and account.clients:
            counted[account.organisation][0] += account.emergency
            counted[account.organisation][1] += 1
    return [Share(organisation, *counts) for organisation, counts in sorted(counted.items())]


def per_month(found: Iterable[Account]) -> list[tuple[str, Share]]:
    """The same per month, all organisations together: whether it gets better or worse."""
    months: dict[str, list[Account]] = defaultdict(list)
    for account in found:
        months[local(account.first).strftime("%Y-%m")].append(account)
    return [
        (month, Share("", sum(s.emergencies for s in shares(of)), sum(s.consults for s in shares(of))))
        for month, of in sorted(months.items())
    ]


def local(moment: str) -> dt.datetime:
    """A moment of the log as the clock on the wall showed it."""
    return dt.datetime.fromisoformat(moment).astimezone(HERE)


def _by_client(pattern: str, looks: Iterable[Account], holds: Callable[[Account], bool]) -> Iterator[Hit]:
    """A hit per person and client, however often she looked."""
    grouped: dict[tuple[str, str, str], list[Account]] = defaultdict(list)
    for look in looks:
        if holds(look):
            grouped[look.organisation, look.person, min(look.clients, default="")].append(look)
    for of in grouped.values():
        if len(of) >= table()[pattern]["least"]:
            yield _hit(pattern, of)


def _same_name(look: Account, watch: Watch) -> bool:
    own = watch.family.get(look.person, frozenset())
    return bool(own) and any(own & watch.names.get(client, frozenset()) for client in look.clients)


def _many_clients(looks: Iterable[Account]) -> Iterator[Hit]:
    row = table()["many_clients"]
    for of in _per_person(looks).values():
        within, best = list[Account](), list[Account]()
        for look in of:
            within.append(look)
            oldest = local(look.first) - dt.timedelta(minutes=row["minutes"])
            within = [one for one in within if local(one.first) > oldest]
            if _clients(within) > _clients(best):
                best = list(within)
        if _clients(best) >= row["least"]:
            yield _hit("many_clients", best, _clients(best))


def _clients(looks: Iterable[Account]) -> int:
    """How many clients: two names in one look are one client's."""
    return len({min(look.clients) for look in looks if look.clients})


def _often(pattern: str, of: Iterable[Account]) -> Iterator[Hit]:
    row = table()[pattern]
    span = dt.timedelta(hours=row["hours"])
    for acts in _per_person(of).values():
        within, best = list[Account](), list[Account]()
        for act in acts:
            within = [one for one in [*within, act] if local(act.first) - local(one.first) < span]
            best = list(within) if len(within) > len(best) else best
        if len(best) >= row["least"]:
            yield _hit(pattern, best)


def _of_office(one: Account) -> bool:
    """Supervision and administration, no care: the log, a rule, a destruction; the list of clients for one of these."""
    row = table()["office_at_night"]
    return one.group in row["groups"] or (one.role in row["lists_for"] and one.is_access and not one.clients)


def _at_night(pattern: str, acts: Iterable[Account]) -> Iterator[Hit]:
    row = table()[pattern]
    night = [act for act in acts if act.role in row["roles"] and row["from"] <= local(act.first).hour < row["to"]]
    for of in _per_person(night).values():
        if len(of) >= row["least"]:
            yield _hit(pattern, of)


def _without_follow_up(found: Iterable[Account], now: dt.datetime) -> Iterator[Hit]:
    """Every opening with neither a review nor time left for one."""
    ordered = list(found)
    reviewed = set().union(*(one.objects for one in ordered if "breakglass.review" in one.kinds), set())
    limit = now - dt.timedelta(days=table()["breakglass_without_follow_up"]["days"])
    for one in ordered:
        opened = "breakglass.open" in one.kinds and one.outcome == "ok"
        if opened and not one.objects & reviewed and local(one.first) < limit:
            yield _hit("breakglass_without_follow_up", [one])


def _share_hit(share: Share, found: Iterable[Account]) -> Hit:
    of = [one for one in found if one.is_access and one.emergency and one.organisation == share.organisation]
    return Hit("breakglass_share", share.organisation, "", of[0].first, of[-1].last, len(of), tuple(of), share.percent)


def _per_person(found: Iterable[Account]) -> dict[tuple[str, str], list[Account]]:
    grouped: dict[tuple[str, str], list[Account]] = defaultdict(list)
    for one in found:
        grouped[one.organisation, one.person].append(one)
    return grouped


def _hit(pattern: str, of: Sequence[Account], count: int = 0) -> Hit:
    first = of[0]
    return Hit(pattern, first.organisation, first.person, first.first, of[-1].last, count or len(of), tuple(of))

"""Provisions and their history as rows that a person reads.  Groups are named by the table; the rest is texts.toml."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from babyconnect.birthcare.access import Consent
from babyconnect.birthcare.identifiers import Ura
from babyconnect.birthcare.parties import Party
from babyconnect.birthcare.resources import HOME
from babyconnect.definitions import document
from babyconnect.flows import consent_choices as choices
from babyconnect.network.contract import ConsentVersion

PartyOf = Callable[[Ura], Party | None]


@dataclass(frozen=True, slots=True)
class Line:
    """One provision in force, or one version of the history.

    `whom`, `whose`: a name, or (kind, "") and ("", "") to be worded by the page.  `groups`: names; () for everything.
    `change`: given, ended; `capacity`, `organisation`: who made it so.  `id`: to end it; "" when that is not theirs.
    """

    id: str
    permit: bool
    whom: str
    whom_kind: str
    whose: str
    whose_kind: str
    groups: tuple[str, ...]
    shielded: bool
    until: dt.date | None
    moment: dt.datetime
    change: str
    capacity: str
    organisation: str
    may_end: bool = False


def line(version: ConsentVersion, party_of: PartyOf, may_end: bool = False) -> Line:
    consent = version.consent
    whom, whom_kind = _named(consent.actor, party_of)
    whose, whose_kind = _named(consent.holder, party_of)
    recorder = party_of(version.recorder)
    groups, shielded = group_names(consent)
    return Line(
        id=consent.id,
        permit=consent.permit,
        whom=whom,
        whom_kind=whom_kind,
        whose=whose,
        whose_kind=whose_kind,
        groups=groups,
        shielded=shielded,
        until=consent.end.astimezone(HOME).date() if consent.end else None,
        moment=version.moment.astimezone(HOME),
        change="given" if version.active else "ended",
        capacity="code" if version.person.startswith("code ") else version.capacity,
        organisation=recorder.name if recorder else f"URA {version.recorder}",
        may_end=may_end,
    )


def history(versions: Sequence[ConsentVersion], party_of: PartyOf) -> list[Line]:
    """Newest first."""
    return [line(version, party_of) for version in reversed(versions)]


def by_holder(lines: Iterable[Line], own: str) -> list[tuple[str, list[Line]]]:
    """Lines under whose records they are about: one's own organisation first; of each the noes first."""
    groups: dict[str, list[Line]] = {}
    for one in sorted(lines, key=lambda one: (one.permit, one.whom_kind, one.whom)):
        groups.setdefault(one.whose or (plural(one.whose_kind) if one.whose_kind else ""), []).append(one)
    return sorted(groups.items(), key=lambda item: (item[0] != own, item[0] != "", item[0]))


def at_a_glance(lines: Iterable[Line]) -> list[tuple[str, list[Line]]]:
    """Whom it is a yes, a no, or a no to some subjects ("less"), each named once; the lines say what it is about.

    A no to everything stands after the yes that it undoes: both are written down, and the no is what holds."""
    found: dict[str, dict[tuple[str, str], Line]] = {"yes": {}, "less": {}, "no": {}}
    every = set(choices.names().values())
    for one in lines:
        everything = every <= set(one.groups) or not (one.groups or one.shielded)
        code = "yes" if one.permit else "no" if everything else "less"
        found[code].setdefault((one.whom, one.whom_kind), one)
    return [(code, list(named.values())) for code, named in found.items() if named]


def group_names(consent: Consent) -> tuple[tuple[str, ...], bool]:
    """The groups by name, in the table's order; whether any is shielded, of which a screen does not name the kind."""
    known = choices.names()
    named = tuple(name for group, name in known.items() if group in consent.groups)
    return named, any(group not in known for group in consent.groups - {"*"})


def names_of(groups: Iterable[str]) -> tuple[str, ...]:
    known = choices.names()
    return tuple(known[group] for group in groups if group in known)


def _named(text: str, party_of: PartyOf) -> tuple[str, str]:
    """(name, "") of an organisation; ("", kind) of a kind; ("", "") for everybody."""
    scheme, _, value = text.partition(":")
    if scheme == "ura":
        party = party_of(Ura(value))
        return (party.name if party else f"URA {value}"), ""
    return "", value if scheme == "kind" else ""


def plural(kind: str) -> str:
    return str(document("parties.toml")["kind"][kind]["plural"])

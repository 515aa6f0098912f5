"""From what she answered to provisions, and what follows from them for whoever looks.  Pure.

She answers per kind of receiver: yes to what they need, yes to all that they may see, or no; and names what she shares
with nobody.  A no to a subject is recorded as an objection and is in no yes, so that nothing more specific beats it.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from babyconnect import definitions
from babyconnect.birthcare.access import ALL, AccessRequest, Asker, Consent, Permit, Purpose, Relation
from babyconnect.birthcare.identifiers import Ura
from babyconnect.birthcare.parties import Kind, Party, Role
from babyconnect.birthcare.resources import HOME
from babyconnect.trust import decision
from babyconnect.trust.rules import rules_on

Answer = Literal["needed", "all", "no"]
ANSWERS: tuple[Answer, ...] = ("needed", "all", "no")
_SOMEBODY = Ura("00000000")
"""A receiver of a kind, whoever it is: nobody has this URA."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """A kind of organisation that she is asked about: what it minimally needs, why, and whose the preview is."""

    kind: Kind
    role: Role
    needs: frozenset[str]
    why: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Choice:
    """What she answered.  A kind she was not asked about, or did not answer, is absent: nothing is recorded for it."""

    answers: Mapping[Kind, Answer]
    not_shared: frozenset[str] = frozenset()
    end: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What one receiver would see of this organisation's records, when it treats her."""

    receiver: Receiver
    visible: tuple[str, ...]
    withheld: tuple[str, ...]


@functools.cache
def receivers() -> tuple[Receiver, ...]:
    """In the order of the form."""
    rows = definitions.document("consent_needs.toml")["receiver"]
    listed = sorted(rows.items(), key=lambda item: item[1]["order"])
    return tuple(Receiver(Kind(k), Role(r["role"]), frozenset(r["groups"]), r["why"]) for k, r in listed)


def asked_about(own: Kind) -> tuple[Receiver, ...]:
    """Whom a client of this organisation is asked about: all others; one's own kind last (who stands in)."""
    return tuple(sorted(receivers(), key=lambda receiver: receiver.kind is own))


def names() -> dict[str, str]:
    """Data groups by the names of the table, in its order."""
    return {row["group"]: row["name_nl"] for row in definitions.rows("role_matrix")}


def spine() -> frozenset[str]:
    """Who and which episode: goes along with anything, is not asked about."""
    return frozenset(row["group"] for row in definitions.rows("role_matrix") if row["spine"])


def shared_by_default() -> tuple[str, ...]:
    return tuple(definitions.document("consent_needs.toml")["safety"]["groups"])


def offered_to_refuse() -> tuple[str, ...]:
    return tuple(definitions.document("consent_needs.toml")["sensitive"]["groups"])


def provisions(choice: Choice, own: Party, day: dt.date) -> list[Consent]:
    """What is to be recorded, about this organisation's records.  A yes has a last day; a no holds until it is lifted.

    What nobody else may see, the people who wrote it still may: a no that would meet them too is paired with a yes to
    this organisation, which is more specific.
    """
    holder, made, meets_us = f"ura:{own.ura}", list[Consent](), set[str]()
    for receiver in receivers():
        answer = choice.answers.get(receiver.kind)
        actor = f"kind:{receiver.kind.value}"
        if answer == "no":
            # By name where we are of that kind ourselves: a general no would also close what is shielded to ourselves.
            groups = frozenset(names()) if receiver.kind is own.kind else ALL
            meets_us |= groups - ALL
            made.append(Consent("", False, actor, holder, groups))
        elif answer is not None:
            groups = (receiver.needs if answer == "needed" else _may_see(receiver, day)) - choice.not_shared
            if groups:
                made.append(Consent("", True, actor, holder, groups, end=choice.end))
    if choice.not_shared:
        meets_us |= choice.not_shared
        made.append(Consent("", False, "*", holder, choice.not_shared))
    if meets_us:
        made.append(Consent("", True, holder, holder, frozenset(meets_us)))
    return made


def code_permit(own: Party, until: dt.datetime, not_shared: frozenset[str]) -> Consent:
    """What whoever she shows a code to may see here: what a hospital needs, without what she shares with nobody."""
    hospital = next(receiver for receiver in receivers() if receiver.kind is Kind.HOSPITAL)
    return Consent("", True, "*", f"ura:{own.ura}", hospital.needs - not_shared, end=until)


def _may_see(receiver: Receiver, day: dt.date) -> frozenset[str]:
    rules = rules_on(day)
    return rules.visible.get((receiver.kind, receiver.role), frozenset()) - rules.spine


def replaced(choice: Choice, known: Iterable[Consent], own: Party) -> list[str]:
    """Ids of earlier provisions, about this organisation's records, that these answers take the place of.

    Who answers again means it: the earlier answer about the same kind ends, and what was said of everybody, which would
    open more than the new answers say.  What is only about shielded groups is not asked here and stays.
    """
    holder = f"ura:{own.ura}"
    actors = {"*", holder, *(f"kind:{kind.value}" for kind in choice.answers)}
    return [one.id for one in known if one.holder == holder and one.actor in actors and asked_here(one)]


def stop_everything(known: Iterable[Consent]) -> tuple[list[Consent], list[str]]:
    """Every yes ends, and one no to everybody about everything takes its place."""
    return [Consent("", False, "*", "*", ALL)], [one.id for one in known if one.permit]


def asked_here(consent: Consent) -> bool:
    """Whether a provision says anything of what the form asks: not one that names shielded groups alone."""
    return bool(consent.groups & {"*", *names()})


def preview(consents: Sequence[Consent], holder: Party, moment: dt.datetime) -> list[Seen]:
    """What each receiver would see with these provisions: the decision itself, for somebody who treats her."""
    return [_seen(receiver, consents, holder, moment) for receiver in asked_about(holder.kind)]


def _seen(receiver: Receiver, consents: Sequence[Consent], holder: Party, moment: dt.datetime) -> Seen:
    day = moment.astimezone(HOME).date()
    relation = Relation("episode", "EpisodeOfCare/preview", day)
    asker = Asker(_SOMEBODY, receiver.kind, "preview", receiver.role, Purpose.TREATMENT, (relation,))
    request = AccessRequest(
        asker, holder.ura, holder.kind, "preview", frozenset({"preview"}), (relation,), tuple(consents), moment
    )
    decided = decision.decide(request)
    opened = decided.filter.groups if isinstance(decided, Permit) else frozenset[str]()
    could = [group for group in names() if group in _may_see(receiver, day)]
    return Seen(
        receiver, tuple(group for group in could if group in opened), tuple(g for g in could if g not in opened)
    )

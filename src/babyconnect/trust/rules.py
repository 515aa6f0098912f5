"""The rules of one day, prepared so that a decision is set arithmetic.

They come from the program's own tables (`rules_on`) or from a version that an administrator activated (`policies`).
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Mapping
from dataclasses import dataclass, field

from babyconnect import definitions
from babyconnect.birthcare.access import Purpose
from babyconnect.birthcare.parties import Kind, Role
from babyconnect.trust import policy
from babyconnect.trust.policy import Policy
from babyconnect.trust.precedence import RANKS, Ranks

ACTOR = ("*", "kind", "ura")


@dataclass(frozen=True, slots=True)
class ShieldedRule:
    """What opens a shielded group: a consent that names it, at least this precise about whom, for these roles."""

    actor_rank: int
    roles: frozenset[Role]


@dataclass(frozen=True, slots=True)
class Terms:
    """Evidence on one side: which bases count, the tail of an episode (days), the longest life of short-lived evidence,
    how far the holder must check it ("claimed", "index", "register"), and for which kinds of organisation."""

    bases: frozenset[str]
    after_birth: int
    after_end: int
    longest: Mapping[str, int]
    check: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, frozenset[Kind]] = field(default_factory=dict)


NO_EVIDENCE = Terms(frozenset(), 0, 0, {})


@dataclass(frozen=True, slots=True)
class Rules:
    """`visible`: (kind, role) -> data groups; absent means nothing.  `spine`: who and which episode, nothing clinical.
    `relevant`: what a provable referral alone opens.  `offered`: purposes this holder answers.  `under`: who acts under
    somebody's responsibility, and whose.  `breakers`: who may break the glass, `emergencies`: for which reasons."""

    version: str
    visible: Mapping[tuple[Kind, Role], frozenset[str]]
    spine: frozenset[str]
    relevant: frozenset[str]
    shielded: Mapping[str, ShieldedRule]
    offered: frozenset[Purpose]
    under: Mapping[Role, frozenset[Role]] = field(default_factory=dict)
    asker: Terms = NO_EVIDENCE
    holder: Terms = NO_EVIDENCE
    ranks: Ranks = RANKS
    breakers: frozenset[Role] = frozenset()
    emergencies: frozenset[str] = frozenset()


NOTHING = Rules("", {}, frozenset(), frozenset(), {}, frozenset())
"""What holds when no valid rules are in force: nobody sees anything."""


@functools.lru_cache(maxsize=64)
def rules_on(day: dt.date) -> Rules:
    """The program's own rules in force on a day.  No row in force: nothing is visible."""
    found = policy.built_in(day)
    return prepared(found) if found is not None else NOTHING


def prepared(of: Policy) -> Rules:
    """The rules of a document."""
    return Rules(
        version=of.version,
        visible={
            (people.kind, role): frozenset(
                row.group for row in of.groups if people.kind in row.kinds and role in row.roles
            )
            for people in of.people
            for role in people.roles
        },
        spine=frozenset(row.group for row in of.groups if row.spine),
        relevant=frozenset(row.group for row in of.groups if row.referral),
        shielded={
            row.group.value: ShieldedRule(of.precedence.actor[row.actor], frozenset(row.roles)) for row in of.shielded
        },
        offered=frozenset(purpose for purpose, offered in of.purposes.items() if offered),
        under={row.role: frozenset(row.under) for row in of.delegation},
        asker=_terms(of, of.evidence.asker),
        holder=_terms(of, of.evidence.holder),
        ranks=(tuple(of.precedence.actor[name] for name in ACTOR), tuple(of.precedence.holder[name] for name in ACTOR)),
        breakers=frozenset(of.break_glass.roles),
        emergencies=frozenset(of.break_glass.reasons),
    )


def _terms(of: Policy, side: policy.Side) -> Terms:
    return Terms(
        bases=frozenset(side.bases),
        after_birth=side.after_birth_days,
        after_end=side.after_end_days,
        longest=of.evidence.max_days,
        check=of.evidence.check,
        kinds={basis: frozenset(kinds) for basis, kinds in of.evidence.kinds.items()},
    )


def data_groups() -> frozenset[str]:
    """Every data group there is; a resource's label must be one of them."""
    return frozenset(row["group"] for row in definitions.rows("role_matrix"))

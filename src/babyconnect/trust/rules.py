"""The tables a decision rests on, prepared for one day: matrix, purposes, shielded groups (`definitions/`).

Prepared once per day and cached, so that a decision is set arithmetic.  An administrator replaces the tables; what was
in force on which day stands in their rows.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Mapping
from dataclasses import dataclass

from babyconnect import definitions
from babyconnect.birthcare.access import Purpose, Shielded
from babyconnect.birthcare.parties import Kind, Role
from babyconnect.trust import asker_policy

ACTOR_RANK = {"*": 0, "kind": 1, "ura": 2}


@dataclass(frozen=True, slots=True)
class ShieldedRule:
    """What opens a shielded group: a consent that names it, at least this precise about whom, for these roles."""

    actor_rank: int
    roles: frozenset[Role]


@dataclass(frozen=True, slots=True)
class Rules:
    """`visible`: (kind, role) -> data groups; absent means nothing.  `spine`: who and which episode, nothing clinical.
    `relevant`: what a provable referral alone opens.  `offered`: purposes this holder answers."""

    version: str
    visible: Mapping[tuple[Kind, Role], frozenset[str]]
    spine: frozenset[str]
    relevant: frozenset[str]
    shielded: Mapping[str, ShieldedRule]
    offered: frozenset[Purpose]


@functools.lru_cache(maxsize=64)
def rules_on(day: dt.date) -> Rules:
    """The rules in force on a day.  No row in force: nothing is visible."""
    matrix = [row for row in definitions.rows("role_matrix") if asker_policy.in_force(row, day)]
    purposes = definitions.document("purposes.toml")
    return Rules(
        version=",".join(sorted({row["version"] for row in matrix})),
        visible={
            (kind, role): frozenset(row["group"] for row in matrix if row[f"kind.{kind}"] and row[f"role.{role}"])
            for kind in Kind
            for role in asker_policy.roles_of(kind, day)
        },
        spine=frozenset(row["group"] for row in matrix if row["spine"]),
        relevant=frozenset(row["group"] for row in matrix if row["referral"]),
        shielded=_shielded(),
        offered=frozenset(purpose for purpose in Purpose if purposes.get(purpose.value, {}).get("offered") is True),
    )


def _shielded() -> dict[str, ShieldedRule]:
    groups = definitions.document("shielded.toml")["group"]
    return {
        group.value: ShieldedRule(ACTOR_RANK[row["actor"]], frozenset(Role(role) for role in row["roles"]))
        for group in Shielded
        if (row := groups.get(group.value))
    }


def data_groups() -> frozenset[str]:
    """Every data group there is; a resource's label must be one of them."""
    return frozenset(row["group"] for row in definitions.rows("role_matrix"))

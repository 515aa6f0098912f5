"""The rules of access as ONE document with a version, a period and citations: what an administrator may replace.

What the program brings is `built_in`, composed of the tables in `definitions/`.  A document from outside is read by a
strict schema and then held against what no version may weaken: no clinical group is spine, no shielded group without
a rule, no draw that is not an objection, no code or locum agreement that nobody checks.  Pure: bytes in, values out.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from babyconnect import definitions
from babyconnect.birthcare.access import Purpose, Shielded
from babyconnect.birthcare.parties import OUTSIDE_CARE, Kind, Role

LARGEST = 500_000
BASES = frozenset(
    {
        *("episode", "preconception", "announcement", "emergency_registration", "locum", "code"),
        *("referral", "care_team", "enrolment", "break_glass"),
    }
)
ALWAYS_REGISTER = frozenset({"locum", "code", "referral", "announcement"})
"""Evidence that anybody could claim of anybody, or that is a legal basis too: no version of the rules may believe it
unchecked."""
SHORT_LIVED = frozenset({"locum", "code", "emergency_registration", "break_glass"})

_PLACE = re.compile(r"at `(?:key in )?(\$[^`]*)`")
"""Where the reader of the document says that it went wrong."""

Text = Annotated[str, Meta(min_length=1, max_length=400)]
Days = Annotated[int, Meta(ge=0, le=1000)]
Rank = Annotated[int, Meta(ge=0, le=9)]
Check = Literal["claimed", "index", "register"]


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An unknown member is refused: a misspelt rule must not be ignored."""


class Group(Strict, frozen=True, kw_only=True):
    """A row of the matrix: visible is what both the kind of organisation and the role have."""

    group: Text
    name_nl: Text
    kinds: tuple[Kind, ...]
    roles: tuple[Role, ...]
    spine: bool = False
    referral: bool = False
    citation: Text


class People(Strict, frozen=True, kw_only=True):
    """Which roles are believable in a kind of organisation."""

    kind: Kind
    roles: tuple[Role, ...]
    citation: Text


class Delegated(Strict, frozen=True, kw_only=True):
    """A role that acts under somebody's responsibility, and under whose."""

    role: Role
    under: tuple[Role, ...]
    citation: Text


class ShieldedGroup(Strict, frozen=True, kw_only=True):
    group: Shielded
    actor: Literal["kind", "ura"]
    roles: tuple[Role, ...]
    citation: Text


class Side(Strict, frozen=True, kw_only=True):
    """Evidence on one side: what counts, and the tails of an episode in days."""

    bases: tuple[str, ...]
    after_birth_days: Days
    after_end_days: Days


class Evidence(Strict, frozen=True, kw_only=True):
    asker: Side
    holder: Side
    max_days: dict[str, Days]
    check: dict[str, Check]
    kinds: dict[str, tuple[Kind, ...]]
    citation: Text


class Precedence(Strict, frozen=True, kw_only=True):
    """Ranks by how specific a provision is: `*` below `kind` below `ura`; a draw is an objection."""

    actor: dict[str, Rank]
    holder: dict[str, Rank]
    draw: Literal["objection"]
    citation: Text


class BreakGlass(Strict, frozen=True, kw_only=True):
    roles: tuple[Role, ...]
    reasons: tuple[str, ...]
    citation: Text


class Policy(Strict, frozen=True, kw_only=True):
    """One version of all rules."""

    version: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]
    status: Literal["provisional", "approved"]
    valid_from: dt.date
    valid_to: dt.date | None = None
    citation: Text
    purposes: dict[Purpose, bool]
    people: tuple[People, ...]
    delegation: tuple[Delegated, ...]
    groups: tuple[Group, ...]
    shielded: tuple[ShieldedGroup, ...]
    evidence: Evidence
    precedence: Precedence
    break_glass: BreakGlass


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, as a code that `definitions/texts.toml` (`rule_problems`) has a sentence for; `place` in the
    document, `name` of what stands there wrongly, and `detail` as the reader of the document words it (English)."""

    code: str
    place: str = ""
    name: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Invalid:
    """A document that cannot be rules, and everything that is wrong with it."""

    problems: tuple[Problem, ...]


def read(content: bytes) -> Policy | Invalid:
    """A document (JSON), or everything that is wrong with it."""
    if len(content) > LARGEST:
        return Invalid((Problem("too_large", name=str(LARGEST)),))
    try:
        policy = msgspec.json.decode(content, type=Policy)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        place = _PLACE.search(str(problem))
        return Invalid((Problem("schema", place[1] if place else "$", detail=str(problem)),))
    problems = tuple(_problems(policy))
    return Invalid(problems) if problems else policy


def written(policy: Policy) -> bytes:
    """The document, to read and to edit."""
    return msgspec.json.format(msgspec.json.encode(policy), indent=1)


def _problems(policy: Policy) -> Iterator[Problem]:
    if policy.valid_to is not None and policy.valid_to < policy.valid_from:
        yield Problem("period", "valid_to")
    yield from _matrix_problems(policy)
    yield from _evidence_problems(policy.evidence)
    for name, ranks in (("actor", policy.precedence.actor), ("holder", policy.precedence.holder)):
        if set(ranks) != {"*", "kind", "ura"} or not ranks["*"] < ranks["kind"] < ranks["ura"]:
            yield Problem("ranks", f"precedence.{name}")
    if sorted(row.group for row in policy.shielded) != sorted(Shielded):
        yield Problem("shielded", "shielded")
    unknown = set(policy.break_glass.reasons) - set(definitions.document("break_glass.toml")["reason"])
    if unknown or not policy.break_glass.reasons:
        yield Problem("reasons", "break_glass.reasons")
    acting = [row.role for row in policy.delegation]
    if len(set(acting)) != len(acting) or any(
        set(row.under) & set(acting) or not row.under for row in policy.delegation
    ):
        yield Problem("delegation", "delegation")
    for role in sorted(OUTSIDE_CARE & {role for row in policy.people for role in row.roles}):
        yield Problem("outside_care", "people", role.value)


def _matrix_problems(policy: Policy) -> Iterator[Problem]:
    known, spine = _known_groups()
    names = [row.group for row in policy.groups]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Problem("twice", "groups", name)
    for name in sorted(set(names) - known):
        yield Problem("no_group", "groups", name)
    for row in policy.groups:
        if row.spine and row.group not in spine:
            yield Problem("spine", "groups", row.group)
    kinds = [row.kind for row in policy.people]
    if len(set(kinds)) != len(kinds):
        yield Problem("kind_twice", "people")


def _evidence_problems(evidence: Evidence) -> Iterator[Problem]:
    for side, row in (("asker", evidence.asker), ("holder", evidence.holder)):
        for basis in sorted(set(row.bases) - BASES):
            yield Problem("no_basis", f"evidence.{side}", basis)
    for basis in sorted(set(evidence.asker.bases) - set(evidence.check)):
        yield Problem("no_check", "evidence.check", basis)
    for basis in sorted(ALWAYS_REGISTER):
        if evidence.check.get(basis, "register") != "register":
            yield Problem("register", "evidence.check", basis)
    for basis in sorted(SHORT_LIVED - set(evidence.max_days)):
        yield Problem("endless", "evidence.max_days", basis)


@functools.cache
def _known_groups() -> tuple[frozenset[str], frozenset[str]]:
    rows = definitions.rows("role_matrix")
    return frozenset(row["group"] for row in rows), frozenset(row["group"] for row in rows if row["spine"])


@functools.lru_cache(maxsize=64)
def built_in(day: dt.date) -> Policy | None:
    """The rules that the program brings, as in force on a day; None when no row of the matrix is."""
    matrix = [row for row in definitions.rows("role_matrix") if in_force(row, day)]
    if not matrix:
        return None
    start = max(row["valid_from"] for row in matrix)
    return Policy(
        version=max(row["version"] for row in matrix),
        status="provisional",
        valid_from=dt.date.fromisoformat(start),
        citation="definitions/role_matrix.csv",
        purposes={p: definitions.document("purposes.toml").get(p.value, {}).get("offered") is True for p in Purpose},
        people=tuple(_people(day)),
        delegation=tuple(_delegation(day)),
        groups=tuple(_group(row) for row in matrix),
        shielded=tuple(_shielded()),
        evidence=_evidence(),
        precedence=_precedence(),
        break_glass=_break_glass(),
    )


def in_force(row: dict[str, str], day: dt.date | None) -> bool:
    """Whether a dated row of a table holds on a day; without a day every row does."""
    if day is None:
        return True
    text = day.isoformat()
    return row["valid_from"] <= text and (not row["valid_to"] or text <= row["valid_to"])


def _group(row: dict[str, str]) -> Group:
    return Group(
        group=row["group"],
        name_nl=row["name_nl"],
        kinds=tuple(kind for kind in Kind if row[f"kind.{kind}"]),
        roles=tuple(role for role in Role if row.get(f"role.{role}")),
        spine=bool(row["spine"]),
        referral=bool(row["referral"]),
        citation=row["citation"],
    )


def _people(day: dt.date) -> Iterator[People]:
    rows = [row for row in definitions.rows("asker_roles") if in_force(row, day)]
    for kind in Kind:
        roles = tuple(Role(row["role"]) for row in rows if row["kind"] == kind)
        yield People(kind=kind, roles=roles, citation="definitions/asker_roles.csv")


def _delegation(day: dt.date) -> Iterator[Delegated]:
    rows = [row for row in definitions.rows("delegation") if in_force(row, day)]
    for role in dict.fromkeys(row["role"] for row in rows):
        under = tuple(Role(row["under"]) for row in rows if row["role"] == role)
        yield Delegated(role=Role(role), under=under, citation="definitions/delegation.csv")


def _shielded() -> Iterator[ShieldedGroup]:
    for group, row in definitions.document("shielded.toml")["group"].items():
        roles = tuple(Role(role) for role in row["roles"])
        yield ShieldedGroup(group=Shielded(group), actor=row["actor"], roles=roles, citation=row["citation"])


def _evidence() -> Evidence:
    table = definitions.document("relation_terms.toml")
    sides = {
        side: Side(
            bases=tuple(table[side]["bases"]),
            after_birth_days=table[side]["after_birth_days"],
            after_end_days=table[side]["after_end_days"],
        )
        for side in ("asker", "holder")
    }
    return Evidence(
        asker=sides["asker"],
        holder=sides["holder"],
        max_days=_without_citation(table["max_days"]),
        check=_without_citation(table["check"]),
        kinds={basis: tuple(map(Kind, kinds)) for basis, kinds in _without_citation(table["kinds"]).items()},
        citation=table["asker"]["citation"],
    )


def _without_citation(block: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in block.items() if name != "citation"}


def _precedence() -> Precedence:
    table = definitions.document("precedence.toml")
    return Precedence(actor=table["actor"], holder=table["holder"], draw=table["draw"], citation=table["citation"])


def _break_glass() -> BreakGlass:
    table = definitions.document("break_glass.toml")
    return BreakGlass(
        roles=tuple(map(Role, table["roles"])), reasons=tuple(table["reason"]), citation=table["citation"]
    )

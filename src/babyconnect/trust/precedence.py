"""What she said about one group: her consents weighed against each other (domain §4).

Specific beats general in three respects: who asks (organisation over kind over anyone), who holds (likewise) and what
(a group by name over all).  One provision beats another only if it is nowhere less specific and somewhere more; of what
then remains unbeaten every one must be a yes.  So two that are equally specific, or each more specific in another
respect, end in the objection: "no one sees psychosocial" is not undone by "this hospital sees everything".

Taking a yes away, or adding a no, can only add a "no" to what remains unbeaten: neither ever shows more.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from babyconnect.birthcare.access import ALL, Consent
from babyconnect.birthcare.identifiers import Ura
from babyconnect.birthcare.parties import Kind

Verdict = Literal["permit", "objection", "silent"]


class Provision(NamedTuple):
    """A consent as far as it concerns this asker, holder and moment: how specific it is in each respect."""

    permit: bool
    actor: int
    holder: int
    groups: frozenset[str]
    for_all: bool


def applicable(
    consents: Iterable[Consent], asker: tuple[Ura, Kind], holder: tuple[Ura, Kind], moment: dt.datetime
) -> list[Provision]:
    """The provisions that hold now between these two; whatever is meant for others is left out."""
    asking, holding = _ranks(*asker), _ranks(*holder)
    found = []
    for consent in consents:
        actor, kept_by = asking.get(consent.actor), holding.get(consent.holder)
        if actor is None or kept_by is None:
            continue
        start, end, groups = consent.start, consent.end, consent.groups
        if (start is None or moment >= start) and (end is None or moment < end):
            found.append(Provision(consent.permit, actor, kept_by, groups, "*" in groups))
    return found


def named(provisions: Iterable[Provision]) -> frozenset[str]:
    """The groups that some provision names: for every other group the verdict is that of ALL."""
    names: frozenset[str] = frozenset()
    for provision in provisions:
        if provision.groups != ALL:
            names |= provision.groups
    return names - ALL if names else names


def verdict(group: str, provisions: Iterable[Provision]) -> Verdict:
    """What she said about a data group (use "*" for any group that nothing names)."""
    named_here = group != "*"
    return _weigh(
        [
            (permit, actor, holder, named_here and group in groups)
            for permit, actor, holder, groups, for_all in provisions
            if for_all or (named_here and group in groups)
        ]
    )


def shielded_verdict(group: str, provisions: Iterable[Provision], actor_rank: int) -> Verdict:
    """The same for a shielded group: a yes counts only when it names the group and is precise enough about whom."""
    return _weigh(
        [
            (permit, actor, holder, group in groups)
            for permit, actor, holder, groups, for_all in provisions
            if (group in groups and actor >= actor_rank if permit else for_all or group in groups)
        ]
    )


def _weigh(weights: Sequence[tuple[bool, int, int, bool]]) -> Verdict:
    """Each weight: (yes, who asks, who holds, by name).  An objection that nothing more specific beats decides."""
    if not weights:
        return "silent"
    for permit, actor, holder, by_name in weights:
        if permit:
            continue
        for _, other_actor, other_holder, other_by_name in weights:
            nowhere_less = other_actor >= actor and other_holder >= holder and other_by_name >= by_name
            if nowhere_less and (other_actor > actor or other_holder > holder or other_by_name > by_name):
                break
        else:
            return "objection"
    return "permit"


@functools.lru_cache(maxsize=4096)
def _ranks(ura: Ura, kind: Kind) -> dict[str, int]:
    return {"*": 0, f"kind:{kind.value}": 1, f"ura:{ura.value}": 2}

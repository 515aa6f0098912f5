"""What she said about one group: her consents weighed against each other (domain §4).

Specific beats general in three respects: who asks (organisation over kind over anyone), who holds (likewise) and what
(a group by name over all).  One provision beats another only if it is nowhere less specific and somewhere more; of what
then remains unbeaten every one must be a yes.  So two that are equally specific, or each more specific in another
respect, end in the objection: "no one sees psychosocial" is not undone by "this hospital sees everything".

Taking a yes away, or adding a no, can only add a "no" to what remains unbeaten: neither ever shows more.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from babyconnect.birthcare.access import Consent
from babyconnect.birthcare.identifiers import Ura
from babyconnect.birthcare.parties import Kind

Verdict = Literal["permit", "objection", "silent"]

Weight = tuple[bool, int, int, bool]
"""A provision: yes or no, how specific about who asks (0–2) and who holds (0–2), and whether it names the group."""

Ranks = tuple[tuple[int, ...], tuple[int, ...]]
"""How specific it is to name anyone, a kind, an organisation: as asker, as holder (`definitions/precedence.toml`)."""

RANKS: Ranks = ((0, 1, 2), (0, 1, 2))


class Said:
    """What she said that holds now, between this asker and this holder: about all groups, and about groups by name."""

    __slots__ = ("general", "named", "this_holder")

    def __init__(self, general: list[Weight], named: dict[str, list[Weight]], this_holder: int = 2) -> None:
        """`this_holder`: the rank of a provision that names this very holder."""
        self.general, self.named, self.this_holder = general, named, this_holder

    def verdict(self, group: str) -> Verdict:
        """About one data group."""
        by_name = self.named.get(group)
        return weigh(self.general + by_name if by_name else self.general)

    def shielded(self, group: str, actor_rank: int) -> Verdict:
        """About a shielded group: a yes counts only when it names the group and is precise enough about whom."""
        named = [weight for weight in self.named.get(group, ()) if not weight[0] or weight[1] >= actor_rank]
        return weigh(named + [weight for weight in self.general if not weight[0]])

    def about_this_holder(self) -> Said:
        """Only what names this very holder."""
        return Said(
            [weight for weight in self.general if weight[2] == self.this_holder],
            {
                group: kept
                for group, weights in self.named.items()
                if (kept := [weight for weight in weights if weight[2] == self.this_holder])
            },
            self.this_holder,
        )


def said(
    consents: Iterable[Consent],
    asker: tuple[Ura, Kind],
    holder: tuple[Ura, Kind],
    moment: dt.datetime,
    ranks: Ranks = RANKS,
) -> Said:
    """What holds of her consents now, between these two; whatever is meant for others is left out."""
    asking, holding = _ranks(*asker, ranks[0]), _ranks(*holder, ranks[1])
    general: list[Weight] = []
    named: dict[str, list[Weight]] = {}
    for consent in consents:
        actor = asking.get(consent.actor)
        kept_by = holding.get(consent.holder)
        if actor is None or kept_by is None:
            continue
        if (consent.start and moment < consent.start) or (consent.end and moment >= consent.end):
            continue
        for group in consent.groups:
            if group == "*":
                general.append((consent.permit, actor, kept_by, False))
            else:
                named.setdefault(group, []).append((consent.permit, actor, kept_by, True))
    return Said(general, named, ranks[1][2])


def by_holder(consents: Iterable[Consent]) -> Callable[[tuple[Ura, Kind]], list[Consent]]:
    """Which of her consents are about a holder, for whoever asks about many."""
    about: dict[str, list[Consent]] = {}
    for consent in consents:
        about.setdefault(consent.holder, []).append(consent)

    def of(holder: tuple[Ura, Kind]) -> list[Consent]:
        return [consent for name in _names(*holder) for consent in about.get(name, ())]

    return of


def weigh(weights: Sequence[Weight]) -> Verdict:
    """An objection that nothing more specific beats decides; without one, any yes does."""
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


def _ranks(ura: Ura, kind: Kind, ranks: tuple[int, ...]) -> dict[str, int]:
    return dict(zip(_names(ura, kind), ranks, strict=True))


def _names(ura: Ura, kind: Kind) -> tuple[str, str, str]:
    """What a consent may call an organisation, from general to specific."""
    return "*", "kind:" + kind, "ura:" + ura.value

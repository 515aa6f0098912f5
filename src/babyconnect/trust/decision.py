"""The one decision: may this asker see anything of her here, and what (domain §4, trust.md §3).  Pure; default deny.

Permitted is what the role may see AND she allows (explicit consent), or what a provable referral makes relevant and she
did not object to; only with a treatment relationship on both sides; only in episodes those relations cover; another's
shielded groups only by a consent that names them.  The outcome is an allow-list that the store applies.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import get_args

from babyconnect.birthcare.access import (
    AccessRequest,
    Asker,
    Consent,
    Decision,
    Filter,
    Permit,
    Purpose,
    Refused,
    Relation,
    Shielded,
)
from babyconnect.birthcare.identifiers import Ura
from babyconnect.birthcare.parties import Kind, Role
from babyconnect.birthcare.resources import HOME
from babyconnect.trust import precedence, relation
from babyconnect.trust.precedence import Said, Verdict
from babyconnect.trust.rules import Rules, rules_on


def decide(request: AccessRequest, rules: Rules | None = None) -> Decision:
    """Permit with a filter, or Refused, each with the codes of its reasons (`trust.reasons`).

    Raises ValueError for a moment without a time zone: it would be read as this machine's, and consents have an hour.
    """
    asker, day = request.asker, _day(request.moment)
    rules = rules or rules_on(day)
    if asker.purpose not in rules.offered:
        return Refused(("purpose_not_offered",))
    if (asker.kind, asker.role) not in rules.visible:
        return Refused(("role_not_believable",))
    holding = relation.standing(request.holder_relations, day, "holder")
    if not holding:
        return Refused(("no_holder_relation",))
    asking = _asking(asker, day)
    if not asking:
        emergency = asker.purpose is Purpose.EMERGENCY
        return Refused(("emergency_without_evidence" if emergency else "no_asker_relation",))
    episodes = _covered(request.episodes, holding)
    if request.episodes and not episodes:
        return Refused(("no_episode",))
    said = precedence.said(
        request.consents, (asker.ura, asker.kind), (request.holder, request.holder_kind), request.moment
    )
    basis, groups, withheld = _groups(request, rules, said, relation.proves_referral(asking, holding))
    if groups <= rules.spine:
        return Refused(("objection" if "objection" in withheld else "no_legal_basis",))
    # What she named is opened by her consent, and says so; an emergency opens no shielded group.
    shielded = frozenset[str]()
    if basis == "own":
        shielded = _own_shielded(asker.role, rules, said.about_this_holder())
    elif basis != "emergency":
        shielded = _shielded(asker.role, rules, said)
    reasons = [_REASON[basis]]
    if shielded and basis == "referral":
        reasons.append("explicit_consent")
    if withheld:
        reasons.append("part_withheld")
    return Permit(Filter(request.client, groups, shielded, episodes), basis, tuple(reasons))


def may_release(  # noqa: PLR0917 - the labels of one resource
    allowed: Filter,
    client: str,
    group: str,
    shielded: Collection[str] = (),
    episodes: Collection[str] = (),
    name: str = "",
    subject: str = "",
) -> bool:
    """Whether one resource with these labels passes the filter: what every store's query must agree with."""
    opened = allowed.shielded | {Shielded.SAFETY.value} if name in allowed.chosen else allowed.shielded
    return (
        client == allowed.client
        and group in allowed.groups
        and opened.issuperset(shielded)
        and (not episodes or not allowed.episodes.isdisjoint(episodes))
        and (not allowed.subject or subject == allowed.subject)
    )


def may_know(asker: Asker, holder: Ura, kind: Kind, consents: Sequence[Consent], moment: dt.datetime) -> bool:
    """Whether she lets this asker know that this holder keeps anything of her at all (localisation, domain §4)."""
    rules = rules_on(_day(moment))
    visible = rules.visible.get((asker.kind, asker.role), frozenset())
    if asker.purpose not in rules.offered:
        return False
    if asker.ura == holder:
        return bool(visible)
    if not _asking(asker, _day(moment)):
        # Who does not treat her would be refused everywhere, and must not learn of whom from the index.
        return False
    said = precedence.said(consents, (asker.ura, asker.kind), (holder, kind), moment)
    return bool(_sorted(visible - rules.spine, said)["permit"])


_NOTHING_SAID: dict[Verdict, frozenset[str]] = dict.fromkeys(get_args(Verdict), frozenset())

_REASON = {
    "explicit": "explicit_consent",
    "referral": "provable_referral",
    "own": "own_record",
    "emergency": "emergency",
}


def _groups(request: AccessRequest, rules: Rules, said: Said, referred: bool) -> tuple[str, frozenset[str], set[str]]:
    """The legal basis, the data groups it opens, and what kept others closed ("objection", "silent")."""
    asker = request.asker
    visible = rules.visible[asker.kind, asker.role]
    if asker.ura == request.holder:
        # Her consent is about exchange (Wabvpz 15a); within one organisation only a no about that very holder counts.
        by = _sorted(visible, said.about_this_holder())
        return "own", by["permit"] | by["silent"], {"objection"} if by["objection"] else set()
    by = _sorted(visible, said)
    if asker.purpose is Purpose.EMERGENCY:
        basis, without_consent = "emergency", visible
    else:
        basis, without_consent = ("referral", rules.relevant) if referred else ("explicit", frozenset())
    opened = by["permit"]
    if not opened <= rules.spine:
        basis = "explicit"
    if without_consent and by["silent"]:
        opened |= by["silent"] & without_consent
    if not (opened <= rules.spine or rules.spine <= opened):
        # The spine goes along with whatever is opened, unless she said no to it by name.
        opened |= (rules.spine & visible) - _refused_by_name(rules.spine & by["objection"], said)
    return basis, opened, {verdict for verdict, groups in by.items() if not groups <= opened}


def _sorted(groups: frozenset[str], said: Said) -> dict[Verdict, frozenset[str]]:
    """The groups by her verdict; weighed once for all that she did not name."""
    by_name = said.named.keys() & groups if said.named else None
    by = {**_NOTHING_SAID, precedence.weigh(said.general): groups - by_name if by_name else groups}
    for group in by_name or ():
        verdict = said.verdict(group)
        by[verdict] = by[verdict].union((group,))
    return by


def _refused_by_name(refused: frozenset[str], said: Said) -> frozenset[str]:
    return frozenset([group for group in refused if any(not weight[0] for weight in said.named.get(group, ()))])


def _shielded(role: Role, rules: Rules, said: Said) -> frozenset[str]:
    opened = []
    for group in said.named:
        rule = rules.shielded.get(group)
        if rule and role in rule.roles and said.shielded(group, rule.actor_rank) == "permit":
            opened.append(group)
    return frozenset(opened)


def _own_shielded(role: Role, rules: Rules, said: Said) -> frozenset[str]:
    """What her own provider recorded, for those of its people who may act on it (WGBO 7:457), unless she said no.

    A midwife who does not find in the viewer what she wrote herself would not believe the rest of it either.
    """
    return frozenset(
        group for group, rule in rules.shielded.items() if role in rule.roles and said.shielded(group, 0) != "objection"
    )


def _asking(asker: Asker, day: dt.date) -> list[Relation]:
    """The asker's evidence for its purpose: break-glass is evidence for an emergency only, which needs it."""
    emergency = asker.purpose is Purpose.EMERGENCY
    found = relation.standing(asker.relations, day, "asker")
    return [item for item in found if (item.basis == relation.BREAK_GLASS) == emergency]


def _covered(episodes: frozenset[str], holding: tuple[Relation, ...]) -> frozenset[str]:
    """The episodes that the holder's evidence covers: all of them when it is about the client as a whole."""
    covered = set()
    for item in holding:
        if item.basis not in relation.PER_EPISODE:
            return episodes
        covered.add(item.reference.rpartition("/")[2])
    return episodes & covered


def _day(moment: dt.datetime) -> dt.date:
    if moment.tzinfo is None:
        raise ValueError("a decision needs a moment with a time zone")
    return moment.astimezone(HOME).date()

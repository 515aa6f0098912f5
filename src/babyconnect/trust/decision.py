"""The one decision: may this asker see anything of her here, and what (domain §4, trust.md §3).  Pure; default deny.

Permitted is what the role may see AND she allows (explicit consent), or what a provable referral makes relevant and she
did not object to; only with a treatment relationship on both sides, the asker's as far as it can be believed; only in
episodes those relations cover; another's shielded groups only by a consent that names them.  Who acts for somebody sees
what both may.  The outcome is an allow-list that the store applies, and names the version of the rules.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Protocol, get_args

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
from babyconnect.trust import breaking, precedence, relation
from babyconnect.trust.precedence import Said, Verdict
from babyconnect.trust.rules import Rules, rules_on


def decide(request: AccessRequest, rules: Rules | None = None) -> Decision:
    """Permit with a filter, or Refused, each with the codes of its reasons (`trust.reasons`) and the rules' version.

    Raises ValueError for a moment without a time zone: it would be read as this machine's, and consents have an hour.
    """
    asker, day = request.asker, _day(request.moment)
    rules = rules_on(day) if rules is None else rules
    flaw = _asker_flaw(asker, rules)
    emergency = asker.purpose is Purpose.EMERGENCY
    if flaw is None and emergency:
        flaw = breaking.flaw(request, rules)
    if flaw is not None:
        return Refused((flaw,), rules.version)
    holding = relation.standing(request.holder_relations, day, "holder", rules.holder)
    if not holding:
        return Refused(("no_holder_relation",), rules.version)
    claimed = _claimed(asker, day, rules)
    asking = _believed(request, claimed, day, rules)
    if not asking:
        why = "evidence_unverified" if claimed else "emergency_without_evidence" if emergency else "no_asker_relation"
        return Refused((why,), rules.version)
    episodes = _covered(request.episodes, holding, asking)
    if request.episodes and not episodes:
        return Refused(("no_episode",), rules.version)
    said = precedence.said(
        request.consents, (asker.ura, asker.kind), (request.holder, request.holder_kind), request.moment, rules.ranks
    )
    visible = _visible(asker, rules)
    basis, groups, withheld = _groups(request, rules, visible, said, relation.proves_referral(asking, holding))
    if groups <= rules.spine:
        return Refused(("objection" if "objection" in withheld else "no_legal_basis",), rules.version)
    shielded = NONE
    if basis == "own":
        shielded = _own_shielded(asker, rules, said.about_this_holder())
    elif not emergency:  # breaking the glass opens no shielded group, whatever she said
        shielded = _shielded(asker, rules, said)
    reasons = _reasons(request, basis, shielded, withheld)
    return Permit(Filter(request.client, groups, shielded, episodes), basis, reasons, rules.version)


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


class Knows(Protocol):
    """Whether an asker may know that this holder keeps anything of her.

    `referred`: that holder provably referred her here.  `overriding`: it opted in to answer a confirmed emergency
    against an objection.
    """

    def __call__(self, holder: tuple[Ura, Kind], referred: bool = False, overriding: bool = False) -> bool: ...


def may_know(asker: Asker, consents: Sequence[Consent], moment: dt.datetime) -> Knows:
    """Of whom she lets this asker know that they keep anything of her at all (localisation, domain §4).

    Also where nothing is recorded when that holder referred her, or in an emergency.  Never against an objection,
    unless in an emergency that was confirmed a second time that holder opted in.
    """
    day = _day(moment)
    rules = rules_on(day)
    if _asker_flaw(asker, rules) is not None:
        return _nobody
    visible, emergency = _visible(asker, rules), asker.purpose is Purpose.EMERGENCY
    # Who does not treat her would be refused everywhere, and must not learn of whom from the index.
    treats = bool(_claimed(asker, day, rules))
    if emergency and breaking.declaration_flaw(asker, rules) is not None:
        treats = False
    confirmed = asker.emergency is not None and asker.emergency.over_objection
    asked, about = visible - rules.spine, precedence.by_holder(consents)

    def knows(holder: tuple[Ura, Kind], referred: bool = False, overriding: bool = False) -> bool:
        if asker.ura == holder[0]:
            return bool(visible)
        if not treats:
            return False
        said = precedence.said(about(holder), (asker.ura, asker.kind), holder, moment, rules.ranks)
        by = _sorted(asked, said)
        if emergency and confirmed and overriding and by["objection"]:
            return True
        return bool(by["permit"] or (emergency and by["silent"]) or (referred and by["silent"] & rules.relevant))

    return knows


def _nobody(holder: tuple[Ura, Kind], referred: bool = False, overriding: bool = False) -> bool:
    return False


NONE: frozenset[str] = frozenset()
_NOTHING_SAID: dict[Verdict, frozenset[str]] = dict.fromkeys(get_args(Verdict), frozenset())

_REASON = {
    "explicit": "explicit_consent",
    "referral": "provable_referral",
    "own": "own_record",
    "emergency": "emergency",
}


def _asker_flaw(asker: Asker, rules: Rules) -> str | None:
    """Why nothing could be shown to this asker, whoever it is about."""
    if not rules.version:
        return "rules_missing"
    if asker.purpose not in rules.offered or asker.purpose is Purpose.OWN_RECORD:  # that is `trust.client_access`'s
        return "purpose_not_offered"
    if (asker.kind, asker.role) not in rules.visible:
        return "role_not_believable"
    under = rules.under.get(asker.role)
    if under is None:
        return None
    responsible = asker.responsible
    if responsible is None or not responsible.id:
        return "responsible_missing"
    believable = responsible.role in under and (asker.kind, responsible.role) in rules.visible
    return None if believable and responsible.id != asker.person else "responsible_not_believable"


def _visible(asker: Asker, rules: Rules) -> frozenset[str]:
    """What the role may see; who acts for another never sees what that other may not."""
    visible = rules.visible[asker.kind, asker.role]
    if asker.role in rules.under and asker.responsible is not None:
        return visible & rules.visible[asker.kind, asker.responsible.role]
    return visible


def _reasons(request: AccessRequest, basis: str, shielded: frozenset[str], withheld: set[str]) -> tuple[str, ...]:
    reasons = [_REASON[basis]]
    if shielded and basis == "referral":
        reasons.append("explicit_consent")
    if request.asker.responsible is not None:
        reasons.append("under_responsibility")
    if "overridden" in withheld:
        reasons.append("objection_overridden")
    if withheld and withheld != {"overridden"}:
        reasons.append("part_withheld")
    return tuple(reasons)


def _groups(
    request: AccessRequest, rules: Rules, visible: frozenset[str], said: Said, referred: bool
) -> tuple[str, frozenset[str], set[str]]:
    """The legal basis, the data groups it opens, and what kept others closed ("objection", "silent")."""
    asker = request.asker
    own = asker.ura.value == request.holder.value
    # Her consent is about exchange (Wabvpz 15a); within one organisation only a no about that very holder counts.
    by = _sorted(visible, said.about_this_holder() if own else said)
    overridden = False
    if asker.purpose is Purpose.EMERGENCY:
        basis = "emergency"
        opened, overridden = breaking.opened(request, by)
    elif own:
        return "own", by["permit"] | by["silent"], {"objection"} if by["objection"] else set()
    else:
        opened, basis = by["permit"], "referral" if referred else "explicit"
        if not opened <= rules.spine:
            basis = "explicit"
        if referred and by["silent"]:
            opened |= by["silent"] & rules.relevant
    if not (opened <= rules.spine or rules.spine <= opened):
        # The spine goes along with whatever is opened, unless she said no to it by name.
        opened |= (rules.spine & visible) - _refused_by_name(rules.spine & by["objection"], said)
    withheld: set[str] = {verdict for verdict, groups in by.items() if not groups <= opened}
    if overridden:
        withheld.add("overridden")
    return basis, opened, withheld


def _sorted(groups: frozenset[str], said: Said) -> dict[Verdict, frozenset[str]]:
    """The groups by her verdict; weighed once for all that she did not name."""
    by_name = [group for group in said.named if group in groups]
    by = {**_NOTHING_SAID, precedence.weigh(said.general): groups.difference(by_name) if by_name else groups}
    for group in by_name:
        by[said.verdict(group)] |= {group}
    return by


def _refused_by_name(groups: frozenset[str], said: Said) -> frozenset[str]:
    return frozenset(group for group in groups if any(not weight[0] for weight in said.named.get(group, ())))


def _shielded(asker: Asker, rules: Rules, said: Said) -> frozenset[str]:
    """Shielded groups that she opened by name for this role."""
    opened = []
    for group in said.named:
        rule = rules.shielded.get(group)
        if rule and _may_act(asker, rule.roles, rules) and said.shielded(group, rule.actor_rank) == "permit":
            opened.append(group)
    return frozenset(opened)


def _own_shielded(asker: Asker, rules: Rules, said: Said) -> frozenset[str]:
    """What her own provider recorded, for those of its people who may act on it (WGBO 7:457), unless she said no.

    A midwife who does not find in the viewer what she wrote herself would not believe the rest of it either.
    """
    return frozenset(
        group
        for group, rule in rules.shielded.items()
        if _may_act(asker, rule.roles, rules) and said.shielded(group, 0) != "objection"
    )


def _may_act(asker: Asker, roles: frozenset[Role], rules: Rules) -> bool:
    if asker.role not in roles:
        return False
    return asker.role not in rules.under or asker.responsible is None or asker.responsible.role in roles


def _claimed(asker: Asker, day: dt.date, rules: Rules) -> list[Relation]:
    """The asker's evidence for its purpose: break-glass is evidence for an emergency only, which needs it."""
    emergency = asker.purpose is Purpose.EMERGENCY
    found = asker.relations
    return [i for i in found if (i.basis == relation.BREAK_GLASS) == emergency and relation.holds(i, day, rules.asker)]


def _believed(request: AccessRequest, claimed: list[Relation], day: dt.date, rules: Rules) -> list[Relation]:
    """What the holder may believe of it: as said, or as the register confirms."""
    kind, verified = request.asker.kind, request.verified
    return [one for item in claimed for one in relation.believed(item, kind, day, rules.asker, verified)]


def _covered(episodes: frozenset[str], holding: tuple[Relation, ...], asking: list[Relation]) -> frozenset[str]:
    """The episodes that both sides' evidence covers: all that evidence about the client as a whole covers, too."""
    return _of(_of(episodes, holding), asking, at_holder=False)


def _of(episodes: frozenset[str], evidence: Sequence[Relation], at_holder: bool = True) -> frozenset[str]:
    covered = set()
    for item in evidence:
        if item.episode:
            covered.add(item.episode)
        elif at_holder and item.basis in relation.PER_EPISODE:
            covered.add(item.reference.rpartition("/")[2])
        else:
            return episodes
    return episodes & covered


def _day(moment: dt.datetime) -> dt.date:
    if moment.tzinfo is None:
        raise ValueError("a decision needs a moment with a time zone")
    return moment.astimezone(HOME).date()

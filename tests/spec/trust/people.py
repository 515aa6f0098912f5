"""Who takes part in the specification of trust: organisations, people, and one client's situation to vary."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from babyconnect.birthcare.access import (
    ALL,
    CONSULT_SCOPE,
    EMERGENCY_SCOPE,
    AccessRequest,
    Asker,
    Consent,
    Decision,
    Emergency,
    EmergencyTerms,
    Permit,
    Purpose,
    Relation,
)
from babyconnect.birthcare.identifiers import Ura
from babyconnect.birthcare.parties import Kind, Responsible, Role
from babyconnect.trust.decision import decide

NOW = dt.datetime(2026, 6, 15, 10, 0, tzinfo=dt.UTC)
TODAY = NOW.date()

PRACTICE, OTHER_PRACTICE = Ura("00000001"), Ura("00000002")
HOSPITAL, KRAAM, ECHO, JGZ, GP = (Ura(f"0000000{n}") for n in range(3, 8))
PHARMACY = Ura("00000008")

KIND = {
    PRACTICE: Kind.MIDWIFERY_PRACTICE,
    OTHER_PRACTICE: Kind.MIDWIFERY_PRACTICE,
    HOSPITAL: Kind.HOSPITAL,
    KRAAM: Kind.MATERNITY_HOME_CARE,
    ECHO: Kind.ULTRASOUND_CENTRE,
    JGZ: Kind.YOUTH_HEALTH_CARE,
    GP: Kind.GENERAL_PRACTITIONER,
    PHARMACY: Kind.PHARMACY,
}

ROLE = {
    Kind.MIDWIFERY_PRACTICE: Role.MIDWIFE,
    Kind.HOSPITAL: Role.GYNAECOLOGIST,
    Kind.MATERNITY_HOME_CARE: Role.MATERNITY_CARER,
    Kind.ULTRASOUND_CENTRE: Role.SONOGRAPHER,
    Kind.YOUTH_HEALTH_CARE: Role.YOUTH_DOCTOR,
    Kind.GENERAL_PRACTITIONER: Role.GENERAL_PRACTITIONER,
    Kind.PHARMACY: Role.PHARMACIST,
}

OWN_EPISODE = Relation("episode", "EpisodeOfCare/asker-1", dt.date(2026, 1, 1))
HELD_EPISODE = Relation("episode", "EpisodeOfCare/e1", dt.date(2026, 1, 1))


def yes(actor: str, *groups: str, holder: str = "*", **period: dt.datetime) -> Consent:
    return _said(True, actor, groups, holder, period)


def no(actor: str, *groups: str, holder: str = "*", **period: dt.datetime) -> Consent:
    return _said(False, actor, groups, holder, period)


def _said(permit: bool, actor: str, groups: tuple[str, ...], holder: str, period: dict[str, dt.datetime]) -> Consent:
    sign = "yes" if permit else "no"
    name = f"{sign} {actor} {holder} {' '.join(groups)}"
    return Consent(name, permit, actor, holder, frozenset(groups) or ALL, period.get("start"), period.get("end"))


def ura(of: Ura) -> str:
    return f"ura:{of.value}"


def kind(of: Kind) -> str:
    return f"kind:{of.value}"


EVERYONE = yes("*")


def asks(
    who: Ura,
    *consents: Consent,
    role: Role | None = None,
    purpose: Purpose = Purpose.TREATMENT,
    evidence: tuple[Relation, ...] = (OWN_EPISODE,),
    holder: Ura = PRACTICE,
    held: tuple[Relation, ...] = (HELD_EPISODE,),
    episodes: tuple[str, ...] = ("e1",),
    at: dt.datetime = NOW,
    responsible: Responsible | None = None,
    emergency: Emergency | None = None,
    scopes: frozenset[str] = frozenset({CONSULT_SCOPE, EMERGENCY_SCOPE}),
    verified: tuple[Relation, ...] = (),
    terms: EmergencyTerms | None = None,
    declared: dt.datetime | None = None,
) -> AccessRequest:
    """`who` asks `holder` about her; she said `consents`.  By default both have an episode with her."""
    role = role or ROLE[KIND[who]]
    return AccessRequest(
        Asker(
            *(who, KIND[who], "person-1", role, purpose, evidence),
            responsible=responsible,
            scopes=scopes,
            emergency=emergency,
        ),
        holder,
        KIND[holder],
        "client-1",
        frozenset(episodes),
        held,
        consents,
        at,
        verified,
        terms or EmergencyTerms(),
        declared,
    )


def decided(who: Ura, *consents: Consent, **situation: Any) -> Decision:
    return decide(asks(who, *consents, **situation))


def groups(decision: Decision) -> frozenset[str]:
    return decision.filter.groups if isinstance(decision, Permit) else frozenset()


def shielded(decision: Decision) -> frozenset[str]:
    return decision.filter.shielded if isinstance(decision, Permit) else frozenset()


def at(request: AccessRequest, **changes: Any) -> AccessRequest:
    return replace(request, **changes)

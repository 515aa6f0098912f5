"""An `Asker` in the claims of a signed request, and back.

Organisation and kind never come from the claims: the URA is the verified issuer's, the kind is the directory's.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from babyconnect.birthcare.access import CONSULT_SCOPE, EMERGENCY_SCOPE, Asker, Emergency, Purpose, Relation
from babyconnect.birthcare.parties import Party, Responsible, Role
from babyconnect.network.contract import Claims

MOST_RELATIONS = 50


def to_claims(asker: Asker) -> dict[str, Any]:
    said: dict[str, Any] = {
        "user_id": asker.person,
        "user_role": asker.role.value,
        "purpose_of_use": asker.purpose.value,
        "treatment_relation": [
            {
                "basis": relation.basis,
                "reference": relation.reference,
                "start": relation.start.isoformat() if relation.start else None,
                "end": relation.end.isoformat() if relation.end else None,
            }
            for relation in asker.relations
        ],
        "scope": " ".join(sorted(asker.scopes)),
    }
    if asker.responsible:
        said["responsible"] = {"user_id": asker.responsible.id, "user_role": asker.responsible.role.value}
    if asker.emergency:
        said["emergency"] = {"reason": asker.emergency.reason, "over_objection": asker.emergency.over_objection}
    return said


def from_claims(party: Party, claims: Claims) -> Asker:
    """Raises ValueError when person, role or purpose is missing or unknown."""
    try:
        relations = tuple(
            Relation(str(r["basis"]), str(r["reference"]), _date(r.get("start")), _date(r.get("end")))
            for r in claims.get("treatment_relation", ())[:MOST_RELATIONS]
        )
        return Asker(
            party.ura,
            party.kind,
            str(claims["user_id"]),
            Role(claims["user_role"]),
            Purpose(claims["purpose_of_use"]),
            relations,
            responsible=_responsible(claims.get("responsible")),
            scopes=frozenset(str(claims.get("scope", CONSULT_SCOPE)).split(" ")) & {CONSULT_SCOPE, EMERGENCY_SCOPE},
            emergency=_emergency(claims.get("emergency")),
        )
    except (KeyError, TypeError, AttributeError):
        raise ValueError("person, role and purpose are required") from None


def _responsible(said: Any) -> Responsible | None:
    return Responsible(str(said["user_id"]), Role(said["user_role"])) if said else None


def _emergency(said: Any) -> Emergency | None:
    return Emergency(str(said["reason"])[:40], said.get("over_objection") is True) if said else None


def _date(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None

"""An `Asker` in the claims of a signed request, and back.

Organisation and kind never come from the claims: the URA is the verified issuer's, the kind is the directory's.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from babyconnect.birthcare.access import Asker, Purpose, Relation
from babyconnect.birthcare.parties import Party, Role
from babyconnect.network.contract import Claims

MOST_RELATIONS = 50


def to_claims(asker: Asker) -> dict[str, Any]:
    return {
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
    }


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
        )
    except (KeyError, TypeError, AttributeError):
        raise ValueError("person, role and purpose are required") from None


def _date(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None

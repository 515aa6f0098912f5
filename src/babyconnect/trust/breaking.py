"""Breaking the glass (domain §4): what makes a declaration acceptable to a holder, and what it opens.  Pure.

It opens what the role may see where nothing is recorded; never a shielded group; an explicit objection only where the
holder chose to (its settings) and the asker confirmed a second time.  Both confirmations are on one screen that is the
same for everybody, so asking for them tells nothing about her.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from babyconnect.birthcare.access import EMERGENCY_SCOPE, AccessRequest, Asker
from babyconnect.trust.precedence import Verdict
from babyconnect.trust.rules import Rules


def declaration_flaw(asker: Asker, rules: Rules) -> str | None:
    """What is wrong with the declaration itself, whoever the holder is."""
    if EMERGENCY_SCOPE not in asker.scopes:
        return "emergency_scope_missing"
    if asker.emergency is None or asker.emergency.reason not in rules.emergencies:
        return "emergency_reason_missing"
    return None if asker.role in rules.breakers else "role_may_not_break_glass"


def flaw(request: AccessRequest, rules: Rules) -> str | None:
    """Why this holder does not answer this emergency, or None."""
    terms = request.emergency_terms
    if not terms.answered:
        return "emergency_not_answered"
    wrong = declaration_flaw(request.asker, rules)
    if wrong is not None:
        return wrong
    declared = request.declared
    if declared is not None and request.moment >= declared + dt.timedelta(minutes=terms.minutes):
        return "emergency_expired"
    return None


def opened(request: AccessRequest, by: Mapping[Verdict, frozenset[str]]) -> tuple[frozenset[str], bool]:
    """The data groups, and whether an objection was overridden."""
    groups, objected = by["permit"] | by["silent"], by["objection"]
    declared = request.asker.emergency
    confirmed = declared is not None and declared.over_objection
    if objected and confirmed and request.emergency_terms.overrides_objection:
        return groups | objected, True
    return groups, False

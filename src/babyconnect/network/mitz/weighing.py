"""What an answer of the Mitz makes of her provisions in the region's register: both asked, a no anywhere denies.  Pure.

A Permit is the most general yes there is, so that any no of hers in the region still stands.  A Deny names every group,
so that no yes beats it.  NotApplicable means that she said nothing there: no yes counts then, also none of the
region's; what she refused stays refused, and what needs no consent (a provable referral) is not touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from babyconnect.birthcare.access import ALL, Consent, unbeaten
from babyconnect.birthcare.identifiers import Ura
from babyconnect.network.mitz.answer import Decision

PERMIT, DENY = "mitz:permit", "mitz:deny"


def weighed(
    decision: Decision, local: Sequence[Consent], asker: Ura, holder: Ura, groups: Iterable[str]
) -> tuple[Consent, ...]:
    """Her provisions for this asker at this holder.  `groups`: every data group there is."""
    if decision == "permit":
        return (*local, Consent(PERMIT, True, "*", "*", ALL))
    refused = tuple(one for one in local if not one.permit)
    if decision == "deny":
        return (*refused, unbeaten(DENY, asker, holder, groups))
    return refused

"""A decision that stands: given again for the next interaction of one asker with one client, while all that it was made
from is, literally, the same.

Consents are asked for every interaction and her episodes are looked at as ever.  What else a decision and what is
hidden rest on lies in files of this node; whether anybody wrote into one of them is one number each (`stamps`), and
these together are the `mark`.  Whoever says what is to be found true elsewhere is weighed anew every time, and the
decision stands if that comes out the same; an emergency, which ends by the minute, is always decided anew.  So it is
the decision that would be made, never an older one.
"""

from __future__ import annotations

import datetime as dt

import msgspec

from babyconnect.birthcare.access import AccessRequest, Asker, Consent, Decision, Filter

MOST = 4096


class Standing(msgspec.Struct, frozen=True):
    """`allowed`: what may be released, None where nothing may.  `asked`: whether `weighed` is found out each time.

    It stands before `until`, from `request.moment` on."""

    request: AccessRequest
    decision: Decision
    allowed: Filter | None
    bound: frozenset[str]
    evidence: object
    mark: object
    weighed: object
    asked: bool
    until: dt.datetime

    def holds(  # noqa: PLR0917 - all that it was made from, one after the other
        self,
        asker: Asker,
        bound: frozenset[str],
        consents: tuple[Consent, ...],
        evidence: object,
        mark: object,
        moment: dt.datetime,
    ) -> bool:
        request = self.request
        return (
            evidence is self.evidence
            and mark == self.mark
            and asker is request.asker
            and request.moment <= moment < self.until
            and consents == request.consents
            and bound == self.bound
        )


class Standings:
    """The last one of each asker with each client."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str, str], Standing] = {}

    def of(self, client: str, asker: Asker) -> Standing | None:
        return self._kept.get((client, asker.person, asker.ura.value))

    def keep(self, one: Standing) -> None:
        if len(self._kept) >= MOST:
            self._kept.clear()
        asker = one.request.asker
        self._kept[one.request.client, asker.person, asker.ura.value] = one

    def forget(self, client: str = "") -> None:
        """Of this client, or of everybody."""
        self._kept = {key: one for key, one in self._kept.items() if client and key[0] != client}

"""When what organisations believe each other by comes to its end, and what of it already did (pure).

An outdated list of revoked certificates lets nobody in and nobody out (`certificates`), from the second that it says
itself; there are no days of grace, for in these a stolen certificate would be believed (RFC 5280 §5.1.2.5: the next
list is issued by then).  So an operator hears of it before, in proportion: of lists of two days half a day, of lists of
a month three days.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from cryptography import x509

from babyconnect.definitions import document
from babyconnect.trust import certificates
from babyconnect.trust.certificates import Trusted
from babyconnect.trust.jose import Rejected


@dataclass(frozen=True, slots=True)
class Ends:
    """`certificate`: the own one; `lists`: the first of the newest list of each CA, None when none says; `wrong`: why
    organisations are shut out now; `soon`: what will be before long."""

    certificate: dt.datetime
    lists: dt.datetime | None
    wrong: tuple[str, ...]
    soon: tuple[str, ...]

    @property
    def moments(self) -> dict[str, dt.datetime]:
        known = {"certificate_until": self.certificate}
        return known if self.lists is None else {**known, "revocations_until": self.lists}


def ends(own: bytes, trusted: Trusted, now: dt.datetime) -> Ends:
    """`own`: the certificate that this process shows."""
    certificate = x509.load_der_x509_certificate(own)
    newest = _newest(trusted)
    until = [one.next_update_utc for one in newest if one.next_update_utc is not None]
    wrong = _flaws(own, trusted, now)
    if any(moment < now for moment in until):
        wrong.add("revocations_outdated")
    near: dict[str, Any] = document("certificates.toml")["ends"]
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    soon = {"certificate_ends"} if now <= end < now + _before(begin, end, near["certificate_hours"], near) else set()
    for one in newest:
        update = one.next_update_utc
        if update and now <= update < now + _before(one.last_update_utc, update, near["list_hours"], near):
            soon.add("revocations_end")
    return Ends(end, min(until, default=None), tuple(sorted(wrong)), tuple(sorted(soon)))


def _newest(trusted: Trusted) -> list[x509.CertificateRevocationList]:
    """Of each CA the list that counts; an older one may lie beside it."""
    of: dict[x509.Name, x509.CertificateRevocationList] = {}
    for one in sorted(trusted.lists or (), key=lambda one: one.last_update_utc):
        of[one.issuer] = one
    return list(of.values())


def _flaws(own: bytes, trusted: Trusted, now: dt.datetime) -> set[str]:
    """Why the own certificate is believed for nothing: whoever has the same files finds the same."""
    found = [certificates.believed(own, trusted, "server", now), certificates.believed(own, trusted, "client", now)]
    reasons = [one.reason for one in found if isinstance(one, Rejected)]
    return set(reasons) if len(reasons) == len(found) else set()


def _before(begin: dt.datetime, end: dt.datetime, hours: float, near: dict[str, Any]) -> dt.timedelta:
    share: float = near["share"]
    return min((end - begin) * share, dt.timedelta(hours=hours))

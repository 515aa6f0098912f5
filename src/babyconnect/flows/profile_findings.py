"""What the profiles say of a record, as findings: one by one, or each deviation once with how often it was found."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from babyconnect.fhir.profiles.checking import check
from babyconnect.fhir.profiles.deviations import Deviation
from babyconnect.fhir.profiles.surroundings import Surroundings
from babyconnect.flows.findings import Finding, Severity

_POSITION = re.compile(r"\[\d+\]")
# A record that can be read is kept, whatever a profile makes of it: nothing is lost (see the decision record).
_KEPT: Mapping[str, Severity] = {"error": "warning", "warning": "information"}


@dataclass(frozen=True, slots=True)
class Placed:
    """A resource of a record, and where it stands in the input."""

    place: str
    resource: Mapping[str, Any]


def each(record: Sequence[Placed], addresses: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """Every deviation of every resource of one record."""
    for place, one in _deviations(record, addresses):
        yield Finding(one.severity, f"{place} {one.place}".strip(), one.rule, _sentence(one))


def summary(record: Sequence[Placed], addresses: Mapping[str, Mapping[str, Any]]) -> list[Finding]:
    """Each kind of deviation once, for a record that is kept: what is an error to a profile is a warning here."""
    found: dict[tuple[str, ...], list[tuple[str, Deviation]]] = {}
    for place, one in _deviations(record, addresses):
        if one.severity in _KEPT:
            kind = (one.severity, _POSITION.sub("", one.place), one.rule, one.profile, one.text)
            found.setdefault(kind, []).append((place, one))
    findings = []
    for (place, one), *others in found.values():
        more = f" (also at {len(others)} other place{'s' * (len(others) > 1)})" if others else ""
        findings.append(Finding(_KEPT[one.severity], f"{place} {one.place}".strip(), one.rule, _sentence(one) + more))
    return findings


def _deviations(
    record: Sequence[Placed], addresses: Mapping[str, Mapping[str, Any]]
) -> Iterator[tuple[str, Deviation]]:
    surroundings = Surroundings([one.resource for one in record], addresses)
    for one in record:
        for deviation in check(one.resource, surroundings):
            yield one.place, deviation


def _sentence(one: Deviation) -> str:
    return f"{one.text}, says {one.profile.rsplit('/', 1)[-1]}"

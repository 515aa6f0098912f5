"""What deviates from a profile: a value with the place, the rule and the profile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "information"]


@dataclass(frozen=True, slots=True)
class Deviation:
    """`place` is a path such as `Observation.component[1].code`; `text` says what the profile asks and quotes no value.

    Rules: cardinality, type, fixed, pattern, value, binding, deprecated, target, slice, extension, profile, and for an
    invariant its own key (`obs-6`).  STU3's own rules bear the URL of its base definition as their profile.
    """

    severity: Severity
    place: str
    rule: str
    profile: str
    text: str

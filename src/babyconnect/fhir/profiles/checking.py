"""Check resources against the profiles that they claim, and against STU3's own invariants and bindings.

For what `fhir.check.structure` found no error in: here nothing is said again about elements, formats and types of STU3.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from babyconnect.fhir.profiles import base
from babyconnect.fhir.profiles.deviations import Deviation
from babyconnect.fhir.profiles.surroundings import Surroundings
from babyconnect.fhir.profiles.tables import CORE, profile
from babyconnect.fhir.profiles.walking import Walk


def check(resource: Mapping[str, Any], surroundings: Surroundings | None = None) -> list[Deviation]:
    """Every deviation, in the order of the profiles that the resource names; what two of them say is said once."""
    whole = resource if isinstance(resource, dict) else dict(resource)
    walk = Walk(whole, surroundings or Surroundings())
    base.check(walk, whole, whole["resourceType"])
    for number, url in enumerate(claimed(whole)):
        if profile(url) is not None:
            walk.against(url)
        elif not url.startswith(CORE):
            walk.profile = url
            place = f"{whole['resourceType']}.meta.profile[{number}]"
            walk.note(place, "profile", "a profile that is not known here", "warning")
    return list(_once(walk.found))


def claimed(resource: Mapping[str, Any]) -> tuple[str, ...]:
    """The profiles that a resource says it follows."""
    meta = resource.get("meta")
    found = meta.get("profile", ()) if isinstance(meta, (dict, Mapping)) else ()
    return tuple(dict.fromkeys([url for url in found if isinstance(url, str)]))


def _once(found: list[Deviation]) -> Iterable[Deviation]:
    if len(found) < 2:
        return found
    return {(one.place, one.rule, one.text): one for one in reversed(found)}.values().__reversed__()

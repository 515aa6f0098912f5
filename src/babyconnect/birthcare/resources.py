"""Plain STU3 JSON resources, read without a table: references, codes, identifiers, days and moments."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from babyconnect.birthcare.identifiers import BSN_SYSTEMS
from babyconnect.birthcare.systems import canonical

Resource = Mapping[str, Any]

HOME = ZoneInfo("Europe/Amsterdam")
"""Birth care is Dutch: a calendar day is a day here, also for evidence and consents."""


def as_list(value: Any) -> list[Any]:
    """An element that may be single or repeated, as a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def key_of(resource: Resource) -> str:
    """`Type/id`."""
    return f"{resource.get('resourceType', '')}/{resource.get('id', '')}"


def target(value: Any) -> str:
    """What a Reference points to, as `Type/id`; "" for a logical or contained one."""
    text = value.get("reference") if isinstance(value, dict) else None
    if not isinstance(text, str) or text.startswith("#"):
        return ""
    if text.count("/") == 1:
        return text
    return "/".join(text.split("/_history/")[0].split("/")[-2:])


def codes_in(concept: Any) -> tuple[str, ...]:
    """`system|code` of every coding of a CodeableConcept, its system by the name that counts here."""
    if not isinstance(concept, dict):
        return ()
    codings = concept.get("coding") or ()
    return tuple([f"{canonical(c.get('system') or '')}|{c['code']}" for c in codings if c.get("code")])


def profiles_of(resource: Resource) -> tuple[str, ...]:
    """The last part of each profile that the resource says it follows."""
    return tuple(str(profile).rsplit("/", 1)[-1] for profile in (resource.get("meta") or {}).get("profile") or ())


def identifiers_of(resource: Resource) -> Iterator[str]:
    """`system|value` of each identifier that has both (a masked BSN has none)."""
    for identifier in as_list(resource.get("identifier")):
        if isinstance(identifier, Mapping) and identifier.get("system") and identifier.get("value"):
            yield f"{identifier['system']}|{identifier['value']}"


def bsn_of(patient: Resource) -> str:
    """The BSN of a Patient as supplied, or "" (absent or masked)."""
    for identifier in identifiers_of(patient):
        system, value = identifier.split("|", 1)
        if system in BSN_SYSTEMS:
            return value
    return ""


@functools.lru_cache(maxsize=65536)
def instant(text: str) -> dt.datetime | None:
    """A FHIR dateTime with a time of day, else None.  A time without zone is taken as Dutch local time."""
    if len(text) < 13:
        return None
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=HOME)


@functools.lru_cache(maxsize=65536)
def day(text: str) -> dt.date | None:
    """The calendar day in the Netherlands of a FHIR date or dateTime; None when partial or unreadable."""
    if len(text) < 10:
        return None
    if (moment := instant(text)) is not None:
        return moment.astimezone(HOME).date()
    try:
        return dt.date.fromisoformat(text[:10])
    except ValueError:
        return None


@functools.lru_cache(maxsize=65536)
def normal_moment(text: str) -> str:
    """The same moment always as the same text: minutes in UTC, or the (partial) date as given."""
    moment = instant(text)
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%MZ") if moment else text

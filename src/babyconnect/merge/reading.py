"""Reading plain STU3 resources: where each type keeps its subject, moment and ties.

The table is `definitions/merge/elements.toml`.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from babyconnect.definitions import document

Resource = Mapping[str, Any]

HOME = ZoneInfo("Europe/Amsterdam")
_TABLE = document("merge/elements.toml")
_DEFAULT = _TABLE["default"]
FOCUS = tuple(_TABLE["focus_extensions"])
FETUS_CHILD = _TABLE["fetus_child_extension"]


def layout(resource_type: str) -> Mapping[str, list[str]]:
    """The table's block of a type, or the default one."""
    found: Mapping[str, list[str]] = _TABLE.get(resource_type, _DEFAULT)
    return found


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
    text = value.get("reference", "") if isinstance(value, Mapping) else ""
    if not text or text.startswith("#"):
        return ""
    parts = str(text).split("/_history/")[0].split("/")
    return "/".join(parts[-2:])


def targets(resource: Resource, element: str) -> Iterator[str]:
    """Every reference in an element, also one level down (`diagnosis.condition`)."""
    for value in as_list(resource.get(element)):
        if not isinstance(value, Mapping):
            continue
        if (found := target(value)) or ("condition" in value and (found := target(value["condition"]))):
            yield found


def extensions(resource: Resource, names: tuple[str, ...]) -> Iterator[Mapping[str, Any]]:
    """Extensions whose canonical ends in one of the names."""
    for extension in resource.get("extension") or ():
        if str(extension.get("url", "")).rsplit("/", 1)[-1] in names:
            yield extension


def focuses(resource: Resource) -> tuple[str, ...]:
    """What a resource is about, by the birth-care focus extensions."""
    if "extension" not in resource:
        return ()
    found = (target(extension.get("valueReference")) for extension in extensions(resource, FOCUS))
    return tuple(reference for reference in found if reference)


def subject_of(resource: Resource) -> str:
    """Whom it is about, as the resource itself says."""
    for element in layout(resource.get("resourceType", "")).get("subject", ()):
        if found := target(resource.get(element)):
            return found
    return ""


def moment_of(resource: Resource) -> str:
    """When it was, as FHIR text (the start of a period), or ""."""
    for element in layout(resource.get("resourceType", "")).get("moment", ()):
        value = resource.get(element)
        if isinstance(value, str):
            return value
        if isinstance(value, Mapping) and (value.get("start") or value.get("end")):
            return str(value.get("start") or value.get("end"))
    return ""


def codes_in(concept: Any) -> tuple[str, ...]:
    """`system|code` of every coding of a CodeableConcept."""
    if not isinstance(concept, Mapping):
        return ()
    return tuple(f"{c.get('system', '')}|{c.get('code', '')}" for c in concept.get("coding") or () if c.get("code"))


def codes_of(resource: Resource) -> tuple[str, ...]:
    """The codes of a resource: `code`, else what its type uses instead."""
    concept = resource.get("code")
    if concept is None:
        concepts = as_list(resource.get("type") or resource.get("vaccineCode") or resource.get("relationship"))
        concept = concepts[0] if concepts else resource.get("medicationCodeableConcept")
    return codes_in(concept)


def profiles_of(resource: Resource) -> tuple[str, ...]:
    """The last part of each profile that the resource says it follows."""
    return tuple(str(profile).rsplit("/", 1)[-1] for profile in (resource.get("meta") or {}).get("profile") or ())


def identifiers_of(resource: Resource) -> Iterator[str]:
    """`system|value` of each identifier that has both (a masked BSN has none)."""
    for identifier in as_list(resource.get("identifier")):
        if isinstance(identifier, Mapping) and identifier.get("system") and identifier.get("value"):
            yield f"{identifier['system']}|{identifier['value']}"


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


def quantity(resource: Resource) -> float | None:
    """The number of `valueQuantity`, whether a source sent it as number or as text."""
    value = (resource.get("valueQuantity") or {}).get("value")
    try:
        return float(value) if value is not None else None
    except (TypeError, ValueError):
        return None

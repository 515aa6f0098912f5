"""What happened when, over all sources: one line per event, the oldest first (`definitions/merge/timeline.csv`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from babyconnect.birthcare.record import Event, Item
from babyconnect.birthcare.resources import day
from babyconnect.definitions import rows

_KINDS = {row["type"]: row["kind"] for row in rows("merge/timeline")}


def _kind(item: Item) -> str:
    if item.kind == "birth":
        return "birth"
    if item.type == "Observation":
        if item.fact == "perinatal_death":
            return "death"
        return "laboratory" if "zib-LaboratoryTestResult-Observation" in item.profiles else ""
    return _KINDS.get(item.type, "")


def _events(item: Item) -> Iterator[Event]:
    kind = _kind(item)
    if kind and (when := day(item.moment)):
        yield Event(when, item.moment, kind, item.id, item.pregnancy, item.subject)
    end = str((item.resource.get("period") or {}).get("end", "")) if item.type == "EpisodeOfCare" else ""
    if when := day(end):
        yield Event(when, end, "episode_end", item.id, item.pregnancy, item.subject)
    deceased = str(item.resource.get("deceasedDateTime", "")) if item.type == "Patient" else ""
    if when := day(deceased):
        yield Event(when, deceased, "death", item.id, item.pregnancy, item.subject)


def timeline(items: Iterable[Item]) -> tuple[Event, ...]:
    """Events in the order of their moments; what has no day is not on it."""
    found = [event for item in items for event in _events(item)]
    return tuple(sorted(found, key=lambda event: (event.day, event.moment, event.kind, event.item)))

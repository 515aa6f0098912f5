"""Resources as plain lines, each by itself: a child's view, to which no other resource adds (domain §4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from babyconnect.birthcare.resources import as_list
from babyconnect.definitions import document
from babyconnect.delivery import dutch, labels, values

_DATES = ("effectiveDateTime", "performedDateTime", "onsetDateTime", "date", "dateTime", "birthDate")


@dataclass(frozen=True, slots=True)
class PlainLine:
    """What was found, its value, and when; `moment` sorts."""

    label: str
    text: str
    when: str
    moment: str


def name_of(patient: Mapping[str, Any]) -> str:
    """A child's name as its Patient has it."""
    name: Mapping[str, Any] = next(iter(as_list(patient.get("name"))), {})
    given = [part for part in as_list(name.get("given")) if isinstance(part, str)]
    return " ".join(" ".join([*given[:1], str(name.get("family", ""))]).split())


def lines(resources: Iterable[Mapping[str, Any]]) -> tuple[PlainLine, ...]:
    """The newest first; of a resource with components a line for each."""
    found = [line for resource in resources for line in _lines(resource)]
    return tuple(sorted(found, key=lambda line: (line.moment, line.label), reverse=True))


def _lines(resource: Mapping[str, Any]) -> Iterator[PlainLine]:
    moment = next((str(resource[name]) for name in _DATES if resource.get(name)), "")
    moment = moment or str((resource.get("performedPeriod") or resource.get("period") or {}).get("start", ""))
    when = dutch.moment(moment) if moment else ""
    if resource.get("resourceType") == "Patient":
        yield PlainLine("Geboren", when, when, moment)
        return
    label = _label(resource)
    if (text := _value(resource)) or not resource.get("component"):
        yield PlainLine(label, text, when, moment)
    for part in as_list(resource.get("component")):
        yield PlainLine(f"{label}: {_label(part)}", _value(part), when, moment)


def _label(node: Mapping[str, Any]) -> str:
    for name in ("code", "vaccineCode", "medicationCodeableConcept"):
        if isinstance(node.get(name), Mapping):
            return labels.of_concept(node[name])
    kinds: Mapping[str, str] = document("displays.toml")["names"]
    return kinds.get(str(node.get("resourceType", "")), "Bevinding")


def _value(node: Mapping[str, Any]) -> str:
    for name, value in node.items():
        if name in ("valueQuantity", "doseQuantity"):
            return values.quantity(value)
        if name == "valueCodeableConcept":
            return values.concept_text(value)
        if name in ("valueBoolean", "valueDateTime"):
            return values.primitive(name, value)
    return ""

"""Instructions for use (gebruiksinstructie → Dosage, zib-InstructionsForUse).

A schedule of which something was not understood is left to the text: half a schedule would be another dose.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from babyconnect.birthcare.ada import AdaElement
from babyconnect.definitions import document
from babyconnect.translate.medication.reading import Reading

_UNITS = document("medication/ada.toml")["units"]
_NICTIZ = "http://nictiz.nl/fhir/StructureDefinition/"
Resource = dict[str, Any]


def dosages(read: Reading, element: AdaElement) -> list[Resource]:
    """One Dosage for each dose of each instruction; with a text alone, one."""
    head = _head(read, element)
    found = []
    for instruction in read.children(element, "doseerinstructie"):
        sequence, doses = _sequence(read, instruction), list(read.children(instruction, "dosering"))
        found += [{**sequence, **head, **_dose(read, instruction, dose)} for dose in doses]
        if not doses:
            found.append({**sequence, **head, **_dose(read, instruction, None)})
    return found or ([head] if head else [])


def cycle(read: Reading, element: AdaElement) -> list[Resource]:
    """The repeat period of a cyclical schedule, which changes the meaning of all."""
    found = read.child(element, "herhaalperiode_cyclisch_schema")
    duration = duration_of(read, found)
    url = _NICTIZ + "zib-Medication-RepeatPeriodCyclicalSchedule"
    return [{"url": url, "valueDuration": duration}] if duration else []


def _head(read: Reading, element: AdaElement) -> Resource:
    head: Resource = {}
    if text := read.value(element, "omschrijving"):
        head["text"] = text
    if extra := [read.concept(one) for one in read.children(element, "aanvullende_instructie")]:
        head["additionalInstruction"] = [one for one in extra if one]
    if route := read.concept(read.child(element, "toedieningsweg")):
        head["route"] = route
    return {name: value for name, value in head.items() if value}


def _sequence(read: Reading, instruction: AdaElement) -> Resource:
    number = read.value(instruction, "volgnummer")
    return {"sequence": int(number)} if number.isdecimal() and 0 < int(number) < 10_000 else {}


def _dose(read: Reading, instruction: AdaElement, dose: AdaElement | None) -> Resource:
    found: Resource = {}
    repeat = {}
    if bounds := duration_of(read, read.child(instruction, "doseerduur")):
        repeat["boundsDuration"] = bounds
    if dose is not None and not _limited(read, dose):
        found |= _amount(read, read.child(dose, "keerdosis"))
        schedule = _schedule(read, dose)
        if schedule is not None:
            repeat |= schedule
        needed = read.child(dose, "zo_nodig")
        criterion = read.child(needed, "criterium")
        if reason := read.concept(read.child(criterion, "code", "criterium") or criterion):
            found["asNeededCodeableConcept"] = reason
    return found | ({"timing": {"repeat": repeat}} if repeat else {})


def _limited(read: Reading, dose: AdaElement) -> bool:
    """Whether something limits or spreads the dose (a maximum, a rate, a duration): then the numbers are left to the
    words, since without it they would be another dose."""
    odd = [one for one in dose.walk() if one.name in _LIMITS and any(_filled(one))]
    if odd:
        read.say(odd[0], "not-mapped", "a dose with a maximum, a rate or a duration: kept as text only")
        for one in dose.walk():
            read.take(one)
    return bool(odd)


_LIMITS = frozenset({"maximale_dosering", "toedieningssnelheid", "toedieningsduur"})


def _amount(read: Reading, element: AdaElement | None) -> Resource:
    if element is None:
        return {}
    number, unit = read.child(element, "aantal"), _unit(read, read.child(element, "eenheid"))
    fixed, low, high = (_number(read.value(number, *names)) for names in _BOUNDS)
    if fixed is not None:
        return {"doseQuantity": {"value": fixed, **unit}}
    if low is None and high is None:
        return {}
    sides = {name: {"value": side, **unit} for name, side in (("low", low), ("high", high)) if side is not None}
    return {"doseRange": sides}


_BOUNDS = (("vaste_waarde",), ("min", "minimum_waarde"), ("max", "maximum_waarde"))


def _unit(read: Reading, element: AdaElement | None) -> Resource:
    if element is None:
        return {}
    shown = element.attributes.get("displayName") or element.value
    found = {"unit": shown} if shown else {}
    if coding := read.coding(element):
        found |= {"system": coding["system"], "code": coding["code"]}
    return found


def _schedule(read: Reading, dose: AdaElement) -> Resource | None:
    """The repetition, or None when there is none that could be read whole."""
    schedule = next((one for one in dose.children if one.name == "toedieningsschema"), None)
    if schedule is None:
        return None
    odd = [one for one in _filled(schedule) if one.name not in _UNDERSTOOD]
    if odd:
        read.say(odd[0], "not-mapped", "a schedule of administration that is more than a frequency: kept as text only")
        for one in schedule.walk():
            read.take(one)
        return None
    read.take(schedule)
    often = read.child(schedule, "frequentie")
    number, unit = read.child(often, "aantal"), read.child(often, "tijdseenheid")
    fixed, low, high = (_whole(read.value(number, *names)) for names in _BOUNDS)
    period = duration_of(read, unit)
    if not period or (fixed is None and low is None):
        return None
    found: Resource = {"frequency": fixed if fixed is not None else low}
    if fixed is None and high is not None:
        found["frequencyMax"] = high
    return found | {"period": period["value"], "periodUnit": period["code"]}


_UNDERSTOOD = frozenset({"vaste_waarde", "min", "max", "minimum_waarde", "maximum_waarde", "tijdseenheid"})


def _filled(element: AdaElement) -> Iterator[AdaElement]:
    return (one for one in element.walk() if one.is_filled)


def duration_of(read: Reading, element: AdaElement | None) -> Resource:
    """A Duration in UCUM; what has another unit, or no number, is named and gives none."""
    if element is None or not element.is_filled:
        return {}
    number, unit = _number(element.value), _UNITS.get(element.attributes.get("unit", ""))
    if number is None or unit is None or number <= 0:
        read.say(element, "bad-value", "a duration that is no number of a known unit of time: kept in the original")
        return {}
    shown = element.attributes["unit"]
    return {"value": number, "unit": shown, "system": "http://unitsofmeasure.org", "code": unit}


def quantity(read: Reading, element: AdaElement) -> Resource:
    """An amount to hand over: `aantal` and `eenheid`."""
    number = _number(read.value(element, "aantal"))
    return {"value": number, **_unit(read, read.child(element, "eenheid"))} if number is not None else {}


def _number(text: str) -> int | Decimal | None:
    try:
        found = Decimal(text.replace(",", ".")) if text else None
    except InvalidOperation:
        return None
    if found is None or not found.is_finite() or abs(found) >= 10**9:
        return None
    return int(found) if found == found.to_integral_value() else found


def _whole(text: str) -> int | None:
    found = _number(text)
    return found if isinstance(found, int) else None

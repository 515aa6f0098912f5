"""The building blocks of the medication process among the items of a record: their role, period, dose and state.

Rules of the state on a day, in this order: what the stop type or the status says; then the days of use; and what has
neither is current when its status says active, else unknown.  (zib2017; the medication process 9 for stopping.)
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from babyconnect.birthcare.medication import Block, Role, State
from babyconnect.birthcare.record import Item
from babyconnect.birthcare.resources import Resource, as_list, codes_in, day
from babyconnect.definitions import document
from babyconnect.fhir.usage import end_from, period_of_use
from babyconnect.merge.medication.doses import dose_of
from babyconnect.merge.medication.products import medication_of, product_of, substance_name
from babyconnect.merge.reading import extensions

_TABLE = document("medication/zibs.toml")
_STATUS: Mapping[str, frozenset[str]] = {name: frozenset(codes) for name, codes in _TABLE["status"].items()}
_STOP: Mapping[str, frozenset[str]] = {name: frozenset(codes) for name, codes in _TABLE["stop"].items()}
_DONE: tuple[Role, ...] = ("agreement", "request", "use")

Held = Mapping[str, Mapping[str, Resource]]
"""Per source (its URA) what it gave, by `Type/id`."""


@dataclass(frozen=True, slots=True)
class Read:
    """A block with what only grouping needs: whom it is about, the name of its substance, the item of its product.

    `lasts`: the last day of what tells how long and not since when, if it began when it was agreed.
    """

    block: Block
    subject: str
    substance: str
    product_key: tuple[str, str]
    lasts: dt.date | None = None


def blocks(items: Sequence[Item], held: Held, today: dt.date) -> list[Read]:
    """The blocks among the items, in the items' order; what was entered in error is none."""
    return [_read(item, held, today) for item in items if item.type in _TABLE["role"] and not _void(item)]


def _void(item: Item) -> bool:
    return item.resource.get("status") in _STATUS["ignored"]


def _read(item: Item, held: Held, today: dt.date) -> Read:
    resource, ura = item.resource, item.source.ura.value
    given = held.get(ura, {})
    medication = medication_of(resource, given)
    role = _role(item.type, resource)
    start, end = _days(resource)
    block = Block(
        item=item.id,
        role=role,
        origins=item.origins,
        product=product_of(resource, given),
        state="unknown",
        treatment=_treatment(resource, ura),
        start=start,
        end=end,
        stated=_stated(resource, role),
        dose=dose_of(resource),
        as_agreed=_as_agreed(resource),
    )
    state, end = _state(block, resource, today)
    named = substance_name(medication, resource)
    key = (ura, f"Medication/{medication.get('id')}") if medication else ("", "")
    lasts = None if start else _edge(end_from(resource, block.stated[:10]), last=True)
    return Read(replace(block, state=state, end=end), item.subject, named, key, lasts)


def _role(kind: str, resource: Resource) -> Role:
    table = _TABLE["role"][kind]
    codes = [code for concept in as_list(resource.get("category")) for code in codes_in(concept)]
    found: Role = next((table[code] for code in codes if code in table), table["default"])
    return found


def _treatment(resource: Resource, ura: str) -> str:
    """The id of the medicamenteuze behandeling; one without a system means something only at its own source."""
    for extension in extensions(resource, ("zib-Medication-MedicationTreatment",)):
        identifier = extension.get("valueIdentifier") or {}
        if identifier.get("value"):
            return f"{identifier.get('system') or ura}|{identifier['value']}"
    return ""


def _as_agreed(resource: Resource) -> bool | None:
    for extension in extensions(resource, ("zib-MedicationUse-AsAgreedIndicator",)):
        if isinstance(extension.get("valueBoolean"), bool):
            return bool(extension["valueBoolean"])
    return None


_STATED: Mapping[Role, Sequence[str]] = {
    "agreement": ("authoredOn",),
    "request": ("authoredOn",),
    "use": ("dateAsserted", "effectiveDateTime"),
    "dispense": ("whenHandedOver", "whenPrepared"),
    "administration_agreement": ("whenPrepared", "whenHandedOver"),
    "administration": ("effectiveDateTime", "effectivePeriod"),
}


def _stated(resource: Resource, role: Role) -> str:
    """When it was agreed, noted, handed over or given, as FHIR text."""
    for extension in extensions(resource, ("zib-AdministrationAgreement-AuthoredOn",)):
        if extension.get("valueDateTime"):
            return str(extension["valueDateTime"])
    for name in _STATED[role]:
        value = resource.get(name)
        if found := value.get("start") if isinstance(value, Mapping) else value:
            return str(found)
    return ""


def _days(resource: Resource) -> tuple[dt.date | None, dt.date | None]:
    """First and last day of use; of a partial date all it names counts.  A dispense is used as long as it lasts."""
    period = period_of_use(resource)
    start, end = _edge(period.get("start", ""), last=False), _edge(period.get("end", ""), last=True)
    if resource.get("resourceType") == "MedicationDispense" and start is None:
        ready = next((e.get("valueDateTime") for e in extensions(resource, ("zib-Dispense-RequestDate",))), "")
        start = _edge(str(resource.get("whenHandedOver") or ready or ""), last=False)
        supply = resource.get("daysSupply") or {}
        if start and end is None and supply.get("code") == "d" and isinstance(supply.get("value"), int):
            end = start + dt.timedelta(days=min(max(supply["value"], 1), 3660) - 1)
    return start, end


def _edge(text: str, last: bool) -> dt.date | None:
    try:
        if len(text) == 4:
            return dt.date(int(text), 12, 31) if last else dt.date(int(text), 1, 1)
        if len(text) == 7:
            year, month = int(text[:4]), int(text[5:])
            return dt.date(year, month, calendar.monthrange(year, month)[1] if last else 1)
    except ValueError:
        return None
    return day(text)


def _state(block: Block, resource: Resource, today: dt.date) -> tuple[State, dt.date | None]:
    """Its state on the day, and its last day, which a stop may set."""
    if block.role == "administration":
        return "given", block.end
    status, kind = str(resource.get("status", "")), _stop_type(resource)
    if kind:
        since = block.end or block.start or day(block.stated)
        if since is None or since <= today:
            return ("paused" if kind == "temporary" else "stopped"), since
        return ("planned" if block.start and block.start > today else "current"), since
    if (
        status in _STATUS["stopped"]
        or resource.get("taken") == "n"
        or (status in _STATUS["done"] and block.role in _DONE)
    ):
        return "stopped", block.end or (day(block.stated) if block.role == "use" else None)
    if status in _STATUS["paused"]:
        return "paused", block.end
    if status in _STATUS["planned"]:
        return "planned", block.end
    return _by_days(block, status, today), block.end


def _by_days(block: Block, status: str, today: dt.date) -> State:
    if block.start and block.start > today:
        return "planned"
    if block.role in ("request", "dispense"):
        # A supply that ran out does not say that she stopped.
        return "current" if block.end and block.end >= today else "unknown"
    if block.end:
        return "stopped" if block.end < today else "current"
    return "current" if block.start or status == "active" else "unknown"


def _stop_type(resource: Resource) -> str:
    for extension in _modifiers(resource, "zib-Medication-StopType"):
        for code in codes_in(extension.get("valueCodeableConcept")):
            for kind, known in _STOP.items():
                if code.rsplit("|", 1)[-1] in known:
                    return kind
        # A stop whose type nobody knows is a stop.
        return "definitive"
    return ""


def _modifiers(resource: Resource, name: str) -> Iterator[Mapping[str, Any]]:
    for extension in as_list(resource.get("modifierExtension")):
        if str(extension.get("url", "")).rsplit("/", 1)[-1] == name:
            yield extension


def superseded(group: Sequence[Read]) -> list[Read]:
    """Within a treatment the newest agreement that has begun takes the place of those before it; so does the newest
    note of use of a source.  What is planned takes no place yet."""
    latest: dict[tuple[str, ...], tuple[str, ...]] = {}
    for read in group:
        block = read.block
        if (slot := _slot(block)) and block.state != "planned":
            latest[slot] = max(latest.get(slot, ("",)), _age(block))
    return [
        replace(read, block=replace(read.block, state="stopped", superseded=True))
        if (slot := _slot(read.block)) and read.block.state != "planned" and _age(read.block)[0] < latest[slot][0]
        else read
        for read in group
    ]


def _slot(block: Block) -> tuple[str, ...]:
    """Where blocks take each other's place; () where they never do."""
    if block.role in ("agreement", "administration_agreement"):
        return (block.role, block.treatment) if block.treatment and block.stated else ()
    if block.role == "use" and block.stated:
        return (
            block.role,
            block.origins[0].source.ura.value,
            block.treatment or "|".join(sorted(block.product.codes)) or block.product.name,
        )
    return ()


def _age(block: Block) -> tuple[str, ...]:
    return (block.stated, block.item)

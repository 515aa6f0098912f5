"""One item of the record as one line: a label, its value, and every other element as a detail.

A line leaves nothing out but what `definitions/sections/elements.csv` calls hidden (the narrative, which repeats the
data, and transport).  An element or extension that no table knows is shown all the same, under *Overige gegevens*.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from babyconnect.birthcare.named import named
from babyconnect.birthcare.record import Item, Origin
from babyconnect.birthcare.resources import as_list, codes_in
from babyconnect.definitions import document, rows
from babyconnect.delivery import dutch, files, labels, values
from babyconnect.delivery.discretion import discreet, unprinted
from babyconnect.delivery.names import NO_NAMES, NameBook
from babyconnect.delivery.signals import signals
from babyconnect.delivery.values import Names
from babyconnect.delivery.view import Badge, Detail, Flag, Line

_TITLES = {row["type"]: (row["label"], row["headline"].split()) for row in rows("sections/types")}
_BOOLEANS = {f"{row['system']}|{row['code']}": (row["no"], row["yes"]) for row in rows("sections/booleans")}
_GESTATION = named("gestation")
PHRASES = document("sections/phrases.toml")
_AUTHORS = ("performer", "asserter", "recorder", "requester", "author", "careManager", "participant", "serviceProvider")


def badge(origin: Origin) -> Badge:
    return Badge(origin.source.ura.value, origin.source.name, origin.source.kind.value, origin.copy)


def badges(origins: Sequence[Origin]) -> tuple[Badge, ...]:
    """Each source once; as a holder of the original where it is one."""
    found: dict[str, Badge] = {}
    for origin in origins:
        ura = origin.source.ura.value
        if ura not in found or (found[ura].copy and not origin.copy):
            found[ura] = badge(origin)
    return tuple(found.values())


def _title(item: Item) -> tuple[str, list[str]]:
    """(name, elements of its value) of an item, by its profile where a row knows it, else by its type."""
    found = (_TITLES[name] for name in (*item.profiles, item.type) if name in _TITLES)
    return next(found, (item.type, []))


def label(item: Item) -> str:
    """What the line is about: the code's name where the type is named by its code, else the type's own name."""
    title, headline = _title(item)
    named_by_code = not headline
    return (labels.of_concept(item.resource.get("code")) if named_by_code else "") or title


def _value(resource: Mapping[str, Any], names: Names) -> str:
    for name, value in resource.items():
        if name == "valueBoolean" and isinstance(value, bool):
            known = (_BOOLEANS[code] for code in codes_in(resource.get("code")) if code in _BOOLEANS)
            return next((texts[value] for texts in known), "") or _short(value, name, names)
        if name == "valueQuantity" and (weeks := _weeks(resource, value)):
            return f"{weeks} ({_short(value, name, names)})"
        if name.startswith("value"):
            return _short(value, name, names)
        if name.startswith("_value"):
            return values.join([shown for _, shown in values.parts(name, value, names)])
    return ""


def _weeks(resource: Mapping[str, Any], quantity: Mapping[str, Any]) -> str:
    """A gestational age in days as weeks and days, which is how everybody says it; "" for any other measurement."""
    days = quantity.get("value")
    if not isinstance(days, int) or quantity.get("code") != "d" or quantity.get("comparator"):
        return ""
    return dutch.gestation(days) if not _GESTATION.isdisjoint(codes_in(resource.get("code"))) else ""


def _short(value: Any, element: str, names: Names) -> str:
    """A value without its codes and extensions; those are among the details."""
    if not isinstance(value, dict):
        return values.text(value, element, names)
    kind = values.kind_of(value, element)
    if kind == "concept":
        return values.concept_text(value)
    if kind == "coding":
        return values.concept_text({"coding": [value]})
    if kind == "name":
        return str(value.get("text") or values.human_name(value))
    return values.reference(value, names) if kind == "reference" else values.text(value, element, names)


def _components(resource: Mapping[str, Any], names: Names) -> str:
    """The components in one text; systolic and diastolic as people read them, 112/68 mmHg."""
    found = []
    pressure: dict[str, Mapping[str, Any]] = {}
    for component in as_list(resource.get("component")):
        name, value = labels.of_concept(component.get("code")), _value(component, names)
        extra = values.join([shown for _, shown in values.of_extensions(component.get("extension") or (), names)])
        if name in ("Systolisch", "Diastolisch") and component.get("valueQuantity"):
            pressure[name] = component["valueQuantity"]
        else:
            shown = values.join([value, extra])
            found.append(f"{name}: {shown}" if shown else name)
    if len(pressure) == 2:
        upper, lower = pressure["Systolisch"], pressure["Diastolisch"]
        found.insert(0, f"{dutch.number(upper.get('value', ''))}/{values.quantity(lower)}")
    else:
        found += [f"{name}: {values.quantity(value)}" for name, value in pressure.items()]
    return values.join(found, "; ")


def headline(item: Item, names: Names = values.nameless) -> str:
    """The value of a line: an Observation's value, a problem's name, a contact's kind, a person's name."""
    resource = item.resource
    if item.type == "Observation":
        shown = values.join([_value(resource, names), _components(resource, names)], "; ")
        absent = resource.get("dataAbsentReason")
        return shown or (f"({values.concept_text(absent)})" if absent else "")
    _, elements = _title(item)
    found = [_short(part, name, names) for name in elements for part in as_list(resource.get(name))]
    if item.type == "EpisodeOfCare" and not resource.get("managingOrganization"):
        found.insert(0, item.source.name)
    return values.join(found, " · ") or (labels.of_concept(resource.get("code")) if elements else "")


def _details(resource: Mapping[str, Any], names: Names) -> Iterator[Detail]:
    for name, value in resource.items():
        if name in ("extension", "modifierExtension"):
            for extension in value:
                shown, known = labels.extension(str(extension.get("url", "")))
                for _, text in values.of_extensions([extension], names):
                    yield Detail(shown, text, "" if known else labels.UNKNOWN)
            continue
        title, place = labels.element(name.lstrip("_"), str(resource.get("resourceType", "")))
        if place == "hidden":
            continue
        group = {"technical": labels.TECHNICAL, "unknown": labels.UNKNOWN}.get(place, "")
        if name.startswith("_"):
            for inner, text in values.parts(name, value, names):
                yield Detail(f"{title}: {inner[:1].lower()}{inner[1:]}", text, group)
        else:
            for part in as_list(value):
                if part is not None and (text := values.text(part, name, names)):
                    yield Detail(title, text, group)


def author(resource: Mapping[str, Any], names: Names) -> str:
    """Who made it, with role and organisation where the source says so."""
    for element in _AUTHORS:
        found = []
        for value in as_list(resource.get(element)):
            if isinstance(value, dict):
                inner = next((value[k] for k in ("actor", "individual", "agent") if k in value), value)
                roles = [shown for _, shown in values.of_extensions(inner.get("extension") or (), names)]
                found.append(roles[0] if roles else values.reference(inner, names))
        if shown := values.join(found):
            return shown
    return ""


def _flags(item: Item) -> Iterator[Flag]:
    holders = [origin.source.name for origin in item.origins if origin.copy]
    if holders and not all(origin.copy for origin in item.origins):
        yield Flag("copy", f"kopie bij {dutch.enumerate_(holders)}")
    elif holders:
        yield Flag("copy", "kopie; het origineel is van een andere organisatie", "warning")
    if item.variant_of:
        yield Flag("changed_copy", "wijkt af van een versie met hetzelfde kenmerk", "warning")
    if item.resource.get("status") == "entered-in-error" or (
        item.resource.get("verificationStatus") == "entered-in-error"
    ):
        yield Flag("entered_in_error", "foutief ingevoerd", "warning")
    if item.resource.get("notDone") is True:
        yield Flag("not_done", "niet uitgevoerd", "warning")


_TESTS = frozenset(code for row in rows("checks/expected") for code in row["codes"].split())


def _when(item: Item) -> str:
    """The day; a laboratory result without one may be of any pregnancy, so its row says that it has none."""
    if item.moment:
        return dutch.moment(item.moment)
    result = any(name.startswith("zib-LaboratoryTestResult") for name in item.profiles) or bool(
        _TESTS & set(item.codes)
    )
    return PHRASES["undated"] if result else ""


Kept = dict[tuple[object, ...], Line]


class Writer:
    """Writes the items of one record, each once: lines, tables, timeline and summary all show the same headline.

    `fetuses`: names of fetuses, where there are several.  `due`: the due date of each pregnancy, for limits that depend
    on gestation.  `kept` lets one open screen keep the lines it has while more answers come in.  Its keys hold the
    identity of the resources, so the caller keeps the answers as long as the lines.
    """

    def __init__(
        self,
        book: NameBook = NO_NAMES,
        kept: Kept | None = None,
        due: Mapping[str, dt.date] | None = None,
        fetuses: Mapping[str, str] | None = None,
    ) -> None:
        self._book = book
        self._fetuses = fetuses or {}
        self._due = due or {}
        self._kept: Kept = {} if kept is None else kept
        self._lines: dict[str, Line] = {}

    def headline(self, item: Item) -> str:
        return self.line(item).text

    def fetus(self, item: Item) -> str:
        """The name of the fetus that an item is about, when there is more than one to confuse it with."""
        return self._fetuses.get(item.subject, "")

    def line(self, item: Item) -> Line:
        """The whole item on one line with details.  What only a folded duplicate says is a detail of its source."""
        if item.id not in self._lines:
            due = self._due.get(item.pregnancy)
            copies = (origin.copy for origin in item.origins)
            key = (item.id, item.variant_of, due, *copies, id(item.resource), *map(id, item.others))
            if key not in self._kept:
                self._kept[key] = self._write(item)
            self._lines[item.id] = self._kept[key]
        return self._lines[item.id]

    def _write(self, item: Item) -> Line:
        names = self._book.of(item)
        details = dict.fromkeys(_details(item.resource, names))
        for origin, other in zip(item.origins[1:], item.others, strict=False):
            for detail in _details(other, self._book.at(origin.source.ura.value)):
                if detail not in details:
                    details[Detail(f"{detail.label} ({origin.source.name})", detail.text, detail.group)] = None
        named, text = label(item), headline(item, names)
        return Line(
            id=item.id,
            label=named,
            text=text,
            when=_when(item),
            moment=item.moment,
            author=author(item.resource, names),
            sources=badges(item.origins),
            details=tuple(details),
            flags=(*_flags(item), *signals(item, self._due.get(item.pregnancy))),
            discreet=discreet(item, named, text, *(detail.text for detail in details)),
            unprinted=unprinted(item),
            files=files.of_item(item),
        )

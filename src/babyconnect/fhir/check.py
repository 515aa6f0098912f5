"""Is a resource STU3, or R4?

Elements, cardinality, types, formats, dates that exist, references, codes of status elements.

Structure only: profiles and terminology are not looked at here.  An `error` is something no reader can be asked to
take; a `warning` is something that HL7 asks for and that a record can be understood without (design: nothing is lost).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from babyconnect.fhir import narrative
from babyconnect.fhir.dates import is_date, is_date_time, is_instant, is_time
from babyconnect.fhir.grammar import (
    Element,
    bare_name,
    elements,
    primitive_formats,
    required,
    resource_types,
    version_of,
)
from babyconnect.fhir.json import DEEPEST
from babyconnect.fhir.malformed import Malformed


@dataclass(frozen=True, slots=True)
class Issue:
    """One deviation: `place` is a path such as `Observation.component[1].code`; `text` never quotes a value."""

    severity: Literal["error", "warning"]
    place: str
    rule: str
    text: str


def structure(resource: Mapping[str, Any], version: str = "") -> list[Issue]:
    """Every deviation from the base grammar of STU3 (or `grammar.R4`), in the order of the resource."""
    issues: list[Issue] = []
    _resource(resource, version, "", issues, 1)
    return issues


def _resource(resource: Any, version: str, place: str, issues: list[Issue], depth: int) -> None:
    name = resource.get("resourceType") if isinstance(resource, Mapping) else None
    if not isinstance(name, str) or name not in resource_types(version):
        text = f"no {'R4' if version else 'STU3'} resource has this name"
        issues.append(Issue("error", place or "resourceType", "root", text))
        return
    _object(resource, version + name, place or name, issues, depth)


def _object(value: Any, type_name: str, place: str, issues: list[Issue], depth: int) -> None:
    if not isinstance(value, _OBJECT):
        issues.append(Issue("error", place, "type", "an object stands here"))
        return
    if not value:
        issues.append(Issue("error", place, "empty", "an element has a value or children"))
    if depth > DEEPEST:
        issues.append(Issue("error", place, "depth", "nested too deeply"))
        return
    plan = _plan(type_name)
    bases: dict[str, str] = {}
    for key, content in value.items():
        step = plan.elements.get(key)
        if step is not None:
            element, base, fault, codes = step
            if bases.setdefault(base, key) != key:
                issues.append(Issue("error", f"{place}.{base}", "choice", "one choice stands here, not two"))
            if fault is None:
                _element(element, content, f"{place}.{key}", issues, depth)
            elif fault(content) or (codes is not None and content not in codes):
                _value(element, content, place, issues)
        elif key == "resourceType" and depth >= 1 and plan.resource:
            continue
        else:
            beside = plan.elements.get(key[1:])
            _extension_of_value(beside[0] if beside and key[0] == "_" else None, content, value, place, issues)
            bases.setdefault(beside[1] if beside else key, key[1:])
    for base in plan.required:
        if base not in bases:
            issues.append(Issue("error", f"{place}.{base}", "cardinality", "a required element is absent"))
    if plan.reference:
        _reference(value, version_of(type_name), place, issues)


Fault = Callable[[Any], str]


class Plan(NamedTuple):
    """What is looked at in a type, worked out once."""

    elements: Mapping[str, tuple[Element, str, Fault | None, frozenset[str] | None]]
    """By JSON name: the element, the name in its definition, and what finds fault with a single primitive value."""
    required: tuple[str, ...]
    resource: bool
    reference: bool


@functools.cache
def _plan(type_name: str) -> Plan:
    steps = {
        key: (one, one.base, _FORMATS[one.type] if one.primitive and not one.repeats else None, one.codes)
        for key, one in elements(type_name).items()
    }
    name = bare_name(type_name)
    return Plan(steps, required(type_name), name in resource_types(version_of(type_name)), name == "Reference")


def _element(element: Element, content: Any, place: str, issues: list[Issue], depth: int) -> None:
    if not element.repeats:
        _one(element, content, place, issues, depth)
        return
    if not isinstance(content, list):
        issues.append(Issue("error", place, "type", "a list stands here"))
        return
    if not content:
        issues.append(Issue("error", place, "empty", "a list has at least one value"))
    for position, item in enumerate(content):
        if item is None and element.primitive:
            continue
        _one(element, item, f"{place}[{position}]", issues, depth)


def _one(element: Element, content: Any, place: str, issues: list[Issue], depth: int) -> None:
    if element.primitive:
        _value(element, content, place, issues, "")
    elif element.type == "xhtml":
        _narrative(content, place, issues)
    elif bare_name(element.type) == "Resource":
        _resource(content, version_of(element.type), place, issues, depth + 1)
    else:
        _object(content, element.type, place, issues, depth + 1)


def _extension_of_value(
    element: Element | None, content: Any, value: Mapping[str, Any], place: str, issues: list[Issue]
) -> None:
    if element is None or not element.primitive:
        issues.append(Issue("error", place, "unknown-element", "the resource has no such element here"))
        return
    place = f"{place}._{element.name}"
    items = content if element.repeats else [content]
    if not isinstance(items, list):
        issues.append(Issue("error", place, "type", "a list stands here"))
        return
    beside = value.get(element.name)
    if isinstance(beside, list) and element.repeats and len(beside) != len(items):
        issues.append(Issue("error", place, "type", "values and their extensions are lists of one length"))
    for item in items:
        if item is not None:
            _object(item, "Element", place, issues, 2)


def _value(element: Element, content: Any, place: str, issues: list[Issue], name: str | None = None) -> None:
    """`place` is that of the object that holds it as `name`; the value's own where the name is empty."""
    fault = _FORMATS[element.type](content)
    if not fault and (element.codes is None or content in element.codes):
        return
    place = f"{place}.{element.name}" if name is None else place
    if fault:
        relative = fault == "date" and str(content).startswith("${DATE")
        issues.append(Issue("error", place, fault, PLACEHOLDER if relative else _TEXTS[fault]))
    else:
        issues.append(Issue("error", place, "code", "a code outside the list that FHIR requires here"))


def _narrative(content: Any, place: str, issues: list[Issue]) -> None:
    try:
        narrative.normalise(content if isinstance(content, str) else "")
    except Malformed as fault:
        issues.append(Issue("error", place, fault.rule, fault.text))


_OBJECT = (dict, Mapping)  # a dict is what it nearly always is, and is asked after faster
_REFERENCE = re.compile(
    r"#[A-Za-z0-9\-.]{1,64}|(?:https?://\S+/)?(?P<type>[A-Z][A-Za-z]+)/[A-Za-z0-9\-.]{1,64}(?:/_history/[A-Za-z0-9\-.]{1,64})?"
    r"|urn:(?:uuid:[0-9a-fA-F-]{36}|oid:[0-9.]+)"
)


def _reference(value: Mapping[str, Any], version: str, place: str, issues: list[Issue]) -> None:
    address = value.get("reference")
    if address is None:
        if not value.keys() & {"identifier", "display", "extension"}:
            issues.append(Issue("error", place, "reference", "a reference has an address, an identifier or a display"))
        return
    found = _REFERENCE.fullmatch(address) if isinstance(address, str) else None
    if found is None:
        issues.append(Issue("warning", place, "reference", "an address that is no reference to a resource"))
    elif not version and found["type"] and found["type"] not in resource_types():
        issues.append(Issue("warning", place, "reference", "an address of a type that STU3 does not have"))


# --- values ---------------------------------------------------------------------------------------------------

_TEXTS = {
    "type": "a value of another kind stands here",
    "value": "a value is not written as its type asks",
    "date": "not a date or time that exists",
    "empty": "a value is not empty",
    "character": "a control character",
}
PLACEHOLDER = "a placeholder of a published example; give --date T=YYYY-MM-DD"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def _boolean(value: Any) -> str:
    return "" if isinstance(value, bool) else "type"


def _integer(lowest: int | None) -> Fault:
    def fault(value: Any) -> str:
        if not isinstance(value, int) or isinstance(value, bool):
            return "type"
        return "value" if lowest is not None and value < lowest else ""

    return fault


def _decimal(value: Any) -> str:
    return "" if isinstance(value, int | Decimal) and not isinstance(value, bool) else "type"


def _text(value: Any) -> str:
    # Nearly all text is of letters, digits and spaces on one line: no control character is among those.
    if type(value) is str and value.isprintable() and value and not value.isspace():
        return ""
    if not isinstance(value, str):
        return "type"
    if not value or value.isspace():
        return "empty"
    return "character" if _CONTROL.search(value) else ""


def _formatted(expression: str) -> Fault:
    matches = re.compile(expression).fullmatch

    def fault(value: Any) -> str:
        return _text(value) or ("" if matches(value) else "value")

    return fault


def _dated(exists: Callable[[str], bool]) -> Fault:
    def fault(value: Any) -> str:
        return _text(value) or ("" if exists(value) else "date")

    return fault


def _formats() -> dict[str, Fault]:
    formats: dict[str, Fault] = {
        name: _formatted(expression) if expression else _text for name, expression in primitive_formats().items()
    }
    # HL7's expression for a code backtracks without end on hostile input; this one says the same.
    formats["code"] = _formatted(r"\S+(?:\s\S+)*")
    formats["uri"] = _formatted(r"\S+")
    formats["base64Binary"] = _formatted(r"[A-Za-z0-9+/=\s]+")
    formats |= {"boolean": _boolean, "decimal": _decimal, "integer": _integer(None)}
    formats |= {"unsignedInt": _integer(0), "positiveInt": _integer(1)}
    formats |= {"date": _dated(is_date), "dateTime": _dated(is_date_time)}
    formats |= {"instant": _dated(is_instant), "time": _dated(is_time)}
    return formats


_FORMATS = _formats()

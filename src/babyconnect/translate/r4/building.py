"""An R4 object in the making: a value is put where it belongs, and what is needed above it is made on the way."""

from __future__ import annotations

from typing import Any

from babyconnect.fhir.grammar import Element, elements

ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"


def element_of(type_name: str, name: str) -> Element | None:
    """The R4 element of this JSON name."""
    return elements(type_name).get(name)


def put(target: dict[str, Any], type_name: str, path: tuple[str, ...], value: Any, extra: Any = None) -> bool:
    """Lay `value` (and what stands beside a primitive value) at a path of element names; False when it is taken.

    A list is laid into an element that repeats, behind what is there; one value becomes a list where the element
    repeats.  On the way down the first occurrence of each element is taken, and made where there is none.
    """
    name, rest = path[0], path[1:]
    element = elements(type_name)[name]
    if rest:
        if element.repeats:
            beneath = target.setdefault(name, [{}])[0]
        else:
            beneath = target.setdefault(name, {})
        return put(beneath, element.type, rest, value, extra)
    if element.repeats:
        return _append(target, name, value, extra)
    if name in target or any(_same_choice(type_name, element, key) for key in target if key != f"_{name}"):
        return False
    if value is not None:
        target[name] = value
    if extra is not None:
        target[f"_{name}"] = _together(target.get(f"_{name}", {}), extra)
    return True


def _together(here: dict[str, Any], extra: dict[str, Any]) -> dict[str, Any]:
    """What stands beside one value: of two that come after each other, the extensions of both."""
    extensions = [*here.get("extension", ()), *extra.get("extension", ())]
    return here | extra | ({"extension": extensions} if extensions else {})


def _append(target: dict[str, Any], name: str, value: Any, extra: Any) -> bool:
    values = value if isinstance(value, list) else [value]
    extras = extra if isinstance(extra, list) else [extra] * (extra is not None)
    before = len(target.get(name, ()))
    if any(one is not None for one in extras) or f"_{name}" in target:
        beside = target.setdefault(f"_{name}", [None] * before)
        beside += [*extras, *[None] * (len(values) - len(extras))]
    target.setdefault(name, []).extend(values)
    return True


def _same_choice(type_name: str, element: Element, key: str) -> bool:
    other = elements(type_name).get(key.removeprefix("_"))
    return other is not None and other.base == element.base and element.base.endswith("[x]")


def absent(reason: str = "unknown") -> dict[str, Any]:
    """HL7's extension for a value that is required and not there."""
    return {"extension": [{"url": ABSENT, "valueCode": reason}]}

"""The facts that are compared over sources, read from resources by the table `definitions/merge/facts.toml`."""

from __future__ import annotations

from typing import Any

from babyconnect.birthcare.resources import Resource, as_list, codes_in, day
from babyconnect.definitions import document
from babyconnect.merge.reading import quantity

_TABLE = document("merge/facts.toml")
FACT_BY_CODE: dict[str, str] = {code: name for name, row in _TABLE["fact"].items() for code in row["codes"]}
KIND_OF_VALUE: dict[str, str] = {name: row["value"] for name, row in _TABLE["fact"].items()}
_VALUES: dict[str, dict[str, str]] = _TABLE["value"]
_METHODS: dict[str, dict[str, str]] = _TABLE["method"]

# A resource that its author withdrew, or that says it did not happen, states nothing.
_VOID = frozenset({"entered-in-error", "cancelled"})


def fact_by_codes(resource: Resource, codes: tuple[str, ...]) -> str:
    """The name of the fact that an Observation or Condition states, or ""."""
    if resource.get("status") in _VOID or resource.get("verificationStatus") in ("entered-in-error", "refuted"):
        return ""
    for code in codes:
        if code in FACT_BY_CODE:
            return FACT_BY_CODE[code]
    return ""


def coded(concept: Any) -> tuple[str, str]:
    """(value, text) of a coded value: by the table where it knows the code, else the code and its display."""
    for code in codes_in(concept):
        if code in _VALUES:
            return _VALUES[code]["value"], _VALUES[code]["text"]
    codings = (concept or {}).get("coding") or []
    first = codings[0] if codings else {}
    text = str((concept or {}).get("text") or first.get("display") or first.get("code") or "")
    return str(first.get("code") or text), text


def value_of(fact: str, resource: Resource) -> tuple[str, str]:
    """(value to compare, text to show) of a fact; ("", "") when nothing is stated."""
    kind = KIND_OF_VALUE.get(fact, "")
    if kind == "date":
        stated = day(str(resource.get("valueDateTime") or resource.get("valueDate") or ""))
        return (stated.isoformat(), stated.isoformat()) if stated else ("", "")
    if kind == "quantity":
        number = quantity(resource)
        return (f"{number:g}", f"{number:g}") if number is not None else ("", "")
    if kind == "code":
        return coded(resource.get("valueCodeableConcept"))
    return ("yes", "ja") if kind == "presence" else ("", "")


def method_of(resource: Resource) -> str:
    """How a due date was found, by its `method`; "" when the source does not say."""
    for concept in as_list(resource.get("method")):
        for code in codes_in(concept):
            if code in _METHODS:
                return _METHODS[code]["method"]
    return ""

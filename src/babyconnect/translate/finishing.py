"""The last touch of a resource: what FHIR demands and the source did not say, and the usual order."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from babyconnect.fhir.grammar import elements, required

_ABSENT = {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}
# What zib-Problem, IHE.MHD.Minimal.DocumentReference, zib-Encounter and zib-Procedure require beyond STU3 itself.
_BY_PROFILE = {
    "Condition": "code",
    "DocumentReference": "masterIdentifier",
    "Encounter": "class",
    "Procedure": "category",
}
_FIRST = ("resourceType", "id", "meta", "extension", "identifier", "status", "category", "code", "subject", "context")


def finished(resource: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The resource, and a sentence for each thing that had to be done for it to be FHIR."""
    done = [
        *_no_end_is_no_end(resource),
        *_one_of_each_choice(resource),
        *_no_home_of_an_organisation(resource),
        *_what_is_required(resource),
    ]
    return {key: resource[key] for key in _FIRST if key in resource} | resource, done


def _what_is_required(resource: dict[str, Any]) -> Iterator[str]:
    """HL7's data-absent-reason, as the published translator gives it to a laboratory test without a code."""
    kind = resource["resourceType"]
    for name in (*required(kind), *filter(None, [_BY_PROFILE.get(kind)])):
        if name.endswith("[x]"):
            continue  # a required choice (a medication) is a rule's own business: no type of it can be chosen here
        if name not in resource and f"_{name}" not in resource:
            key = f"_{name}" if elements(kind)[name].primitive else name
            resource[key] = {"extension": [dict(_ABSENT)]}
            yield f"{kind}.{name} is required and the record does not give it"


def _no_end_is_no_end(resource: dict[str, Any]) -> Iterator[str]:
    """What only says why there is no end would count as one (con-4: a problem that ended is not active)."""
    ended = resource["resourceType"] != "Condition" or "abatementDateTime" in resource
    if not ended and resource.pop("_abatementDateTime", None):
        yield "Condition.abatement: why there is no end has no place"


def _no_home_of_an_organisation(resource: dict[str, Any]) -> Iterator[str]:
    """An organisation has no address or telephone of use home (STU3: org-2, org-3); ADA's own kind stands beside it."""
    if resource["resourceType"] == "Organization":
        for name in ("address", "telecom"):
            for one in resource.get(name, ()):
                if one.get("use") == "home":
                    del one["use"]
                    yield f"Organization.{name} cannot be of use home"


@functools.cache
def _choices(kind: str) -> frozenset[str]:
    """The JSON names of every choice of a type, and of what stands beside them."""
    named = [element.name for element in elements(kind).values() if element.base.endswith("[x]")]
    return frozenset(named) | {f"_{name}" for name in named}


def _one_of_each_choice(resource: dict[str, Any]) -> Iterator[str]:
    """The first of two values for one choice (a record that gives both a day and a period, a rank and an indicator)."""
    kind, taken = resource["resourceType"], dict[str, str]()
    if len(_choices(kind).intersection(resource)) < 2:
        return
    for key in list(resource):
        element = elements(kind).get(key.removeprefix("_"))
        if element is None or not element.base.endswith("[x]"):
            continue
        if taken.setdefault(element.base, element.name) != element.name:
            del resource[key]
            yield f"{kind}.{element.base} holds one value; the record gives two, the first stands"

"""What is not carried into a format that has no way to take it back: resources that deny what they seem to say.

A resource entered in error, a procedure that was not done, a modifier nobody here knows: written as an element of ADA
it would become the opposite of what it says (`definitions/ada/to_ada_refused.csv`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from babyconnect.definitions import rows
from babyconnect.translate.findings import Finding

Placed = tuple[str, Mapping[str, Any]]


def refused(
    resources: Sequence[Mapping[str, Any]], modifiers: frozenset[str] = frozenset()
) -> tuple[list[Placed], list[Finding]]:
    """What can be carried, each with its place among the rest, and a finding for each that cannot.

    `modifiers`: the addresses of those modifiers that a data element of the transaction says."""
    kept: list[Placed] = []
    findings: list[Finding] = []
    for place, resource in placed(resources):
        reason = next(_reasons(place.partition("[")[0], resource, modifiers), "")
        if reason:
            findings.append(Finding("warning", place, 0, "", "not-carried", reason))
        else:
            kept.append((place, resource))
    return kept, findings


def placed(resources: Sequence[Mapping[str, Any]]) -> Iterator[Placed]:
    """Each with its place: the type, and which of that type it is."""
    numbers: dict[str, int] = {}
    for resource in resources:
        kind = str(resource.get("resourceType", "resource"))
        numbers[kind] = numbers.get(kind, 0) + 1
        yield f"{kind}[{numbers[kind]}]", resource


def _reasons(kind: str, resource: Mapping[str, Any], modifiers: frozenset[str]) -> Iterator[str]:
    if any(url not in modifiers for url in _modifiers(resource)):
        yield "it has a modifier that a record of ADA cannot say, so it is not written"
    for row in rows("ada/to_ada_refused"):
        if row["type"] in ("*", kind) and str(resource.get(row["element"], "")).lower() == row["value"]:
            yield row["reason"]


def _modifiers(node: Any) -> Iterator[str]:
    """The addresses of all modifiers of a resource."""
    if isinstance(node, Mapping):
        listed = node.get("modifierExtension", [])
        for one in listed if isinstance(listed, list) else [listed]:
            yield str(one.get("url", "")) if isinstance(one, Mapping) else ""
    children = node.values() if isinstance(node, Mapping) else node if isinstance(node, list) else ()
    for child in children:
        yield from _modifiers(child)

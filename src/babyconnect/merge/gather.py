"""From answers to holdings: what each source gave, once, whatever the order or repetition of the answers.

A refusal leaves no trace here: to the asker it must not exist (domain §4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from babyconnect.birthcare.answers import SourceAnswer
from babyconnect.birthcare.parties import Party
from babyconnect.birthcare.record import Answered, SourceState
from babyconnect.birthcare.resources import Resource, key_of
from babyconnect.fhir.check import structure
from babyconnect.merge.read import Read, read

# The worst first: a source that gave a part and then failed is shown as failed, with its part.
_STATES: tuple[SourceState, ...] = ("invalid", "unreachable", "timed_out", "answered")


@dataclass(frozen=True, slots=True, eq=False)
class Holding:
    """One source's resources by `Type/id`, and the Patient ids that the source itself bound to the client."""

    # `reads` has the same keys as `resources`: each resource as the merge sees it.

    source: Party
    resources: Mapping[str, Resource]
    reads: Mapping[str, Read]
    clients: frozenset[str]
    answered: Answered


def canonical(value: Any) -> bytes:
    """The same content always as the same bytes."""
    return orjson.dumps(value, default=str, option=orjson.OPT_SORT_KEYS)


def _version(resource: Resource) -> tuple[int, str]:
    meta = resource.get("meta") or {}
    version = str(meta.get("versionId", ""))
    return (int(version) if version.isdigit() else 0, str(meta.get("lastUpdated", "")))


def _newer(first: Resource, second: Resource) -> Resource:
    """Of two texts under one id the newer version; of equals the one whose bytes sort last."""
    if first is second or first == second:
        return first
    one, other = _version(first), _version(second)
    if one != other:
        return first if one > other else second
    return max(first, second, key=canonical)


def _readable(resource: Resource) -> bool:
    return not any(issue.severity == "error" for issue in structure(resource))


def _hold(answers: Sequence[SourceAnswer], strict: bool) -> Holding:
    resources: dict[str, Resource] = {}
    for answer in answers:
        for resource in answer.resources:
            key = key_of(resource)
            resources[key] = _newer(resources[key], resource) if key in resources else resource
    states = {answer.status for answer in answers}
    if strict and (rubbish := [key for key, resource in resources.items() if not _readable(resource)]):
        resources = {key: resource for key, resource in resources.items() if key not in rubbish}
        states.add("invalid")
    state = next(s for s in _STATES if s in states)
    source = min(answer.source for answer in answers)
    clients = frozenset(f"Patient/{answer.client.rsplit('/', 1)[-1]}" for answer in answers if answer.client)
    milliseconds = max(answer.milliseconds for answer in answers)
    reads = {key: read(key, resource, resources) for key, resource in resources.items()}
    return Holding(source, resources, reads, clients, Answered(source, state, len(resources), milliseconds))


def gather(answers: Sequence[SourceAnswer], strict: bool = False) -> tuple[Holding, ...]:
    """One holding per source that did not refuse, in the order of their URA numbers.

    `strict`: resources that are not STU3 are left out and their source is called invalid.  It costs more than all of
    the merge, so it is for when something turned out to be rubbish.
    """
    by_source: dict[str, list[SourceAnswer]] = {}
    for answer in answers:
        if answer.status != "refused":
            by_source.setdefault(answer.source.ura.value, []).append(answer)
    return tuple(_hold(by_source[ura], strict) for ura in sorted(by_source))

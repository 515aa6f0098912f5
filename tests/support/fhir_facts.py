"""Which elements of which types lost a value between two sets of resources: a count of leaves, as plain as can be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_GENERATED = frozenset({"id", "meta", "text", "display", "reference", "resourceType"})


def lost_elements(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> set[tuple[str, str]]:
    """(type, element) of every value that `before` has more often than `after`."""
    gone = _leaves(before) - _leaves(after)
    return {(kind, element.removeprefix("_")) for kind, element, _ in gone}


def _leaves(resources: Sequence[Mapping[str, Any]]) -> Counter[tuple[str, str, str]]:
    return Counter(
        (str(resource["resourceType"]), element, leaf)
        for resource in resources
        for element, value in resource.items()
        if element not in _GENERATED
        for leaf in _texts(value)
    )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, part in value.items():
            if key not in _GENERATED:
                yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
    elif value is not None:
        yield str(value)

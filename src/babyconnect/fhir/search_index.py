"""What each resource is found by: hand-written path access, compiled once from `definitions/search_parameters.csv`.

FHIR STU3 search (http://hl7.org/fhir/STU3/search.html).  Indexing happens at publishing, never while answering.  The
forms of the values: a token is `system|code` (`|code` without a system), a reference `Type/id` (or the URL it holds),
a date the half-open interval `from/until` in UTC, so that text order is time order.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from babyconnect.fhir.search_dates import interval
from babyconnect.fhir.search_names import Parameter, parameters
from babyconnect.fhir.usage import period_of_use

Node = Mapping[str, Any]


def index(resource: Mapping[str, Any]) -> Mapping[str, tuple[str, ...]]:
    """Parameter name -> the values this resource is found by, each once; parameters without a value are left out.

    `_id` and `_lastUpdated` are not in it: the store knows both itself, better than the resource does.
    """
    found: dict[str, tuple[str, ...]] = {}
    for name, paths, values in _compiled(str(resource.get("resourceType", ""))):
        held = dict.fromkeys(v for path in paths for node in _at(resource, path) for v in values(node))
        if held:
            found[name] = tuple(held)
    return found


@functools.cache
def _compiled(type: str) -> tuple[tuple[str, tuple[tuple[str, ...], ...], Callable[[Any], Iterator[str]]], ...]:
    return tuple((p.name, p.paths, _VALUES[p.kind]) for p in parameters(type).values() if not p.name.startswith("_"))


def _at(node: Any, path: tuple[str, ...]) -> Iterator[Any]:
    if path and path[0] in _COMPUTED:
        if found := _COMPUTED[path[0]](node):
            yield found
    elif isinstance(node, list):
        for item in node:
            yield from _at(item, path)
    elif not path:
        yield node
    elif isinstance(node, Mapping) and path[0] in node:
        yield from _at(node[path[0]], path[1:])


def _tokens(node: Any) -> Iterator[str]:
    """Coding, CodeableConcept, Identifier, code or boolean; told apart by their shape, as the base types allow."""
    if isinstance(node, bool):
        yield f"|{str(node).lower()}"
    elif isinstance(node, str):
        yield f"|{node}"
    elif isinstance(node, Mapping):
        codings = node.get("coding")
        for coding in codings if isinstance(codings, list) else ():
            yield from _tokens(coding)
        value = node.get("code", node.get("value"))
        if isinstance(value, str) and value:
            system = node.get("system")
            yield f"{system if isinstance(system, str) else ''}|{value}"


def _references(node: Any) -> Iterator[str]:
    target = node.get("reference") if isinstance(node, Mapping) else None
    # A contained resource (#id) is found through its container, never by itself.
    if isinstance(target, str) and target and not target.startswith("#"):
        yield target


def _dates(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        start, end = node, node
    elif isinstance(node, Mapping):
        start, end = (side if isinstance(side, str) else "" for side in (node.get("start"), node.get("end")))
    else:
        return
    found = interval(start, end)
    if found is not None:
        yield f"{found[0]}/{found[1]}"


# What no path leads to: a path of one of these names is what the function makes of the resource.
_COMPUTED: Mapping[str, Callable[[Node], Mapping[str, str]]] = {"period_of_use()": period_of_use}

_VALUES: Mapping[str, Callable[[Any], Iterator[str]]] = {
    "token": _tokens,
    "reference": _references,
    "date": _dates,
}

__all__ = ["Parameter", "index"]

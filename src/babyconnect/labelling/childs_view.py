"""The child's view: what of a record is about one child alone, and what of that may travel (domain §4).

Two steps, both allow-lists (`definitions/childs_view.toml`).  `subject` labels a resource at publishing with the child
it is about; only so labelled resources pass a filter with that child.  `reduced` then builds what leaves from nothing,
element by element: codes, numbers, dates.  Whatever the table does not name stays behind, in any depth.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from babyconnect.definitions import document
from babyconnect.fhir.grammar import elements
from babyconnect.fhir.references import references
from babyconnect.labelling.labels import tokens

Resource = Mapping[str, Any]


def _table() -> Mapping[str, Any]:
    table: Mapping[str, Any] = document("childs_view.toml")
    return table


def subject(resource: Resource, group: str, children: Collection[str]) -> str:
    """The child (Patient id) whose view may hold this resource, "" when no child's may.

    `resource`: with references rewritten.  `children`: the Patient ids of this record's children.
    """
    kind = str(resource.get("resourceType", ""))
    where = _table()["subject"].get(kind)
    if where is None or group not in _table()["groups"] or tells_of_mother(resource):
        return ""
    about = resource.get("id") if where == "id" else _target(resource.get(where))
    if about not in children:
        return ""
    others = {r for r in references(resource) if r.startswith("Patient/")} - {f"Patient/{about}"}
    return "" if others else str(about)


def tells_of_mother(resource: Resource) -> bool:
    """Whether a code, or the words of one, says something of somebody else than the child."""
    codes, words = _telling()
    return not codes.isdisjoint(tokens(resource)) or any(words.search(text) for text in _displays(resource))


@functools.cache
def _telling() -> tuple[frozenset[str], re.Pattern[str]]:
    rule = _table()["tells_of_mother"]
    parts, whole = ("|".join(map(re.escape, rule[name])) for name in ("words", "whole_words"))
    return frozenset(rule["codes"]), re.compile(f"{parts}|\\b(?:{whole})\\b", re.IGNORECASE)


def _displays(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for child in node:
            yield from _displays(child)
    elif isinstance(node, Mapping):
        if isinstance(node.get("display"), str) and "code" in node:
            yield node["display"]
        for child in node.values():
            yield from _displays(child)


def _target(reference: Any) -> str:
    text = reference.get("reference", "") if isinstance(reference, Mapping) else ""
    return text.removeprefix("Patient/") if isinstance(text, str) and text.startswith("Patient/") else ""


def reduced(resource: Resource, child: str) -> dict[str, Any] | None:
    """What of a resource may be seen in this child's view; None when it is not about this child."""
    kind = str(resource.get("resourceType", ""))
    where = _table()["subject"].get(kind)
    if where is None or (resource.get("id") if where == "id" else _target(resource.get(where))) != child:
        return None
    if tells_of_mother(resource):
        return None
    kept = _kept(resource, kind, _table()["elements"][kind], child)
    stamps = {name: resource.get("meta", {}).get(name) for name in ("versionId", "lastUpdated")}
    meta = {name: value for name, value in stamps.items() if isinstance(value, str)}
    return {"resourceType": kind, "id": resource.get("id"), "meta": meta, **kept}


def _kept(node: Resource, type_name: str, names: Collection[str], child: str) -> dict[str, Any]:
    known = elements(type_name)
    found: dict[str, Any] = {}
    for name in names:
        if name in node and name in known:
            value = _value(node[name], name, known[name].type, known[name].primitive, child)
            if value not in (None, [], {}):
                found[name] = value
    return found


def _value(value: Any, name: str, kind: str, primitive: bool, child: str) -> Any:
    if isinstance(value, list):
        made = [_value(one, name, kind, primitive, child) for one in value]
        return [one for one in made if one not in (None, [], {})]
    if primitive:
        return None if isinstance(value, Mapping) else value
    if not isinstance(value, Mapping):
        return None
    if kind == "Reference":
        # The only address that says nothing new: the child's own.
        return {"reference": f"Patient/{child}"} if _target(value) == child else None
    inside = _table()["inside"]
    return _kept(value, kind, inside.get(kind) or inside.get(name) or (), child)

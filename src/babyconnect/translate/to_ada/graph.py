"""STU3 resources as a graph: each by its address, and what its references lead to.

A reference is resolved by type and id (relative, or the end of an address), or by the address of a Bundle's entry.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from babyconnect.translate.paths import Step, compiled, slices
from babyconnect.translate.to_ada.spans import moment_for

Resource = Mapping[str, Any]
_ADDRESS = re.compile(r"(?:^|/)([A-Za-z]+)/([A-Za-z0-9.\-]{1,64})(?:/_history/[^/]+)?$")


class Graph:
    """All resources of one record.  Two of one address are one when they say the same; `twice` has the others."""

    def __init__(self, resources: Sequence[Resource]) -> None:
        self.all: dict[str, Resource] = {}
        self.keys: list[str] = []
        self.twice: list[str] = []
        for number, resource in enumerate(resources):
            kind = str(resource.get("resourceType", ""))
            key = f"{kind}/{resource['id']}" if resource.get("id") else f"{kind}/#{number}"
            self.keys.append(key)
            if key in self.all and self.all[key] != resource:
                self.twice.append(key)
            self.all.setdefault(key, resource)

    def target(self, reference: object) -> str:
        """The key of what a Reference leads to, "" when this record does not hold it."""
        text = reference.get("reference") if isinstance(reference, Mapping) else reference
        found = _ADDRESS.search(text) if isinstance(text, str) else None
        key = f"{found[1]}/{found[2]}" if found else ""
        return key if key in self.all else ""


def found(resource: Any, path: str) -> list[Found]:
    """Every value at a path of a map (grammar: `translate.paths`)."""
    return list(_walk(resource, compiled(path), ()))


def places(path: str, transform: str) -> Iterator[str]:
    """Where a value can stand: of a data element of any type, at value[x] of each; a beginning, as a moment too."""
    if transform != "any":
        yield path
        yield from filter(None, [moment_for(path)])
        return
    for kind in ("valueQuantity", "valueCodeableConcept", "valueString"):
        yield "/".join([*path.split("/")[:-1], kind])


class Found:
    """One value at a path: the object that holds it, its name there, and the items of lists on the way to it.

    `items`: (name of the list, place) for each list on the way where the map makes a new element per data element.
    """

    __slots__ = ("holder", "items", "name", "value")

    def __init__(self, holder: Mapping[str, Any], name: str, value: Any, items: tuple[tuple[str, int], ...]) -> None:
        self.holder, self.name, self.value, self.items = holder, name, value, items

    @property
    def beside(self) -> Mapping[str, Any]:
        """What stands beside a primitive (`_name`)."""
        beside = self.holder.get(f"_{self.name}")
        return beside if isinstance(beside, Mapping) else {}


def _walk(here: Any, steps: tuple[Step, ...], items: tuple[tuple[str, int], ...]) -> Iterator[Found]:
    if not isinstance(here, Mapping):
        return
    step, rest = steps[0], steps[1:]
    if step.kind == "plain" and not rest:
        if step.name in here or f"_{step.name}" in here:
            yield Found(here, step.name, here.get(step.name), items)
        return
    if step.kind == "plain":
        yield from _walk(here.get(step.name), rest, items)
        return
    for place, item in enumerate(_listed(here, step)):
        here_items = (*items, (step.name, place)) if _makes_new(step) else items
        if rest:
            yield from _walk(item, rest, here_items)
        else:
            yield Found(here, step.name, item, here_items)


def _listed(here: Mapping[str, Any], step: Step) -> list[Any]:
    """The elements of a list that a step means."""
    listed = here.get(step.name)
    if not isinstance(listed, list):
        return []
    if step.kind == "first":
        return listed[:1]
    if step.kind == "append":
        return listed
    content = slices()[step.slice]
    return [item for item in listed if matches(item, content)]


def _makes_new(step: Step) -> bool:
    """True when each element of the list is another data element's (or group's)."""
    return step.kind in ("append", "new-slice") or step.slice == "each"


def matches(item: Any, content: Any) -> bool:
    """True when what a slice or template fixes is so; of several codings one is enough; displays do not count."""
    if isinstance(content, Mapping):
        if not isinstance(item, Mapping):
            return False
        shown = {"display", "text"} if "coding" in content else {"display"}
        return all(matches(item.get(key), value) for key, value in content.items() if key not in shown)
    if isinstance(content, list):
        return isinstance(item, list) and any(matches(one, value) for one in item for value in content)
    return bool(item == content)


def same_coding(codings: object, wanted: Sequence[Mapping[str, str]]) -> bool:
    """True when one of the codings is one of those wanted."""
    pairs = {(c["system"], c["code"]) for c in wanted}
    listed = codings if isinstance(codings, list) else []
    return any(isinstance(c, Mapping) and (c.get("system"), c.get("code")) in pairs for c in listed)


def codings(resource: Resource) -> Any:
    code = resource.get("code")
    return code.get("coding") if isinstance(code, Mapping) else None


def profiles(resource: Resource) -> set[str]:
    meta = resource.get("meta")
    listed = meta.get("profile") if isinstance(meta, Mapping) else None
    return {one for one in listed if isinstance(one, str)} if isinstance(listed, list) else set()

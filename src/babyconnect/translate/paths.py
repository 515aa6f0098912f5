"""Where in a resource a value goes: a path of a map, compiled once, applied to plain dicts.

Grammar, steps separated by `/`:
`name` an object or a value (`_name` what stands beside it) · `name[0]` the first of a list · `name[]` a new one at its
end ·
`name{slice}` the one of a list that a slice names, made from the slice's content the first time ·
`name{+slice}` a new one from the slice's content.  Slices are rows of `slices.toml` in `definitions/ada` and `acute`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from babyconnect.definitions import document

Kind = Literal["plain", "first", "append", "slice", "new-slice"]
_STEP = re.compile(r"(_?[A-Za-z]+)(?:\[(0?)\]|\{(\+?)([A-Za-z0-9-]+)\})?")


@dataclass(frozen=True, slots=True)
class Step:
    """`slot`: the path as far as this step, by which an element that was made for it is found again."""

    name: str
    kind: Kind
    slice: str
    slot: str


@functools.cache
def compiled(path: str) -> tuple[Step, ...]:
    """The steps of a path.  Raises ValueError for what the grammar does not have: tables are checked by tests."""
    steps: list[Step] = []
    for part in path.split("/"):
        steps.append(_step(part, steps[-1].slot if steps else ""))
    return tuple(steps)


@functools.cache
def _way(path: str) -> tuple[tuple[Step, ...], Step]:
    """The steps to the object that the last one is set in, and the last."""
    *way, last = compiled(path)
    return tuple(way), last


def _step(text: str, before: str) -> Step:
    found = _STEP.fullmatch(text)
    if not found:
        raise ValueError(f"not a path step: {text}")
    name, first, plus, slice_name = found.groups()
    slot = f"{before}/{name}"
    if slice_name:
        return Step(name, "new-slice" if plus else "slice", slice_name, f"{slot}{{{slice_name}}}")
    if first is None:
        return Step(name, "plain", "", slot)
    return Step(name, "first", "", slot) if first else Step(name, "append", "", f"{slot}{{}}")


@functools.cache
def slices() -> Mapping[str, Any]:
    tables = document("ada/slices.toml") | document("acute/slices.toml")
    return {name: row["content"] for name, row in tables.items()}


def fresh(content: Any) -> Any:
    """A copy of FHIR JSON from a table, to be changed (copy.deepcopy is ten times slower)."""
    if isinstance(content, Mapping):
        return {key: fresh(value) for key, value in content.items()}
    return [fresh(value) for value in content] if isinstance(content, list) else content


def holder(resource: dict[str, Any], slots: dict[str, dict[str, Any]], path: str) -> dict[str, Any]:
    """The object that the last step of `path` is set in; what lies on the way is made.  `slots`: slices made so far."""
    return _walked(resource, slots, _way(path)[0])


def _walked(resource: dict[str, Any], slots: dict[str, dict[str, Any]], steps: tuple[Step, ...]) -> dict[str, Any]:
    here = resource
    for step in steps:
        here = _enter(here, step, slots)
    return here


def _enter(here: dict[str, Any], step: Step, slots: dict[str, dict[str, Any]]) -> dict[str, Any]:
    if step.kind == "plain":
        within: dict[str, Any] = here.setdefault(step.name, {})
        return within
    if step.kind == "slice" and step.slot in slots:
        return slots[step.slot]
    listed: list[dict[str, Any]] = here.setdefault(step.name, [])
    if step.kind == "first":
        if not listed:
            listed.append({})
        return listed[0]
    made: dict[str, Any] = fresh(slices()[step.slice]) if step.slice else {}
    listed.append(made)
    for inside in [key for key in slots if key.startswith(f"{step.slot}/")]:
        del slots[inside]  # these belong to the element before this one
    slots[step.slot] = made
    return made


def put(resource: dict[str, Any], slots: dict[str, dict[str, Any]], path: str, value: Any,
        extra: Mapping[str, Any] | None = None) -> None:  # fmt: skip
    """Set `value` (None: none) at `path`, and `extra` beside it as the primitive's `_name`.

    A slice as the last step takes the elements of `value` beside what it has.
    """
    way, last = _way(path)
    here = _walked(resource, slots, way)
    if last.kind in ("slice", "new-slice"):
        _merge(_enter(here, last, slots), value)
    elif last.kind == "append":
        here.setdefault(last.name, []).append(value)
    elif last.kind == "first":
        here.setdefault(last.name, []).insert(0, value)
    else:
        if value is not None:
            here[last.name] = value
        if extra:
            here[f"_{last.name}"] = dict(extra)


def _merge(element: dict[str, Any], value: Mapping[str, Any]) -> None:
    """Add to what a slice has: its lists (extensions) keep what they hold."""
    for name, part in value.items():
        held = element.get(name)
        element[name] = [*held, *part] if isinstance(held, list) and isinstance(part, list) else part


def opened(resource: dict[str, Any], slots: dict[str, dict[str, Any]], path: str) -> tuple[str, str, dict[str, Any]]:
    """Open a new element of a list: its path, the slot it has, and the element."""
    way, last = _way(path)
    return path, last.slot, _enter(_walked(resource, slots, way), last, slots)


def is_list(path: str) -> bool:
    """True when a path adds to a list at its end, or makes a new element of one on the way."""
    steps = compiled(path)
    return steps[-1].kind == "append" or any(step.kind in ("append", "new-slice") for step in steps)


def joined(resource: dict[str, Any], slots: dict[str, dict[str, Any]], path: str, value: Any) -> bool:
    """Add a second value to the first at a path: codings of one concept; False when they cannot stand together."""
    holds, name = holder(resource, slots, path), compiled(path)[-1].name
    there = holds.get(name)
    if there == value:
        return True
    if isinstance(there, dict) and isinstance(value, Mapping) and "coding" in there and "coding" in value:
        there["coding"] += [coding for coding in value["coding"] if coding not in there["coding"]]
        return True
    return False


def has(resource: Mapping[str, Any], path: str) -> bool:
    """True when the (plain) path already has something."""
    here: Any = resource
    for step in compiled(path):
        if not isinstance(here, Mapping) or (step.name not in here and f"_{step.name}" not in here):
            return False
        here = here.get(step.name)
        if isinstance(here, list):
            here = here[0] if here else None
    return True

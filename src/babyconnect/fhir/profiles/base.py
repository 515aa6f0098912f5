"""HL7's own invariants and bindings, and every extension that a definition is known of, wherever it stands."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from babyconnect.birthcare.ucum import is_unit
from babyconnect.fhir.grammar import elements, is_type
from babyconnect.fhir.profiles.tables import CORE, Binding, Invariant, Node, base_node, profile
from babyconnect.fhir.profiles.walking import Walk

_UCUM = "http://unitsofmeasure.org"
_MEASURES = frozenset({"Quantity", "SimpleQuantity", "Age", "Count", "Distance", "Duration"})
_ANYWHERE = frozenset({"*", "Any", "Element", "Resource", "DomainResource", ""})


@dataclass(frozen=True, slots=True)
class Step:
    """One element of a type: what is asked of its value, and the type to go on with (None: a primitive)."""

    base: str
    type: str | None
    rules: tuple[Invariant, ...]
    binding: Binding | None
    resource: bool
    measured: bool = False
    """A Quantity, or a type made of one: its code is to be a unit."""
    silent: frozenset[str] = frozenset()
    """The elements of the type of which nothing is asked; a value that has no others is not looked into."""


class At(NamedTuple):
    """Where the walk is: the place to name, the path of definitions, and what a definition may call this."""

    place: str
    path: str
    context: frozenset[str]


def check(walk: Walk, resource: Mapping[str, Any], place: str) -> None:
    """A resource, and what it contains, against STU3's own rules and the extensions' definitions."""
    name = resource["resourceType"]
    walk.profile = CORE + name
    node = base_node(name)
    if node is not None:
        walk.rules(node.rules, resource, place)
    _object(walk, name, resource, At(place, name, frozenset({name})))


def _object(walk: Walk, type_name: str, value: Mapping[str, Any], at: At) -> None:
    steps = _steps(type_name)
    for key, content in value.items():
        step = steps.get(key)
        if step is not None:
            if type(content) is list:
                for position, one in enumerate(content):
                    _value(walk, step, one, f"{at.place}.{key}[{position}]", at.path)
            else:
                _value(walk, step, content, f"{at.place}.{key}", at.path)
        elif key == "extension" or key == "modifierExtension":  # noqa: PLR1714 (a set is slower here)
            _extensions(walk, content, at._replace(place=f"{at.place}.{key}"))
        elif key[0] == "_":
            element = elements(type_name).get(key[1:])
            if element is not None and element.codes is not None and key[1:] not in value:
                walk.note(f"{at.place}.{key[1:]}", "code", "a code of the list that STU3 requires here")
            _beside(walk, content, At(f"{at.place}.{key}", at.path, _names(type_name, at.path, key[1:])))


def _value(walk: Walk, step: Step, value: Any, place: str, path: str) -> None:
    if step.resource:
        if isinstance(value, dict):
            before = walk.profile
            check(walk, value, place)
            walk.profile = before
        return
    if step.rules:
        walk.rules(step.rules, value, place)
    if step.binding is not None:
        walk.binding(step.binding, value, place)
    if step.measured and isinstance(value, dict) and value.get("system") == _UCUM:
        code = value.get("code")
        if isinstance(code, str) and not is_unit(code):
            walk.note(place, "unit", "no unit of UCUM")
    if step.type is not None and isinstance(value, dict) and not value.keys() <= step.silent:
        _object(walk, step.type, value, At(place, *_below(path, step.base, step.type)))


@functools.lru_cache(maxsize=8192)
def _below(path: str, base: str, type_name: str) -> tuple[str, frozenset[str]]:
    below = f"{path}.{base}"
    return below, frozenset({below, type_name})


@functools.lru_cache(maxsize=8192)
def _names(type_name: str, path: str, key: str) -> frozenset[str]:
    element = elements(type_name).get(key)
    base, kind = (element.base, element.type) if element else (key, "")
    return frozenset({f"{path}.{base}", f"{type_name}.{base}", kind})


def _beside(walk: Walk, content: Any, at: At) -> None:
    for position, one in enumerate(content if isinstance(content, list) else [content]):
        if isinstance(one, dict) and "extension" in one:
            place = f"{at.place}[{position}]" if isinstance(content, list) else at.place
            _extensions(walk, one["extension"], at._replace(place=f"{place}.extension"))


def _extensions(walk: Walk, extensions: Any, at: At) -> None:
    before = walk.profile
    own = base_node("Extension")
    for position, one in enumerate(extensions):
        place, url = f"{at.place}[{position}]", one.get("url", "")
        found = profile(url) if ":" in url else None
        walk.profile = CORE + "Extension"
        if own is not None:
            walk.rules(own.rules, one, place)
        if found is not None and found.type == "Extension":
            walk.profile = found.url
            walk.element(found.node, one, one, place)
            if not found.context & (at.context | _ANYWHERE) and not any("/" in name for name in found.context):
                walk.note(place, "extension", f"stands on {' or '.join(sorted(found.context))}, not here")
        walk.profile = before
        _object(walk, "Extension", one, At(place, "Extension", frozenset({"Extension", url})))


@functools.cache
def _steps(type_name: str) -> Mapping[str, Step]:
    """What is to be looked at in a type: elements of a complex type, and those with something asked of them."""
    found = {}
    own = _node_of(type_name)
    for key, element in elements(type_name).items():
        if element.primitive or element.type == "xhtml":
            if key not in _silent(type_name):
                node = own.kid(element.base) if own else None
                assert node is not None
                found[key] = Step(element.base, None, node.rules, node.binding, False)
        elif key not in ("extension", "modifierExtension"):
            found[key] = _complex(element.base, element.type, own)
    return found


@functools.cache
def _silent(type_name: str) -> frozenset[str]:
    """The primitive elements of a type of which nothing is asked."""
    own = _node_of(type_name)
    kids = {key: own.kid(one.base) if own else None for key, one in elements(type_name).items()
            if one.primitive or one.type == "xhtml"}  # fmt: skip
    return frozenset(key for key, node in kids.items() if node is None or not (node.rules or node.binding))


def _complex(base: str, type_name: str, own: Node | None) -> Step:
    node = own.kid(base) if own else None
    of_type = base_node(type_name) if "." not in type_name else None
    rules = (*(node.rules if node else ()), *(of_type.rules if of_type else ()))
    typed = next((base_node(url.removeprefix(CORE)) for url in node.profiles), None) if node else None
    if typed is not None:
        rules = tuple(dict.fromkeys((*rules, *typed.rules)))
    following = type_name if is_type(type_name) else None
    binding, silent = node.binding if node else None, _silent(following) if following else frozenset[str]()
    return Step(base, following, rules, binding, type_name == "Resource", type_name in _MEASURES, silent)


def _node_of(type_name: str) -> Node | None:
    first, *rest = type_name.split(".")
    node = base_node(first)
    for name in rest:
        node = node.kid(name) if node else None
    return node

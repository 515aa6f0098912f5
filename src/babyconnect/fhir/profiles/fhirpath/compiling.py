"""A tree as one Python function, and which elements it need not be asked of at all."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from babyconnect.fhir.grammar import choices
from babyconnect.fhir.profiles.fhirpath.functions import FUNCTIONS, typed
from babyconnect.fhir.profiles.fhirpath.operators import OPERATORS
from babyconnect.fhir.profiles.fhirpath.parser import Tree, parse
from babyconnect.fhir.profiles.fhirpath.stepping import path, present
from babyconnect.fhir.profiles.fhirpath.values import Around, Function, Items, Known, truth

CONSTANTS = {"ucum": "http://unitsofmeasure.org", "sct": "http://snomed.info/sct", "loinc": "http://loinc.org"}


Sign = Callable[[dict[str, Any]], bool]


@functools.cache
def compiled(expression: str) -> Callable[[Any, Around], bool]:
    """Does the expression hold for an element?  Nothing at all counts as no, as validators have it."""
    tree = parse(expression)
    run, signs = _compile(tree), _signs(tree)

    def holds(element: Any, around: Around) -> bool:
        if type(element) is dict:
            for sign in signs:
                if sign(element):
                    return True
        return truth(run([element], around)) is True

    return holds


def _signs(tree: Tree) -> list[Sign]:
    """Signs of an element, each enough to know that the expression holds without evaluating it.

    Most invariants are of the form `x.empty() or …`, and most elements have no x; most references are not within."""
    kind = tree[0]
    if kind == "or":
        return _signs(tree[1]) + _signs(tree[2])
    if kind == "and":
        return [_both(one, other) for one in _signs(tree[1]) for other in _signs(tree[2])]
    if kind == "implies":
        return _absence(tree[1], "exists") + _signs(tree[2])
    if kind == "!=":
        return _one_of_two(tree[1], tree[2])
    return _absence(tree, "empty") + _other_start(tree)


def _both(one: Sign, other: Sign) -> Sign:
    return lambda element: one(element) and other(element)


def _absence(tree: Tree, function: str) -> list[Sign]:
    """`x.y.where(…).empty()`: no JSON name of x is there; nothing for any other form."""
    if tree[0] != "step" or tree[2] != ("call", function, ()):
        return []
    while tree[0] == "step":
        tree = tree[1]
    return [_names(tree[1]).isdisjoint] if tree[0] == "path" else []


def _names(path_: str) -> frozenset[str]:
    names = choices().get(path_, (path_,))
    return frozenset(names) | {f"_{name}" for name in names}


def _one_of_two(one: Tree, other: Tree) -> list[Sign]:
    """`x.exists() != y.exists()`, which is asked of every extension."""
    if not all(tree[0] == "step" and tree[1][0] == "path" and tree[2] == _EXISTS for tree in (one, other)):
        return []
    first, second = _names(one[1][1]), _names(other[1][1])
    return [lambda element: first.isdisjoint(element) != second.isdisjoint(element)]


def _other_start(tree: Tree) -> list[Sign]:
    """`x.startsWith('…').not()`, of a text without anything beside it."""
    if tree[0] != "step" or tree[2] != ("call", "not", ()) or tree[1][0] != "step":
        return []
    path_, call = tree[1][1:]
    if path_[0] != "path" or call[:2] != ("call", "startsWith") or call[2][0][0] != "literal":
        return []
    name, beside, start = path_[1], f"_{path_[1]}", call[2][0][1]

    def starts_otherwise(element: dict[str, Any]) -> bool:
        value = element.get(name)
        return type(value) is str and beside not in element and not value.startswith(start)

    return [starts_otherwise]


def _compile(tree: Tree) -> Function:
    kind = tree[0]
    if kind == "literal":
        held = [tree[1]]
        return lambda items, around: held
    if kind == "this":
        return lambda items, around: items
    if kind == "constant":
        return _constant(tree[1])
    if kind == "path":
        return path(tree[1])
    if kind == "step":
        if tree[1][0] == "path" and tree[2] in _PRESENCE:
            return present(tree[1][1], _PRESENCE[tree[2]])
        before, after = _compile(tree[1]), _compile(tree[2])
        if _is_of_resource(tree):
            return _once(tree, before, after)
        return lambda items, around: after(before(items, around), around)
    if kind == "call":
        return _call(tree[1], tree[2])
    if kind in ("is", "as"):
        return typed(kind, _compile(tree[1]), tree[2][1])
    operator = OPERATORS[kind]
    left, right = _compile(tree[1]), _compile(tree[2])
    return lambda items, around: operator(left(items, around), lambda: right(items, around))


def _is_of_resource(tree: Tree) -> bool:
    """Whether it is the same for every element of a resource: `%resource.contained.id`."""
    if tree[0] == "constant":
        return tree[1] in ("resource", "context")
    if tree[0] != "step" or not _is_of_resource(tree[1]):
        return False
    last = tree[2]
    simple = last[0] == "call" and last[1] in FUNCTIONS and all(one[0] == "literal" for one in last[2])
    return last[0] == "path" or simple


def _once(tree: Tree, before: Function, after: Function) -> Function:
    """A resource with as many contained resources as anybody likes is gone through once, not for each of them."""

    def run(items: Items, around: Around) -> Items:
        found = around.known.get(tree)
        if found is None:
            found = around.known[tree] = Known(after(before(items, around), around))
        return found

    return run


_EXISTS: Tree = ("call", "exists", ())
_PRESENCE: dict[Tree, bool] = {_EXISTS: True, ("call", "empty", ()): False}


def _constant(name: str) -> Function:
    if name in ("resource", "context"):
        return lambda items, around: [around.resource]
    value = CONSTANTS[name]
    return lambda items, around: [value]


def _call(name: str, arguments: tuple[Tree, ...]) -> Function:
    if name == "where":
        test = _compile(arguments[0])
        return lambda items, around: [one for one in items if truth(test([one], around)) is True]
    if name == "select":
        each = _compile(arguments[0])
        return lambda items, around: [found for one in items for found in each([one], around)]
    if name in ("is", "as"):
        return typed(name, _compile(("this",)), arguments[0][1])
    run, given = FUNCTIONS[name], [_compile(one) for one in arguments]
    return lambda items, around: run(items, around, *[one(items, around) for one in given])

"""FHIRPath expressions as Python functions: what an invariant says, ready to be asked of an element.

A function takes a collection (list) and what is around it, and gives a collection.  Only what the table of invariants
uses is known here; an expression with something else in it is a ValueError at the moment of compiling (a test compiles
them all).  A value of a primitive that has extensions of its own is a `Primitive`, any other is plain JSON.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from babyconnect.fhir.grammar import choices
from babyconnect.fhir.profiles.fhirpath_parser import Tree, parse


@dataclass(frozen=True, slots=True)
class Around:
    """The resource that the element stands in (the outermost), and what a reference leads to.

    `known`: what was found of the resource as a whole, which is asked again for each of its elements."""

    resource: dict[str, Any]
    resolve: Callable[[str], dict[str, Any] | None]
    known: dict[Tree, Known] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Primitive:
    """A primitive with the element beside it (`_family`)."""

    value: Any
    element: dict[str, Any]


class Known(list[Any]):
    """A collection that is asked again and again whether it holds a text."""

    @functools.cached_property
    def texts(self) -> frozenset[str]:
        return frozenset(_text(one) for one in self if isinstance(_plain(one), str | bool))


Items = list[Any]
Function = Callable[[Items, Around], Items]
TRUE: Items = [True]
FALSE: Items = [False]
NOTHING: Items = []
CONSTANTS = {"ucum": "http://unitsofmeasure.org", "sct": "http://snomed.info/sct", "loinc": "http://loinc.org"}


@functools.cache
def compiled(expression: str) -> Callable[[Any, Around], bool]:
    """Does the expression hold for an element?  Nothing at all counts as no, as validators have it."""
    tree = parse(expression)
    run, safe = _compile(tree), _safe_without(tree)

    def holds(element: Any, around: Around) -> bool:
        if isinstance(element, dict) and any(names.isdisjoint(element) for names in safe):
            return True
        return _truth(run([element], around)) is True

    return holds


def _safe_without(tree: Tree) -> list[frozenset[str]]:
    """Sets of JSON names: where an element has none of one set, the expression holds without being evaluated.

    Most invariants are of the form `x.empty() or …`, and most elements have no x."""
    kind = tree[0]
    if kind == "or":
        return _safe_without(tree[1]) + _safe_without(tree[2])
    if kind == "and":
        return [one | other for one in _safe_without(tree[1]) for other in _safe_without(tree[2])]
    if kind == "implies":
        return _first_of(tree[1], "exists")
    return _first_of(tree, "empty")


def _first_of(tree: Tree, function: str) -> list[frozenset[str]]:
    """`x.y.where(…).empty()`: the JSON names of x; nothing for any other form."""
    if tree[0] != "step" or tree[2] != ("call", function, ()):
        return []
    while tree[0] == "step":
        tree = tree[1]
    if tree[0] != "path":
        return []
    names = choices().get(tree[1], (tree[1],))
    return [frozenset(names) | {f"_{name}" for name in names}]


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
        return _path(tree[1])
    if kind == "step":
        if tree[1][0] == "path" and tree[2] in _PRESENCE:
            return _present(tree[1][1], _PRESENCE[tree[2]])
        before, after = _compile(tree[1]), _compile(tree[2])
        if _is_of_resource(tree):
            return _once(tree, before, after)
        return lambda items, around: after(before(items, around), around)
    if kind == "call":
        return _call(tree[1], tree[2])
    if kind in ("is", "as"):
        return _typed(kind, _compile(tree[1]), tree[2][1])
    operator = _OPERATORS[kind]
    left, right = _compile(tree[1]), _compile(tree[2])
    return lambda items, around: operator(left(items, around), lambda: right(items, around))


def _is_of_resource(tree: Tree) -> bool:
    """Whether it is the same for every element of a resource: `%resource.contained.id`."""
    if tree[0] == "constant":
        return tree[1] in ("resource", "context")
    if tree[0] != "step" or not _is_of_resource(tree[1]):
        return False
    last = tree[2]
    simple = last[0] == "call" and last[1] in _FUNCTIONS and all(one[0] == "literal" for one in last[2])
    return last[0] == "path" or simple


def _once(tree: Tree, before: Function, after: Function) -> Function:
    """A resource with as many contained resources as anybody likes is gone through once, not for each of them."""

    def run(items: Items, around: Around) -> Items:
        found = around.known.get(tree)
        if found is None:
            found = around.known[tree] = Known(after(before(items, around), around))
        return found

    return run


_PRESENCE: dict[Tree, bool] = {("call", "exists", ()): True, ("call", "empty", ()): False}


def _present(name: str, wanted: bool) -> Function:
    """`name.exists()` and `name.empty()` are half of what invariants ask: looked up, not gathered."""
    keys = tuple(choices().get(name, (name,)))
    all_keys = frozenset(keys) | {f"_{key}" for key in keys}

    def run(items: Items, around: Around) -> Items:
        for item in items:
            element = item.element if isinstance(item, Primitive) else item
            if isinstance(element, dict) and not all_keys.isdisjoint(element):
                return TRUE if wanted else FALSE
        return FALSE if wanted else TRUE

    return run


def _constant(name: str) -> Function:
    if name in ("resource", "context"):
        return lambda items, around: [around.resource]
    value = CONSTANTS[name]
    return lambda items, around: [value]


# --- stepping ---------------------------------------------------------------------------------------------------


def _path(name: str) -> Function:
    keys = frozenset(choices().get(name, (name,)))

    def run(items: Items, around: Around) -> Items:
        found: Items = []
        for item in items:
            if isinstance(item, Primitive):
                item = item.element
            if isinstance(item, dict):
                found += _children(item, name) if len(keys) == 1 else _chosen(item, keys)
        return found

    return run


def _chosen(item: dict[str, Any], keys: frozenset[str]) -> Items:
    names = {key.removeprefix("_") for key in item if key.removeprefix("_") in keys}
    return [one for name in names for one in _children(item, name)]


def _children(item: dict[str, Any], key: str) -> Items:
    value, beside = item.get(key), item.get("_" + key)
    if beside is None:
        return value if isinstance(value, list) else [] if value is None else [value]
    values = value if isinstance(value, list) else [value]
    elements = beside if isinstance(beside, list) else [beside]
    size = max(len(values), len(elements))
    values, elements = values + [None] * (size - len(values)), elements + [None] * (size - len(elements))
    pairs = zip(values, elements, strict=True)
    return [v if e is None else Primitive(v, e) for v, e in pairs if v is not None or e is not None]


def _descendants(item: Any) -> Iterator[Any]:
    element = item.element if isinstance(item, Primitive) else item
    if isinstance(element, dict):
        for key in element:
            if not key.startswith("_") and key != "resourceType":
                for child in _children(element, key):
                    yield child
                    yield from _descendants(child)


# --- functions --------------------------------------------------------------------------------------------------


def _call(name: str, arguments: tuple[Tree, ...]) -> Function:
    if name == "where":
        test = _compile(arguments[0])
        return lambda items, around: [one for one in items if _truth(test([one], around)) is True]
    if name == "select":
        each = _compile(arguments[0])
        return lambda items, around: [found for one in items for found in each([one], around)]
    if name in ("is", "as"):
        return _typed(name, _compile(("this",)), arguments[0][1])
    run, given = _FUNCTIONS[name], [_compile(one) for one in arguments]
    return lambda items, around: run(items, around, *[one(items, around) for one in given])


def _exists(items: Items, around: Around) -> Items:
    return TRUE if items else FALSE


def _not(items: Items, around: Around) -> Items:
    truth = _truth(items)
    return NOTHING if truth is None else FALSE if truth else TRUE


def _of_text(act: Callable[..., Any]) -> Callable[..., Items]:
    def run(items: Items, around: Around, *arguments: Items) -> Items:
        if len(items) != 1 or _plain(items[0]) is None:
            return NOTHING
        return [act(_text(items[0]), *(one[0] for one in arguments))]

    return run


def _distinct(items: Items, around: Around) -> Items:
    values = [_plain(one) for one in items]
    if all(isinstance(one, str) for one in values):
        return TRUE if len(set(values)) == len(values) else FALSE
    return TRUE if all(not _same(a, b) for i, a in enumerate(items) for b in items[:i]) else FALSE


def _resolved(items: Items, around: Around) -> Items:
    addresses = [item.get("reference") if isinstance(item, dict) else _plain(item) for item in items]
    found = [around.resolve(address) for address in addresses if isinstance(address, str)]
    return [one for one in found if one is not None]


def _extensions(items: Items, around: Around, url: Items) -> Items:
    elements = [item.element if isinstance(item, Primitive) else item for item in items]
    held = [one for element in elements if isinstance(element, dict) for one in element.get("extension", ())]
    return [one for one in held if one.get("url") == url[0]]


_FUNCTIONS: dict[str, Callable[..., Items]] = {
    "exists": _exists,
    "empty": lambda items, around: FALSE if items else TRUE,
    "not": _not,
    "count": lambda items, around: [len(items)],
    "matches": _of_text(lambda text, pattern: re.search(pattern, text) is not None),
    "startsWith": _of_text(lambda text, start: text.startswith(start)),
    "contains": _of_text(lambda text, part: part in text),
    "substring": _of_text(lambda text, start: text[start:]),
    "toString": _of_text(lambda text: text),
    "trace": lambda items, around, name: items,
    "isDistinct": _distinct,
    "resolve": _resolved,
    "extension": _extensions,
    "descendants": lambda items, around: [one for item in items for one in _descendants(item)],
    "intersect": lambda items, around, other: [one for one in items if any(_same(one, each) for each in other)],
}


def _typed(kind: str, run: Function, name: str) -> Function:
    def is_of(item: Any) -> bool:
        value = _plain(item)
        if isinstance(value, dict):
            return value.get("resourceType") == name
        return isinstance(value, bool) if name == "boolean" else isinstance(value, str)

    def test(items: Items, around: Around) -> Items:
        found = run(items, around)
        if kind == "as":
            return [one for one in found if is_of(one)]
        return [is_of(found[0])] if len(found) == 1 else NOTHING

    return test


# --- operators --------------------------------------------------------------------------------------------------

Later = Callable[[], Items]


def _truth(items: Items) -> bool | None:
    """A single value that is no boolean counts as true (`singleton evaluation of collections`)."""
    if not items:
        return None
    value = _plain(items[0])
    return value if isinstance(value, bool) and len(items) == 1 else True


def _given(truth: bool | None) -> Items:
    return NOTHING if truth is None else TRUE if truth else FALSE


def _and(left: Items, right: Later) -> Items:
    one = _truth(left)
    if one is False:
        return FALSE
    other = _truth(right())
    return FALSE if other is False else _given(None if one is None or other is None else True)


def _or(left: Items, right: Later) -> Items:
    one = _truth(left)
    if one is True:
        return TRUE
    other = _truth(right())
    return TRUE if other is True else _given(None if one is None or other is None else False)


def _xor(left: Items, right: Later) -> Items:
    one, other = _truth(left), _truth(right())
    return _given(None if one is None or other is None else one != other)


def _implies(left: Items, right: Later) -> Items:
    one = _truth(left)
    if one is False:
        return TRUE
    other = _truth(right())
    return TRUE if other is True else _given(None if one is None or other is None else False)


def _equal(wanted: bool) -> Callable[[Items, Later], Items]:
    def run(left: Items, right: Later) -> Items:
        other = right()
        if not left or not other:
            return NOTHING
        same = len(left) == len(other) and all(map(_same, left, other))
        return _given(same is wanted)

    return run


def _compared(holds: Callable[[Any, Any], bool]) -> Callable[[Items, Later], Items]:
    def run(left: Items, right: Later) -> Items:
        other = right()
        pair = _comparable(left[0], other[0]) if len(left) == 1 and len(other) == 1 else None
        return NOTHING if pair is None else _given(holds(*pair))

    return run


def _in(left: Items, right: Later) -> Items:
    if not left:
        return NOTHING
    one, many = _plain(left[0]), right()
    if isinstance(many, Known) and isinstance(one, str):
        return _given(one in many.texts)
    return _given(any(_same(one, each) for each in many))


def _plus(left: Items, right: Later) -> Items:
    other = right()
    if not left or not other:
        return NOTHING
    one, more = _plain(left[0]), _plain(other[0])
    numbers = all(isinstance(each, int | Decimal) for each in (one, more))
    return [one + more if numbers else _text(one) + _text(more)]


def _joined(left: Items, right: Later) -> Items:
    return ["".join(_text(one) for one in (*left[:1], *right()[:1]))]


_OPERATORS: dict[str, Callable[[Items, Later], Items]] = {
    "and": _and,
    "or": _or,
    "xor": _xor,
    "implies": _implies,
    "=": _equal(True),
    "!=": _equal(False),
    "<": _compared(lambda a, b: a < b),
    ">": _compared(lambda a, b: a > b),
    "<=": _compared(lambda a, b: a <= b),
    ">=": _compared(lambda a, b: a >= b),
    "in": _in,
    "|": lambda left, right: left + right(),
    "+": _plus,
    "&": _joined,
}


# --- values -----------------------------------------------------------------------------------------------------


def _plain(item: Any) -> Any:
    return item.value if isinstance(item, Primitive) else item


def _text(item: Any) -> str:
    value = _plain(item)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _same(one: Any, other: Any) -> bool:
    one, other = _plain(one), _plain(other)
    if isinstance(one, bool) != isinstance(other, bool):
        return _text(one) == _text(other)  # mad-3 compares a boolean with 'false'
    return bool(one == other)


def _comparable(one: Any, other: Any) -> tuple[Any, Any] | None:
    one, other = _plain(one), _plain(other)
    if isinstance(one, dict) and isinstance(other, dict):
        unit = ("system", "code") if one.get("code") or other.get("code") else ("unit",)
        if any(one.get(key) != other.get(key) for key in unit):
            return None
        one, other = one.get("value"), other.get("value")
    numbers = (int, float, Decimal)
    if isinstance(one, numbers) and isinstance(other, numbers):
        return Decimal(str(one)), Decimal(str(other))
    if isinstance(one, str) and isinstance(other, str):
        return _moments(one, other)
    return None


def _moments(one: str, other: str) -> tuple[Any, Any] | None:
    """Two moments as instants, or as far as both are known (a day, a month)."""
    if "T" in one and "T" in other:
        try:
            return dt.datetime.fromisoformat(one), dt.datetime.fromisoformat(other)
        except ValueError:
            return None
    known = min(len(one), len(other), 10)
    return one[:known], other[:known]

"""Which slice of a profile does an element belong to?  By discriminator (STU3, profiling §5.3): value, pattern, type,
profile; extensions by their url.

A discriminator that needs another resource which is not there cannot be decided: the answer is then None, and nothing
is held against the slice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from babyconnect.fhir.profiles.matching import at_path, bound, follows
from babyconnect.fhir.profiles.surroundings import type_in
from babyconnect.fhir.profiles.tables import Node, Slice, type_of


class Asker(Protocol):
    """What a discriminator may ask of the resource's surroundings."""

    def target(self, address: str) -> Any: ...
    def conforms(self, resource: Any, profile: str) -> bool: ...


Test = Callable[[Any, str, Asker], bool | None]
"""`test(value, type, asker)`; the type is that of a choice, "" elsewhere."""


Matched = tuple[Sequence[Slice], Sequence[Slice]]
"""The slices that an element is in, and those of which that cannot be decided."""
Matcher = Callable[[Any, str, Asker], Matched]


def matcher(slices: tuple[Slice, ...]) -> Matcher:
    """To which slices does an element belong?  Extensions by their url, and choices by type, are looked up at once."""
    if all(one.discriminators == (("value", "url"),) for one in slices):
        by_url = _grouped((_url(one.node), one) for one in slices)
        return lambda value, type_name, asker: (
            by_url.get(value.get("url") if isinstance(value, dict) else None, ()),
            (),
        )
    if all(one.discriminators == (("type", "$this"),) and one.node.types for one in slices):
        by_type = _grouped((kind, one) for one in slices for kind in one.node.types)
        return lambda value, type_name, asker: (by_type.get(type_name, ()), ())
    tests = [(one, _test_of(one)) for one in slices]

    def each(value: Any, type_name: str, asker: Asker) -> Matched:
        matched: list[Slice] = []
        undecided: list[Slice] = []
        for one, test in tests:
            answer = test(value, type_name, asker)
            if answer:
                matched.append(one)
            elif answer is None:
                undecided.append(one)
        return matched, undecided

    return each


def _grouped(pairs: Iterable[tuple[Any, Slice]]) -> dict[Any, tuple[Slice, ...]]:
    found: dict[Any, tuple[Slice, ...]] = {}
    for key, one in pairs:
        found[key] = (*found.get(key, ()), one)
    return found


def _test_of(slice_: Slice) -> Test:
    """The discriminators of a slice as one test: all of them hold."""
    tests = [_discriminator(slice_.node, kind, path) for kind, path in slice_.discriminators]
    if len(tests) == 1:
        return tests[0]

    def every(value: Any, type_name: str, asker: Asker) -> bool | None:
        answers = [one(value, type_name, asker) for one in tests]
        return False if False in answers else None if None in answers or not answers else True

    return every


def _discriminator(node: Node, kind: str, path: str) -> Test:
    if kind == "type":
        return _by_target_type(node) if "resolve()" in path else _by_type(node)
    if kind == "profile":
        return _by_profile(node, path)
    if path == "url":
        url = _url(node)
        return lambda value, type_name, asker: isinstance(value, dict) and value.get("url") == url
    return _by_value(node, () if path == "$this" else tuple(path.split(".")))


def _by_type(node: Node) -> Test:
    return lambda value, type_name, asker: not node.types or type_name in node.types


def _url(node: Node) -> str:
    fixed = node.kid("url")
    return str(fixed.fixed if fixed and fixed.fixed else node.profiles[0] if node.profiles else "")


def _by_target_type(node: Node) -> Test:
    types = {type_of(url) for url in node.targets}

    def test(value: Any, type_name: str, asker: Asker) -> bool | None:
        address = value.get("reference") if isinstance(value, dict) else None
        if not isinstance(address, str):
            return None
        target = asker.target(address)
        found = target["resourceType"] if target else type_in(address)
        return found in types if found else None

    return test


def _by_profile(node: Node, path: str) -> Test:
    steps = tuple(step for step in path.split(".") if step not in ("resolve()", "reference", "$this"))
    targets = [url for one in _located(node, steps) for url in one.targets]

    def test(value: Any, type_name: str, asker: Asker) -> bool | None:
        answers: list[bool | None] = []
        for reference in at_path(value, steps):
            address = reference.get("reference") if isinstance(reference, dict) else None
            target = asker.target(address) if isinstance(address, str) else None
            answers.append(None if target is None else any(asker.conforms(target, url) for url in targets))
        return True if True in answers else None if None in answers or not answers else False

    return test


def _by_value(node: Node, steps: tuple[str, ...]) -> Test:
    located = _located(node, steps)
    expected = [found for one in located if (found := _expected(one))]
    if not expected:
        return _by_existence(located, steps)

    def test(value: Any, type_name: str, asker: Asker) -> bool | None:
        answers = [expectation(one) for one in at_path(value, steps) for expectation in expected]
        return True if True in answers else None if None in answers else False

    return test


def _by_existence(located: list[Node], steps: tuple[str, ...]) -> Test:
    """Where a profile gives nothing to tell a slice by but that something must, or may not, be there."""
    if any(one.minimum for one in located) and steps:
        return lambda value, type_name, asker: bool(at_path(value, steps))
    if any(one.maximum == 0 for one in located):
        return lambda value, type_name, asker: not at_path(value, steps)
    return lambda value, type_name, asker: None


def _located(node: Node, steps: tuple[str, ...]) -> list[Node]:
    """The nodes at a path, those in slices of an element among them."""
    found = [node]
    for step in steps:
        below = [kid for one in found if (kid := one.kid(step))]
        found = below + [each.node for kid in below for each in kid.slices]
    return found


def _expected(node: Node) -> Callable[[Any], bool | None] | None:
    if node.fixed is not None:
        return lambda value: bool(value == node.fixed)
    if node.pattern is not None:
        return lambda value: follows(value, node.pattern)
    if node.binding and node.binding.strength in ("required", "extensible"):
        binding = node.binding
        return lambda value: bound(value, binding)
    within = [(kid.name, test) for kid in node.kids if not kid.slices and (test := _expected(kid))]
    if not within:
        return None

    def every(value: Any) -> bool | None:
        answers = [any(test(one) for one in at_path(value, (name,))) for name, test in within]
        return all(answers)

    return every

"""One resource against one node of a profile: how often, of which type, fixed, which code, which slice, which rule."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from babyconnect.fhir.profiles import slicing
from babyconnect.fhir.profiles.deviations import Deviation, Severity
from babyconnect.fhir.profiles.fhirpath import Around, Primitive
from babyconnect.fhir.profiles.matching import bound, codes, follows
from babyconnect.fhir.profiles.surroundings import Surroundings, type_in
from babyconnect.fhir.profiles.tables import (
    CORE,
    Binding,
    Invariant,
    Node,
    Slice,
    base_node,
    profile,
    type_by_key,
    type_of,
)
from babyconnect.fhir.profiles.value_sets import instead

_STRENGTH: dict[str, Severity] = {"required": "error", "extensible": "warning", "preferred": "information"}
_ANY = frozenset({"Resource", "DomainResource", ""})
Item = tuple[Any, Mapping[str, Any], str, str]
"""A value, the element beside or within it, the type that its name says (of a choice), and its place."""


class Walk:
    """One resource under check; what deviates is gathered in `found`."""

    def __init__(self, resource: dict[str, Any], surroundings: Surroundings) -> None:
        self.resource = resource
        self.surroundings = surroundings
        self.around = Around(resource, self._resolved)
        self.found: list[Deviation] = []
        self.profile = ""

    def note(self, place: str, rule: str, text: str, severity: Severity = "error") -> None:
        self.found.append(Deviation(severity, place, rule, self.profile, text))

    # --- what slicing and invariants ask --------------------------------------------------------------------------

    def target(self, address: str) -> Any:
        return self.surroundings.resolve(address, self.resource)

    def _resolved(self, address: str) -> dict[str, Any] | None:
        """What is not at hand still has the type that its address names."""
        named = type_in(address)
        return self.target(address) or ({"resourceType": named} if named else None)

    def conforms(self, resource: Any, url: str) -> bool:
        """Is a resource what a profile asks?  While it is being asked, what refers back to it believes so."""
        memory, key = self.surroundings.conforming, (id(resource), url)
        if key not in memory:
            memory[key] = True
            wanted = profile(url)
            if wanted is None:
                memory[key] = type_of(url) in (resource["resourceType"], "Resource", "DomainResource")
            else:
                walk = Walk(resource, self.surroundings)
                walk.against(url)
                memory[key] = resource["resourceType"] == wanted.type and not any(
                    one.severity == "error" for one in walk.found
                )
        return memory[key]

    # --- walking ------------------------------------------------------------------------------------------------

    def against(self, url: str) -> None:
        """The whole resource against a profile that is known."""
        wanted = profile(url)
        assert wanted is not None
        self.profile = wanted.url
        if self.resource["resourceType"] != wanted.type:
            self.note(self.resource["resourceType"], "profile", f"the profile is about a {wanted.type}")
            return
        self.element(wanted.node, self.resource, self.resource, self.resource["resourceType"])

    def element(self, node: Node, value: Any, within: Mapping[str, Any], place: str) -> None:
        """A value and what it holds: `within` is the value itself, or the element beside a primitive."""
        if node.asks:
            self._value(node, value, within, place)
        for kid in node.kids:
            if not kid.plain:
                if kid.demands or not _names_of(kid.name).isdisjoint(within):
                    self._kid(kid, _chosen(kid, within, place), place)
                continue
            inside, beside = within.get(kid.name), within.get(kid.beside)
            if inside is not None or beside is not None:
                self._kid(kid, _values(kid.name, inside, beside, "", place), place)
            elif kid.demands:
                self._kid(kid, [], place)

    def _value(self, node: Node, value: Any, within: Mapping[str, Any], place: str) -> None:
        if node.fixed is not None and value != node.fixed:
            self.note(place, "fixed", f"the profile fixes {_said(node.fixed)} here")
        if node.pattern is not None and not follows(value, node.pattern):
            self.note(place, "pattern", f"the profile asks for {_said(node.pattern)} here")
        if node.low is not None or node.high is not None:
            self._between(node, value, place)
        if node.binding is not None:
            self.binding(node.binding, value, place)
        if node.rules:
            self.rules(node.rules, value if value is within else Primitive(value, dict(within)), place)
        if node.targets and isinstance(value, dict):
            self._target(node, value, place)
        if node.profiles and isinstance(value, dict) and "url" not in value:
            self._typed(node, value, place)

    def _kid(self, kid: Node, items: list[Item], place: str) -> None:
        if len(items) < kid.minimum or (kid.maximum is not None and len(items) > kid.maximum):
            self._miscounted(kid, len(items), f"{place}.{kid.name}", "")
        if kid.looks:
            for value, inside, type_name, at in items:
                if type_name and kid.types and type_name not in kid.types:
                    self.note(at, "type", f"of type {' or '.join(sorted(kid.types))} here")
                else:
                    self.element(kid, value, inside, at)
        if kid.slices and (items or kid.demands):
            self._slices(kid, items, place)

    def _miscounted(self, node: Node, number: int, place: str, name: str) -> None:
        of = f" in slice {name}" if name else ""
        if number < node.minimum:
            self.note(place, "slice" if name else "cardinality", f"at least {node.minimum}{of}, {number} here")
        if node.maximum is not None and number > node.maximum:
            self.note(place, "slice" if name else "cardinality", f"at most {node.maximum}{of}, {number} here")

    def _slices(self, kid: Node, items: list[Item], place: str) -> None:
        counts: dict[Slice, int] = {}
        undecided: set[Slice] = set()
        matching = _matcher_of(kid)
        for value, inside, type_name, at in items:
            matched, unsure = matching(value, type_name, self)
            if unsure:
                undecided.update(unsure)
            if len(matched) > 1:
                self.note(at, "slice", f"in more than one slice: {', '.join(one.name for one in matched)}")
            elif not matched and kid.closed and not unsure and not (type_name and kid.types):
                self.note(at, "slice", "in none of the slices, and no other is allowed")
            for one in matched:
                counts[one] = counts.get(one, 0) + 1
                self.element(one.node, value, inside, at)
        for one in kid.slices:
            number, most = counts.get(one, 0), one.node.maximum
            if (number < one.node.minimum or (most is not None and number > most)) and one not in undecided:
                self._miscounted(one.node, number, f"{place}.{kid.name}", one.name)

    def rules(self, rules: tuple[Invariant, ...], value: Any, place: str) -> None:
        for rule in rules:
            if not rule.holds(value, self.around):
                severity: Severity = "warning" if rule.severity == "warning" else "error"
                self.note(place, rule.key, "an invariant does not hold", severity)

    # --- what one value must be -----------------------------------------------------------------------------------

    def binding(self, binding: Binding, value: Any, place: str) -> None:
        answer = bound(value, binding)
        if binding.codes.deprecated:
            for old in sorted(binding.codes.deprecated.intersection(codes(value))):
                text = f"{binding.url} keeps this code for old records only{instead(*old)}"
                self.note(place, "deprecated", text, "information")
        if answer is None or answer:
            return
        # Words alone, or a number alone: said only where a concept ought to have a code.
        uncoded = isinstance(value, dict) and "coding" not in value and "code" not in value
        if uncoded and (binding.strength == "preferred" or "value" in value or "system" in value):
            return
        self.note(place, "binding", f"no code of {binding.url} ({binding.strength})", _STRENGTH[binding.strength])

    def _between(self, node: Node, value: Any, place: str) -> None:
        number, low, high = (one.get("value") if isinstance(one, dict) else one
                             for one in (value, node.low, node.high))  # fmt: skip
        if isinstance(number, int | Decimal) and not isinstance(number, bool) \
                and ((low is not None and number < Decimal(str(low)))
                     or (high is not None and number > Decimal(str(high)))):  # fmt: skip
            self.note(place, "value", f"between {low} and {high}")

    def _target(self, node: Node, reference: Mapping[str, Any], place: str) -> None:
        address = reference.get("reference")
        if not isinstance(address, str):
            return
        target = self.target(address)
        found = target["resourceType"] if target else type_in(address)
        types = _types_of(node.targets)
        if found and found not in types and not types & _ANY:
            self.note(place, "target", f"a reference to {' or '.join(sorted(types))} here")

    def _typed(self, node: Node, value: Mapping[str, Any], place: str) -> None:
        """A data type with a profile of its own: one of those that are named will do."""
        url, inside = _profiled(node)
        if inside is not None:
            before, self.profile = self.profile, url
            self.element(inside, value, value, place)
            self.profile = before


@functools.cache
def _profiled(node: Node) -> tuple[str, Node | None]:
    """The one profile of a data type and its node; none where there are several."""
    if len(node.profiles) > 1:
        return "", None
    wanted = profile(node.profiles[0])
    if wanted is not None:
        return wanted.url, wanted.node
    return node.profiles[0], base_node(node.profiles[0].removeprefix(CORE))


@functools.cache
def _names_of(choice: str) -> frozenset[str]:
    """The JSON names of a choice, and of what stands beside them."""
    return frozenset(name for key in type_by_key(choice) for name in (key, f"_{key}"))


@functools.cache
def _types_of(targets: tuple[str, ...]) -> frozenset[str]:
    return frozenset(type_of(url) for url in targets)


@functools.cache
def _matcher_of(kid: Node) -> slicing.Matcher:
    return slicing.matcher(kid.slices)


def _chosen(kid: Node, within: Mapping[str, Any], place: str) -> list[Item]:
    """The values under the names of a choice, each with what stands beside it."""
    found: list[Item] = []
    types = type_by_key(kid.name)
    for key in within:
        if key in types:
            found += _values(key, within[key], within.get(f"_{key}"), types[key], place)
        elif key[0] == "_" and key[1:] in types and key[1:] not in within:
            found += _values(key[1:], None, within[key], types[key[1:]], place)
    return found


def _values(key: str, value: Any, beside: Any, type_name: str, place: str) -> list[Item]:
    """The values under a name, each with what stands beside it."""
    if value is None and beside is None:
        return []
    place = f"{place}.{key}"
    if type(value) is not list and type(beside) is not list:
        return [(value, value if type(value) is dict else beside or {}, type_name, place)]
    if beside is None:
        return [
            (one, one if type(one) is dict else {}, type_name, f"{place}[{position}]")
            for position, one in enumerate(value or ())
            if one is not None
        ]
    found: list[Item] = []
    values, elements = value or (), beside or ()
    for position in range(max(len(values), len(elements))):
        one = values[position] if position < len(values) else None
        other = elements[position] if position < len(elements) else None
        if one is not None or other is not None:
            inside = one if isinstance(one, dict) else other or {}
            found.append((one, inside, type_name, f"{place}[{position}]"))
    return found


def _said(wanted: Any) -> str:
    """What a profile fixes, in a few words: these are facts of the profile, not of the record."""
    if isinstance(wanted, Mapping):
        wanted = wanted.get("coding", [wanted])
        wanted = " and ".join(" ".join(str(one[k]) for k in ("system", "code") if k in one) for one in wanted)
    return str(wanted)

"""The record as a place to look around in: every element with its parent, and quick answers to "what lies within".

A *site* is an element at its place.  Sites are numbered in document order, so that what lies in a site is an interval
of numbers; to find a data element within a site is a bisection in the sorted numbers of that data element.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from babyconnect.birthcare.ada import AdaElement, AdaRecord


class Site:
    """One element at its place.

    `instances`: the resources it became, by rule; `composites`: see `composites`; `opened`: elements of lists that it
    opened (resource, path, slot, element).
    """

    __slots__ = ("_chain", "composites", "concept", "element", "end", "filled", "instances", "number", "occurrence",
                 "opened", "parent", "said")  # fmt: skip

    def __init__(self, element: AdaElement, parent: Site | None, number: int, occurrence: int) -> None:
        self.element, self.parent, self.number, self.occurrence = element, parent, number, occurrence
        self.concept = element.concept
        self.end = number + 1
        self.said = self.filled = element.is_filled
        self._chain: tuple[Site, ...] = (self, *parent.chain()) if parent else (self,)
        self.instances: dict[str, Any] = {}
        self.composites: list[Any] = []
        self.opened: list[Any] = []

    def chain(self) -> tuple[Site, ...]:
        """This site and what it lies in, from the inside out."""
        return self._chain

    @property
    def place(self) -> str:
        """Path of element names, with the occurrence where an element repeats."""
        names = [s.element.name + (f"[{s.occurrence}]" if s.occurrence > 1 else "") for s in self.chain()]
        return "/".join(reversed(names))


class Tree:
    """All sites of a record."""

    def __init__(self, record: AdaRecord) -> None:
        self.sites: list[Site] = []
        self.by_id: dict[str, list[Site]] = defaultdict(list)
        self.referrers: dict[int, list[Site]] = defaultdict(list)
        self._numbers: dict[str, list[int]] = defaultdict(list)
        self.root = self._add(record.root, None, 1)
        self._refer()

    def _add(self, element: AdaElement, parent: Site | None, occurrence: int) -> Site:
        site = Site(element, parent, len(self.sites), occurrence)
        self.sites.append(site)
        self._numbers[element.concept].append(site.number)
        if element.id:
            self.by_id[element.id].append(site)
        seen: dict[str, int] = {}
        for child in element.children:
            key = child.concept or child.name
            seen[key] = seen.get(key, 0) + 1
            inside = self._add(child, site, seen[key])
            site.filled = site.filled or inside.filled
        site.end = len(self.sites)
        return site

    def _refer(self) -> None:
        for site in self.sites:
            if site.element.is_reference and site.element.value:
                for target in self.by_id.get(site.element.value, ()):
                    self.referrers[target.number].append(site)

    def within(self, scope: Site, concept: str) -> Iterator[Site]:
        """The sites of a data element in a scope (the scope itself included), in document order."""
        numbers = self._numbers.get(concept)
        if numbers:
            for place in range(bisect_left(numbers, scope.number), len(numbers)):
                if numbers[place] >= scope.end:
                    return
                yield self.sites[numbers[place]]

    def target(self, reference: Site, concept: str) -> Site | None:
        """What a reference refers to: the element with that id, of the data element that the structure names.

        Where the structure names a zib's own concept (an id, not a number of PWD), any element will do.
        """
        found = self.by_id.get(reference.element.value, ())
        return next((s for s in found if not concept.isdigit() or s.concept == concept), None)

    def near(self, site: Site, concept: str) -> Site | None:
        """A filled data element in the site itself, else beside it in what it lies in; not in another such site."""
        for scope in (site, site.parent):
            if scope is not None:
                for found in self.within(scope, concept):
                    if found.filled and not _in_another(found, site, scope):
                        return found
        return None

    def trace(self, site: Site, source: str, targets: Mapping[str, str]) -> Site | None:
        """Follow a source to an element, or None.

        `A`: that data element near the site; `^A`: anywhere in the record; `~A`: the A that the site lies in; `A>B`:
        what A refers to (or A itself), then B in it; `A><C`: what a reference C to it lies in; `A:R>B`: only when what
        A refers to became a resource of rule R; ` | `-separated: the first that is.
        """
        for alternative in source.split("|"):
            found = self._trace(site, alternative.split(">"), targets)
            if found is not None:
                return found
        return None

    def _trace(self, site: Site, steps: list[str], targets: Mapping[str, str]) -> Site | None:
        first, _, rule = steps[0].partition(":")
        if first.startswith("^"):
            here = self.near(self.root, first[1:])
        elif first.startswith("~"):
            here = next((above for above in site.chain() if above.concept == first[1:]), None)
        else:
            here = self.near(site, first) or self._stated(site, first)
        for concept in steps[1:]:
            if here is not None and here.element.is_reference:
                here = self.target(here, targets.get(here.concept, ""))
                if here is not None and rule and rule not in here.instances:
                    return None
            if here is not None and concept.startswith("<"):
                here = self.referring(here, concept[1:])
            elif here is not None:
                here = next(self.within(here, concept), None)
        return here

    def referring(self, site: Site, concept: str) -> Site | None:
        """What a reference of that data element to this site lies in."""
        found = next((r for r in self.referrers.get(site.number, ()) if r.concept == concept), None)
        return found.parent if found is not None else None

    def _stated(self, site: Site, concept: str) -> Site | None:
        """The data element beside the site even when it only states why it is empty (a null flavor)."""
        scope = site.parent or site
        return next((s for s in self.within(scope, concept) if s.element.null_flavor), None)


def _in_another(found: Site, site: Site, scope: Site) -> bool:
    """True for what lies in another occurrence of the site's own group: the place of the finding beside this one."""
    around = found.parent
    while around is not None and around is not scope:
        if around is site:
            return False
        if around.concept == site.concept:
            return True
        around = around.parent
    return False

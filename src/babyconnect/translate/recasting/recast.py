"""One record of birth care → a record of another data set: the rows of a table, applied from the root down.

A row is there once for each thing that its `each` leads to, in whose place the rows in it look around.  What would hold
nothing is not made.  What of the record no row used is reported, counted by data element: nothing is lost in silence.
What is shielded no row sees.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from babyconnect.birthcare.ada import AdaElement, AdaRecord
from babyconnect.translate.findings import Finding
from babyconnect.translate.hl7v3.sites import Site, sites
from babyconnect.translate.recasting import places
from babyconnect.translate.recasting.conditions import holds
from babyconnect.translate.recasting.places import WHOLE, Focus
from babyconnect.translate.recasting.shielded import is_shielded
from babyconnect.translate.recasting.tables import Node, alternatives, tree
from babyconnect.translate.recasting.transforms import TRANSFORMS, Target, codes_of

MOST = 200
"""Of one data element in one place: no record of one pregnancy has as many, and each person is compared with each."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the other data set says of an element: its number there, its value lists."""

    concept: str = ""
    lists: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The record wanted: the tables, the ADA transaction it is of, the elements that it has and the table of their
    codes.  `closed`: it has no other elements (else: whatever the tables make)."""

    tables: str
    transaction: str
    ref: str = ""
    version: str = ""
    elements: Mapping[str, Known] = field(default_factory=dict)
    codes: str = ""
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Recast:
    """The record (None when nothing could be said) and the findings in the order of the source."""

    record: AdaRecord | None
    findings: tuple[Finding, ...]


def recast(record: AdaRecord, wanted: Wanted, focus: Focus = WHOLE) -> Recast:
    """The record in the other data set; `focus`: only of one child where a row is for each."""
    root = sites(record)
    if (crowd := next((site for site in root.walk() if site.occurrence > MOST), None)) is not None:
        text = f"more than {MOST} of one element in one place"
        return Recast(None, (Finding("error", crowd.place, crowd.element.line, crowd.element.concept, "size", text),))
    making = _Making(wanted, focus)
    children = [made for node in tree(wanted.tables).children.values() for made in making.elements(node, root, "")]
    findings = sorted([*making.findings, *_unused(root)], key=lambda finding: finding.line)
    if not children:
        return Recast(None, tuple(findings))
    made = AdaElement(wanted.transaction, "", {}, tuple(children), record.root.line)
    title = record.title
    return Recast(AdaRecord(wanted.transaction, wanted.ref, wanted.version, record.id, title, made), tuple(findings))


@dataclass(slots=True)
class _Making:
    wanted: Wanted
    focus: Focus
    findings: list[Finding] = field(default_factory=list)

    def elements(self, node: Node, here: Site, above: str) -> Iterator[AdaElement]:
        path = f"{above}/{node.name}" if above else node.name
        if self.wanted.closed and path not in self.wanted.elements:
            return  # another version of the data set has it
        for site in self._sites(node, here):
            yield from self._group(node, site, path) if node.children else self._leaves(node, site, path)

    def _sites(self, node: Node, here: Site) -> list[Site]:
        """What the row is there for, once each: the first of its paths that leads anywhere."""
        if not node.each:
            return [here] if not node.children or holds(node.when, here, here) else []
        for path in alternatives(node.each):
            if found := [site for site in self._select(here, path) if holds(node.when, site, here)]:
                return found
        return []

    def _select(self, here: Site, path: str) -> list[Site]:
        return places.select(here, path, self.focus)

    def _group(self, node: Node, site: Site, path: str) -> Iterator[AdaElement]:
        """`argument` names what does not make a group by itself: a date of nothing."""
        inner = tuple(made for child in node.children.values() for made in self.elements(child, site, path))
        if any(made.name not in node.argument.split() for made in inner):
            known = self.wanted.elements.get(path, Known())
            yield AdaElement(node.name, known.concept, {}, inner, site.element.line)

    def _leaves(self, node: Node, site: Site, path: str) -> Iterator[AdaElement]:
        known = self.wanted.elements.get(path, Known())
        target = Target(node.name, codes_of(self.wanted.codes, known.lists), self.wanted.codes)
        for source in node.sources:
            found = [one for one in self._select(site, source) if _says(one) and holds(node.when, one, site)]
            made = TRANSFORMS[node.transform](found, node.argument, target) if found else []
            if made:
                line = found[0].element.line
                yield from (AdaElement(node.name, known.concept, one, (), line) for one in made)
                break
        self.findings += target.findings


def found_in(made: Sequence[Recast]) -> Iterator[Finding]:
    """What was found by several: what stayed behind did so when none of them carried it; all else is said once."""
    carried = [{f.place for f in one.findings if f.rule == "not-carried"} for one in made]
    said: set[tuple[str, str]] = set()
    for one in made:
        for finding in one.findings:
            stayed = finding.rule != "not-carried" or all(finding.place in places for places in carried)
            if stayed and (finding.place, finding.rule) not in said:
                said.add((finding.place, finding.rule))
                yield finding


def _says(site: Site) -> bool:
    return bool(site.element.is_filled or site.element.null_flavor) and not is_shielded(site.element)


def _unused(root: Site) -> Iterator[Finding]:
    """One remark per data element of which something stayed behind."""
    left = [site for site in root.walk() if site.element.is_filled and not site.used and not site.element.is_reference]
    first: dict[str, Site] = {}
    for site in left:
        first.setdefault(site.path, site)
    counted = Counter(site.path for site in left)
    for path, site in first.items():
        text = (
            f"{site.element.name}: {counted[path]} of it stay behind; the other has no place for it, or may not have it"
        )
        yield Finding("information", path, site.element.line, site.element.concept, "not-carried", text)

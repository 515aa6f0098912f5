"""ADA record → FHIR STU3 resources, by the tables of its transaction (`definitions/ada`).

Five steps: find what becomes a resource, put every value in its place, take over what a resource borrows, link the
resources, assemble names and addresses.  What no row covers, or no row could use, is named in a finding.
Specification: Nictiz geboortezorg STU3 3.0.0 on PWD 3.2; the tables cite their sources per row.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from babyconnect.birthcare.ada import AdaRecord
from babyconnect.definitions import document
from babyconnect.translate import paths
from babyconnect.translate.composites import ASSEMBLE, Composite
from babyconnect.translate.conditions import holds
from babyconnect.translate.findings import Finding, Severity, Translated
from babyconnect.translate.finishing import finished
from babyconnect.translate.instances import Instance, Instances
from babyconnect.translate.labels import label
from babyconnect.translate.linking import Linker
from babyconnect.translate.referring import REFERENCES, Referring
from babyconnect.translate.sites import Site, Tree
from babyconnect.translate.tables import AdaMap, Borrowed, Row, Rule, ada_map
from babyconnect.translate.values import TRANSFORMS, Context, Given


def translate(record: AdaRecord, today: dt.date, version: str = "") -> Translated:
    """Translate one record; relative dates count from `today`.  A finding of severity `error` means: refuse it.

    `version`: of the tables (`transactions.toml`); left out, the transaction's own.
    """
    block = known(record.transaction, version)
    if block is None:
        place = record.transaction
        return Translated(
            [], [Finding("error", place, 0, "", "unknown-transaction", "no map for this transaction in this version")]
        )
    translation = _Translation(record, ada_map(block["map"], block["structure"]), today)
    return translation.run()


def known(transaction: str, version: str) -> Mapping[str, Any] | None:
    """The block of a transaction in a version, None when there is none."""
    found: Mapping[str, Any] | None = document("ada/transactions.toml").get(transaction)
    if found is None or version in ("", found["version"]):
        return found
    other: Mapping[str, Any] | None = found.get("versions", {}).get(version)
    return other


def versions() -> list[str]:
    """Every version that some transaction has, the usual first."""
    blocks = document("ada/transactions.toml").values()
    return list(dict.fromkeys([b["version"] for b in blocks] + [v for b in blocks for v in b.get("versions", {})]))


class _Translation:
    """The state of translating one record."""

    def __init__(self, record: AdaRecord, table: AdaMap, today: dt.date) -> None:
        self.table, self.today = table, today
        self.tree = Tree(record)
        self.instances = Instances(record, self.tree, table)
        self.composites: list[Composite] = []
        self.findings: list[Finding] = []
        self.used: set[int] = set()
        self.linker = Linker(self.tree, table, self.instances, self._label)
        self.referring = Referring(self)
        self.suffixes: list[tuple[Site, Row]] = []
        self._ways = {
            "part": self._part, "follow": self._followed, "element": self._element, "suffix": self._suffix
        }  # fmt: skip

    def run(self) -> Translated:
        self._check_client()
        self._check_children()
        self._check_births()
        late: list[tuple[Site, Row]] = []
        for site in self.tree.sites:
            self._fill(site, late)
        self._suffixed()
        for instance in self.instances.all:
            self._borrow(instance)
        for composite in self.composites:
            made = ASSEMBLE[composite.kind](composite)
            if made:
                paths.put(composite.instance.resource, composite.instance.slots, composite.path, made)
        for instance in self.instances.all:
            self.linker.link(instance)
            self.linker.support(instance)
            self.linker.gather(instance)
        for site, row in late:
            self.referring.refer(site, row)
        self._report_unused()
        resources = [self._finish(instance) for instance in self.instances.all]
        return Translated(resources, sorted(self.findings, key=lambda f: f.line))

    def _label(self, instance: Instance) -> str:
        if not instance.label:
            instance.label = label(instance, self.tree, self.table, self.today)
        return instance.label

    # Values -----------------------------------------------------------------------------------------------------

    def _fill(self, site: Site, late: list[tuple[Site, Row]]) -> None:
        rows = self.table.rows.get(site.concept)
        if rows is None:
            self._unknown(site)
            return
        if site.element.name != self.table.elements.get(site.concept, site.element.name):
            self.find("warning", site, "name-mismatch", "the element's name is not that of its data element")
        for row in rows:
            if row.transform != "none" and holds(row.when, self.tree, site) and self._apply(site, row, late):
                self.used.add(site.number)

    def _report_unused(self) -> None:
        """Every element that says something and reached no resource, with the reason that its row gives."""
        for site in self.tree.sites:
            if site.number in self.used or not (site.said or site.element.null_flavor):
                continue
            if site.concept in self.table.rows:
                reasons = [row.reason for row in self.table.rows[site.concept] if row.reason]
                if not site.said:
                    reasons = ["it states only why it is empty"]
                reason = reasons[0] if reasons else self._why_not(site)
                self.find("information", site, "not-mapped", f"not translated: {reason}")

    def _why_not(self, site: Site) -> str:
        """When what takes a data element becomes a resource, which it did not here."""
        rules = [self.table.rule_of.get(row.resource) for row in self.table.rows[site.concept]]
        when = next((rule.when for rule in rules if rule is not None and rule.when), "")
        named = " ".join(self._named(word) for word in when.split())
        return (
            f"its group becomes a resource only where: {named}" if when else "nothing that became a resource takes it"
        )

    def _named(self, word: str) -> str:
        """A word of a condition; a data element with its name."""
        name = self.table.elements.get(word)
        return f"{name} ({word})" if name else word

    def _unknown(self, site: Site) -> None:
        if site.parent is not None:
            self.find("warning", site, "unknown-concept", "no data element of this transaction; kept in the original")

    def _apply(self, site: Site, row: Row, late: list[tuple[Site, Row]]) -> bool:
        if row.transform in ("group", "self"):
            if row.transform == "self" and site.instances:
                late.append((site, row))
            return True
        if row.transform in ASSEMBLE:
            self._open(site, row)
            return True
        if row.transform in self._ways:
            return self._ways[row.transform](site, row)
        if row.transform in REFERENCES:
            if site.element.value:
                late.append((site, row))
            return False  # `referring` says whether something took it
        targets = self.targets(site, row)
        given = TRANSFORMS[row.transform](site.element, self.context(site, row)) if targets else None
        done = [self.put(target, row.path, given) for target in targets]
        return any(done)

    def targets(self, site: Site, row: Row) -> list[Instance]:
        """The resources a row is about: of its rule, near the site; or the one that its link finds."""
        if row.resource.startswith("@"):
            return self.linker.at(site, row.resource[1:])
        return list(self.instances.of(site, row.resource))

    def _followed(self, site: Site, row: Row) -> bool:
        """A reference that links follow: used when it leads somewhere (a value that is borrowed: when it is taken)."""
        if not site.element.is_reference or not site.element.value:
            return False
        if self.tree.target(site, self.table.targets.get(site.concept, "")) is None:
            self.find("warning", site, "unresolved-reference", "refers to what this record does not hold")
        return True

    def _element(self, site: Site, row: Row) -> bool:
        """A group that is an element of a list of its own: what lies in it goes there, references at the end too."""
        for target in self.targets(site, row) if site.filled else ():
            site.opened.append((target, *paths.opened(target.resource, target.slots, row.path)))
            target.renew(row.path)
        return True

    def _suffix(self, site: Site, row: Row) -> bool:
        """What comes behind a text that another data element gives: added when every text is there."""
        self.suffixes.append((site, row))
        return bool(site.element.value and self.targets(site, row))

    def _suffixed(self) -> None:
        """A text that ends so already (it came from FHIR) stays as it is."""
        for site, row in self.suffixes:
            for target in self.targets(site, row) if site.element.value else ():
                before, ending = target.resource.get(row.path, ""), site.element.value
                if not before.endswith(ending):
                    target.resource[row.path] = f"{before} - {ending}" if before else ending

    def context(self, site: Site, row: Row | Borrowed) -> Context:
        lists, asked = self.table.lists.get(site.concept, ()), self.table.units.get(site.concept, ())
        return Context(self.today, lists, row.argument, self.remark(site), asked)

    def remark(self, site: Site) -> Callable[[Severity, str, str], None]:
        return lambda severity, rule, text: self.find(severity, site, rule, text)

    def put(self, target: Instance, path: str, given: Given | None) -> bool:
        """Set what was given; False when there is nothing, or when an element before this one took the place."""
        if given is None:
            return False
        if given.absent is not None:
            paths.holder(target.resource, target.slots, path)["dataAbsentReason"] = dict(given.absent)
            return True
        if given.name:
            path = "/".join([*path.split("/")[:-1], given.name])
        if path in target.taken and not paths.is_list(path):
            return paths.joined(target.resource, target.slots, path, given.value)
        target.taken.add(path)
        paths.put(target.resource, target.slots, path, given.value, given.extra)
        return True

    def _open(self, site: Site, row: Row) -> None:
        for target in self.targets(site, row):
            made = Composite(row.transform, target, row.path)
            site.composites.append(made)
            self.composites.append(made)

    def _part(self, site: Site, row: Row) -> bool:
        """Put into the composites of the nearest group, given by the first part that is there."""
        opened = next((here.composites for here in site.chain() if here.composites), [])
        if not (site.element.is_filled or site.element.null_flavor):
            return False
        for composite in opened:
            composite.parts[row.argument] = (site.element, self.context(site, row))
        return bool(opened)

    def _borrow(self, instance: Instance) -> None:
        for rule, home in instance.homes:
            for row in self.table.borrowed.get(rule.name, ()):
                if row.path.replace("[0]", "").isalpha() and paths.has(instance.resource, row.path.replace("[0]", "")):
                    continue
                source = self.tree.trace(home, row.source, self.table.targets)
                if source is None:
                    if row.transform == "ended":
                        self.put(instance, row.path, Given(row.argument.partition("|")[2]))
                    continue
                self.used.add(source.number)
                self.put(instance, row.path, TRANSFORMS[row.transform](source.element, self.context(source, row)))

    def _finish(self, instance: Instance) -> dict[str, Any]:
        resource, done = finished(instance.resource)
        for text in done:
            self.find("warning", instance.homes[0][1], "incomplete", text)
        return resource

    # Findings ---------------------------------------------------------------------------------------------------

    def _check_client(self) -> None:
        """A record is about one woman, and says who she is."""
        anchor = self.table.anchors["client"]
        named = {s.element.value for s in self.tree.within(self.tree.root, anchor["reference"]) if s.element.value}
        present = {s.element.id for s in self.tree.within(self.tree.root, anchor["element"]) if s.filled}
        if len(named) > 1:
            self.find("error", self.tree.root, "two-clients", "the record names two women as its client")
        elif not present or (named and not named & present):
            self.find("error", self.tree.root, "no-client", "the record does not hold its own client")

    def _check_children(self) -> None:
        """What lies in a child's group is about that child: with nobody or the woman in its place, whose is it?"""
        woman = self.table.anchors["client"]["reference"]
        client = next((self.tree.target(s, "675") for s in self.tree.within(self.tree.root, woman)), None)
        for name in ("children", "tests_of_children"):
            for group, reference in self.table.anchors[name].items():
                for site in self.tree.within(self.tree.root, group) if group.isdigit() else ():
                    asked = name == "children" or self._reference(site, reference) is not None
                    if site.filled and asked and self._child_of(site, reference) in (None, client):
                        text = "a child's group that does not say which child it is about"
                        self.find("error", site, "no-child", text)

    def _check_births(self) -> None:
        """A phase of birth that does not say which child is kept as the woman's, and the report says so."""
        for group, references in self.table.anchors["births"].items():
            for site in self.tree.within(self.tree.root, group) if group.isdigit() else ():
                named = (s for r in references.split() for s in self.tree.within(site, r) if s.element.value)
                if site.filled and next(named, None) is None:
                    self.find(
                        "warning", site, "no-child", "a birth that does not say of which child: kept as the woman's"
                    )

    def _reference(self, site: Site, reference: str) -> Site | None:
        return next((s for s in self.tree.within(site, reference) if s.element.value), None)

    def _child_of(self, site: Site, reference: str) -> Site | None:
        named = self._reference(site, reference)
        return self.tree.target(named, self.table.targets.get(reference, "")) if named is not None else None

    def find(self, severity: Severity, site: Site, rule: str, text: str) -> None:
        self.findings.append(Finding(severity, site.place, site.element.line, site.concept, rule, text))


def traced(record: AdaRecord, table: AdaMap, today: dt.date) -> tuple[Translated, list[list[tuple[Rule, Site]]]]:
    """The translation with, for each resource in order, the rules and sites that it stands for."""
    translation = _Translation(record, table, today)
    made = translation.run()
    return made, [instance.homes for instance in translation.instances.all]

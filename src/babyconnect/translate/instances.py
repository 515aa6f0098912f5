"""The resources that a record becomes: which there are, under which ids, and how they are named to each other.

Ids are local to the source: they follow from the record's own id and the element's own id, or its path with
occurrences where it has none; persons and organisations with a registered number follow from that number, so that the
same one in another record of this source is the same resource.  A client's id never follows from a BSN.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import islice
from typing import Any

from babyconnect.birthcare.ada import AdaRecord
from babyconnect.translate import paths
from babyconnect.translate.conditions import holds
from babyconnect.translate.sites import Site, Tree
from babyconnect.translate.tables import AdaMap, Rule


class Instance:
    """One resource in the making.

    `slots`: slices made; `taken`: paths that an element has filled; `homes`: the sites it stands for (several when
    merged).
    """

    __slots__ = ("homes", "id", "label", "resource", "rule", "slots", "taken")

    def __init__(self, rule: Rule, site: Site, identity: str) -> None:
        template = rule.template
        self.rule, self.id, self.label = rule, identity, ""
        self.homes: list[tuple[Rule, Site]] = [(rule, site)]
        self.slots: dict[str, dict[str, Any]] = {}
        self.taken: set[str] = set()
        self.resource: dict[str, Any] = {
            "resourceType": template.type, "id": identity, "meta": {"profile": list(template.profiles)}
        }  # fmt: skip
        if not template.profiles:
            del self.resource["meta"]
        self.resource.update(paths.fresh(template.fixed))
        if rule.codings:
            self.resource["code"] = {"coding": [dict(coding) for coding in rule.codings]}

    def renew(self, path: str) -> None:
        """A new element of a list is open at `path`: what filled the one before says nothing of this one."""
        base = path.replace("{+", "{")
        self.taken = {taken for taken in self.taken if not taken.startswith(base)}

    def resume(self, site: Site) -> None:
        """Go on with the elements of lists that the groups around a site opened in this resource."""
        for here in site.chain():
            for target, path, prefix, element in here.opened:
                if target is self and self.slots.get(prefix) is not element:
                    self.slots[prefix] = element
                    self.renew(path)

    @property
    def reference(self) -> str:
        return f"{self.rule.template.type}/{self.id}"


class Instances:
    """All resources of one record."""

    def __init__(self, record: AdaRecord, tree: Tree, table: AdaMap) -> None:
        self._tree, self._table = tree, table
        self._record = record.id or _digest(record.transaction, *_content(tree))
        self.all: list[Instance] = []
        merged: dict[tuple[str, str, str], Instance] = {}
        for site in tree.sites:
            for rule in table.rules.get(site.concept, ()):
                states = site.filled or "stated" in rule.when
                if states and not site.element.is_reference and holds(rule.when, tree, site):
                    self._make(rule, site, merged)

    def _make(self, rule: Rule, site: Site, merged: dict[tuple[str, str, str], Instance]) -> None:
        if rule.template.name in {i.rule.template.name for i in site.instances.values()}:
            return  # an earlier rule of this template took the site
        key = (rule.template.name, site.element.value, site.element.attributes.get("unit", ""))
        if rule.template.merge and key in merged:
            merged[key].homes.append((rule, site))
            site.instances[rule.name] = merged[key]
            return
        made = Instance(rule, site, self._identity(rule, site))
        merged[key] = made
        site.instances[rule.name] = made
        self.all.append(made)

    def _identity(self, rule: Rule, site: Site) -> str:
        if number := self._registered(site):
            return _digest(rule.name, number)
        return self.identity_of(rule.name, site.concept, site.element.id) if site.element.id else _digest(
            self._record, rule.name, *(_step(s) for s in site.chain()))  # fmt: skip

    def _registered(self, site: Site) -> str:
        concept = self._table.anchors["registered"].get(site.concept, "")
        found = next(self._tree.within(site, concept), None) if concept else None
        if found is None or not found.element.value:
            return ""
        return f"{found.element.attributes.get('root', '')}|{found.element.value}"

    def identity_of(self, rule: str, concept: str, element_id: str) -> str:
        """The id of the resource of an element with its own id, whether the record has it or only refers to it."""
        return _digest(self._record, rule, concept, element_id)

    def of(self, site: Site, rule: str) -> Iterator[Instance]:
        """The resources of a rule that a site concerns: its own, those it lies in, or those beside it.

        Beside it: within its parent, else within its parent's parent; never across an element that became a resource
        itself, nor out of an element that is the rule's home and did not become one (its condition did not hold).
        """
        for here in site.chain():
            if rule in here.instances:
                yield here.instances[rule]
                return
        home = self._table.rule_of[rule].concept
        for scope in islice(site.chain(), 3):
            if scope.concept == home:
                return
            found = [s.instances[rule] for s in self._tree.within(scope, home) if rule in s.instances]
            if found or (scope.instances and scope is not site):
                yield from found
                return


def _step(site: Site) -> str:
    return f"{site.concept}#{site.element.id}" if site.element.id else f"{site.concept}:{site.occurrence}"


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def _content(tree: Tree) -> Iterator[str]:
    for site in tree.sites:
        yield site.concept
        yield site.element.value or site.element.code

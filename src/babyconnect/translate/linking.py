"""References: what refers to what, by the links of a template and the reference elements of the record.

A link is a row of `definitions/ada/links.toml`: follow a data element (`via`) or find a rule's resource, inside the
nearest element that a record lies in (`within`); where that finds nothing, `otherwise`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

from babyconnect.translate import paths
from babyconnect.translate.conditions import holds
from babyconnect.translate.instances import Instance, Instances
from babyconnect.translate.sites import Site, Tree
from babyconnect.translate.tables import AdaMap, Link

ROLE = "http://nictiz.nl/fhir/StructureDefinition/practitionerrole-reference"
NOT_SUPPLIED = "niet aangeleverd"


@functools.cache
def _concepts(within: str) -> frozenset[str]:
    return frozenset(within.split())


class Linker:
    """Resolves references in one record.  `labels(instance)` gives the display of a resource."""

    def __init__(self, tree: Tree, table: AdaMap, instances: Instances, labels: Callable[[Instance], str]) -> None:
        self._tree, self._table, self._instances, self._labels = tree, table, instances, labels

    def link(self, instance: Instance) -> None:
        """Set every link of the resource's template; one that says `every` to all that it finds."""
        for path, name in instance.rule.template.links:
            for target, link in self._found(instance.homes[0][1], self._table.links[name]):
                if target is not instance:
                    made = target.reference if link.form == "address" else self.reference(target, link.form)
                    paths.put(instance.resource, instance.slots, path, made)

    def _found(self, site: Site, link: Link) -> list[tuple[Instance, Link]]:
        if link.every:
            return [(target, link) for target in self.at(site, link.name)]
        found = self._follow(site, link)
        return [] if found is None else [found]

    def gather(self, instance: Instance) -> None:
        """What a report has as results: every Observation that lies in it."""
        if path := instance.rule.template.members:
            home = instance.homes[0][1]
            for other in self._instances.all:
                lies_within = home.number < other.homes[0][1].number < home.end
                if lies_within and other.rule.template.type == "Observation":
                    paths.put(instance.resource, instance.slots, path, self.reference(other))

    def support(self, instance: Instance) -> None:
        """What a merged measurement belongs to: `supports` of the rule of each of its homes."""
        seen: set[str] = set()
        for rule, site in instance.homes:
            for name, unless in rule.supports:
                for target in self._supported(site, name, unless):
                    if target.id not in seen:
                        seen.add(target.id)
                        paths.put(instance.resource, instance.slots, "extension{+supporting-info}/valueReference",
                                  self.reference(target))  # fmt: skip

    def _supported(self, site: Site, name: str, unless: str) -> Iterator[Instance]:
        if name in self._table.links:
            found = self._follow(site, self._table.links[name])
            if found is not None:
                yield found[0]
            return
        home = self._table.rule_of[name].concept
        for near in self._tree.within(site.parent or site, home):
            own = next((s for s in self._tree.within(near, unless) if s.filled), None) if unless else None
            if name in near.instances and own is None:
                yield near.instances[name]

    def at(self, site: Site, name: str) -> list[Instance]:
        """The resource that a link finds from a site, if any; every one of them when the link says `every`."""
        link = self._table.links[name]
        if link.every:
            return list({found.id: found for found in self._candidates(site, link)}.values())
        found = self._follow(site, link)
        return [found[0]] if found else []

    def _follow(self, site: Site, link: Link) -> tuple[Instance, Link] | None:
        if not holds(link.when, self._tree, site):
            return None
        candidates = self._candidates(site, link)
        if link.only:
            several = {found.id: found for found in candidates}
            candidates = iter(several.values() if len(several) == 1 else ())
        found = next(candidates, None)
        if found is not None:
            return found, link
        return self._follow(site, self._table.links[link.otherwise]) if link.otherwise else None

    def _candidates(self, site: Site, link: Link) -> Iterator[Instance]:
        for scope in self._scopes(site, link.within):
            if link.via:
                reached = self._reach(scope, link.via)
                # What a reference lies in (`<`) is any group around it, not only the nearest.
                around = reached.chain() if reached is not None and "<" in link.via else (reached,)
                yield from (there.instances[link.rule] for there in around if there and link.rule in there.instances)
            elif link.rule in scope.instances:
                yield scope.instances[link.rule]
            else:
                for near in self._tree.within(scope, self._table.rule_of[link.rule].concept):
                    if link.rule in near.instances:
                        yield near.instances[link.rule]

    def _scopes(self, site: Site, within: str) -> Iterator[Site]:
        """Where to look: what the site lies in, and what refers to it, or to what it lies in (building blocks)."""
        if not within:
            yield self._tree.root
            return
        referring = (other for here in site.chain() for other in self._tree.referrers.get(here.number, ()))
        for start in (site, *referring):
            yield from (here for here in start.chain() if here.concept in _concepts(within))

    def _reach(self, scope: Site, via: str) -> Site | None:
        here: Site | None = scope
        for concept in via.split(">"):
            if here is not None and concept.startswith("<"):
                here = self._tree.referring(here, concept[1:])
                continue
            here = next((s for s in self._tree.within(here, concept) if s.element.value), None) if here else None
            if here is not None and here.element.is_reference:
                here = self._tree.target(here, self._table.targets.get(here.concept, ""))
        return here

    def target(self, site: Site, rules: str) -> Instance | None:
        """The resource that a reference element refers to; `rules`: which of its resources, in order ("" = any)."""
        found = self._tree.target(site, self._table.targets.get(site.concept, ""))
        if found is None:
            return None
        names = rules.split() or list(found.instances)
        return next((found.instances[name] for name in names if name in found.instances), None)

    def missing(self, site: Site, rules: str) -> dict[str, Any]:
        """A reference to what the record does not hold: the id it would have, shown as not supplied."""
        rule = self._table.rule_of.get(rules.split(" ", maxsplit=1)[0]) if rules else None
        concept = self._table.targets.get(site.concept, "")
        shown = rule.label.partition("{")[0].strip() if rule else ""
        made: dict[str, Any] = {"display": f"{shown or 'Verwijzing'} ({NOT_SUPPLIED})"}
        if rule:
            identity = self._instances.identity_of(rule.name, concept, site.element.value)
            made = {"reference": f"{rule.template.type}/{identity}", **made}
        return made

    def reference(self, target: Instance, form: str = "plain") -> dict[str, Any]:
        """A Reference with a display; `practitioner`: with the professional's role beside it."""
        made: dict[str, Any] = {"reference": target.reference, "display": self._labels(target)}
        role_rule = self._table.anchors["professional"]["role_rule"]
        role = target.homes[0][1].instances.get(role_rule) if form == "practitioner" else None
        if role is None:
            return made
        beside = {"url": ROLE, "valueReference": {"reference": role.reference, "display": self._labels(role)}}
        return {"extension": [beside], **made}

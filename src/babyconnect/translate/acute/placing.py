"""Which resource goes where in an acute handover, and which of several of one kind.

Whose pregnancy, delivery, birth or examination a resource is of says where it goes; of what a handover has once the
latest goes, and the others are named.  Rules and links: `definitions/acute/rules.csv`, read backwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from babyconnect.definitions import document
from babyconnect.translate import codes
from babyconnect.translate.acute import mapping
from babyconnect.translate.acute.anchors import Anchors, anchors
from babyconnect.translate.acute.node import Node
from babyconnect.translate.acute.tables import codes as listed
from babyconnect.translate.acute.tables import concepts
from babyconnect.translate.findings import Finding, Severity
from babyconnect.translate.to_ada.graph import Graph, Resource, found, same_coding
from babyconnect.translate.to_ada.refusing import refused

_BACK = document("acute/message.toml")["back"]
_MOMENTS = ("effectiveDateTime", "performedDateTime", "assertedDate", "authoredOn", "issued", "dateAsserted")
_LOOSE = frozenset({"scan", "pregnancy", "episode", "product", "afterbirth-product"})
"""What a resource may refer to otherwise: pregnancies are told apart by the whole way to them."""


class Placing:
    """`homes`: by rule and resource, its place in the tree; `taken`: by resource, the rules that it is of."""

    def __init__(self, resources: Sequence[Resource]) -> None:
        kept, self.findings = refused(resources)
        self.graph = Graph([resource for _, resource in kept])
        self.places: dict[str, str] = {}
        for key, (place, _) in zip(self.graph.keys, kept, strict=True):
            self.places.setdefault(key, place)
        self.about: Anchors = anchors(self.graph)
        self.root = Node()
        self.homes: dict[tuple[str, str], Node] = {}
        self.taken: dict[str, list[mapping.Rule]] = {}

    def place(self) -> None:
        """Every resource that has a place, in its place."""
        self._place_anchors()
        for rule in mapping.rules():
            for key in self._chosen(rule):
                self._place(rule, key)

    def find(self, severity: Severity, key: str, rule: str, text: str, path: str = "") -> None:
        place = self.places.get(key, "the record") + (f".{path}" if path else "")
        self.findings.append(Finding(severity, place, 0, "", rule, text))

    # Places -----------------------------------------------------------------------------------------------------------

    def _place_anchors(self) -> None:
        about, root = self.about, self.root
        self._home("client", about.client, root.enter("vrouw"))
        self._home("episode", about.episode, root)
        self._home("pregnancy", about.pregnancy, root)
        for key in about.before:
            here = root.add("obstetrische_anamnese_gegroepeerd_per_voorgaande_zwangerschap")
            self._home("pregnancy-before", key, here)
            delivery = here.enter("eerdere_bevalling")
            self._home("delivery-before", about.deliveries.get(key, ""), delivery)
            for birth in about.births.get(key, ()):
                self._birth(birth, delivery.add("vorige_uitkomst_per_kind"), "-before")
        self._home("delivery", about.deliveries.get(about.pregnancy, ""), root.enter("bevalling"))
        for birth in about.births.get(about.pregnancy, ()):
            self._birth(birth, root.add("uitkomst_per_kind").enter("baring"), "")
        self._referral()

    def _birth(self, birth: str, here: Node, suffix: str) -> None:
        self._home(f"birth{suffix}", birth, here)
        child = self.graph.target(self.graph.all[birth].get("subject"))
        if child in self.about.children:
            self._home(f"child{suffix}", child, here)

    def _referral(self) -> None:
        """The latest referral of this pregnancy that still stands; who made it, else who cares, hands over."""
        standing = [k for k, one in self.graph.all.items()
                    if one["resourceType"] == "ReferralRequest" and one.get("status") in ("active", "draft")
                    and self.about.pregnancy_of(k) in ("", self.about.pregnancy)]  # fmt: skip
        key = max(standing, key=lambda k: _moment(self.graph.all[k]), default="")
        self._home("referral", key, self.root)
        self._parties(self.graph.all.get(key, {}), self.graph.all.get(self.about.episode, {}))

    def _parties(self, referral: Resource, episode: Resource) -> None:
        requester = referral.get("requester") or {}
        named = (requester.get("agent"), requester.get("onBehalfOf"), episode.get("careManager"),
                 episode.get("managingOrganization"))  # fmt: skip
        who = [self.graph.target(one) for one in named]
        here = self.root.enter("zorgverlenerzorginstelling")
        roles = {self.graph.target(one.get("practitioner")): key for key, one in self.graph.all.items()
                 if one["resourceType"] == "PractitionerRole"}  # fmt: skip
        people = [self.graph.target(self.graph.all[k].get("practitioner")) if k.startswith("PractitionerRole") else k
                  for k in who]  # fmt: skip
        person = next((k for k in people if k.startswith("Practitioner/")), "") or self._only("Practitioner")
        places = [k for k in who if k.startswith("Organization/")]
        role = roles.get(person, "")
        if role and not places:
            places = [k for k in [self.graph.target(self.graph.all[role].get("organization"))] if k]
        self._home("practitioner", person, here.enter("zorgverlener"))
        self._home("role", role, here.enter("zorgverlener"))
        place = next(iter(places), "") or self._only("Organization")
        self._home("organization", place, here.enter("zorginstelling"))

    def _only(self, kind: str) -> str:
        keys = [key for key, one in self.graph.all.items() if one["resourceType"] == kind]
        return keys[0] if len(keys) == 1 else ""

    def _home(self, rule: str, key: str, node: Node) -> None:
        if key:
            self.homes[rule, key] = node
            self.taken.setdefault(key, []).append(mapping.rule(rule))

    # Which resource goes where ----------------------------------------------------------------------------------------

    def _chosen(self, rule: mapping.Rule) -> list[str]:
        """The resources of a rule that have no place yet; of what there is one of, by place, the latest."""
        fitting = [key for key, one in self.graph.all.items() if key not in self.taken and self._fits(rule, key, one)]
        if not self._is_single(rule):
            return fitting
        by_place: dict[int, list[str]] = {}
        for key in fitting:
            by_place.setdefault(id(self._base(rule, key)), []).append(key)
        chosen = []
        for keys in by_place.values():
            keys.sort(key=lambda k: _moment(self.graph.all[k]))
            chosen.append(keys[-1])
            for key in keys[:-1]:
                self.taken[key] = []
                same = _said(self.graph.all[key]) == _said(self.graph.all[keys[-1]])
                text = "the handover holds one of these; the latest stands"
                self.find("information" if same else "warning", key, "not-held", text)
        return chosen

    def _is_single(self, rule: mapping.Rule) -> bool:
        known = concepts()[rule.path] if rule.path else None
        return rule.name in _BACK["latest"] or (known is not None and known.is_single)

    def _fits(self, rule: mapping.Rule, key: str, one: Resource) -> bool:
        if one["resourceType"] != rule.type or (rule.codings and not _coded(rule, one)):
            return False
        return self._is_kind(rule, key, one) and self._is_about(rule, key, one)

    def _is_kind(self, rule: mapping.Rule, key: str, one: Resource) -> bool:
        """What tells resources of one type apart where no code does."""
        name, about = rule.name, self.about
        if name in ("reason", "history", "obstetric-history"):
            return self._is_problem(name, key, one)
        if name == "allergy":
            return one.get("clinicalStatus", "active") == "active"
        if name in ("medication", "afterbirth-medication"):
            return one.get("status") == "active" and one.get("taken", "y") != "n"
        if name in ("product", "afterbirth-product"):
            return any(self.graph.target(self.graph.all[k].get("medicationReference")) == key
                       for k, _ in self._uses(name))  # fmt: skip
        if name in ("assisted-before", "intervention"):
            return self._is_listed(rule, one)
        if name == "parity":
            return self._is_before(one)
        if name in ("birth-plan", "scan-file"):
            fixed = next(r.argument for r in mapping.mapped() if r.rule == name and r.transform == "fixed-concept")
            return same_coding((one.get("type") or {}).get("coding"), [mapping.coding(fixed)])
        if name in ("antibodies", "antibody"):
            return ("valueBoolean" in one) is (name == "antibodies")
        if name == "duration-then":
            return any(True for _ in self._supported(one))
        return name not in ("client", "practitioner", "role", "organization", "episode", "pregnancy", "referral",
                            "child", "child-before") and key not in about.children  # fmt: skip

    def _is_before(self, one: Resource) -> bool:
        """A parity that does not count this pregnancy: it says so, or was recorded before a child of it was born."""
        text = next(r.argument for r in mapping.mapped() if r.rule == "parity" and r.transform == "fixed")
        births = [_moment(self.graph.all[key]) for key in self.about.births.get(self.about.pregnancy, ())]
        if (one.get("code") or {}).get("text") == text or not births:
            return True
        return bool(_moment(one)) and all(birth[:10] > _moment(one)[:10] for birth in births)

    def _uses(self, product: str) -> list[tuple[str, Node]]:
        """The statements of use whose products these are."""
        use = product.replace("product", "medication")
        return [(key, node) for (name, key), node in self.homes.items() if name == use]

    def _is_problem(self, name: str, key: str, one: Resource) -> bool:
        reasons = {self.graph.target(ref) for rule, k in self.homes if rule == "referral"
                   for ref in self.graph.all[k].get("reasonReference") or ()}  # fmt: skip
        if name == "reason":
            return key in reasons
        own = mapping.rule(name)
        profiles = [str(p) for p in (one.get("meta") or {}).get("profile") or ()]
        if key in reasons or any("/bc-Disorder" in p for p in profiles) or not set(profiles) & set(own.profiles):
            return False
        return (name == "obstetric-history") is _is_obstetric(one)

    def _is_listed(self, rule: mapping.Rule, one: Resource) -> bool:
        known = concepts()[rule.path].list
        codings = (one.get("code") or {}).get("coding") or ()
        stated = [(str(coding.get("system", "")), str(coding.get("code", ""))) for coding in codings]
        return any((codes.oid(system), code) in listed(known) or mapping.same_as(known, system, code)
                   for system, code in stated)  # fmt: skip

    def _is_about(self, rule: mapping.Rule, key: str, one: Resource) -> bool:
        """That what it refers to is what the rule says, as far as it refers to it; and of the right pregnancy."""
        for link in rule.links:
            wanted = {name for name, _ in self.homes} & set(link.rules)
            targets = [self.graph.target(f.value) for f in found(one, link.path) if self.graph.target(f.value)]
            if link.every or link.rules[0] in _LOOSE or not targets:
                continue
            if not any((name, target) in self.homes for name in wanted for target in targets):
                return False
        pregnancy = self.about.pregnancy_of(key)
        before = any(name.endswith("-before") for link in rule.links for name in link.rules)
        return (pregnancy in self.about.before) is before or (not pregnancy and not before)

    def _supported(self, one: Resource) -> Iterator[Node]:
        """The examinations that a duration of pregnancy says it belongs to."""
        rule = mapping.rule("duration-then")
        for link in (link for link in rule.links if "supporting-info" in link.path):
            for value in found(one, link.path):
                target = self.graph.target(value.value)
                yield from (self.homes[name, target] for name in link.rules if (name, target) in self.homes)

    def _base(self, rule: mapping.Rule, key: str) -> Node:
        """The nearest place that stands already: of the birth, delivery, pregnancy or examination that it is of."""
        one = self.graph.all[key]
        if rule.name == "duration-then":
            return next(self._supported(one))
        reports = [(other, node) for (name, other), node in self.homes.items() if name in ("scan", "examination")]
        members = [node for other, node in reports
                   if key in {self.graph.target(ref) for ref in self.graph.all[other].get("result") or ()}]  # fmt: skip
        linked = [self.homes[name, target] for link in rule.links for f in found(one, link.path)
                  for target in [self.graph.target(f.value)] for name in link.rules
                  if (name, target) in self.homes]  # fmt: skip
        inside = [node for node in (*members, *linked) if leads(node, rule.path)]
        return max(inside, key=lambda node: len(node.path), default=self.root)

    def _place(self, rule: mapping.Rule, key: str) -> None:
        base = self._base(rule, key)
        if rule.path.startswith("medisch_onderzoek") and base is self.root:
            base = self.root.add("medisch_onderzoek")
        if rule.name in ("product", "afterbirth-product"):
            base = next(node for k, node in self._uses(rule.name)
                        if self.graph.target(self.graph.all[k].get("medicationReference")) == key)  # fmt: skip
        rest = rule.path[len(base.path) :].strip("/") if base.path else rule.path
        self._home(rule.name, key, base.enter(rest) if rest else base)


def _coded(rule: mapping.Rule, one: Resource) -> bool:
    codings = (one.get("code") or {}).get("coding") or ()
    return any((c.get("system"), c.get("code")) in rule.takes for c in codings if isinstance(c, Mapping))


def _is_obstetric(one: Resource) -> bool:
    wanted = _BACK["obstetric"]
    codings = (one.get("code") or {}).get("coding") or ()
    return any(codes.oid(str(c.get("system", ""))) == wanted["system"]
               and str(c.get("code", "")).startswith(wanted["prefix"]) for c in codings)  # fmt: skip


def _moment(one: Resource) -> str:
    """When it was, as text that sorts; "" when it does not say."""
    period = one.get("effectivePeriod") or one.get("performedPeriod") or {}
    return next((str(one[name]) for name in _MOMENTS if one.get(name)), str(period.get("start", "")))


def _said(one: Resource) -> Any:
    return {name: value for name, value in one.items() if name.startswith(("value", "component", "code"))}


def leads(node: Node, path: str) -> bool:
    """Whether a path lies in a node that is not the root."""
    return bool(node.path) and (path == node.path or path.startswith(f"{node.path}/"))

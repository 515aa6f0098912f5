"""The tree of a handover → STU3 resources, by the rules and rows of `definitions/acute`.

What becomes a resource, what goes where in it, how they refer to each other; every concept that says something and
went nowhere is named, with the reason that its row gives.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator
from typing import Any

from babyconnect.definitions import document
from babyconnect.translate import paths
from babyconnect.translate.acute import mapping
from babyconnect.translate.acute.giving import GIVINGS, SILENT, Ask
from babyconnect.translate.acute.node import Node
from babyconnect.translate.acute.tables import concepts
from babyconnect.translate.codes import NULL_FLAVOR_OID
from babyconnect.translate.findings import Finding, Severity, Translated
from babyconnect.translate.finishing import finished
from babyconnect.translate.values import ABSENT

_DATED = frozenset(document("acute/message.toml")["stu3"]["dated"])


class Made:
    """One resource in the making, the rule and the node that it is made of."""

    __slots__ = ("node", "resource", "rule", "slots")

    def __init__(self, rule: mapping.Rule, node: Node, identity: str) -> None:
        self.rule, self.node = rule, node
        self.slots: dict[str, dict[str, Any]] = {}
        self.resource: dict[str, Any] = {"resourceType": rule.type, "id": identity}
        if rule.profiles:
            self.resource["meta"] = {"profile": list(rule.profiles)}
        self.resource |= paths.fresh(rule.fixed)
        if rule.codings:
            self.resource["code"] = {"coding": [dict(coding) for coding in rule.codings]}

    @property
    def reference(self) -> dict[str, str]:
        return {"reference": f"{self.rule.type}/{self.resource['id']}", "display": self._label()}

    def _label(self) -> str:
        name = self.resource.get("name")
        if isinstance(name, str):
            return name
        if isinstance(name, list) and name[0].get("text"):
            return str(name[0]["text"])
        return self.rule.label if "{" not in self.rule.label else self.rule.type


def translate(root: Node, today: dt.date) -> Translated:
    """The resources and what could not be carried over; an error among the findings: refuse the message."""
    return _Translation(root, today).run()


class _Translation:
    def __init__(self, root: Node, today: dt.date) -> None:
        self.root, self.today = root, today
        self.findings: list[Finding] = []
        self.used: set[int] = set()
        self.other: set[int] = set()
        self.by_path: dict[str, list[Node]] = {}
        for node in root.walk():
            self.by_path.setdefault(node.path, []).append(node)
        self.base = _base(root)
        self.made = [made for rule in mapping.rules() for made in self._instances(rule)]
        self.by_rule: dict[str, list[Made]] = {}
        for made in self.made:
            self.by_rule.setdefault(made.rule.name, []).append(made)

    def run(self) -> Translated:
        self._check_client()
        self._settle_author()
        for row in mapping.mapped():
            for node in self.by_path.get(row.path, ()):
                if id(node) not in self.other:
                    self._apply(row, node)
        for made in self.made:
            for link in made.rule.links:
                for other in self._nearest(made.node, link.rules, link.every):
                    paths.put(made.resource, made.slots, link.path, other.reference)
        self._report_unused()
        resources = [self._finished(made) for made in self.made]
        return Translated(resources, sorted(self.findings, key=lambda finding: finding.line))

    def _instances(self, rule: mapping.Rule) -> Iterator[Made]:
        for node in self.by_path.get(rule.path, ()):
            if holds(rule.when, node):
                yield Made(rule, node, self._identity(rule, node))

    def _identity(self, rule: mapping.Rule, node: Node) -> str:
        return _digest(self.base, rule.name, node.place)

    def _nearest(self, node: Node, names: tuple[str, ...], every: bool) -> list[Made]:
        """The resource of the first of these rules in the smallest surroundings that have one; each, where asked.

        Never out of the group in which both concepts lie: another examination's result is not this one's.
        """
        for scope in node.chain():
            for name in names:
                if len(scope.path) < len(_shared(node.path, mapping.rule(name).path)):
                    continue
                found = [made for made in self.by_rule.get(name, ()) if _lies_in(made.node, scope)]
                if found:
                    return found if every else found[:1]
        return []

    def _apply(self, row: mapping.Row, node: Node) -> None:
        if row.transform in SILENT:
            if row.transform != "none":
                self._use(node)
            return
        targets = self._nearest(self.root if row.every else node, (row.rule,), row.every)
        for made in targets:
            ask = Ask(self.today, _listed(node), row.argument, self._remark(node))
            given = GIVINGS[row.transform](node, ask)
            if given is None:
                continue
            self._use(node)
            if given.absent is not None:
                holder = paths.holder(made.resource, made.slots, row.target)
                holder.setdefault("dataAbsentReason", dict(given.absent))
            elif given.value is not None or given.extra:
                paths.put(made.resource, made.slots, row.target, given.value, given.extra)

    def _use(self, node: Node) -> None:
        self.used.add(id(node))
        if node.attributes or not node.path.endswith(("naam_vrouw", "naam_zorgverlener")):
            return
        self.used.update(id(child) for child in node.children)

    def _remark(self, node: Node) -> Callable[[Severity, str, str], None]:
        return lambda severity, rule, text: self._find(severity, node, rule, text)

    def _report_unused(self) -> None:
        reasons = {row.path: row.reason for row in mapping.mapped() if row.reason}
        for node in self.root.walk():
            if node.attributes and id(node) not in self.used:
                text = reasons.get(node.path) or _why_unused(node)
                self._find("information", node, "not-mapped", f"not translated: {text}")

    def _check_client(self) -> None:
        """The handover says whose it is: by a number or by a name."""
        woman = self.root.first("vrouw")
        if woman is None or not (woman.first("burgerservicenummer") or woman.first("naam_vrouw")):
            self._find("error", woman or self.root, "no-client", "the handover does not say whose it is")

    def _settle_author(self) -> None:
        """Who sends the message says again who hands over; what it adds counts only of the same person and place."""
        pairs = (("bericht/auteur", "naam/achternamen", "zorgverlenerzorginstelling/zorgverlener/naam_zorgverlener"),
                 ("bericht/verantwoordelijke", "naam/achternamen",
                  "zorgverlenerzorginstelling/zorgverlener/naam_zorgverlener"))  # fmt: skip
        for sender, name, own in pairs:
            said, whose = self.root.first(f"{sender}/{name}"), self.root.first(f"{own}/achternamen")
            place = self.root.first(f"{sender}/organisatie/nummer")
            home = self.root.first("zorgverlenerzorginstelling/zorginstelling/zorginstelling_oid")
            one, same = self.root.first(sender), _same(said, whose)
            for node in one.walk() if one is not None else ():
                within = same if "/organisatie/" not in node.path else _same(place, home)
                (self.used if within else self.other).add(id(node))

    def _finished(self, made: Made) -> dict[str, Any]:
        if made.rule.template in _DATED and not {"effectiveDateTime", "effectivePeriod"} & made.resource.keys():
            made.resource["_effectiveDateTime"] = {"extension": [{"url": ABSENT, "valueCode": "unknown"}]}
        resource, done = finished(made.resource)
        for text in done:
            self._find("information", made.node, "incomplete", text)
        return resource

    def _find(self, severity: Severity, node: Node, rule: str, text: str) -> None:
        known = concepts().get(node.path)
        self.findings.append(Finding(severity, node.place, node.line, known.number if known else "", rule, text))


def holds(condition: str, node: Node) -> bool:
    """Alternatives separated by ` | `, each of parts by ` & `: `coded` (a code that says something) · `present P` ·
    `absent P` · `false P` · `not false P` (a path from the node)."""
    return not condition or any(
        all(_holds(part, node) for part in alternative.split(" & ")) for alternative in condition.split(" | ")
    )


def _holds(part: str, node: Node) -> bool:
    word, _, path = part.rpartition(" ")
    if not word:
        says = node.attributes.get("codeSystem") != NULL_FLAVOR_OID or node.attributes.get("code") == "OTH"
        return says and "code" in node.attributes
    found = node.select(path)
    if word in ("present", "absent"):
        return bool(found) is (word == "present")
    return any(one.attributes.get("value") == "false" for one in found) is (word == "false")


def _same(first: Node | None, second: Node | None) -> bool:
    return first is not None and second is not None and first.attributes.get("value") == second.attributes.get("value")


def _why_unused(node: Node) -> str:
    flavored = node.attributes.get("nullFlavor") or node.attributes.get("codeSystem") == NULL_FLAVOR_OID
    return (
        "it states only why it is empty"
        if flavored
        else "it is of another than whom the handover is of, or nothing takes it"
    )


def _listed(node: Node) -> str:
    known = concepts().get(node.path)
    return known.list if known else ""


def _shared(first: str, second: str) -> str:
    """The path of the group in which two concepts lie."""
    steps = []
    for one, other in zip(first.split("/"), second.split("/"), strict=False):
        if one != other:
            break
        steps.append(one)
    return "/".join(steps)


def _lies_in(node: Node, scope: Node) -> bool:
    return any(here is scope for here in node.chain())


def _base(root: Node) -> str:
    """What all names of a handover follow from: its number, else all that it says."""
    number = root.first("bericht/nummer")
    if number is not None and number.attributes.get("value"):
        return f"{number.attributes.get('root', '')}|{number.attributes['value']}"
    return repr([(node.place, sorted(node.attributes.items())) for node in root.walk()])


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]

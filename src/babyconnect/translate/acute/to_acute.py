"""STU3 resources → the tree of an acute handover, and what it cannot say.

The rules and rows of `definitions/acute` read backwards: whose pregnancy, delivery, birth or examination a resource is
of says where it goes; of what a handover has once the latest goes, and the others are named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from babyconnect.definitions import document, rows
from babyconnect.translate.acute import mapping, numbering
from babyconnect.translate.acute.giving import PARTS
from babyconnect.translate.acute.node import Node
from babyconnect.translate.acute.placing import Placing, leads
from babyconnect.translate.acute.tables import concepts
from babyconnect.translate.acute.taken import DERIVED, TAKEN, Wanted
from babyconnect.translate.findings import Finding, Severity
from babyconnect.translate.to_ada.graph import Resource, found
from babyconnect.translate.to_ada.inverses import reason
from babyconnect.translate.to_ada.parts import human_name
from babyconnect.translate.values import ABSENT

_BACK = document("acute/message.toml")["back"]


def handover(resources: Sequence[Resource]) -> tuple[Node, list[Finding]]:
    """The tree and the findings; an error among these: no handover can be made."""
    making = _Making(resources)
    making.run()
    return making.root, making.findings


class _Making(Placing):
    """The values, in their places; `said`: the resources of which something was written."""

    def __init__(self, resources: Sequence[Resource]) -> None:
        super().__init__(resources)
        self.said: set[str] = set()

    def run(self) -> None:
        if len(self.about.women) != 1:
            text = "the record holds no client" if not self.about.women else "the record holds two clients"
            self.find("error", "", "no-client" if not self.about.women else "two-clients", text)
            return
        self.place()
        for (name, key), node in self.homes.items():
            self._fill(mapping.rule(name), key, node)
        self._imply()
        self.root.prune()
        self.findings += numbering.number(self.root)
        self._sign()
        self._report()

    # Values -----------------------------------------------------------------------------------------------------------

    def _fill(self, rule: mapping.Rule, key: str, node: Node) -> None:
        resource = self.graph.all[key]
        for row in mapping.mapped():
            if row.rule != rule.name or row.every or not row.target:
                continue
            if row.transform == "name":
                self._name(resource, _towards(node, row.path))
            elif row.transform not in DERIVED and not (row.transform == "birth" and rule.name in ("weight", "apgar")):
                self._value(row, key, resource, node)
        if rule.name == "medication" and "medicationCodeableConcept" in resource:
            self._value(next(r for r in mapping.mapped() if r.rule == "product"), key,
                        {"code": resource["medicationCodeableConcept"]}, node)  # fmt: skip

    def _value(self, row: mapping.Row, key: str, resource: Resource, node: Node) -> None:
        known = concepts()[row.path]
        wanted = Wanted(known.list, _unit(row), row.argument,
                        lambda text: self.find("warning", key, "not-held", text, row.target))  # fmt: skip
        values = found(resource, row.target)
        for one in values:
            made = TAKEN[row.transform](one, wanted) if one.value is not None or one.beside else None
            if made is not None and self._is_own(row, made):
                self.said.add(key)
                self._put(row, known.is_single, made, node)
        if not values:
            self._absent(row, key, resource, node)

    def _absent(self, row: mapping.Row, key: str, resource: Resource, node: Node) -> None:
        """Why there is no value, where the resource says so in its place."""
        above, _, last = row.target.rpartition("/")
        holders = [one.value for one in found(resource, above)] if above else [resource]
        for holder in holders:
            if last.startswith("value") and isinstance(holder, Mapping) and (why := holder.get("dataAbsentReason")):
                made = reason(why, concepts()[row.path].datatype == "code")
                if made is not None:
                    self.said.add(key)
                    _towards(node, row.path).attributes = made

    def _is_own(self, row: mapping.Row, made: Mapping[str, str]) -> bool:
        """Of several identifiers and kinds each goes to the concept that has its root or code system."""
        if row.path in _BACK["systems"]:
            return made.get("codeSystem") == _BACK["systems"][row.path]
        if row.transform != "identifier":
            return True
        bsn = made.get("root") == "2.16.840.1.113883.2.4.6.3"
        if row.path.endswith(("burgerservicenummer", "bsn_kind")):
            return bsn
        return not bsn and (made.get("root") == row.argument if row.argument else
                            made.get("root") != "2.16.840.1.113883.2.4.3.22.6.3")  # fmt: skip

    def _put(self, row: mapping.Row, single: bool, made: dict[str, str], node: Node) -> None:
        target = node if node.path == row.path else _towards(node, row.path)
        if not target.attributes:
            target.attributes = made
        elif not single and target.attributes != made and target.parent is not None:
            target.parent.add(target.name).attributes = made

    def _name(self, resource: Resource, node: Node) -> None:
        official = sorted(resource.get("name") or (), key=lambda one: one.get("use", "official") != "official")
        for one in official[:1]:
            for kind, attributes in human_name(one, {}):
                part = next((part for part, own in PARTS.items() if own == kind), "")
                if part:
                    node.add(part).attributes = dict(attributes)

    def _sign(self) -> None:
        """Who sends the message, and answers for it, is who hands over: once more, as the wrapper has it."""
        own = self.root.first("zorgverlenerzorginstelling/zorgverlener/naam_zorgverlener")
        place = self.root.first("zorgverlenerzorginstelling/zorginstelling")
        author = self.root.enter("bericht").enter("auteur")
        for part in own.children if own is not None else ():
            author.enter("naam").add(part.name).attributes = dict(part.attributes)
        for name, here in (("nummer", "zorginstelling_oid"), ("naam", "naam_zorginstelling")):
            for given in place.of(here) if place is not None else ():
                author.enter("organisatie").add(name).attributes = dict(given.attributes)
        other = self.root.enter("bericht").enter("verantwoordelijke")
        _copy(author, other)
        self.root.prune()

    def _imply(self) -> None:
        """What one concept says of another beside it, where nothing said that itself (`implied.csv`)."""
        for row in rows("acute/implied"):
            for node in [node for node in self.root.walk() if node.path == row["path"] and node.attributes]:
                if row["code"] and node.attributes.get("code") != row["code"]:
                    continue
                name = row["of"].removeprefix("../")
                there = node.parent.of(name) if node.parent is not None else []
                if not there and node.parent is not None:
                    node.parent.add(name).attributes = {"value": row["value"]}
                elif there and there[0].attributes.get("value") not in (None, row["value"]):
                    there[0].attributes = {"value": row["value"]}
                    self.find(
                        "warning", "", "contradiction", f"{name}: the record says it is not so, and what there is"
                    )

    # What is not in the handover --------------------------------------------------------------------------------------

    def _report(self) -> None:
        for key, one in self.graph.all.items():
            made = self.taken.get(key)
            if made is None:
                self.find("warning", key, "not-held", "the acute handover has no place for it")
            elif key not in self.said and any(_speaks(rule) for rule in made):
                self.find("warning", key, "not-held", "nothing that it says has a place in the acute handover")
                continue
            for name in _unsaid(made, one) if made else ():
                self.find("information", key, "not-held", "no concept of the acute handover takes it", name)
        for known in concepts().values():
            self._require(known.path) if known.number and known.is_required else None

    def _require(self, path: str) -> None:
        """What the data set demands and nothing in the record gives."""
        above, _, name = path.rpartition("/")
        parents = self.root.select(above) if above else [self.root]
        severity: Severity = "warning" if path.count("/") < 2 else "information"
        if any(not parent.of(name) for parent in parents):
            self.findings.append(Finding(severity, path, 0, concepts()[path].number, "required",
                                         "the data set demands it, and the record does not give it"))  # fmt: skip


def _speaks(rule: mapping.Rule) -> bool:
    """A rule whose resources are there for what they say, not to hang others on."""
    return any(row.rule == rule.name and row.target.startswith(("value", "component", "code", "content"))
               and row.transform not in DERIVED for row in mapping.mapped())  # fmt: skip


def _towards(node: Node, path: str) -> Node:
    """The place of a path, from the nearest of what a node lies in that leads there."""
    base = next((here for here in node.chain() if not here.path or leads(here, path)), node.root)
    here = base
    for step in path[len(base.path) :].strip("/").split("/") if path != base.path else ():
        there = here.of(step)
        here = there[-1] if there else here.add(step)
    return here


def _copy(here: Node, there: Node) -> None:
    """All that lies in one node in another too, beside what is there."""
    for child in here.children:
        made = there.enter(child.name) if not child.attributes else there.add(child.name)
        made.attributes = dict(child.attributes)
        _copy(child, made)


def _unit(row: mapping.Row) -> str:
    return row.argument if row.transform in ("quantity", "centimetres") else ""


def _unsaid(made: Sequence[mapping.Rule], one: Resource) -> Iterator[str]:
    """The elements of a resource that no row, link or pattern of its rules has."""
    known = set(_BACK["unspoken"])
    for rule in made:
        known |= (
            set(rule.fixed) | {"code"} | {link.path.split("/")[0].split("{")[0].split("[")[0] for link in rule.links}
        )
        known |= {
            row.target.split("/")[0].split("{")[0].split("[")[0] for row in mapping.mapped() if row.rule == rule.name
        }
    for name, value in one.items():
        absent = name.startswith("_") and ABSENT in str(value)
        if name.removeprefix("_") not in known and not absent:
            yield name

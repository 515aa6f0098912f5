"""STU3 resources → one ADA record of a transaction, and what it cannot say."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from babyconnect.birthcare.ada import AdaRecord
from babyconnect.definitions import document, rows
from babyconnect.fhir import check
from babyconnect.translate import ada
from babyconnect.translate.findings import Finding, Severity
from babyconnect.translate.paths import compiled, slices
from babyconnect.translate.tables import AdaMap, Rule, ada_map
from babyconnect.translate.to_ada.admitting import admit
from babyconnect.translate.to_ada.assigning import Assigning
from babyconnect.translate.to_ada.backwards import Backwards, backwards
from babyconnect.translate.to_ada.checking import facts, lost_paths
from babyconnect.translate.to_ada.draft import Draft, Node, structure
from babyconnect.translate.to_ada.filling import Filling
from babyconnect.translate.to_ada.graph import Graph, Resource
from babyconnect.translate.to_ada.placing import Placing
from babyconnect.translate.to_ada.refusing import placed, refused
from babyconnect.translate.to_ada.spans import as_beginning, moment_for


@dataclass(frozen=True, slots=True)
class Made:
    """The record, None when it was refused (a finding of severity `error` says why), and the findings."""

    record: AdaRecord | None
    findings: tuple[Finding, ...]


def transactions() -> Mapping[str, str]:
    """The names that a transaction can be asked for by: its own, and the last word of its map."""
    blocks = document("ada/transactions.toml")
    return {block["map"].split()[-1]: name for name, block in blocks.items()} | {name: name for name in blocks}


def to_ada(resources: Sequence[Resource], transaction: str, today: dt.date, version: str = "") -> Made:
    """Make a record of a transaction (by its full name); relative dates do not occur in it."""
    known = ada.known(transaction, version)
    if known is None:
        return _refusal("unknown-transaction", "there is no map for this transaction in this version")
    table = ada_map(known["map"], known["structure"])
    broken = [_broken(place, issue) for place, one in placed(resources) for issue in check.structure(one)]
    if any(finding.severity == "error" for finding in broken):
        return Made(None, tuple(broken))
    kept, dropped = refused(resources, _sayable(table))
    making = _Making(kept, table, known["structure"], today)
    reference = document("ada/transactions.toml")[transaction]["ref"]
    record = making.record(transaction, reference, version or known["version"])
    findings = [*dropped, *making.findings]
    return Made(None if any(f.severity == "error" for f in findings) else record, tuple(findings))


def _sayable(table: AdaMap) -> frozenset[str]:
    """The modifiers that a data element of the transaction gives: those can be said."""
    paths = (row.path for rows in table.rows.values() for row in rows if row.path.startswith("modifierExtension{"))
    return frozenset(slices()[compiled(path)[0].slice]["url"] for path in paths)


def _broken(place: str, issue: check.Issue) -> Finding:
    return Finding(issue.severity, f"{place}.{issue.place}", 0, "", issue.rule, issue.text)


def _refusal(rule: str, text: str) -> Made:
    return Made(None, (Finding("error", "the record", 0, "", rule, text),))


class _Making:
    """One record in the making."""

    def __init__(self, resources: Sequence[tuple[str, Resource]], table: AdaMap, name: str, today: dt.date) -> None:
        self.findings: list[Finding] = []
        self._table, self._today = table, today
        self._structure = structure(name)
        self._graph = Graph([resource for _, resource in resources])
        self._places = dict(zip(self._graph.keys, (place for place, _ in resources), strict=True))
        self._tables = backwards(table.name, name)
        self._assigning = Assigning(self._graph, self._tables, _others(name))
        self._draft = Draft(self._structure)
        self._placing = Placing(self._graph, self._tables, self._assigning, self._draft)

    def record(self, transaction: str, reference: str, version: str) -> AdaRecord | None:
        for key in self._graph.twice:
            self._find("error", key, "duplicate-id", "two resources of one type and id say different things")
        self._check_client()
        if self.findings:
            return None
        self._placing.run()
        admit(self._graph, self._placing, self._draft)
        Filling(self._graph, self._tables, self._placing, self._draft).run()
        self._leave_out_the_nameless()
        root, nodes = self._draft.element(transaction)
        record = AdaRecord(transaction, reference, version, "", "", root)
        self._compare(record, nodes)
        self._check_required()
        return record

    def _leave_out_the_nameless(self) -> None:
        """A group of one child that does not say which child is none: whoever reads the record would refuse it."""
        for group, reference in self._table.anchors["children"].items():
            for node in [*self._draft.within(self._draft.root, group)] if group.isdigit() else ():
                if next(self._draft.within(node, reference), None) is None:
                    self._draft.remove(node)

    def _check_client(self) -> None:
        """A record is about one woman: the Patient who is its client."""
        rule = self._table.anchors["client"]["element"]
        women = [key for key, made in self._assigning.rules.items() if made is not None and made.name == rule]
        if not women:
            self._find("error", "", "no-client", "no Patient here is the woman of the record")
        elif len(women) > 1:
            self._find("error", women[1], "two-clients", "the record is about two women; translate them apart")

    # What came of it ---------------------------------------------------------------------------------------------

    def _compare(self, record: AdaRecord, nodes: Mapping[int, Node]) -> None:
        """Forward again; each resource beside the one it was made of."""
        again, homes = ada.traced(record, self._table, self._today)
        sources = {(rule.template.name, node): key for key, made in self._placing.homes.items() for rule, node in made}
        sources |= {(key.partition("/")[0], node): key for (_, node), key in sources.items()}
        pairs = {key: number for number, made in enumerate(homes) if (key := _source(made, sources, nodes))}
        address = {f"{r['resourceType']}/{r['id']}": key for key, number in pairs.items()
                   for r in (again.resources[number],)}  # fmt: skip
        for key, resource in self._graph.all.items():
            if key not in pairs:
                self._unheld(key, resource)
                continue
            said, moment = as_beginning(resource, again.resources[pairs[key]])
            if moment:
                text = "the moment stands as the beginning; the record asks from when until when"
                self._find("information", key, "implied", text, moment)
            before = facts(said, lambda reference: self._graph.target(reference) or "?")
            after = facts(again.resources[pairs[key]], lambda reference: address.get(reference, "?"))
            for path in lost_paths(before, after):
                self._lost(key, path)
            for path in lost_paths(after, before):
                self._added(key, path, lost_paths(before, after))
        for found in again.findings:
            if found.severity != "information" and found.rule == "unknown-code":
                self.findings.append(replace(found, line=0))
        for number in set(range(len(again.resources))) - set(pairs.values()):
            extra = again.resources[number]
            shown = ", ".join(
                [extra["resourceType"], *(p.rpartition("/")[2] for p in extra.get("meta", {}).get("profile", ()))]
            )
            self._find("warning", "", "implied", f"read again, the record also gives a resource: {shown}")

    def _unheld(self, key: str, resource: Resource) -> None:
        why = "this transaction has no place for it"
        if key in self._assigning.misplaced:
            why = "this transaction has a place for it of somebody else only, not of whom it is about"
        if self._assigning.rules[key] is not None:
            placed = bool(self._placing.homes.get(key))
            why = "nothing that it says has a place here" if placed else "what stands there already leaves it no place"
        reason = _reason(str(resource.get("resourceType")), "")
        self._find("information" if reason else "warning", key, "not-held", reason or why)

    def _lost(self, key: str, path: str) -> None:
        """A fact that did not come back: no data element takes it, or the one that does could not say it."""
        reason = _reason(key.partition("/")[0], path)
        if not reason and not self._is_taken(key, path):
            reason = "no data element of this transaction takes it"
        self._find(
            "information" if reason else "warning", key, "not-held", reason or "its data element cannot say it", path
        )

    def _is_taken(self, key: str, path: str) -> bool:
        """True when a data element of the resource's rule gives what lies at a path."""
        first = path.split(".", maxsplit=1)[0].removeprefix("_")
        made = [rule for rule, _ in self._placing.homes[key]]
        taken = [row.path for rule in made for row in self._tables.rows.get(rule.name, ())]
        taken += [path for rule in made for path, _ in rule.template.links]
        return any(first in (compiled(path)[0].name, moment_for(path)) for path in taken)

    def _added(self, key: str, path: str, lost: list[str]) -> None:
        """What the way back says and the resource does not: named, unless it stands for what was lost."""
        if path in lost:
            return
        reason = _reason(key.partition("/")[0], f"+{path}")
        text = reason or "the record says more here than the resource"
        self._find("information" if reason else "warning", key, "implied", text, path)

    def _check_required(self) -> None:
        """What the transaction wants in every group, and the resources did not give."""
        missing: dict[str, None] = {}
        for node in self._draft.root.walk():
            for concept in self._structure.children.get(node.concept, ()):
                if self._structure.concepts[concept].least and not node.of(concept):
                    missing[concept] = None
        for concept in missing:
            row = self._structure.concepts[concept]
            severity: Severity = "warning" if row.mandatory else "information"
            text = "the transaction wants it, and the resources do not give it"
            self.findings.append(Finding(severity, row.element, 0, concept, "required", text))

    def _find(self, severity: Severity, key: str, rule: str, text: str, path: str = "") -> None:
        place = self._places.get(key, "the record") + (f".{path}" if path else "")
        self.findings.append(Finding(severity, place, 0, "", rule, text))


def _others(own: str) -> list[Backwards]:
    """The tables of the other transactions: what a resource is there, it is not made of here."""
    blocks = document("ada/transactions.toml").values()
    return [backwards(block["map"], block["structure"]) for block in blocks if block["structure"] != own]


def _source(
    made: Sequence[tuple[Rule, Any]], sources: Mapping[tuple[str, Node], str], nodes: Mapping[int, Node]
) -> str:
    found = [(rule, node) for rule, site in made if (node := nodes.get(id(site.element))) is not None]
    names = [(rule.template.name, node) for rule, node in found] + [(rule.template.type, node) for rule, node in found]
    return next((sources[name] for name in names if name in sources), "")


@functools.cache
def _reasons() -> Sequence[tuple[str, str, str]]:
    return [(row["type"], row["path"], row["reason"]) for row in rows("ada/to_ada_unheld")]


def _reason(kind: str, path: str) -> str:
    """Why a transaction cannot hold this: the reason of the first row that fits, "" when no row says it."""
    fitting: Iterator[str] = (
        reason for type_, start, reason in _reasons()
        if type_ in ("*", kind) and (path == start or (start and path.startswith(f"{start}.")))
    )  # fmt: skip
    return next(fitting, "")

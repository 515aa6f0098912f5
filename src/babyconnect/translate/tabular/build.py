"""The rows of one client → the ADA record that they are (PWD 3.2), and everything that is wrong with them at once.

A row has an instance of its own of some groups of the data set (`definitions/tabular/sheets.toml`, `per`), shares
others with all rows of a child, and the rest with the whole record.  Instances are named after what they are of (the
row's own name, else its moment), so that the same row in another file becomes the same resources.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from babyconnect.birthcare.ada import AdaElement, AdaRecord
from babyconnect.birthcare.tabular import Extract, Row
from babyconnect.birthcare.templates import DOSSIER, ROW, Column, Given, Sheet, sheets
from babyconnect.definitions import document
from babyconnect.translate.tabular.cells import Fault, Value, coded, expected, value
from babyconnect.translate.tabular.structure import TRANSACTION, concepts

_WARNINGS = frozenset({"zero", "computed", "implausible", "same-row", "same-moment", "order"})
_CHILDREN = "kinderen"
_CLIENT = "clienten"


@dataclass(frozen=True, slots=True)
class Finding:
    """`place`: sheet, row, column and address, as the user knows them; the text quotes no cell."""

    severity: Literal["error", "warning", "information"]
    place: str
    rule: str
    text: str


@dataclass(slots=True)
class Node:
    """An instance of a group in the making; `leaves`: the attributes and the line of each data element in it."""

    id: str = ""
    line: int = 0
    groups: dict[tuple[str, str], Node] = field(default_factory=dict)
    leaves: dict[str, list[tuple[Mapping[str, str], int]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Built:
    """`record`: None when an error refuses it.

    `places`: of each line of the record (line 1 first) where that stood in the file, and the column, `sheet/header`;
    "" for what no cell said but the row.
    """

    record: AdaRecord | None
    findings: tuple[Finding, ...]
    places: tuple[tuple[str, str], ...]


def build(extract: Extract, today: dt.date) -> Built:
    """The record of an extract, or every error in it."""
    return _Builder(extract, today).built()


def distinct(extract: Extract, today: dt.date) -> Sequence[ReadRow]:
    """The rows of an extract, each named by what tells it apart, and once."""
    builder = _Builder(extract, today)
    return builder.distinct([builder.read(row, sheets()[row.sheet]) for row in extract.rows])


@dataclass(slots=True)
class ReadRow:
    """A row with what its cells say."""

    row: Row
    sheet: Sheet
    values: dict[str, Value]
    lines: dict[str, int]
    name: str = ""

    def said(self, type_name: str) -> str:
        return next((v.key for h, v in self.values.items() if self.sheet.columns[h].type == type_name), "")


class _Builder:
    def __init__(self, extract: Extract, today: dt.date) -> None:
        self.extract, self.today = extract, today
        self.findings: list[Finding] = [
            *(Finding("warning", place, rule, text) for rule, place, text in extract.remarks),
            *(Finding("error", place, rule, text) for rule, place, text in extract.wrong),
        ]
        self.places: list[tuple[str, str]] = []
        self.root = Node()

    def built(self) -> Built:
        cells = [self.read(row, sheets()[row.sheet]) for row in self.extract.rows]
        if self.extract.broken:
            return Built(None, tuple(self.findings), tuple(self.places))
        read = self.distinct(cells)
        self._check(read)
        for one in read:
            self._place(one)
        for one in read:
            self._give(one)
        refused = any(finding.severity == "error" for finding in self.findings)
        return Built(None if refused else self._record(read), tuple(self.findings), tuple(self.places))

    # Cells ----------------------------------------------------------------------------------------------------------

    def read(self, row: Row, sheet: Sheet) -> ReadRow:
        values, lines = {}, {}
        for header, column in sheet.columns.items():
            cell = row.cells.get(header)
            if cell is None:
                if column.required and (header in row.columns or not row.columns):
                    self._find("empty", row, sheet, column)
                continue
            made = value(cell, column, self.today)
            if isinstance(made, Fault):
                self._find(made.rule, row, sheet, column)
                continue
            for rule in made.warnings:
                self._find(rule, row, sheet, column)
            values[header] = made
            self.places.append((f"blad {sheet.name}, {row.place(header)}", f"{sheet.key}/{header}"))
            lines[header] = len(self.places)
        return ReadRow(row, sheet, values, lines)

    def _find(self, rule: str, row: Row, sheet: Sheet, column: Column | None = None, told: str = "") -> None:
        severity: Literal["error", "warning"] = "warning" if rule in _WARNINGS else "error"
        place = f"blad {sheet.name}, {row.place(column.header if column else '')}"
        words = document("tabular/faults.toml")[rule]
        text = words.format(expected=told or (expected(column) if column else ""))
        self.findings.append(Finding(severity, place, rule, text))

    def distinct(self, read: list[ReadRow]) -> list[ReadRow]:
        """Each row named; one that stands there twice only once."""
        kept: list[ReadRow] = []
        seen: dict[tuple[str, str], list[ReadRow]] = {}
        for one in read:
            one.name = self._named(one)
            before = seen.setdefault((one.sheet.key, one.name), [])
            if any(other.row.cells == one.row.cells for other in before):
                self._find("same-row", one.row, one.sheet)
                continue
            if before:
                self._again(one, len(before))
            before.append(one)
            kept.append(one)
        return kept

    def _again(self, one: ReadRow, before: int) -> None:
        if one.sheet.once or one.said("row"):
            told = {"child": "dit kind", "dossier": "dit dossier"}.get(one.sheet.once, "dit kenmerk")
            self._find("duplicate-row", one.row, one.sheet, told=told)
        else:
            if one.sheet.identity:
                self._find("same-moment", one.row, one.sheet)
            one.name = f"{one.name}#{before}"

    def _named(self, one: ReadRow) -> str:
        """The row's own name; else its moment and child; else what it says."""
        if one.sheet.once == "child":
            return one.said("child")
        if one.sheet.once:
            return ""
        if own := one.said("row"):
            return f"{ROW} {own}"
        headers = one.sheet.identity or [h for h, c in one.sheet.columns.items() if c.required and c.type != "dossier"]
        return "|".join(one.values[h].key for h in headers if h in one.values)

    def _check(self, read: list[ReadRow]) -> None:
        """What one row says of another: the child and the caregiver that it names."""
        children = {one.said("child") for one in read if one.sheet.key == _CHILDREN}
        caregivers = {one.said("caregiver-code").casefold() for one in read} - {""}
        for one in read:
            self._order(one)
            for header, made in one.values.items():
                column = one.sheet.columns[header]
                if column.type == "child" and made.key not in children:
                    self._find("no-child", one.row, one.sheet, column)
                if column.type == "caregiver" and made.key.casefold() not in caregivers:
                    self._find("caregiver", one.row, one.sheet, column)

    def _order(self, one: ReadRow) -> None:
        """Two cells of a row of which one is never more, or later, than the other: they may have changed places."""
        for less, more in one.sheet.orders:
            if less in one.values and more in one.values and _sorts(one.values[less]) > _sorts(one.values[more]):
                self._find("order", one.row, one.sheet, one.sheet.columns[less], more)

    # Places ---------------------------------------------------------------------------------------------------------

    def _key(self, one: ReadRow, group: str) -> str:
        """What an instance of a group is of; "" when there is one for the whole record."""
        per = one.sheet.per.get(group, "")
        if per == "row":
            return f"{one.sheet.key} {one.name}"
        if per == "moment":
            return f"{one.sheet.key} {next((one.values[h].key for h in one.sheet.identity if h in one.values), '')}"
        if per == "caregiver":
            return f"caregiver {(one.said('caregiver-code') or one.said('caregiver')).casefold()}"
        return f"{per} {one.said(per)}".strip() if per in ("child", "fetus") else per

    def _node(self, one: ReadRow, path: tuple[str, ...], *, make: bool) -> Node | None:
        node = self.root
        for group in path:
            key = self._key(one, group)
            found = node.groups.get((group, key))
            if found is None:
                if not make:
                    return None
                found = node.groups[group, key] = Node(_id(group, key))
            node = found
        return node

    def _place(self, one: ReadRow) -> None:
        for header, made in one.values.items():
            column = one.sheet.columns[header]
            if not column.concept:
                continue
            attributes = dict(made.attributes)
            if column.type == "caregiver":
                attributes["value"] = _id("978", f"caregiver {made.key.casefold()}")
            if not self._put(one, column.concept, attributes, one.lines[header]):
                self._find("conflict", one.row, one.sheet, column)

    def _put(self, one: ReadRow, concept: str, attributes: Mapping[str, str], line: int) -> bool:
        """False when the data element, which there is once, has another value already."""
        known = concepts()[concept]
        node = self._node(one, known.path, make=True)
        assert node is not None
        node.line = node.line or line
        there = node.leaves.setdefault(concept, [])
        if any(other == attributes for other, _ in there):
            return True
        if there and known.once:
            return False
        there.append((attributes, line))
        return True

    def _give(self, one: ReadRow) -> None:
        for given in one.sheet.given:
            path = concepts()[given.concept].path
            always = given.source == "reference" and not given.when
            when = (*concepts()[given.when].path, given.when) if given.when else path
            if not always and self._node(one, when, make=False) is None:
                continue
            node = self._node(one, path, make=False)
            if node is not None and given.concept in node.leaves:
                continue
            attributes, line = self._given(one, given)
            if attributes:
                self._put(one, given.concept, attributes, line)

    def _given(self, one: ReadRow, given: Given) -> tuple[Mapping[str, str], int]:
        self.places.append((f"blad {one.sheet.name}, {one.row.place()}", ""))
        first, argument = len(self.places), given.argument
        if given.source == "column":
            made = one.values.get(argument)
            return (dict(made.attributes), one.lines[argument]) if made else ({}, 0)
        if given.source == "reference":
            return self._referred(one, argument), first
        if given.source == "dossier":
            number = one.values.get(DOSSIER)
            return ({"value": number.key, "root": argument} if number else {}), first
        if given.source == "coded":
            oid, code, display = argument.split("|")
            return {"code": code, "codeSystem": oid, "displayName": display}, first
        if given.source == "code":
            return coded(given.concept, argument), first
        return ({"nullFlavor": argument} if given.source == "null" else {"value": argument}), first

    def _referred(self, one: ReadRow, argument: str) -> Mapping[str, str]:
        """The reference to the instance of a group in this row, or to who is named; none when it is not there."""
        group = argument if argument.isdigit() else {"organisation": "956"}.get(argument, "675")
        node = self._node(one, (*concepts()[group].path, group), make=False)
        return {"value": node.id, "datatype": "reference"} if node is not None else {}

    # The record -----------------------------------------------------------------------------------------------------

    def _record(self, read: list[ReadRow]) -> AdaRecord:
        known = document("ada/transactions.toml")[TRANSACTION]
        dossier = next((one.said("dossier") for one in read if one.sheet.key == _CLIENT), "")
        title = f"gegevensblad {_digest(dossier)}"
        root = AdaElement(TRANSACTION, "", {"id": title}, tuple(_elements(self.root)), 0)
        return AdaRecord(TRANSACTION, known["ref"], known["version"], title, title, root)


def _sorts(made: Value) -> tuple[float, str]:
    """To compare with: of a moment its day, of a number the number."""
    text = made.key
    return (0.0, text[:10]) if made.attributes.get("datatype") == "datetime" else (float(text), "")


def _elements(node: Node) -> Iterator[AdaElement]:
    """What lies in a group, in the data set's order."""
    table = concepts()
    found: list[tuple[int, AdaElement]] = []
    for (group, _), inner in node.groups.items():
        known = table[group]
        attributes = {"id": inner.id} if inner.id else {}
        found.append((known.place, AdaElement(known.element, group, attributes, tuple(_elements(inner)), inner.line)))
    for concept, those in node.leaves.items():
        known = table[concept]
        found += [(known.place, AdaElement(known.element, concept, dict(a), (), line)) for a, line in those]
    return (element for _, element in sorted(found, key=lambda pair: pair[0]))


def _id(group: str, key: str) -> str:
    return f"{group}-{_digest(key)}" if key else ""


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:20]

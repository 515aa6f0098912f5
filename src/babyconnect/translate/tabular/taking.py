"""An ADA record → the rows of a template that say the same, by the tables that read them (`build` the other way round).

A column's data element is looked for in what the row is about (the sheet's `anchor`), or in what that refers to.  What
no column takes, or no cell can say so that it is read back as it stood, is named.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from babyconnect.birthcare import numbers
from babyconnect.birthcare.ada import AdaElement, AdaRecord
from babyconnect.birthcare.resources import HOME
from babyconnect.birthcare.tabular import Cell
from babyconnect.birthcare.templates import Column, Sheet, sheets
from babyconnect.birthcare.units import coded, said_in
from babyconnect.translate.findings import Finding, Severity
from babyconnect.translate.tabular.cells import Fault, value
from babyconnect.translate.tabular.structure import choices, concepts
from babyconnect.translate.values import decimal

_WHO = {"child": "675", "fetus": "675", "woman": "675"}
_UNIQUE = ("child", "fetus")
_CAREGIVERS = "zorgverleners"
_KNOWN: tuple[str, Severity] = ("implied", "information")
_LOST: tuple[str, Severity] = ("not-mapped", "warning")


@dataclass(slots=True, eq=False)
class _At:
    """An element where it lies."""

    element: AdaElement
    parent: _At | None
    children: list[_At] = field(default_factory=list)

    def within(self) -> Iterator[_At]:
        yield self
        for child in self.children:
            yield from child.within()

    def chain(self) -> Iterator[_At]:
        here: _At | None = self
        while here is not None:
            yield here
            here = here.parent


@dataclass(frozen=True, slots=True)
class Taken:
    """`rows`: by the key of their sheet, each its cells by header.  `findings`: what they do not say."""

    rows: Mapping[str, Sequence[Mapping[str, str]]]
    findings: tuple[Finding, ...]


def take(record: AdaRecord, today: dt.date) -> Taken:
    """The rows of one record."""
    return _Taking(record, today).taken()


class _Taking:
    def __init__(self, record: AdaRecord, today: dt.date) -> None:
        self.today, self.record = today, record
        self.root = _placed(record.root, None)
        self.all = list(self.root.within())
        self.by_id = {at.element.id: at for at in self.all if at.element.id}
        self.used: set[int] = set()
        self.findings: list[Finding] = []
        self.named: set[str] = set()
        self.own = self._organisation()
        self.names = self._named()
        self.names = self._with_a_row()

    def taken(self) -> Taken:
        rows = {key: self._rows(sheet) for key, sheet in sheets().items() if key != _CAREGIVERS}
        # A client's record is read back with the caregivers that its rows name, so no other one is carried.
        self.named = {
            cell for key, made in rows.items() for row in made for header, cell in row.items()
            if sheets()[key].columns[header].type == "caregiver"
        }  # fmt: skip
        rows[_CAREGIVERS] = self._rows(sheets()[_CAREGIVERS])
        self._report()
        return Taken({key: rows[key] for key in sheets() if rows[key]}, tuple(self.findings))

    def _named(self) -> dict[str, str]:
        """What a row calls a person: of a child or fetus its rank, of a caregiver a code."""
        names: dict[str, str] = {}
        for reference in ("1378", "10283"):
            ids = dict.fromkeys(at.element.value for at in self._of(reference) if at.element.value in self.by_id)
            names |= {one: str(rank) for rank, one in enumerate(ids, 1)}
        return names | {at.element.id: f"Z{n}" for n, at in enumerate(self._caregivers(), 1) if at.element.id}

    def _with_a_row(self) -> dict[str, str]:
        """The same without caregivers of whom too little is known for a row: a cell that named one would be refused."""
        used = set(self.used)
        sheet = sheets()[_CAREGIVERS]
        without = {at.element.id for at in self._caregivers() if not self._row(sheet, at)}
        self.used = used
        return {id: name for id, name in self.names.items() if id not in without}

    def _organisation(self) -> _At | None:
        """Whose file it is: the organisation that most caregivers are of."""
        employers = Counter(at.element.value for at in self._of("1678") if at.element.value in self.by_id)
        first = next((at for at in self._of("956") if not at.element.is_reference), None)
        return self.by_id[employers.most_common(1)[0][0]] if employers else first

    def _caregivers(self) -> list[_At]:
        """Those of this organisation; a template has no place for others."""
        return [at for at in self._of("978") if self._target(at, "1678") in (None, self.own)]

    def _anchors(self, sheet: Sheet) -> list[_At]:
        if not sheet.anchor:
            return [self.root]
        if sheet.once == "file":
            return [self.own] if self.own else []
        if sheet.of_client:
            return [at for at in self._of(sheet.anchor) if not at.element.is_reference]
        return [at for at in self._caregivers() if self.names.get(at.element.id) in self.named]

    def _of(self, concept: str) -> list[_At]:
        return [at for at in self.all if at.element.concept == concept]

    # Rows -----------------------------------------------------------------------------------------------------------

    def _rows(self, sheet: Sheet) -> list[dict[str, str]]:
        made = [row for anchor in self._anchors(sheet) if (row := self._row(sheet, anchor))]
        return _told_apart(sheet, made)

    def _row(self, sheet: Sheet, anchor: _At) -> dict[str, str]:
        """The cells of one row; none when it would say nothing, or lacks what must be there."""
        cells: dict[str, str] = {}
        used: list[_At] = []
        # That there was a check says something; the day of an examination does not say which sheet it is of.
        says, alone = False, not any(sheet.anchor in other.per for other in sheets().values() if other is not sheet)
        for column in sheet.columns.values():
            cell, at = self._cell(sheet, column, anchor)
            if cell:
                cells[column.header] = cell
                used += [at] if at else []
                says = says or (at is not None and (alone or column.header not in sheet.identity))
        if not says or any(c.required and c.header not in cells for c in sheet.columns.values()):
            return {}
        self.used |= {id(at.element) for at in used}
        return cells

    def _cell(self, sheet: Sheet, column: Column, anchor: _At) -> tuple[str, _At | None]:
        if column.type == "dossier":
            return self._dossier(), None
        if column.type == "caregiver-code":
            return self.names.get(anchor.element.id, ""), None
        if column.type in _UNIQUE:
            who = self._who(sheet, anchor, column.type)
            name = self.names.get(who.element.id, "") if who else ""
            # Its rank is told by the row's number, where that is the same.
            self.used |= {id(at.element) for at in _in(who, column.concept) if at.element.value == name}
            return name, None
        if not column.concept:
            return "", None
        for at in self._found(sheet, column, anchor):
            cell = self._written(column, at.element)
            if cell:
                return cell, at
        return "", None

    def _dossier(self) -> str:
        return next((at.element.value for at in self._of("3338") if at.element.value), self.record.id or "1")

    def _found(self, sheet: Sheet, column: Column, anchor: _At) -> Iterator[_At]:
        """The column's data element in the row's own, or in what that refers to."""
        path = concepts()[column.concept].path
        if not sheet.anchor or sheet.anchor in path:
            scope: _At | None = anchor
            if "675" in path and not sheet.anchor:
                scope = self._woman()
            yield from _in(scope, column.concept)
            return
        for given in sheet.given:
            if given.source != "reference":
                continue
            if given.argument in path:
                yield from _in(self._target(anchor, given.concept), column.concept)
            elif _WHO.get(given.argument, "-") in path:
                yield from _in(self._who(sheet, anchor, given.argument), column.concept)
            elif given.when and given.when in path:
                who = self._who(sheet, anchor, given.argument)
                for group in self._of(given.when):
                    if who and self._target(group, given.concept) is who:
                        yield from _in(group, column.concept)

    def _woman(self) -> _At | None:
        return next((self.by_id.get(at.element.value) for at in self._of("1434")), None)

    def _who(self, sheet: Sheet, anchor: _At, kind: str) -> _At | None:
        """The person that the row is about: the reference in it, or in what it lies in."""
        for given in sheet.given:
            if given.source == "reference" and given.argument == kind and not given.when:
                for here in anchor.chain():
                    if (found := self._target(here, given.concept)) is not None and here is not self.root:
                        return found
        return None

    def _target(self, scope: _At, concept: str) -> _At | None:
        return next((self.by_id.get(at.element.value) for at in _in(scope, concept) if at.element.value), None)

    # Cells ----------------------------------------------------------------------------------------------------------

    def _written(self, column: Column, element: AdaElement) -> str:
        """The cell that is read back as this element; "" when there is none."""
        cell = self._said(column, element)
        if not cell or column.type == "caregiver":
            return cell
        made = value(Cell(cell), column, self.today)
        return "" if isinstance(made, Fault) else cell

    def _said(self, column: Column, element: AdaElement) -> str:
        text = element.value
        if column.type == "caregiver":
            return self.names.get(text, "")
        if column.type in ("bsn", "identifier"):
            wanted = column.argument or "2.16.840.1.113883.2.4.6.3"
            return text if element.attributes.get("root") == wanted else ""
        if column.type == "code":
            return _name(column, element)
        if column.type == "yes-no":
            return {"true": "ja", "false": "nee"}.get(text, "")
        if column.type in ("date", "moment"):
            return _day(text, column.type)
        return _number(column, element) if column.type in ("number", "whole", "gestation") else text

    def _report(self) -> None:
        """Each data element that says something and stands in no row."""
        given = {one.concept for sheet in sheets().values() for one in sheet.given}
        for at in self.all:
            element = at.element
            if element.is_filled and not element.is_reference and id(element) not in self.used:
                known = element.concept in given
                rule, severity = _KNOWN if known else _LOST
                words = "told by the row, not by a cell" if known else self._lost(at)
                self.findings.append(Finding(severity, element.name, element.line, element.concept, rule, words))

    def _lost(self, at: _At) -> str:
        who = next((one for one in at.chain() if one.element.concept == "978" and one.element.id), None)
        if who and self.names.get(who.element.id) not in self.named:
            return "no row of the templates names this caregiver, and only whom a row names is read back"
        return "no column of the templates takes it as it stands"


def _placed(element: AdaElement, parent: _At | None) -> _At:
    made = _At(element, parent)
    made.children = [_placed(child, made) for child in element.children]
    return made


def _in(scope: _At | None, concept: str) -> Iterator[_At]:
    return (at for at in scope.within() if at.element.concept == concept) if scope else iter(())


def _told_apart(sheet: Sheet, rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Rows of one moment get a name each."""
    seen: dict[tuple[str, ...], int] = {}
    for row in rows:
        key = tuple(row.get(header, "") for header in sheet.identity)
        seen[key] = seen.get(key, 0) + 1
        if seen[key] > 1 and "Kenmerk" in sheet.columns and sheet.identity:
            row["Kenmerk"] = f"{' '.join(key)} nr. {seen[key]}"
    return rows


def _name(column: Column, element: AdaElement) -> str:
    """The code's name in the value list; the code itself where the name is not one of it alone."""
    system, original = element.attributes.get("codeSystem", ""), element.attributes.get("originalText", "")
    for choice in choices(column.concept):
        if (choice.code, choice.oid) == (element.code, system):
            return f"anders: {original}" if original and choice.code.upper() == "OTH" else choice.display
    return ""


def _day(text: str, kind: str) -> str:
    """A day, or a moment by the clock at home; "" for a month or year only, and for what has seconds."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return ""
    if len(text) < 10:
        return ""
    moment = moment.astimezone(HOME) if moment.tzinfo else moment
    if "T" not in text:
        return f"{moment:%d-%m-%Y}"
    return f"{moment:%d-%m-%Y %H:%M:%S}".removesuffix(":00") if kind == "moment" else ""


def _number(column: Column, element: AdaElement) -> str:
    """With a comma, in the unit of the column."""
    unit = element.attributes.get("unit", "")
    number = decimal(element.value)
    if unit and column.argument and unit != column.argument:
        said = said_in(number, coded(unit), column.argument)
        number = None if said is None else numbers.shortest(said)
    if number is None or (column.type != "number" and number != int(number)):
        return ""
    if column.type == "gestation":
        return f"{int(number) // 7}+{int(number) % 7}"
    return format(Decimal(number), "f").replace(".", ",")

"""One cell → the attributes of an ADA element, or what is wrong with it; a closed list of types (`columns.csv`).

What could be read in two ways is refused, not guessed: 03/04/2026, 3.450, a label that is two codes.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from babyconnect.birthcare.identifiers import BSN_OID, passes_eleven_check
from babyconnect.birthcare.tabular import Cell
from babyconnect.birthcare.templates import Column, folded
from babyconnect.translate.tabular.structure import called, choices, concepts

_DUTCH = re.compile(r"(\d{1,2})[-.](\d{1,2})[-.](\d{4})(?:[ T]+(\d{1,2}):(\d\d)(?::(\d\d))?(?: uur)?)?")
_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d)(?:\.0+)?)?)?")
_SLASHES = re.compile(r"\d{1,4}/\d{1,2}/\d{1,4}.*")
_NUMBER = re.compile(r"[-+]?\d{1,12}(?:[.,]\d{1,12})?")
_THOUSANDS = re.compile(r"[-+]?\d{1,3}(?:[.,]\d{3})+(?:[.,]\d+)?")
_SCIENTIFIC = re.compile(r"\d(?:[.,]\d+)?E[+-]?\d{1,3}", re.IGNORECASE)
"""As a spreadsheet shows a long number, and keeps it in a CSV: the last digits are gone."""
_GESTATION = re.compile(r"(\d{1,2})\s*(?:\+|w(?:eken)?\s*(?:en\s*)?)\s*([0-6])\s*(?:d(?:agen)?)?", re.IGNORECASE)
_YES_NO = {"ja": "true", "j": "true", "waar": "true", "true": "true", "nee": "false", "n": "false", "onwaar": "false",
           "false": "false"}  # fmt: skip
_LENGTHS = {"2.16.528.1.1007.3.3": 8, "2.16.528.1.1007.3.1": 9, "2.16.840.1.113883.2.4.6.1": 8}
"""Digits of a URA, a UZI number and an AGB code (`birthcare.identifiers`)."""
_NAMING = frozenset({"bsn", "identifier", "dossier", "row", "caregiver", "caregiver-code", "number", "whole"})
"""Types of which every digit counts."""
_OTHER = re.compile(r"(?:anders|overig|overige)\s*:\s*(.+)", re.IGNORECASE | re.DOTALL)
_SHOWN = 8
"""Names of a value list that an error tells; a longer list is in the template."""
_EARLIEST = 1900


@dataclass(frozen=True, slots=True)
class Value:
    """`attributes` of the element; `warnings`: rules of what was done or doubted; `key`: to compare and to name by."""

    attributes: Mapping[str, str]
    warnings: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return self.attributes.get("value") or self.attributes.get("code", "")


@dataclass(frozen=True, slots=True)
class Fault:
    """The rule that the cell breaks (`definitions/tabular/faults.toml`)."""

    rule: str


def value(cell: Cell, column: Column, today: dt.date) -> Value | Fault:
    """What the cell says by the column's type."""
    if cell.kind == "fault":
        return Fault("fault")
    if cell.kind == "text" and _SCIENTIFIC.fullmatch(cell.text) and column.type in _NAMING:
        return Fault("scientific")
    made = TYPES[column.type](cell, column, today)
    if isinstance(made, Value) and cell.computed:
        return Value(made.attributes, (*made.warnings, "computed"))
    return made


def expected(column: Column) -> str:
    """What the column takes, in words."""
    if column.type == "code":
        names = [choice.display for choice in choices(column.concept)]
        return "; ".join(names[:_SHOWN]) + (f"; … ({len(names)} in de lijst)" if len(names) > _SHOWN else "")
    if column.type == "identifier":
        return f"{_LENGTHS[column.argument]} cijfers"
    if column.least:
        limits = f"{column.least} tot {column.most}".replace(".", ",")
        return f"13+0 of een aantal dagen, {limits} dagen" if column.type == "gestation" else limits
    return {"date": "dd-mm-jjjj", "moment": "dd-mm-jjjj of dd-mm-jjjj uu:mm"}.get(column.type, "tekst")


def _text(cell: Cell, column: Column, today: dt.date) -> Value | Fault:
    return Value({"value": cell.text})


def _number(cell: Cell, column: Column, today: dt.date) -> Value | Fault:
    if cell.kind not in ("text", "number") or not _NUMBER.fullmatch(cell.text):
        return Fault("number-thousands" if _THOUSANDS.fullmatch(cell.text) else "number")
    if cell.kind == "text" and _THOUSANDS.fullmatch(cell.text):
        return Fault("number-thousands")
    return _measured(Decimal(cell.text.replace(",", ".")), column)


def _whole(cell: Cell, column: Column, today: dt.date) -> Value | Fault:
    made = _number(cell, column, today)
    return Fault("whole") if isinstance(made, Value) and not re.fullmatch(r"[-+]?\d+", cell.text) else made


def _measured(number: Decimal, column: Column) -> Value:
    attributes = {"value": format(number, "f")}
    if column.argument:
        attributes["unit"] = column.argument
    fits = not column.least or Decimal(column.least) <= number <= Decimal(column.most)
    return Value(attributes, () if fits else ("implausible",))


def _gestation(cell: Cell, column: Column, today: dt.date) -> Value | Fault:
    """Weeks and days, or days; a number that may be either is refused."""
    if match := _GESTATION.fullmatch(cell.text):
        return _measured(Decimal(7 * int(match[1]) + int(match[2])), column)
    if cell.kind in ("text", "number") and re.fullmatch(r"\d{3}", cell.text):
        return _measured(Decimal(cell.text), column)
    return Fault("gestation")


def _moment(cell: Cell, column: Column, today: dt.date) -> Value | Fault:
    if cell.kind == "number":
        return Fault("date-number")
    if cell.kind == "yes-no":
        return Fault("date")
    if dutch := _DUTCH.fullmatch(cell.text):
        day, month, year, *time = dutch.groups()
    elif iso := _ISO.fullmatch(cell.text):
        year, month, day, *time = iso.groups()
    else:
        return Fault("date-order" if _SLASHES.fullmatch(cell.text) else "date")
    try:
        date = dt.date(int(year), int(month), int(day))
        hour, minute, second = (int(part or 0) for part in time)
        clock = dt.time(hour, minute, second) if time[0] else None
    except ValueError:
        return Fault("date")
    if not _EARLIEST <= date.year <= today.year + 2:
        return Fault("date-far")
    text = f"{date.isoformat()}T{clock.isoformat()}" if clock else date.isoformat()
    return Value({"value": text, "datatype": "datetime"})


def _date(cell: Cell, column: Column, today: dt.date) -> Value | Fault:
    made = _moment(cell, column, today)
    if isinstance(made, Value) and "T" in made.attributes["value"]:
        return Fault("date-time")
    return made


def _yes_no(cell: Cell, column: Column, today: dt.date) -> Value | Fault:
    said = _YES_NO.get(cell.text.casefold())
    return Value({"value": said}) if said else Fault("yes-no")


def _code(cell: Cell, column: Column, today: dt.date) -> Value | Fault:
    known = called(column.concept)
    found = known.get(folded(cell.text) or "=", ()) or known.get(f"={cell.text}", ())
    if len(found) > 1:
        return Fault("ambiguous-code")
    if found:
        return Value({"code": found[0].code, "codeSystem": found[0].oid, "displayName": found[0].display})
    words = _OTHER.fullmatch(cell.text)
    other = next((choice for choice in choices(column.concept) if choice.code.upper() == "OTH"), None)
    if words and other:
        return Value({"code": other.code, "codeSystem": other.oid, "displayName": other.display,
                      "originalText": words[1].strip()})  # fmt: skip
    return Fault("code")


def _bsn(cell: Cell, column: Column, today: dt.date) -> Value | Fault:
    made = _digits(cell, 9)
    if made is None or not passes_eleven_check(made[0]):
        return Fault("bsn")
    return Value({"value": made[0], "root": BSN_OID}, made[1])


def _identifier(cell: Cell, column: Column, today: dt.date) -> Value | Fault:
    made = _digits(cell, _LENGTHS[column.argument])
    return Value({"value": made[0], "root": column.argument}, made[1]) if made else Fault("identifier")


def _digits(cell: Cell, length: int) -> tuple[str, tuple[str, ...]] | None:
    """The digits of a registered number; one zero that a spreadsheet took from the front is put back, and told."""
    text = re.sub(r"[ .]", "", cell.text)
    if not (text.isascii() and text.isdigit()) or not length - 1 <= len(text) <= length:
        return None
    return (text, ()) if len(text) == length else (f"0{text}", ("zero",))


def _caregiver(cell: Cell, column: Column, today: dt.date) -> Value | Fault:
    return Value({"value": cell.text, "datatype": "reference"})


def _rank(cell: Cell, column: Column, today: dt.date) -> Value | Fault:
    made = _whole(cell, column, today)
    return Fault("whole") if isinstance(made, Value) and made.warnings else made


TYPES: Mapping[str, Callable[[Cell, Column, dt.date], Value | Fault]] = {
    "text": _text, "number": _number, "whole": _whole, "gestation": _gestation, "date": _date, "moment": _moment,
    "yes-no": _yes_no, "code": _code, "bsn": _bsn, "identifier": _identifier, "caregiver": _caregiver,
    "caregiver-code": _text, "dossier": _text, "row": _text, "child": _rank, "fetus": _rank,
}  # fmt: skip


def coded(number: str, code: str) -> Mapping[str, str]:
    """The attributes of a code that the data element's own list has."""
    for choice in choices(number):
        if choice.code == code:
            return {"code": choice.code, "codeSystem": choice.oid, "displayName": choice.display}
    raise KeyError(f"{concepts()[number].element} has no code {code}")

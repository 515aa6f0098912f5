"""What lies beside an organisation's records: `organisation.toml`, and tables when they are long.

`organisation.toml` (all texts):

    name, ura, agb, kind (a `birthcare.parties.Kind`), type (role code), region; vsv = [...]
    [[staff]]      username, name, role (a `birthcare.parties.Role`), uzi
    [bsn]          "<Patient id in the records>" = "<test BSN>"
    [[enrolment]]  patient, start, end (absent: still enrolled); dates
    [[consent]]    bsn, permit (true, false), actor ("ura:…", "kind:…", "*"), holder ("ura:…", "*"), groups = ["*"],
                   start, end (absent: until withdrawn); moments with an offset
    [[authority]]  child (Patient id), bsn (of the parent), standing, source, start, born, name (none when given up)

A region of more than `MANY` women has the last three as tables beside it, with the same columns: `bsn.csv` (patient,
bsn), `enrolments.csv`, `consents.csv` (groups separated by spaces, permit as true/false).  `appointments.csv` (patient,
start, kind) is the diary of today and the two weeks after it; it is always a table.  A client without a BSN is in no
consent: she is treated by explicit invitation between organisations.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from babyconnect.synthetic.organisations import Organisation

MANY = 200


@dataclass(slots=True)
class Beside:
    """What is gathered about one organisation while its records are made; rows are in the order of clients."""

    bsn: dict[str, str] = field(default_factory=dict)
    enrolments: list[tuple[str, str, str]] = field(default_factory=list)
    consents: list[tuple[str, str, str, str, str, str, str]] = field(default_factory=list)
    appointments: list[tuple[str, str, str]] = field(default_factory=list)
    authorities: list[tuple[str, str, str, str, str, str, str]] = field(default_factory=list)
    records: int = 0
    size: int = 0

    def add(self, other: Beside) -> None:
        self.bsn.update(other.bsn)
        self.enrolments += other.enrolments
        self.consents += other.consents
        self.appointments += other.appointments
        self.authorities += other.authorities
        self.records += other.records
        self.size += other.size


ENROLMENT = ("patient", "start", "end")
CONSENT = ("bsn", "permit", "actor", "holder", "groups", "start", "end")
APPOINTMENT = ("patient", "start", "kind")
AUTHORITY = ("child", "bsn", "standing", "source", "start", "born", "name")


def write_beside(folder: Path, organisation: Organisation, beside: Beside, many: bool) -> None:
    """Writes what belongs beside the records of this organisation."""
    text = _head(organisation)
    if many:
        _table(folder / "bsn.csv", ("patient", "bsn"), beside.bsn.items())
        _table(folder / "enrolments.csv", ENROLMENT, beside.enrolments)
        _table(folder / "consents.csv", CONSENT, beside.consents)
    else:
        text += "\n[bsn]\n" + "".join(f"{_text(patient)} = {_text(bsn)}\n" for patient, bsn in beside.bsn.items())
        text += "".join(_block("enrolment", zip(ENROLMENT, row, strict=True)) for row in beside.enrolments)
        text += "".join(_block("consent", zip(CONSENT, row, strict=True)) for row in beside.consents)
    text += "".join(_block("authority", zip(AUTHORITY, row, strict=True)) for row in beside.authorities)
    (folder / "organisation.toml").write_text(text, encoding="utf-8")
    _table(folder / "appointments.csv", APPOINTMENT, sorted(beside.appointments, key=lambda row: (row[1], row[0])))


def _head(organisation: Organisation) -> str:
    names = ("name", "ura", "agb", "kind", "type", "region")
    text = "# Synthetic: an invented organisation with invented clients and test numbers.\n"
    text += "".join(f"{name} = {_text(str(getattr(organisation, name)))}\n" for name in names)
    text += f"vsv = {_list(organisation.vsv)}\n"
    for person in organisation.staff:
        rows: Mapping[str, str] = {
            "username": person.username,
            "name": person.name,
            "role": person.role,
            "uzi": person.uzi,
        }
        text += _block("staff", rows.items())
    return text


def _block(name: str, pairs: Iterable[tuple[str, str]]) -> str:
    lines = [f"{key} = {_typed(key, value)}" for key, value in pairs if value]
    return f"\n[[{name}]]\n" + "\n".join(lines) + "\n"


def _typed(key: str, value: str) -> str:
    if key == "permit":
        return value
    return _list(value.split()) if key == "groups" else _text(value)


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _list(values: Sequence[str]) -> str:
    return "[" + ", ".join(_text(value) for value in values) + "]"


def _table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8")

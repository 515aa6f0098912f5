"""Read what lies beside an organisation's records: `organisation.toml`, and tables when they are long.

    name, ura, agb, kind (a `birthcare.parties.Kind`), type (role code), region; vsv = [...]     each may be absent
    [[staff]]      username, name, role
    [bsn]          "<Patient id in the records>" = "<BSN>"
    [[enrolment]]  patient, start, end (absent: still enrolled), basis (absent: enrolment)
    [[consent]]    bsn, permit (true, false), actor, holder, groups, start, end
    [[authority]]  child (Patient id in the records), bsn (of who has it), standing, source, start, end, born, name

Numbers, enrolments and consents may instead be `bsn.csv`, `enrolments.csv` and `consents.csv` (groups separated by
spaces), with the same columns; `appointments.csv` (patient, start, kind) is the diary.  What is wrong is refused with
file, place and rule; so is a key or column that is not known, since what was meant by it would silently not be done.
"""

from __future__ import annotations

import csv
import datetime as dt
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from babyconnect import definitions
from babyconnect.birthcare.access import Consent, Relation
from babyconnect.birthcare.identifiers import Agb, Bsn, Ura
from babyconnect.birthcare.parties import Kind, Role

FILE = "organisation.toml"


class Unreadable(Exception):
    """The file, the place in it and the rule that was broken; never a client's number."""


@dataclass(frozen=True, slots=True)
class Staff:
    """Somebody who works there and can log in."""

    username: str
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Appointment:
    """A client who is expected; `patient` is the source's own Patient id."""

    patient: str
    start: dt.datetime
    kind: str


@dataclass(frozen=True, slots=True)
class StatedAuthority:
    """What a source says of somebody's authority over a child; `child` is the source's own Patient id."""

    child: str
    person: Bsn
    standing: str
    source: str
    start: dt.date
    end: dt.date | None
    born: dt.date
    name: str = ""


@dataclass(frozen=True, slots=True)
class Organisation:
    """What was found; `None` or empty where the folder says nothing."""

    name: str = ""
    ura: Ura | None = None
    agb: Agb | None = None
    kind: Kind | None = None
    region: str = ""
    vsv: tuple[str, ...] = ()
    staff: tuple[Staff, ...] = ()
    bsns: Mapping[str, Bsn] = field(default_factory=dict)
    enrolments: tuple[tuple[str, Relation], ...] = ()
    consents: tuple[tuple[Bsn, Consent], ...] = ()
    appointments: tuple[Appointment, ...] = ()
    authorities: tuple[StatedAuthority, ...] = ()


def read(folder: Path) -> Organisation:
    """What lies beside the records in `folder`; an empty Organisation when nothing does.  Raises Unreadable."""
    path = folder / FILE
    document = _document(path)
    _only(path, "organisation", document, _HEAD | _ROWS.keys())
    with _Place(path, "organisation"):
        head = Organisation(
            name=str(document.get("name", "")),
            ura=Ura(document["ura"]) if document.get("ura") else None,
            agb=Agb(document["agb"]) if document.get("agb") else None,
            kind=_kind(document),
            region=str(document.get("region", "")),
            vsv=tuple(document.get("vsv", ())),
        )
    return Organisation(
        head.name,
        head.ura,
        head.agb,
        head.kind,
        head.region,
        head.vsv,
        staff=tuple(_each(path, "staff", document.get("staff", ()), _staff)),
        bsns=dict(_each(*_rows(folder, document, "bsn"), _bsn)),
        enrolments=tuple(_each(*_rows(folder, document, "enrolment"), _enrolment)),
        consents=tuple(_each(*_rows(folder, document, "consent"), _consent)),
        appointments=tuple(_each(*_rows(folder, document, "appointment"), _appointment)),
        authorities=tuple(_each(path, "authority", document.get("authority", ()), _authority)),
    )


def _kind(document: Mapping[str, Any]) -> Kind | None:
    """What kind of organisation it is; `type`, the code in its records, must be one of that kind."""
    stated = document.get("kind")
    if stated is not None and stated not in list(Kind):
        raise ValueError(f"kind: valid are {', '.join(Kind)}")
    codes = {
        code: Kind(name) for name, row in definitions.document("parties.toml")["kind"].items() for code in row["codes"]
    }
    type_ = document.get("type")
    if type_ is not None and (type_ not in codes or (stated and codes[type_] != stated)):
        known = [code for code, kind in codes.items() if not stated or kind == stated]
        raise ValueError(f"type: valid {'for this kind ' if stated else ''}are {', '.join(known)}")
    return Kind(stated) if stated else None


def _only(path: Path, place: str, given: Mapping[str, Any], known: Collection[str]) -> None:
    for key in given:
        if key not in known:
            told = f"'{key}' is not known" if key else "more values than columns"
            raise Unreadable(f"{path}: {place}: {told}; there are {', '.join(sorted(known))}")


def _document(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise Unreadable(f"{path}: not readable as TOML: {fault}") from fault


_HEAD = frozenset({"name", "ura", "agb", "kind", "type", "region", "vsv"})
_ROWS: Mapping[str, frozenset[str]] = {
    "staff": frozenset({"username", "name", "role", "uzi"}),
    "bsn": frozenset({"patient", "bsn"}),
    "enrolment": frozenset({"patient", "start", "end", "basis", "reference"}),
    "consent": frozenset({"bsn", "permit", "actor", "holder", "groups", "start", "end"}),
    "appointment": frozenset({"patient", "start", "kind"}),
    "authority": frozenset({"child", "bsn", "standing", "source", "start", "end", "born", "name"}),
}
_TABLES = {
    "bsn": "bsn.csv",
    "enrolment": "enrolments.csv",
    "consent": "consents.csv",
    "appointment": "appointments.csv",
}
BESIDE = frozenset(_TABLES.values())
"""Names of files that lie beside records and are none."""


def _rows(folder: Path, document: Mapping[str, Any], name: str) -> tuple[Path, str, Iterable[Mapping[str, Any]]]:
    """The rows of one kind, from the document or the table beside it."""
    inside = document.get(name, [])
    if name == "bsn" and isinstance(inside, dict):
        inside = [{"patient": patient, "bsn": bsn} for patient, bsn in inside.items()]
    path = folder / _TABLES[name]
    if not path.exists():
        return folder / FILE, name, inside
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return path, name, [*inside, *csv.DictReader(file)]
    except (OSError, csv.Error, UnicodeDecodeError) as fault:
        raise Unreadable(f"{path}: not readable as a table: {fault}") from fault


class _Place:
    """Turns what a row's values may raise into one Unreadable that names the place, without quoting a value."""

    def __init__(self, path: Path, place: str) -> None:
        self._text = f"{path}: {place}"

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, fault: BaseException | None, __: object) -> None:
        if isinstance(fault, KeyError):
            raise Unreadable(f"{self._text}: '{fault.args[0]}' is missing") from fault
        if isinstance(fault, ValueError | TypeError | AttributeError):
            known = str(fault) if "digits" in str(fault) or "valid" in str(fault) else "a value is not of its kind"
            raise Unreadable(f"{self._text}: {known}") from fault


def _each(path: Path, name: str, rows: Iterable[Mapping[str, Any]], make: Any) -> Iterable[Any]:
    for number, row in enumerate(rows, start=1):
        with _Place(path, f"{name} {number}"):
            _only(path, f"{name} {number}", dict(row), _ROWS[name])
            yield make(row)


def _staff(row: Mapping[str, Any]) -> Staff:
    return Staff(row["username"], row["name"], Role(row["role"]))


def _bsn(row: Mapping[str, Any]) -> tuple[str, Bsn]:
    return row["patient"], Bsn(row["bsn"])


def _enrolment(row: Mapping[str, Any]) -> tuple[str, Relation]:
    start = dt.date.fromisoformat(row["start"])
    end = dt.date.fromisoformat(row["end"]) if row.get("end") else None
    reference = row.get("reference") or f"enrolment-{start.isoformat()}"
    return row["patient"], Relation(row.get("basis") or "enrolment", reference, start, end)


def _consent(row: Mapping[str, Any]) -> tuple[Bsn, Consent]:
    groups = row.get("groups") or ["*"]
    provision = Consent(
        id="",
        permit=_permit(row["permit"]),
        actor=row["actor"],
        holder=row.get("holder") or "*",
        groups=frozenset(groups.split() if isinstance(groups, str) else groups),
        start=dt.datetime.fromisoformat(row["start"]) if row.get("start") else None,
        end=dt.datetime.fromisoformat(row["end"]) if row.get("end") else None,
    )
    return Bsn(row["bsn"]), provision


def _permit(given: object) -> bool:
    """A table holds texts, the document true or false; anything else must not become an objection, or a consent."""
    if not isinstance(given, bool) and given not in ("true", "false"):
        raise ValueError("permit: valid are true and false")
    return given is True or given == "true"


def _appointment(row: Mapping[str, Any]) -> Appointment:
    return Appointment(row["patient"], dt.datetime.fromisoformat(row["start"]), row.get("kind", ""))


STANDINGS = ("parent", "guardian", "suspended", "none")


def _authority(row: Mapping[str, Any]) -> StatedAuthority:
    sources = [one["source"] for one in definitions.rows("authority_sources")]
    for name, valid in (("standing", STANDINGS), ("source", sources)):
        if row[name] not in valid:
            raise ValueError(f"{name}: valid are {', '.join(valid)}")
    end = dt.date.fromisoformat(row["end"]) if row.get("end") else None
    start, born = dt.date.fromisoformat(row["start"]), dt.date.fromisoformat(row["born"])
    who = (row["child"], Bsn(row["bsn"]), row["standing"], row["source"])
    return StatedAuthority(*who, start, end, born, str(row.get("name", "")))

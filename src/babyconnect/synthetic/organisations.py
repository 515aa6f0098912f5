"""The organisations of the region and the people who work there (`definitions/synthetic/organisations.toml`)."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Any, Literal

from babyconnect import definitions
from babyconnect.birthcare.parties import Kind, Role

Records = Literal["ada", "astraia", "stu3-json", "stu3-xml"]


@dataclass(frozen=True, slots=True)
class Professional:
    """Someone who works at an organisation; `uzi` is a test number."""

    username: str
    given: str
    family: str
    role: Role
    uzi: str

    @property
    def name(self) -> str:
        return f"{self.given} {self.family}"


@dataclass(frozen=True, slots=True)
class Organisation:
    """One organisation: who it is, and the format in which its system keeps records."""

    key: str
    name: str
    kind: Kind
    type: str
    ura: str
    agb: str
    town: str
    region: str
    vsv: tuple[str, ...]
    records: Records
    weight: float
    staff: tuple[Professional, ...]
    hospital: str = ""
    number: int = field(default=0)

    def with_role(self, *roles: Role) -> tuple[Professional, ...]:
        return tuple(person for person in self.staff if person.role in roles) or self.staff


def _username(name: str) -> str:
    plain = name.lower().replace("é", "e").split()
    return f"{plain[0]}.{plain[-1]}"


def _organisation(number: int, row: dict[str, Any]) -> Organisation:
    staff = tuple(
        Professional(
            _username(person["name"]),
            person["name"].split()[0],
            person["name"].split(" ", 1)[1],
            Role(person["role"]),
            f"9{row['ura'][-6:]}{place:02d}",
        )
        for place, person in enumerate(row["staff"], start=1)
    )
    texts = {name: row[name] for name in ("key", "name", "type", "ura", "agb", "town", "region", "records", "weight")}
    kind, vsv, hospital = Kind(row["kind"]), tuple(row["vsv"]), row.get("hospital", "")
    return Organisation(**texts, kind=kind, vsv=vsv, staff=staff, hospital=hospital, number=number)


@functools.cache
def published() -> tuple[Organisation, ...]:
    """The organisations of the table, in its order."""
    rows = definitions.document("synthetic/organisations.toml")["organisation"]
    return tuple(_organisation(number, row) for number, row in enumerate(rows, start=1))


@dataclass(frozen=True)
class Network:
    """A choice of organisations to make a region with; at least one hospital and one practice."""

    organisations: tuple[Organisation, ...]

    def __post_init__(self) -> None:
        for kind in (Kind.HOSPITAL, Kind.MIDWIFERY_PRACTICE):
            if not self.of_kind(kind):
                raise ValueError(f"a region needs at least one {kind}")

    def of_kind(self, kind: Kind) -> tuple[Organisation, ...]:
        return tuple(o for o in self.organisations if o.kind is kind)

    def first(self, kind: Kind) -> Organisation | None:
        return next(iter(self.of_kind(kind)), None)

    def get(self, key: str) -> Organisation | None:
        return next((o for o in self.organisations if o.key == key), None)

    def hospital_of(self, practice: Organisation) -> Organisation:
        """The hospital a practice works with; another one when that is not in this region."""
        return self.get(practice.hospital) or self.of_kind(Kind.HOSPITAL)[0]

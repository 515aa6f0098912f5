"""Who speaks here, and about whom?  Read from the records of a folder that nobody described (`demo --load`).

The organisation is the one that manages the episodes, else the only or first one that is named; its kind follows from
its type code (`definitions/parties.toml`).  Nothing is guessed beyond that: what is not found stays empty.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from babyconnect.birthcare.identifiers import AGB_SYSTEM, Agb, Bsn, passes_eleven_check
from babyconnect.birthcare.parties import Kind
from babyconnect.birthcare.resources import as_list, bsn_of
from babyconnect.definitions import document
from babyconnect.flows.inputs import Input, Loose, Refusal, read
from babyconnect.flows.units import unit_of_record, units_of_loose
from babyconnect.labelling.families import Family
from babyconnect.labelling.identity import Identity

AGB_SYSTEMS = frozenset({AGB_SYSTEM, "urn:oid:2.16.840.1.113883.2.4.6.1"})
_NOBODY = Identity(b"introductions are not published")


@dataclass(frozen=True, slots=True)
class Introduced:
    """One woman in the records: the source's Patient id, her name and birth date, her BSN unless it is masked."""

    patient: str
    family: str
    name: str
    birth_date: str
    bsn: Bsn | None

    @property
    def person(self) -> tuple[str, str]:
        """By what a masked BSN is matched between folders: family name and birth date."""
        return ("".join(self.family.split()).casefold(), self.birth_date)


@dataclass(frozen=True, slots=True)
class Introduction:
    """What a folder's records say of the organisation that made them, and its clients."""

    name: str = ""
    kind: Kind | None = None
    agb: Agb | None = None
    clients: tuple[Introduced, ...] = ()


def introduce(folder: Path, limit: int, dates: Mapping[str, dt.date], today: dt.date) -> Introduction:
    """Read every record of the folder; what cannot be read is passed over here, since publishing will refuse it."""
    found = list(_families(folder, limit, dates, today))
    organisation = _organisation([m.resource for family in found for m in family.members])
    clients = {client.patient: client for family in found for client in _clients(family)}
    return Introduction(
        name=str(organisation.get("name", "")),
        kind=_kind(organisation),
        agb=_agb(organisation),
        clients=tuple(clients.values()),
    )


def _families(folder: Path, limit: int, dates: Mapping[str, dt.date], today: dt.date) -> Iterator[Family]:
    loose: list[Loose] = []
    for item in read([Input(folder.name, folder)], limit, dates):
        if isinstance(item, Loose):
            loose.append(item)
        elif not isinstance(item, Refusal):
            unit = unit_of_record(item, _NOBODY, today)
            if unit.family is not None:
                yield unit.family
    for unit in units_of_loose(loose, [], _NOBODY):
        if unit.family is not None:
            yield unit.family


def _organisation(resources: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    by_id: dict[str, Mapping[str, Any]] = {}
    managing = ""
    for resource in resources:
        if resource["resourceType"] == "Organization":
            by_id.setdefault(str(resource.get("id", "")), resource)
        if resource["resourceType"] == "EpisodeOfCare":
            managing = managing or str(resource.get("managingOrganization", {}).get("reference", ""))
    return by_id.get(managing.rpartition("/")[2]) or next(iter(by_id.values()), {})


def _kind(organisation: Mapping[str, Any]) -> Kind | None:
    codes = {
        coding.get("code") for concept in as_list(organisation.get("type")) for coding in concept.get("coding", [])
    }
    for name, row in document("parties.toml")["kind"].items():
        if codes & set(row["codes"]):
            return Kind(name)
    return None


def _agb(organisation: Mapping[str, Any]) -> Agb | None:
    for identifier in organisation.get("identifier", []):
        value = str(identifier.get("value", ""))
        if identifier.get("system") in AGB_SYSTEMS and len(value) == 8 and value.isdigit():
            return Agb(value)
    return None


def _clients(family: Family) -> Iterator[Introduced]:
    for member in family.members:
        if member.key in family.women:
            yield _introduced(member.resource)


def _introduced(patient: Mapping[str, Any]) -> Introduced:
    name: Mapping[str, Any] = next(iter(patient.get("name", [])), {})
    family = str(name.get("family", ""))
    given = name.get("given") or [""]
    return Introduced(
        patient=str(patient.get("id", "")),
        family=family,
        name=f"{given[0]} {family}".strip() or str(name.get("text", "")),
        birth_date=str(patient.get("birthDate", "")),
        bsn=_bsn(patient),
    )


def _bsn(patient: Mapping[str, Any]) -> Bsn | None:
    number = bsn_of(patient)
    return Bsn(number) if passes_eleven_check(number) else None

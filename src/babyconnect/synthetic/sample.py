"""One synthetic record to show a format by: of a client with a birth, from who delivered her child, unless said."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass
from typing import Any

from babyconnect.birthcare.parties import Kind
from babyconnect.synthetic import pharmacy
from babyconnect.synthetic.ada import ada
from babyconnect.synthetic.astraia import astraia
from babyconnect.synthetic.dossier import Dossier
from babyconnect.synthetic.organisations import Network, published
from babyconnect.synthetic.population import client
from babyconnect.synthetic.recording import record
from babyconnect.synthetic.stu3 import resources

_WOMEN = 200
_SCANS = 2
_INTENSIVE_CARE = "act.nicu"


@dataclass(frozen=True, slots=True)
class Sample:
    """The same record twice: as ADA of verloskunde basis, and as STU3 resources, of which it holds more."""

    name: str
    today: dt.date
    ada: bytes
    resources: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Dispensed:
    """A client of a pharmacy twice: as ADA of the medication process 9, and as the older list of dispenses (6.12)."""

    ada: bytes
    message: bytes


def sample(today: dt.date, seed: int = 1) -> Sample:
    """The first client of a region with one live child and a BSN; the same seed and day give the same record."""
    dossier = _shown(today, seed)
    return Sample(dossier.id, today, ada(dossier, today), tuple(resources(dossier)))


def admitted(today: dt.date, seed: int = 1) -> Sample:
    """What a hospital has of the first client whose children were all admitted to its intensive care, with a BSN."""
    network = Network(published())
    dossier = next(
        dossier
        for index in itertools.count()
        for dossier in record(client(index, _WOMEN, seed, today, network), seed, today, network)
        if _has_admitted(dossier)
    )
    return Sample(dossier.id, today, ada(dossier, today), tuple(resources(dossier)))


def _has_admitted(dossier: Dossier) -> bool:
    there = {act.child for act in dossier.acts if act.code == _INTENSIVE_CARE}
    return bool(there and dossier.woman.bsn) and len(there) == len(dossier.children)


def scans(today: dt.date, seed: int = 1) -> bytes:
    """What an ultrasound centre has of its first client with three examinations and a BSN, as its system exports it."""
    network = Network(published())
    found = (
        dossier
        for index in itertools.count()
        for dossier in record(client(index, _WOMEN, seed, today, network), seed, today, network)
        if dossier.organisation.kind is Kind.ULTRASOUND_CENTRE and len(dossier.scans) > _SCANS and dossier.woman.bsn
    )
    return astraia(next(found))


def dispensed(today: dt.date, seed: int = 1) -> Dispensed:
    """What a pharmacy has of the client of `sample`."""
    woman = _shown(today, seed).woman
    return Dispensed(pharmacy.medication(woman, today), pharmacy.dispensed(woman, today))


def _shown(today: dt.date, seed: int) -> Dossier:
    network = Network(published())
    return next(
        dossier
        for index in itertools.count()
        for dossier in record(client(index, _WOMEN, seed, today, network), seed, today, network)
        if _fit(dossier)
    )


def _fit(dossier: Dossier) -> bool:
    """Everything that most formats ask for is in it: a birth, one child, who she is, and what was found."""
    children = dossier.children
    alive = len(children) == 1 and children[0].alive and not children[0].relinquished
    return alive and bool(dossier.woman.bsn) and dossier.organisation.records == "ada" and bool(dossier.problems)

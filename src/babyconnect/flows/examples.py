"""An example of every format, in and out: one synthetic record, written in each (`babyconnect synthesise --examples`).

EXAMPLES has a row per format, by the name that `translate` has for it.  A format more is a row: a test compares them
with READERS and WRITERS, and with the table of files in docs/suppliers.md.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from babyconnect import synthetic
from babyconnect.fhir import json
from babyconnect.flows import templates, to_jgz, to_perined
from babyconnect.flows.findings import Finding
from babyconnect.flows.inputs import Input
from babyconnect.flows.material import Wanted, bundled
from babyconnect.flows.translating import Outcome, translating, write
from babyconnect.sources.recognise import LIMIT
from babyconnect.translate.to_ada.record import transactions


@dataclass(frozen=True, slots=True)
class File:
    """One example: its file's name, its bytes, and what the format could not say of the record."""

    name: str
    content: bytes
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """What examples are made of: one synthetic record, and how it is read when it is handed in as STU3."""

    sample: synthetic.Sample
    outcome: Outcome

    @property
    def today(self) -> dt.date:
        return self.sample.today


Example = Callable[[Case], Iterable[File]]


def case(today: dt.date, seed: int = 1) -> Case:
    made = synthetic.sample(today, seed)
    return Case(made, _read(made))


def _read(of: synthetic.Sample) -> Outcome:
    content = json.dumps(bundled(of.resources))
    [outcome] = translating([Input("example", content=content)], LIMIT, {}, Wanted(of.today, with_bsn=True))
    return outcome


def examples(of: Case) -> Iterator[File]:
    """Every example, format by format."""
    for make in EXAMPLES.values():
        yield from make(of)


def _written(to: str, made: Case, name: str = "", form: str = "json", transaction: str = "") -> Iterator[File]:
    """By the format's own writer, from the STU3 resources.  Numbers are test numbers, so they may be seen."""
    wanted = Wanted(made.today, transaction=transaction, format=form, with_bsn=True)
    written = write(made.outcome, to, wanted)
    yield File(f"{name or to}.{written.extension}", written.content, written.findings)


def _ada(made: Case) -> Iterator[File]:
    """The record of a system that writes verloskunde basis; of each other transaction what the record has of it."""
    yield File("ada-basis.xml", made.sample.ada)
    yield File("ada-medication.xml", synthetic.dispensed(made.today).ada)
    for name in sorted(set(transactions()) - set(transactions().values()) - {"basis"}):
        yield from _written("ada", made, name=f"ada-{name}", transaction=name)


def _stu3(made: Case) -> Iterator[File]:
    for form in ("json", "xml"):
        yield from _written("stu3", made, form=form)


def _astraia(made: Case) -> Iterator[File]:
    """Of an ultrasound centre's own client: the record of the others holds no examination as such a system has it."""
    yield File("astraia.xml", synthetic.scans(made.today))


def _dispenses(made: Case) -> Iterator[File]:
    """Of a pharmacy: what birth care keeps of a client is no list of dispenses."""
    yield File("hl7v3-medication.xml", synthetic.dispensed(made.today).message)


def _neonatology(made: Case) -> Iterator[File]:
    """Of another client: the child of the record of the others was not admitted."""
    of = synthetic.admitted(made.today)
    yield from _written("cda-neonatology", Case(of, _read(of)))


def _csv(made: Case) -> Iterator[File]:
    """The record as rows, and the template of a practice with an invented client that fills every column."""
    yield from _written("csv", made)
    yield File("csv-verloskundigenpraktijk.xlsx", templates.workbook("verloskundigenpraktijk", example=True))
    yield File("csv-verloskundigenpraktijk.zip", templates.packed("verloskundigenpraktijk", example=True))


EXAMPLES: Mapping[str, Example] = {
    "ada": _ada,
    "astraia": _astraia,
    "csv": _csv,
    "hl7v3-medication": _dispenses,
    "stu3": _stu3,
    **{
        to: functools.partial(_written, to) for to in ("r4", "ips", "hl7v3-acute", *to_jgz.WRITERS, *to_perined.WRITERS)
    },
    "cda-neonatology": _neonatology,
}

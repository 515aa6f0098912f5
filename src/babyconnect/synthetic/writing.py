"""Writes a region to disk: a folder per organisation with its records, and a summary of who is worth looking at.

Clients are independent of each other, so several processes make them; the result does not depend on how many.
"""

from __future__ import annotations

import datetime as dt
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from babyconnect.birthcare.access import Shielded
from babyconnect.birthcare.parties import Kind
from babyconnect.synthetic.ada import ada
from babyconnect.synthetic.astraia import astraia
from babyconnect.synthetic.course import Child
from babyconnect.synthetic.dossier import Dossier
from babyconnect.synthetic.folder import MANY, Beside, write_beside
from babyconnect.synthetic.organisations import Network, Organisation, published
from babyconnect.synthetic.people import in_test_range
from babyconnect.synthetic.population import Client, client, special_cases
from babyconnect.synthetic.recording import record
from babyconnect.synthetic.stu3 import stu3
from babyconnect.synthetic.stu3_people import child_id, text, woman_id

Progress = Callable[[int, int], None]
"""Called with how many women are done, and of how many."""
_CHUNK = 25
_SMALL = 150
"""Up to this many women, starting more processes takes longer than it saves."""
_AHEAD = dt.timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Known:
    """A client whom the region always has.  `practice`: the key of the organisation she is booked at."""

    key: str
    text: str
    name: str
    bsn: str | None = field(repr=False)
    practice: str
    born: dt.date


@dataclass(frozen=True, slots=True)
class Summary:
    """What was written.  `records` and `today` (clients expected today) are by organisation key."""

    women: int
    seed: int
    today: dt.date
    showcase: Known
    special: tuple[Known, ...]
    records: dict[str, int]
    expected_today: dict[str, int]
    size: int
    without_bsn: int
    bsns_outside_test_range: int


@dataclass(slots=True)
class _Part:
    """What one process made of a range of clients."""

    women: int
    beside: dict[str, Beside]
    known: list[Known]
    without_bsn: int = 0
    outside: int = 0


def write(
    out: Path,
    women: int,
    seed: int,
    today: dt.date,
    *,
    organisations: Sequence[Organisation] | None = None,
    progress: Progress | None = None,
    workers: int | None = None,
) -> Summary:
    """Writes the region into the new or empty folder `out`.

    At least as many women as there are special cases.  Raises ValueError for fewer, FileExistsError when `out` has
    something in it: a region is not mixed with what was there.
    """
    if women < len(special_cases()):
        raise ValueError(f"a region has at least {len(special_cases())} women: the special cases are always there")
    if out.exists() and any(out.iterdir()):
        raise FileExistsError(f"{out} is not empty")
    network = Network(tuple(organisations) if organisations is not None else published())
    for organisation in network.organisations:
        (out / organisation.key).mkdir(parents=True, exist_ok=True)
    whole = _Part(0, {o.key: Beside() for o in network.organisations}, [])
    for part in _parts(_Job(out, women, seed, today, network), workers or os.cpu_count() or 1):
        _add(whole, part)
        if progress:
            progress(whole.women, women)
    for organisation in network.organisations:
        write_beside(out / organisation.key, organisation, whole.beside[organisation.key], women > MANY)
    return _summary(whole, women, seed, today)


@dataclass(frozen=True)
class _Job:
    """What is the same for every client of a region."""

    out: Path
    women: int
    seed: int
    today: dt.date
    network: Network


def _parts(job: _Job, workers: int) -> Iterator[_Part]:
    starts = range(0, job.women, _CHUNK)
    if job.women <= _SMALL or workers < 2:
        for start in starts:
            yield _make(job, start)
        return
    # A fresh interpreter per process: the caller may run threads, which a fork would not survive.
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(_make, [job] * len(starts), starts)


def _add(whole: _Part, part: _Part) -> None:
    whole.women += part.women
    whole.known += part.known
    whole.without_bsn += part.without_bsn
    whole.outside += part.outside
    for key, beside in part.beside.items():
        whole.beside[key].add(beside)


def _make(job: _Job, start: int) -> _Part:
    part = _Part(0, {o.key: Beside() for o in job.network.organisations}, [])
    for index in range(start, min(start + _CHUNK, job.women)):
        found = client(index, job.women, job.seed, job.today, job.network)
        dossiers = record(found, job.seed, job.today, job.network)
        for dossier in dossiers:
            _write_record(job, dossier, part.beside[dossier.organisation.key])
        _consents(job, found, dossiers, part)
        part.women += 1
        part.without_bsn += found.woman.bsn is None
        part.outside += found.woman.bsn is not None and not in_test_range(found.woman.bsn)
        if found.woman.key:
            case = special_cases()[index]
            woman = found.woman
            part.known.append(
                Known(case["key"], case["text"], woman.display, woman.bsn, found.practice.key, woman.born)
            )
    return part


def _write_record(job: _Job, dossier: Dossier, beside: Beside) -> None:
    """One file for one dossier; a practice on ADA has no form for preconception care and keeps that in STU3."""
    content = _content(dossier, job.today)
    ending = "json" if content.startswith(b"{") else "xml"
    (job.out / dossier.organisation.key / f"{dossier.id}.{ending}").write_bytes(content)
    beside.records += 1
    beside.size += len(content)
    patient = woman_id(dossier)
    if dossier.woman.bsn:
        beside.bsn[patient] = dossier.woman.bsn
    beside.enrolments.append((patient, dossier.start.isoformat(), dossier.end.isoformat() if dossier.end else ""))
    _children(dossier, beside)
    for encounter in dossier.encounters:
        if text(encounter.when).startswith(job.today.isoformat()):
            beside.appointments.append((patient, text(encounter.when), encounter.type.removeprefix("contact.")))
    for day in dossier.planned:
        if day - job.today <= _AHEAD:
            beside.appointments.append((patient, day.isoformat(), "consult"))


def _content(dossier: Dossier, today: dt.date) -> bytes:
    """In the format of the organisation's system; of a woman without a pregnancy only FHIR can tell."""
    records = dossier.organisation.records if dossier.course is not None else ""
    if records == "astraia":
        return astraia(dossier)
    return ada(dossier, today) if records == "ada" else stu3(dossier)


def _children(dossier: Dossier, beside: Beside) -> None:
    if dossier.organisation.kind is not Kind.YOUTH_HEALTH_CARE:
        return
    for child in dossier.children:
        if child.bsn:
            beside.bsn[child_id(dossier, child.rank)] = child.bsn
            _authority(dossier, child, beside)


def _authority(dossier: Dossier, child: Child, beside: Beside) -> None:
    """A parent's authority is a fact of its own with a source (BW 1:253b); giving birth is not one."""
    if dossier.woman.bsn and child.alive and not child.relinquished:
        born = child.born.date().isoformat()
        name = f"{child.given} {dossier.woman.family}".strip()
        row = (child_id(dossier, child.rank), dossier.woman.bsn, "parent", "birth_certificate", born, born, name)
        beside.authorities.append(row)


def _consents(job: _Job, found: Client, dossiers: list[Dossier], part: _Part) -> None:
    """Her yes, at every organisation that keeps a record of her, about that record; her no where she said it first."""
    if found.woman.bsn is None or found.consent == "none_recorded" or not dossiers:
        return
    bsn = found.woman.bsn
    ended = (
        text(dt.datetime.combine(job.today - dt.timedelta(days=1), dt.time(17))) if found.consent == "withdrawn" else ""
    )
    for dossier in dossiers:
        holder, given = f"ura:{dossier.organisation.ura}", _given(dossier)
        rows = part.beside[dossier.organisation.key].consents
        rows.append((bsn, "true", "*", holder, "*", given, ended))
        if found.names_shielded:
            for kind in (Kind.MIDWIFERY_PRACTICE, Kind.HOSPITAL):
                named = f"{Shielded.HIV_STI} {Shielded.GENETICS}"
                rows.append((bsn, "true", f"kind:{kind}", holder, named, given, ended))
    first = min(dossiers, key=lambda dossier: dossier.start)
    rows, given = part.beside[first.organisation.key].consents, _given(first)
    if found.consent == "objection":
        rows.append((bsn, "false", f"ura:{found.hospital.ura}", "*", "*", given, ""))
    elif found.consent == "limited":
        rows.append((bsn, "false", f"kind:{Kind.MATERNITY_HOME_CARE}", "*", "*", given, ""))


def _given(dossier: Dossier) -> str:
    return text(dt.datetime.combine(dossier.start, dt.time(0)))


def _summary(whole: _Part, women: int, seed: int, today: dt.date) -> Summary:
    day = today.isoformat()
    return Summary(
        women,
        seed,
        today,
        whole.known[0],
        tuple(whole.known),
        {key: b.records for key, b in whole.beside.items()},
        {key: sum(row[1].startswith(day) for row in b.appointments) for key, b in whole.beside.items()},
        sum(b.size for b in whole.beside.values()),
        whole.without_bsn,
        whole.outside,
    )

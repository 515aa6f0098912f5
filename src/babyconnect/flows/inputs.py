"""From files, folders and bytes to units of publishing: what is kept together or not at all.

A Bundle or a record of another format is a unit; of a spreadsheet each client is one.  Loose STU3 resources — all of
them, from every folder and file of one call — are one batch, which falls apart into one unit per client; so a record
may be spread over files, and their order is free.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from babyconnect.birthcare.ultrasound import ExportTable
from babyconnect.flows import faults
from babyconnect.flows.findings import Finding
from babyconnect.sources import Record, Rejected, Sourced, astraia, images, organisation
from babyconnect.sources.recognise import recognise
from babyconnect.sources.tabular import reading as tabular
from babyconnect.store.contract import Original

_MEDIA = {
    "ada": "application/xml",
    "ada-kernset": "application/xml",
    "ada-medication": "application/xml",
    "jgz-4.1.3": "application/xml",
    "jgz-4.2.0": "application/xml",
    "hl7v3-acute": "application/xml",
    "hl7v3-medication": "application/xml",
    "stu3-xml": "application/fhir+xml",
    "stu3-json": "application/fhir+json",
    "astraia": "application/xml",
    "csv": "text/csv",
}
_SUFFIXES = frozenset({".xml", ".json", ".csv", ".xlsx", ".zip"})


@dataclass(frozen=True, slots=True)
class Input:
    """What is published: a file or folder, or bytes that came in by the intake (`content`), with the name to show."""

    name: str
    path: Path | None = None
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """An input that never became a unit."""

    name: str
    finding: Finding
    in_folder: bool = False
    format: str = ""


@dataclass(frozen=True, slots=True)
class Loose:
    """One resource of a file of its own; all loose ones of a call make the batch."""

    record: Record
    sourced: Sourced
    group: str = field(default="")


Item = Record | Loose | Refusal


@dataclass(frozen=True, slots=True)
class _How:
    limit: int
    dates: Mapping[str, dt.date]
    ultrasound: ExportTable | None


@dataclass(frozen=True, slots=True)
class _From:
    """Where bytes came from: the name to show, the folder or file that was given, the file itself."""

    name: str
    group: str
    path: Path | None = None


def read(
    inputs: Iterable[Input], limit: int, dates: Mapping[str, dt.date], ultrasound: ExportTable | None = None
) -> Iterator[Item]:
    """Each input, recognised.  Nothing is held here while the caller works on it: a large one is in memory once.

    `ultrasound`: what the organisation's ultrasound system calls things, when that is not the table provided.
    """
    how = _How(limit, dates, ultrasound)
    for one in inputs:
        if one.content is not None:
            yield from _recognised(one.content, _From(one.name, one.name), how)
        elif one.path is None or not one.path.exists():
            yield Refusal(one.name, Finding("error", one.name, "file", "there is no such file or folder"))
        elif one.path.is_dir():
            yield from _folder(one.path, one.name, how)
        else:
            yield from _file(one.path, one.name, how)


def is_fhir(record: Record) -> bool:
    """True when its resources came as they are: they have the source's own addresses, and may be one of many files."""
    return record.format.startswith("stu3")


def digest(record: Record) -> str:
    """The name of an original: the SHA-256 of its bytes."""
    return hashlib.sha256(record.content).hexdigest()


def original(record: Record, report: bytes) -> Original:
    """The input byte for byte."""
    return Original(digest(record), _MEDIA[record.format], record.content, report)


def _folder(folder: Path, name: str, how: _How) -> Iterator[Item]:
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in _SUFFIXES and path.is_file() and not _hidden(path.relative_to(folder))
        and path.name not in organisation.BESIDE
    )  # fmt: skip
    if not files:
        yield Refusal(name, Finding("error", name, "empty", "a folder without a single record"))
    sheets: dict[Path, list[tuple[str, bytes]]] = {}
    for path in files:
        shown = str(path.relative_to(folder.parent))
        content = _loaded(path, shown, name, how.limit)
        if isinstance(content, bytes) and path.suffix.lower() == ".csv" and not tabular.is_whole(content):
            sheets.setdefault(path.parent, []).append((path.stem, content))
        elif isinstance(content, bytes):
            yield from _recognised(content, _From(shown, name, path), how)
        else:
            yield content
    for place, those in sheets.items():
        shown = str(place.relative_to(folder.parent))
        yield from _or_refused(_of_sheets(those, shown, how.limit), shown, False)


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _file(path: Path, name: str, how: _How) -> Iterator[Item]:
    content = _loaded(path, name, name, how.limit)
    if isinstance(content, bytes):
        yield from _recognised(content, _From(name, name, path), how)
    else:
        yield content


def _loaded(path: Path, name: str, group: str, limit: int) -> bytes | Refusal:
    try:
        size = path.stat().st_size
        if size > limit:
            text = f"the file has {size:,} bytes, more than the limit of {limit:,}; it was not read"
            return Refusal(name, Finding("error", name, "size", text), name != group)
        return path.read_bytes()
    except OSError as fault:
        return Refusal(name, Finding("error", name, "file", f"cannot be read ({fault.strerror})"), name != group)


def _recognised(content: bytes, came: _From, how: _How) -> Iterator[Item]:
    return _or_refused(_taken(content, came, how), came.name, came.name != came.group)


def _or_refused(items: Iterator[Item], name: str, in_folder: bool) -> Iterator[Item]:
    """What was read, and where reading breaks a refusal: of this input, and of no other."""
    try:
        yield from faults.each(items)
    except faults.OwnFault as fault:
        yield Refusal(name, faults.told(name, fault), in_folder)


def _taken(content: bytes, came: _From, how: _How) -> Iterator[Item]:
    name, group, path = came.name, came.group, came.path
    if tabular.is_ours(content) or (path and path.suffix.lower() == ".csv"):
        yield from _of_sheets([(path.stem if path else "", content)], name, how.limit)
        return
    record = recognise(content, name, how.limit, how.dates, how.ultrasound)
    if isinstance(record, Rejected):
        yield _refusal(record, name != group)
    elif is_fhir(record) and not record.bundled:
        yield Loose(record, record.resources[0], group)
    elif record.message is not None and record.table is not None and path:
        named = astraia.files(record.message, record.table)
        yield replace(record, beside=images.all_beside(path.parent, named, how.limit))
    else:
        yield record


def _of_sheets(files: Sequence[tuple[str, bytes]], name: str, limit: int) -> Iterator[Item]:
    """Each client of a spreadsheet; or of sheets that lie together, each a file."""
    for one in tabular.read(files, name, limit):
        yield _refusal(one, False) if isinstance(one, Rejected) else one


def _refusal(one: Rejected, in_folder: bool) -> Refusal:
    return Refusal(one.name, Finding("error", f"{one.name}: {one.place}", one.rule, one.text), in_folder, one.format)

"""From files, folders and bytes to units of publishing: what is kept together or not at all.

A Bundle or a record of another format is a unit.  Loose STU3 resources — all of them, from every folder and file of one
call — are one batch, which falls apart into one unit per client; so a record may be spread over files, and their order
is free.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from babyconnect.flows.findings import Finding
from babyconnect.sources import Record, Rejected, Sourced, astraia, images
from babyconnect.sources.organisation import BESIDE
from babyconnect.sources.recognise import recognise
from babyconnect.sources.tabular import reading as tabular
from babyconnect.store.contract import Original

_MEDIA = {
    "ada": "application/xml",
    "ada-kernset": "application/xml",
    "jgz-4.1.3": "application/xml",
    "jgz-4.2.0": "application/xml",
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


def read(inputs: Iterable[Input], limit: int, dates: Mapping[str, dt.date]) -> Iterator[Item]:
    """Each input, recognised.  Nothing is held here while the caller works on it: a large one is in memory once."""
    for one in inputs:
        if one.content is not None:
            yield _recognised(one.content, one.name, one.name, limit, dates)
        elif one.path is None or not one.path.exists():
            yield Refusal(one.name, Finding("error", one.name, "file", "there is no such file or folder"))
        elif one.path.is_dir():
            yield from _folder(one.path, one.name, limit, dates)
        else:
            yield _file(one.path, one.name, one.name, limit, dates)


def is_fhir(record: Record) -> bool:
    """True when its resources came as they are: they have the source's own addresses, and may be one of many files."""
    return record.format.startswith("stu3")


def digest(record: Record) -> str:
    """The name of an original: the SHA-256 of its bytes."""
    return hashlib.sha256(record.content).hexdigest()


def original(record: Record, report: bytes) -> Original:
    """The input byte for byte."""
    return Original(digest(record), _MEDIA[record.format], record.content, report)


def _folder(folder: Path, name: str, limit: int, dates: Mapping[str, dt.date]) -> Iterator[Record | Loose | Refusal]:
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in _SUFFIXES and path.is_file() and not _hidden(path.relative_to(folder))
    )
    if not files:
        yield Refusal(name, Finding("error", name, "empty", "a folder without a single record"))
    for path in files:
        yield _file(path, str(path.relative_to(folder.parent)), name, limit, dates)


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _file(path: Path, name: str, group: str, limit: int, dates: Mapping[str, dt.date]) -> Item:
    try:
        size = path.stat().st_size
        if size > limit:
            text = f"the file has {size:,} bytes, more than the limit of {limit:,}; it was not read"
            return Refusal(name, Finding("error", name, "size", text), name != group)
        content = path.read_bytes()
    except OSError as fault:
        return Refusal(name, Finding("error", name, "file", f"cannot be read ({fault.strerror})"), name != group)
    item = _recognised(content, name, group, limit, dates)
    if isinstance(item, Record) and item.message is not None and item.format == "astraia":
        return replace(item, beside=images.all_beside(path.parent, astraia.files(item.message), limit))
    return item


def _recognised(content: bytes, name: str, group: str, limit: int, dates: Mapping[str, dt.date]) -> Item:
    record = recognise(content, name, limit, dates)
    if isinstance(record, Rejected):
        return Refusal(
            name, Finding("error", f"{name}: {record.place}", record.rule, record.text), name != group, record.format
        )
    if is_fhir(record) and not record.bundled:
        return Loose(record, record.resources[0], group)
    return record

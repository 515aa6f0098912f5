"""Tables of warnings for pregnancy and breastfeeding: reading one, and saying what is wrong with one (pure).

A table is a CSV file.  Lines that begin with # stand before the header and name it: `# name: …`, `# version: …`, and
`# provisional: yes` where nobody vouches for it.  The columns are those of `definitions/medication/warnings.csv`;
docs/medication.md tells what each may hold.  One bad row refuses the whole: half a table is silent about the rest.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from babyconnect.birthcare import gestation
from babyconnect.birthcare.medication import Level, Phase, Rule, Table

COLUMNS = ("system", "code", "phase", "from", "until", "level", "nl", "en", "source")
_SYSTEMS = {
    "atc": "http://www.whocc.no/atc",
    "gpk": "urn:oid:2.16.840.1.113883.2.4.4.1",
    "prk": "urn:oid:2.16.840.1.113883.2.4.4.10",
    "hpk": "urn:oid:2.16.840.1.113883.2.4.4.7",
}
_ATC = re.compile(r"[A-Z](?:\d\d(?:[A-Z](?:[A-Z](?:\d\d)?)?)?)?", re.ASCII)
_NUMBER = re.compile(r"\d{1,10}", re.ASCII)
_WEEKS = re.compile(r"(?:\d|[1-3]\d|4[0-3])\+[0-6]", re.ASCII)
_HEAD = re.compile(r"#\s*(name|version|provisional)\s*:\s*(.*?)\s*")
LARGEST = 64_000_000
_MOST = 20


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that is wrong: the line of the file (0: the file itself), the column ("" for the row), and the rule."""

    line: int
    column: str
    rule: str

    def __str__(self) -> str:
        place = f"row {self.line}" if self.line else "the file"
        return f"{place}{f', column {self.column}' if self.column else ''}: {self.rule}"


def read(content: bytes) -> Table | tuple[Wrong, ...]:
    """The table, or what is wrong with it (the first twenty things)."""
    if len(content) > LARGEST:
        return (Wrong(0, "", f"is larger than {LARGEST} bytes"),)
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as problem:
        return (Wrong(content[: problem.start].count(b"\n") + 1, "", "is not UTF-8"),)
    heads = {found[1]: found[2] for line in lines if (found := _HEAD.fullmatch(line))}
    start = next((n for n, line in enumerate(lines) if line.strip() and not line.startswith("#")), None)
    if start is None:
        return (Wrong(0, "", "has no header and no rows"),)
    wrong = [Wrong(0, "", f"has no line '# {name}: …'") for name in ("name", "version") if not heads.get(name)]
    rules, wrong_rows = _rows(lines, start)
    if wrong := [*wrong, *wrong_rows][:_MOST]:
        return tuple(wrong)
    return Table(heads["name"], heads["version"], rules, heads.get("provisional", "").lower() in ("yes", "ja"))


def _rows(lines: Sequence[str], start: int) -> tuple[tuple[Rule, ...], list[Wrong]]:
    delimiter = ";" if lines[start].count(";") > lines[start].count(",") else ","
    header = [name.strip() for name in next(csv.reader([lines[start]], delimiter=delimiter))]
    if sorted(header) != sorted(COLUMNS):
        lacking = [name for name in COLUMNS if name not in header]
        more = f"lacks {', '.join(lacking)}" if lacking else f"may only have {', '.join(COLUMNS)}, each once"
        return (), [Wrong(start + 1, "", f"the header {more}")]
    rules: dict[Rule, None] = {}
    wrong: list[Wrong] = []
    seen: dict[tuple[Any, ...], int] = {}
    for line, text in enumerate(lines[start + 1 :], start + 2):
        if not text.strip() or text.startswith("#"):
            continue
        made = _row(header, text, line, delimiter)
        if isinstance(made, Rule):
            key = (made.system, made.code, made.phase, made.first, made.last)
            if key in seen:
                wrong.append(Wrong(line, "code", f"says again of this code and phase what row {seen[key]} says"))
            seen.setdefault(key, line)
            rules[made] = None
        else:
            wrong += made
    if not rules and not wrong:
        wrong.append(Wrong(0, "", "has no rows"))
    return tuple(rules), wrong


def _row(header: Sequence[str], text: str, line: int, delimiter: str) -> Rule | list[Wrong]:
    try:
        cells = next(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error:
        return [Wrong(line, "", "is not CSV: a quotation mark is not closed, or text follows it")]
    if len(cells) != len(header):
        return [Wrong(line, "", f"has {len(cells)} columns, not {len(header)}")]
    row = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
    if wrong := [Wrong(line, column, rule) for column, rule in _faults(row)]:
        return wrong
    return Rule(
        system=_SYSTEMS[row["system"]],
        code=row["code"],
        phase=_PHASES[row["phase"]],
        first=gestation.days_of(row["from"]) if row["from"] else None,
        last=gestation.days_of(row["until"]) if row["until"] else None,
        level=_LEVELS[row["level"]],
        nl=row["nl"],
        en=row["en"],
        source=row["source"],
    )


_PHASES: Mapping[str, Phase] = {name: name for name in get_args(Phase)}
_LEVELS: Mapping[str, Level] = {name: name for name in get_args(Level)}


def _faults(row: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if row["system"] not in _SYSTEMS:
        yield "system", f"must be one of {', '.join(_SYSTEMS)}"
    elif not (_ATC if row["system"] == "atc" else _NUMBER).fullmatch(row["code"]):
        yield "code", f"is no {row['system'].upper()} code"
    if row["phase"] not in _PHASES:
        yield "phase", f"must be one of {', '.join(_PHASES)}"
    if row["level"] not in _LEVELS:
        yield "level", f"must be one of {', '.join(_LEVELS)}"
    for name in ("nl", "en", "source"):
        if not row[name]:
            yield name, "must not be empty"
    yield from _window(row)


def _window(row: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    wrong = [name for name in ("from", "until") if row[name] and not _WEEKS.fullmatch(row[name])]
    for name in wrong:
        yield name, "must be weeks and days as 30+0, or empty"
    if row["phase"] == "lactation" and (row["from"] or row["until"]):
        yield "from" if row["from"] else "until", "must be empty in the phase lactation"
    if not wrong and row["from"] and row["until"] and gestation.days_of(row["from"]) > gestation.days_of(row["until"]):
        yield "until", "lies before from"

"""What birth care hands to youth health care: a record as files, one per child, in the version of the data set asked.

The record becomes that of `recasting/jgz` (default deny: what no row has stays with birth care), each child of it the
message of `hl7v3/jgz`, and that what `convert` makes of it.  A child that died in the womb or while being born was
never in care and gets no file; of one that died later the file says so, for nobody may be invited then.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from babyconnect.birthcare.ada import AdaElement, AdaRecord
from babyconnect.translate.findings import Finding, Severity
from babyconnect.translate.hl7v3.build import Build
from babyconnect.translate.hl7v3.fills import Circumstances
from babyconnect.translate.hl7v3.message import assembled, numbered, serialised
from babyconnect.translate.hl7v3.rows import message
from babyconnect.translate.hl7v3.sites import Site
from babyconnect.translate.jgz.convert import convert
from babyconnect.translate.recasting.recast import Recast, Wanted, found_in, recast

_WANTED = Wanted("jgz", "jgz")
_WRITTEN = "4.2.0"
STILLBORN = frozenset({"237361005", "237362003"})
"""Phases of perinatal death before or during birth (PWD 3.2, concept 1762, value list 90.77.11.10)."""


@dataclass(frozen=True, slots=True)
class Files:
    """A file per child, in the order of the record, and what was found on the way."""

    contents: tuple[bytes, ...]
    findings: tuple[Finding, ...]


def files(records: Sequence[AdaRecord], to: str, today: dt.date, with_bsn: bool = False) -> Files:
    """The files of one birth; several records are the same record of birth care seen by several transactions."""
    made = [recast(record, _WANTED) for record in records]
    children, found = _children(made), list(found_in(made))
    contents = []
    for child in children:
        if _first(child, "persoon/fase_sterfte", "code") in STILLBORN:
            found.append(_finding("warning", child, "deceased", "died before or during birth: no file is made"))
            continue
        if _first(child, "persoon/datum_overlijden", "value"):
            child = _dead(child)
        if _first(child, "persoon/overleden", "value") == "true":
            found.append(_finding("warning", child, "deceased", "died after birth; the file says so"))
        content, told = _file(_once(child, found), to, today, with_bsn)
        found += told
        if content:
            contents.append(content)
    if not contents:
        found.append(Finding("error", "", 0, "", "no-child", "no child in this record of whom a file can be made"))
    stays = "what is shielded, and what is about the mother, is never in this file by default"
    return Files(tuple(contents), (*found, Finding("information", "", 0, "", "withheld", stays)))


def _children(made: Iterable[Recast]) -> list[AdaElement]:
    """The children of all views of the record, each with what any of them says."""
    known: dict[tuple[str, ...], AdaElement] = {}
    for one in made:
        for child in one.record.root.children if one.record is not None else ():
            name = _name(child)
            known[name] = _merged(known[name], child) if name in known else child
    return list(known.values())


def _name(child: AdaElement) -> tuple[str, ...]:
    """By which it is the same child: its numbers, else what is known of its birth."""
    numbers = [_first(child, f"persoon/{number}", "value") for number in ("bsn", "lokaal_nummer")]
    facts = [_first(child, path, "value") for path in ("persoon/geboortedatum", "pasgeborene/volgnummer")]
    return tuple(numbers if any(numbers) else ["", *facts])


def _merged(one: AdaElement, other: AdaElement) -> AdaElement:
    """What one says stands; what only the other says is added."""
    inner = {child.name: child for child in one.children}
    for child in other.children:
        mine = inner.get(child.name)
        inner[child.name] = child if mine is None else _merged(mine, child)
    order = [child.name for child in one.children]
    repeated = [child for child in one.children if order.count(child.name) > 1]
    return replace(one, children=tuple(repeated or inner.values())) if one.children else one


def _once(child: AdaElement, found: list[Finding]) -> AdaElement:
    """Of several heel pricks nobody can tell which was the first, and the message says which it was."""
    if sum(one.name == "hielprik" for one in child.children) < 2:
        return child
    found.append(_finding("warning", child, "ambiguous", "several heel pricks; which was the first is not said"))
    return replace(child, children=tuple(one for one in child.children if one.name != "hielprik"))


def _file(child: AdaElement, to: str, today: dt.date, with_bsn: bool) -> tuple[bytes, tuple[Finding, ...]]:
    root = AdaElement(_WANTED.transaction, "", {}, (child,), child.line)
    build = Build(Circumstances(today, with_bsn), _given(root, today))
    [(element, _)] = build.elements(message(("jgz",), _WRITTEN), Site(root))
    if any(finding.severity == "error" for finding in build.findings):
        return b"", tuple(build.findings)
    tree = assembled(element, build.masked)
    if to == _WRITTEN:
        return serialised(tree), tuple(build.findings)
    converted = convert(tree, to)
    return converted.content, (*build.findings, *converted.findings)


def _given(root: AdaElement, today: dt.date) -> Mapping[str, str]:
    """Ids that follow from the content: the same child on the same day is the same file."""
    return {"message-id": numbered(repr((today.isoformat(), root))), "dossier-id": numbered(repr(root)),
            "created": today.strftime("%Y%m%d")}  # fmt: skip


def _dead(child: AdaElement) -> AdaElement:
    """A date of death says that the child died, also where the question was not answered."""
    said = AdaElement("overleden", "", {"value": "true"}, (), child.line)
    return replace(child, children=tuple(
        replace(one, children=(*(inner for inner in one.children if inner.name != "overleden"), said))
        if one.name == "persoon" else one for one in child.children))  # fmt: skip


def _first(child: AdaElement, path: str, attribute: str) -> str:
    site = Site(child).first(path)
    return site.element.attributes.get(attribute, "") if site is not None else ""


def _finding(severity: Severity, child: AdaElement, rule: str, text: str) -> Finding:
    return Finding(severity, "kind", child.line, child.concept, rule, text)

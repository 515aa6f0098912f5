"""A record of birth care as the record of a kernset for Perined, of which `hl7v3` makes the message."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from babyconnect.birthcare.ada import AdaElement, AdaRecord
from babyconnect.definitions import document, rows
from babyconnect.translate.findings import Finding
from babyconnect.translate.hl7v3.message import numbered
from babyconnect.translate.hl7v3.sites import sites
from babyconnect.translate.recasting import places
from babyconnect.translate.recasting.demanded import completed
from babyconnect.translate.recasting.places import WHOLE, Focus
from babyconnect.translate.recasting.recast import Known, Recast, Wanted, found_in
from babyconnect.translate.recasting.recast import recast as _recast
from babyconnect.translate.recasting.tables import unheld


@dataclass(frozen=True, slots=True)
class Kernsets:
    """A record for each message that this record becomes, and what was found on the way."""

    records: tuple[AdaRecord, ...]
    findings: tuple[Finding, ...]


def outputs() -> list[str]:
    """The formats whose record can be made of one of birth care."""
    return list(document("recasting/outputs.toml"))


def kernsets(record: AdaRecord, output: str, today: dt.date) -> Kernsets:
    """One record; of a document about an admission one for each admission of a child, in the order of the record."""
    admitted = document("recasting/outputs.toml")[output].get("admitted", False)
    stays = list(_stays(record)) if admitted else [WHOLE]
    made = [recast(record, output, focus) for focus in stays]
    told = [*found_in(made), *_unavailable(output)]
    if not stays:
        text = "no child of this record was admitted: nothing says so"
        told.append(Finding("error", "kind", record.root.line, "", "no-admission", text))
    records = [one.record for one in made if one.record is not None]
    return Kernsets(tuple(_documented(one, today) if admitted else one for one in records), tuple(told))


def recast(record: AdaRecord, output: str, focus: Focus = WHOLE) -> Recast:
    """The kernset that this message is made of, as far as the record holds it, with what it demands."""
    made = _recast(record, _wanted(output), focus)
    return made if made.record is None else completed(made.record, output, made.findings)


def _documented(record: AdaRecord, today: dt.date) -> AdaRecord:
    """With the number and the day of the document that is made now: the same record on the same day is the same."""
    number = numbered(repr((record.transaction, today.isoformat(), record.root)))
    own = AdaElement("identificatie", "", {"root": "2.25", "value": number}, (), record.root.line)
    day = AdaElement("document_datum", "", {"value": today.isoformat()}, (), record.root.line)
    about = AdaElement("documentgegevens", "", {}, (own, day), record.root.line)
    return replace(record, root=replace(record.root, children=(about, *record.root.children)))


def _stays(record: AdaRecord) -> Iterator[Focus]:
    for child in places.children(sites(record)):
        for number, _ in enumerate(places.stays(child), start=1):
            yield Focus(child.element.id, number)


def _unavailable(output: str) -> Iterator[Finding]:
    """What no record of birth care holds of this kernset: no source can be asked to fill it."""
    for path, reason in unheld(document("recasting/outputs.toml")[output]["tables"]).items():
        yield Finding("information", path, 0, "", "not-available", f"{path.rpartition('/')[2]}: {reason}")


@functools.cache
def _wanted(output: str) -> Wanted:
    message: Mapping[str, Any] = document("hl7v3/messages.toml")[output]
    how: Mapping[str, Any] = document("recasting/outputs.toml")[output]
    [(transaction, ref)] = message["transactions"].items()
    elements = {row["path"]: Known(row["concept"], row["lists"]) for row in rows(f"hl7v3/{message['elements']}")}
    own = {row["list"] for row in rows(how["codes"])}  # a table of codes may have its lists by the element's path
    elements |= {path: Known(elements[path].concept if path in elements else "", path) for path in own & _targets(how)}
    return Wanted(how["tables"], transaction, ref, message["version"], elements, how["codes"], how.get("closed", True))


def _targets(how: Mapping[str, Any]) -> set[str]:
    return {row["target"] for table in how["tables"].split() for row in rows(f"recasting/{table}")}

"""A spreadsheet that replaces what was handed in of the same dossiers before: what is gone from it is taken back.

People keep one sheet and hand it in anew, so a row that they removed is one that they want gone.  But a sheet of this
month only is as likely.  So who hands in says it, nothing is guessed; first is shown what would disappear, and only
that goes.  It goes no further than the file: a dossier that is not in it, what another system sent, the client and her
children stay.  What was taken back is shown to nobody and kept with its history (`store`, withdraw).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from babyconnect.birthcare.tabular import Extract
from babyconnect.birthcare.templates import DOSSIER
from babyconnect.flows.findings import InputReport, Report
from babyconnect.flows.inputs import Input, read
from babyconnect.flows.publish import PublishingNode, publish, whose
from babyconnect.flows.units import Unit, unit_of_record
from babyconnect.labelling.identity import Identity
from babyconnect.labelling.labels import WITHDRAWN
from babyconnect.labelling.member import Key
from babyconnect.sources import Record
from babyconnect.sources.tabular.reading import read as read_tables
from babyconnect.store.contract import Origin
from babyconnect.translate.tabular.rows import known_as

_NEVER = frozenset({"Patient", "EpisodeOfCare"})
"""A client, a child and a pregnancy are not taken back by a sheet: their records hang from them."""
_MEDIA = "text/csv"
_UNNAMED = "gegevens van een eerdere aanlevering"


@dataclass(frozen=True, slots=True)
class Gone:
    """What goes of one client.  `records`: hers in the file, a dossier each; `rows`: the items as filled in."""

    records: tuple[str, ...]
    client: str
    items: tuple[Key, ...]
    rows: tuple[str, ...]


@dataclass(slots=True)
class _Hers:
    """What a file says of one client: her records in it, every item of theirs, the rows of each of her dossiers."""

    records: list[str]
    items: set[Key]
    dossiers: dict[str, frozenset[str]]


async def vanishing(inputs: Iterable[Input], node: PublishingNode) -> Sequence[Gone]:
    """What publishing these instead of what came before would take back; nothing of what would be refused."""
    found: list[Gone] = []
    for client, hers in (await _clients(inputs, node)).items():
        origins = [one for one in await node.writer.origins(client) if one.type not in _NEVER]
        before = await _before(origins, hers.dossiers, node)
        elsewhere = {(one.type, one.id) for one in origins if one.original not in before}
        items = sorted({(one.type, one.id) for one in origins} - elsewhere - hers.items)
        if items:
            rows = await asyncio.to_thread(_rows, items, list(before.values()), hers.dossiers, node)
            found.append(Gone(tuple(hers.records), client, tuple(items), rows))
    return found


async def publish_instead(
    inputs: Sequence[Input],
    node: PublishingNode,
    shown: Sequence[Gone],
    noted: Callable[[Gone], Awaitable[object]],
) -> Report:
    """Publish, and then take back what is gone, as far as it was shown; `noted` logs that before it happens."""
    report = await publish(inputs, node)
    agreed = {item for gone in shown for item in gone.items}
    refused = {one.name for one in report.inputs if one.status == "refused"}
    taken: dict[str, int] = {}
    for gone in await vanishing(inputs, node) if agreed else ():
        items = () if refused & set(gone.records) else tuple(item for item in gone.items if item in agreed)
        if items:
            await noted(replace(gone, items=items))
            for type_name, id in items:
                await node.writer.withdraw(type_name, id, WITHDRAWN, node.now())
            taken[gone.client] = len(items)
    return Report([_counted(one, taken) for one in report.inputs])


def _counted(report: InputReport, taken: dict[str, int]) -> InputReport:
    """With the number of what was taken back, at the client's first record."""
    withdrawn = taken.pop(report.client, 0)
    if not withdrawn:
        return report
    return replace(
        report, withdrawn=withdrawn, status="published" if report.status == "already published" else report.status
    )


async def _clients(inputs: Iterable[Input], node: PublishingNode) -> Mapping[str, _Hers]:
    found: dict[str, _Hers] = {}
    items = read(inputs, node.limit, node.dates)
    while (item := await asyncio.to_thread(next, items, None)) is not None:
        if not isinstance(item, Record) or item.extract is None:
            continue
        unit = await asyncio.to_thread(_unit, item, node)
        client = await _client(unit, node)
        if client and unit.family:
            hers = found.setdefault(client, _Hers([], set(), {}))
            hers.records.append(item.name)
            hers.items |= {member.key for member in unit.family.members}
            hers.dossiers[_dossier(item.extract)] = frozenset(known_as(item.extract, node.today).values())
    return found


def _unit(record: Record, node: PublishingNode) -> Unit:
    return unit_of_record(record, Identity(node.secret, node.source), node.today, node.ada_version)


async def _client(unit: Unit, node: PublishingNode) -> str:
    """Whose it is; "" when publishing refuses it."""
    if unit.family is None or any(finding.severity == "error" for finding in unit.findings):
        return ""
    client, _ = await whose(unit.family, node)
    return client if isinstance(client, str) else ""


def _dossier(extract: Extract) -> str:
    return next((row.cells[DOSSIER].text for row in extract.rows if DOSSIER in row.cells), "")


async def _before(origins: Sequence[Origin], dossiers: Collection[str], node: PublishingNode) -> Mapping[str, Record]:
    """The sheets of these dossiers that were handed in, by their digest."""
    found: dict[str, Record] = {}
    for name in dict.fromkeys(one.original for one in origins if one.media == _MEDIA):
        original = await node.writer.original(name)
        record = await asyncio.to_thread(_record, original.content, node.limit) if original else None
        if record is not None and record.extract is not None and _dossier(record.extract) in dossiers:
            found[name] = record
    return found


def _record(content: bytes, limit: int) -> Record | None:
    """An original as a record again: it holds one client's rows."""
    first = next(iter(read_tables([("", content)], "", max(limit, len(content)))), None)
    return first if isinstance(first, Record) else None


def _rows(
    items: Sequence[Key], before: Sequence[Record], now: Mapping[str, Collection[str]], node: PublishingNode
) -> tuple[str, ...]:
    """What these items were in the sheets that held them: the row, and the column where the row itself stays."""
    places: dict[Key, str] = {}
    for record in before:
        unit = _unit(record, node)
        if unit.family is None or record.extract is None:
            continue
        rows = known_as(record.extract, node.today)
        for member in unit.family.members:
            place = member.place.partition("blad ")[2].split(", ")
            row = rows.get(f"blad {', '.join(place[:2])}", "")
            stays = row in now[_dossier(record.extract)]
            column = place[2].removeprefix("kolom ").rpartition(" (")[0] if stays and len(place) > 2 else ""
            if row:
                places[member.key] = f"{row}, {column}" if column else row
    return tuple(dict.fromkeys(places.get(item, _UNNAMED) for item in items))

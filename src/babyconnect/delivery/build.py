"""From a merged record to the view: header, notices, sections (domain §5)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from babyconnect.birthcare.parties import Party
from babyconnect.birthcare.record import Child, Item, Pregnancy, Record
from babyconnect.definitions import rows
from babyconnect.delivery import dutch, notices
from babyconnect.delivery.arrange import SECTIONS, by_section, grid
from babyconnect.delivery.growth import growth
from babyconnect.delivery.heading import PHRASES, current_of, header, summary
from babyconnect.delivery.lines import Kept, Writer
from babyconnect.delivery.medication import Medicines, without
from babyconnect.delivery.names import book_of, fetuses_of
from babyconnect.delivery.view import Flag, Grid, Header, Line, Section, View

_NUMBER = r"[0-9]{1,18}"
_CHOICES = {row["choice"]: row["label"] for row in rows("checks/choices")}
_GRIDS = {"zwangerschap": ("controles", "Controles"), "echo": ("biometrie", "Biometrie")}


def _natural(text: str) -> list[tuple[int, str]]:
    """Sorts numbers in a text as numbers."""
    return [(int(part), "") if re.fullmatch(_NUMBER, part) else (0, part) for part in re.split(f"({_NUMBER})", text)]


def _lines(items: Sequence[Item], writer: Writer) -> tuple[Line, ...]:
    """The newest first; undated facts last, by their labels (1 minute before 10)."""
    made = sorted((writer.line(item) for item in items), key=lambda made: (_natural(made.label), made.id))
    return tuple(sorted(made, key=lambda made: made.moment, reverse=True))


def _child(child: Child, number: int, items: Sequence[Item], writer: Writer, given: tuple[Section, ...]) -> Section:
    flags = [Flag("deceased", "overleden", "mourning")] if child.death.reported else []
    if child.death.disputed:
        flags.append(Flag("disputed", "bronnen verschillen over overlijden", "danger"))
    if not child.linked:
        flags.append(Flag("unlinked", "niet zeker gekoppeld tussen bronnen", "warning"))
    if child.evidence:
        proof = dutch.enumerate_([PHRASES["evidence"][code] for code in child.evidence])
        flags.append(Flag("linked_by", f"gekoppeld op {proof}"))
    if child.mother_by:
        flags.append(Flag("mother_by", PHRASES["mother_by"][child.mother_by]))
    title = child.name or f"Kind (geboren {dutch.moment(child.born)})" if child.born else child.name or "Kind"
    return Section(f"kind-{number}", title, _lines(items, writer), parts=given, flags=tuple(flags))


def _children(record: Record, items: Sequence[Item], writer: Writer, medicines: Medicines) -> Section:
    parts = []
    mine = [child for child in record.children if child.pregnancy in (record.current, "")]
    for number, child in enumerate(mine, 1):
        about = [item for item in items if item.subject == child.id]
        parts.append(_child(child, number, about, writer, medicines.plain(child.id)))
    named = {child.id for child in mine}
    rest = [item for item in items if item.subject not in named]
    return Section("kinderen", SECTIONS["kinderen"]["title"], _lines(rest, writer), parts=tuple(parts))


def _earlier(record: Record, items: Sequence[Item], writer: Writer) -> Section:
    parts = []
    for pregnancy in record.pregnancies:
        if pregnancy.id != record.current:
            hers = [item for item in items if item.pregnancy == pregnancy.id]
            title = notices.title_of(pregnancy)
            parts.append(Section(f"eerder-{pregnancy.id}", title, _lines(hers, writer), flags=_facts_of(pregnancy)))
    return Section("eerdere", SECTIONS["eerdere"]["title"], parts=tuple(parts))


def _facts_of(pregnancy: Pregnancy) -> tuple[Flag, ...]:
    """When it ended and after how long: what one wants of an earlier pregnancy at a glance."""
    found = []
    if pregnancy.ended:
        found.append(Flag("ended", f"geëindigd {dutch.date(pregnancy.ended)}"))
    if pregnancy.gestation:
        found.append(Flag("gestation", f"duur {dutch.gestation(pregnancy.gestation.days)}"))
    return tuple(found)


def _screening(record: Record, items: Sequence[Item], writer: Writer) -> Section:
    """Her choices as flags (four values are kept apart), with the results as lines."""
    pregnancy = current_of(record)
    flags = []
    for choice in pregnancy.choices if pregnancy else ():
        gap = choice.due and choice.value in ("not_offered", "unknown")
        text = f"{_CHOICES[choice.code]}: {PHRASES['choice'][choice.value]}"
        flags.append(Flag(f"{choice.code}-{choice.value}", text, "warning" if gap else "info"))
    return Section("screening", SECTIONS["screening"]["title"], _lines(items, writer), flags=tuple(flags))


def _fetuses(record: Record, items: Sequence[Item], writer: Writer) -> tuple[Section, ...]:
    """A part for each fetus when there are several, so that no measurement is read as another's."""
    names = fetuses_of(record)
    parts = []
    for number, (subject, name) in enumerate(sorted(names.items(), key=lambda pair: pair[1]), 1):
        if about := [item for item in items if item.subject == subject]:
            parts.append(Section(f"foetus-{number}", name, _lines(about, writer)))
    return tuple(parts)


def _medication(items: Sequence[Item], writer: Writer, medicines: Medicines) -> Section:
    """The overview, and what is no medicine of it (vaccinations)."""
    row, parts, notices = SECTIONS["medicatie"], medicines.of("woman"), medicines.notices()
    return Section("medicatie", row["title"], _lines(items, writer), parts=parts, empty=row["empty"], notices=notices)


def _section(name: str, record: Record, items: Sequence[Item], writer: Writer, medicines: Medicines) -> Section:
    if name == "kinderen":
        return _children(record, items, writer, medicines)
    if name == "medicatie":
        return _medication(items, writer, medicines)
    if name == "eerdere":
        return _earlier(record, items, writer)
    if name == "screening":
        return _screening(record, items, writer)
    row = SECTIONS[name]
    grids: tuple[Grid, ...] = ()
    if name in _GRIDS:
        made = grid(*_GRIDS[name], items, current_of(record), writer)
        grids = (made,) if made else ()
    parts = _fetuses(record, items, writer) if name == "echo" else ()
    apart = {line.id for part in parts for line in part.lines}
    rest = [item for item in items if item.id not in apart]
    current = current_of(record)
    due = current.due.date if current and current.due else None
    drawn = growth(items, due, writer) if name == "echo" else ()
    return Section(name, row["title"], _lines(rest, writer), grids, parts, empty=row["empty"], growth=drawn)


def _apart(record: Record) -> Iterator[Section]:
    """Others' resources, each person for herself, at the end and clearly named."""
    parts = []
    for number, apart in enumerate(record.apart, 1):
        title = f"{apart.name or 'Naam niet bekend'} ({apart.source.name})"
        parts.append(Section(f"apart-{number}", title, _lines(apart.items, Writer(book_of(record)))))
    if parts:
        warning = Flag("apart", "niet aantoonbaar van deze cliënt", "danger")
        yield Section("apart", "Niet samengevoegd", parts=tuple(parts), flags=(warning,))


def _nothing(record: Record, busy: Sequence[Party]) -> View:
    """Of whom nothing is released: the same for one that nobody knows and one whom this asker may not see."""
    return View(
        header=Header("", "", "", "", ()),
        banners=(),
        summary=(),
        disputes=(),
        missing=notices.missing(record),
        timeline=(),
        sections=(),
        pregnancies=(),
        sources=notices.sources(record, busy),
        withheld=PHRASES["withheld"],
        congratulate=False,
    )


def build_view(record: Record, busy: Sequence[Party] = (), kept: Kept | None = None) -> View:
    """The screen of a record; `busy`: the sources that were asked and have not answered yet.

    `kept`: an empty dict that one open screen passes at each call, so that lines are written once (see `Writer`).
    """
    if not record.items and not record.apart:
        return _nothing(record, busy)
    due = {p.id: p.due.date for p in record.pregnancies if p.due}
    writer = Writer(book_of(record), kept, due, fetuses_of(record))
    medicines = Medicines(record, writer)
    items = {name: without(found, medicines.items) for name, found in by_section(record).items()}
    sections = [_section(name, record, items[name], writer, medicines) for name in SECTIONS]
    shown = [s for s in sections if s.size or s.empty or s.parts or (s.id == "screening" and s.flags)]
    return View(
        header=header(record, whole=not busy),
        banners=(*notices.banners(record), *medicines.banners()),
        summary=summary(record, writer),
        disputes=(*notices.disputes(record), *medicines.disputes()),
        missing=notices.missing(record),
        timeline=notices.timeline(record, writer),
        sections=(*shown, *_apart(record)),
        pregnancies=notices.tabs(record),
        sources=notices.sources(record, busy),
        withheld=PHRASES["withheld"],
        congratulate=not notices.mourning(record),
    )

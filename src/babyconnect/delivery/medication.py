"""The medication overview as parts of a section: in use first; what is warned of or contradicts as notices.

The words are those of `definitions/sections/medication.toml`; the sentence of a warning is the table's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from babyconnect.birthcare import gestation
from babyconnect.birthcare.medication import Contradiction, Exposure, Medicine, Overview, State
from babyconnect.birthcare.record import Item, Record
from babyconnect.definitions import document, rows
from babyconnect.delivery import dutch
from babyconnect.delivery.discretion import hidden_word
from babyconnect.delivery.lines import Writer, badges
from babyconnect.delivery.view import Banner, Claim, Detail, Dispute, Fact, Flag, Line, Notice, Said, Section, Tone

_WORDS: Mapping[str, Any] = document("sections/medication.toml")
_KINDS = {row["kind"]: row for row in rows("medication/kinds")}
_ALARMING = ("contraindicated", "avoid")
_PRESSING = ("now", "undated")


class Medicines:
    """The medicines of one record as the screen shows them; `of(subject)` gives the parts of one person."""

    def __init__(self, record: Record, writer: Writer) -> None:
        self._overview: Overview = record.medication
        self._items = {item.id: item for item in record.items}
        self._writer = writer
        self._shown = [m for m in self._overview.medicines if self._belongs(m, record.current)]
        self._told: dict[str, Section] = {medicine.id: self._part(medicine) for medicine in self._shown}

    def _belongs(self, medicine: Medicine, current: str) -> bool:
        """What was used in an earlier pregnancy alone is shown there."""
        return any(self._items[name].pregnancy in (current, "") for name in medicine.items)

    @property
    def items(self) -> frozenset[str]:
        """The items that are shown here, and so nowhere else."""
        return frozenset(name for medicine in self._shown for name in medicine.items)

    def of(self, subject: str) -> tuple[Section, ...]:
        """Parts by state, those in use first; each holds its medicines."""
        parts = []
        for state, title in _WORDS["group"].items():
            found = [self._told[m.id] for m in self._shown if m.subject == subject and m.state == state]
            if found:
                parts.append(Section(f"medicatie-{state}", title, parts=tuple(found)))
        return tuple(parts)

    def plain(self, subject: str) -> tuple[Section, ...]:
        """The medicines themselves, without a part for each state: where there is no room for another level."""
        return tuple(self._told[m.id] for m in self._shown if m.subject == subject)

    def notices(self) -> tuple[Notice, ...]:
        """What is to be said of all of them together."""
        return (*self._provisional(), *self._shielded(), *self._uncompared())

    def _provisional(self) -> Iterator[Notice]:
        """Whose table judged them, when nobody vouches for it."""
        words, said = _WORDS["warning"], {"table": self._overview.table, "version": self._overview.version}
        if self._overview.provisional and any(medicine.subject == "woman" for medicine in self._shown):
            yield Notice("provisional", "info", _said(words["provisional"]), _said(words["provisional_text"], **said))

    def _shielded(self) -> Iterator[Notice]:
        """The list is not whole.  Said of every record, so that it tells nothing of this one."""
        words = _WORDS["shielded"]
        yield Notice("shielded", "info", _said(words["title"]), _said(words["text"]), discreet=True)

    def _uncompared(self) -> tuple[Notice, ...]:
        if not self._overview.uncompared:
            return ()
        names = dutch.enumerate_([stated.text for stated in self._overview.uncompared])
        items = tuple(name for stated in self._overview.uncompared for name in stated.items)
        hide = any(self._line(name).discreet for name in items if name in self._items)
        words = _WORDS["uncompared"]
        return (
            Notice("uncompared", "warning", _said(words["title"]), _said(words["text"], names=names), discreet=hide),
        )

    def banners(self) -> Iterator[Banner]:
        """What must not be missed: advised against, now.  What shared-screen mode hides stays in its section."""
        for medicine, exposure in self._exposed():
            if exposure.rule.level in _ALARMING and exposure.when in _PRESSING and self._may_stand_out(medicine):
                said = self._banner(medicine, exposure)
                yield Banner("medication_warning", said.nl, "danger", medicine.items[:1], said.en)

    def disputes(self) -> Iterator[Dispute]:
        for medicine in self._shown:
            if self._may_stand_out(medicine):
                for found in medicine.contradictions:
                    title = f"{medicine.name}: {_lower(_topic(found).nl)}"
                    yield Dispute(f"medication_{found.topic}", title, "", _claims(found))

    def _exposed(self) -> Iterator[tuple[Medicine, Exposure]]:
        for medicine in self._shown:
            for exposure in medicine.judgement.exposures:
                yield medicine, exposure

    def _may_stand_out(self, medicine: Medicine) -> bool:
        part = self._told[medicine.id]
        return not part.discreet and not part.unprinted

    def _line(self, name: str) -> Line:
        return self._writer.line(self._items[name])

    def _part(self, medicine: Medicine) -> Section:
        lines = tuple(self._lines(medicine))
        title = medicine.name or "Middel zonder naam"
        notices = (
            *(self._contradiction(found) for found in medicine.contradictions),
            *self._judged(medicine),
        )
        return Section(
            id=medicine.id,
            title=title[:1].upper() + title[1:],
            lines=lines,
            flags=_flags(medicine.state),
            notices=notices,
            facts=tuple(_facts(medicine)),
            discreet=any(line.discreet for line in lines) or hidden_word(title),
            unprinted=any(line.unprinted for line in lines),
        )

    def _lines(self, medicine: Medicine) -> Iterator[Line]:
        """A line for each block.  What its product is stands among its details, since the heading names it already; a
        product that no block here refers to keeps a line of its own."""
        products = [name for name in medicine.items if self._items[name].type == "Medication"]
        told: set[str] = set()
        for name in medicine.items:
            if name in products:
                continue
            line, own = self._line(name), _named_by(self._items[name], [self._items[p] for p in products])
            told.update(product.id for product in own)
            more = tuple(detail for product in own for detail in self._product_details(product.id))
            more = tuple(detail for detail in more if detail not in line.details)
            hide = any(self._line(product.id).discreet for product in own)
            keep = any(self._line(product.id).unprinted for product in own)
            yield replace(
                line,
                details=(*line.details, *more),
                discreet=line.discreet or hide,
                unprinted=line.unprinted or keep,
            )
        yield from (self._line(name) for name in products if name not in told)

    def _product_details(self, name: str) -> Iterator[Detail]:
        """What the source wrote of the product, its own name first; where it came from is that of the block."""
        line = self._line(name)
        if line.text:
            yield Detail(_WORDS["fact"]["product"], line.text)
        for detail in line.details:
            yield replace(detail, label=f"{_WORDS['fact']['product']}: {_lower(detail.label)}")

    def _contradiction(self, found: Contradiction) -> Notice:
        tone: Tone = "danger" if found.topic == "allergy" else "warning"
        return Notice(found.topic, tone, _topic(found), claims=_claims(found))

    def _judged(self, medicine: Medicine) -> Iterator[Notice]:
        if medicine.subject != "woman":
            return
        judgement, words = medicine.judgement, _WORDS["unjudged"]
        for exposure in judgement.exposures:
            yield self._warning(exposure)
        table = _said(words["table"], table=self._overview.table, version=self._overview.version)
        if judgement.unjudged == "not_used":
            return
        if judgement.unjudged:
            yield Notice("unjudged", "info", _said(words["title"]), _said(words[judgement.unjudged]), table)
        elif not judgement.exposures and medicine.state != "stopped":
            yield Notice("no_warning", "info", _said(words["no_warning"]), _said(words["no_warning_text"]), table)

    def _warning(self, exposure: Exposure) -> Notice:
        rule, words, tone = exposure.rule, _WORDS["warning"], _WORDS["level"][exposure.rule.level]["tone"]
        when = _when(exposure)
        title = Said(*(
            words["title"][language].format(
                level=_WORDS["level"][rule.level][language],
                phase=_WORDS["phase"][rule.phase][language],
                when=getattr(when, language),
            )
            for language in ("nl", "en")
        ))  # fmt: skip
        source = _said(words["source"], table=self._overview.table, version=self._overview.version, source=rule.source)
        pressing = exposure.when in _PRESSING
        return Notice(
            f"warning_{rule.level}", tone if pressing else _milder(tone), title, Said(rule.nl, rule.en), source
        )

    def _banner(self, medicine: Medicine, exposure: Exposure) -> Said:
        rule, words = exposure.rule, _WORDS["warning"]["banner"]
        found = [
            words[language].format(
                name=medicine.name,
                level=_lower(_WORDS["level"][rule.level][language]),
                phase=_WORDS["phase"][rule.phase][language],
                text=text,
            )
            for language, text in (("nl", rule.nl), ("en", rule.en))
        ]
        return Said(*(text[:1].upper() + text[1:] for text in found))


def _topic(found: Contradiction) -> Said:
    """What a contradiction is called; of two medicines of one kind, which kind."""
    words, kind = _WORDS["contradiction"][found.topic], _KINDS.get(found.kind, {"nl": "", "en": ""})
    return Said(words["nl"].format(name=kind["nl"]), words["en"].format(name=kind["en"]))


def _named_by(block: Item, products: Sequence[Item]) -> list[Item]:
    """The products that a block refers to, at the source that states both."""
    reference = block.resource.get("medicationReference")
    told = str(reference.get("reference", "")) if isinstance(reference, Mapping) else ""
    sources = {origin.source for origin in block.origins}
    return [p for p in products if any(o.reference == told and o.source in sources for o in p.origins)]


def _milder(tone: Tone) -> Tone:
    """What is not now: it must be seen, and must not shout."""
    return "warning" if tone == "danger" else "info"


def _said(words: Mapping[str, str], **values: str) -> Said:
    return Said(words["nl"].format(**values), words["en"].format(**values))


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _when(exposure: Exposure) -> Said:
    words = _WORDS["when"]
    if exposure.days is None:
        return _said(words[exposure.when])
    first, last = (dutch.gestation(max(days, 0)) for days in exposure.days)
    if exposure.when == "now" and exposure.days[1] > gestation.TERM_DAYS:
        return _said(words["now_since" if exposure.rule.first else "now"], first=first)
    return _said(words[f"{exposure.when}_days"], first=first, last=last)


def _flags(state: State) -> tuple[Flag, ...]:
    words = _WORDS["state"][state]
    return (Flag(state, words["text"], words["tone"]),)


def _facts(medicine: Medicine) -> Iterator[Fact]:
    """The dose as each source has it, and the days of use."""
    words = _WORDS["fact"]
    doses: dict[str, list[Any]] = {}
    for block in medicine.blocks:
        if block.dose.text and not block.superseded and block.state == medicine.state:
            doses.setdefault(block.dose.text, []).extend(block.origins)
    for text, origins in sorted(doses.items()):
        yield Fact("dose", words["dose"], text, sources=badges(sorted(set(origins))))
    start = dutch.date(medicine.start) if medicine.start else ""
    end = dutch.date(medicine.end) if medicine.end else ""
    if start or end:
        open_ended = "from" if medicine.state == "planned" else "since"
        name = "both" if start and end else open_ended if start else "until"
        yield Fact("period", words["period"], words[name].format(start=start, end=end))


def _claims(found: Contradiction) -> tuple[Claim, ...]:
    return tuple(
        Claim(s.text, dutch.moment(s.moment) if s.moment else "zonder datum", badges(s.origins), s.items)
        for s in found.values
    )


def without(items: Sequence[Item], shown: frozenset[str]) -> list[Item]:
    """The items that the overview does not show already."""
    return [item for item in items if item.id not in shown]

"""Banners, disputes, gaps, timeline and the bar of sources, in the sentences of `definitions/sections/phrases.toml`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from babyconnect.birthcare import gestation
from babyconnect.birthcare.named import named
from babyconnect.birthcare.parties import Party
from babyconnect.birthcare.record import Conflict, Gap, Item, Pregnancy, Record
from babyconnect.definitions import rows
from babyconnect.delivery import dutch
from babyconnect.delivery.heading import PHRASES, current_of
from babyconnect.delivery.lines import Writer, badges
from babyconnect.delivery.view import Badge, Banner, Claim, Dispute, Missing, Moment, SourceLine, Tab

_CHECKS = {row["check"]: row for row in rows("checks/expected")}
_ADVISED = {row["name"]: row for row in rows("medication/advised")}
_CHOICES = {row["choice"]: row for row in rows("checks/choices")}
_PERINATAL_DEATH = named("perinatal_death")
# Events whose text starts with what happened instead of what the item is.
_BY_KIND = frozenset({"episode_start", "episode_end", "death"})
_DATE_TOPICS = ("due_date",)


def party_badge(party: Party) -> Badge:
    return Badge(party.ura.value, party.name, party.kind.value)


def mourning(record: Record) -> bool:
    """One state that stops every congratulation and invitation, also when it is disputed (domain §7)."""
    woman = record.woman
    lost = any(_died(item) for item in record.items if item.pregnancy == record.current)
    children = [child for child in record.children if child.pregnancy in (record.current, "")]
    return bool(woman and woman.death.reported) or any(c.death.reported for c in children) or lost


def _died(item: Item) -> bool:
    return not _PERINATAL_DEATH.isdisjoint(item.codes) and item.resource.get("valueBoolean") is not False


def banners(record: Record) -> tuple[Banner, ...]:
    return (*_deaths(record), *_linking(record))


def _deaths(record: Record) -> Iterator[Banner]:
    texts = PHRASES["banner"]
    if record.woman and record.woman.death.reported:
        yield Banner("woman_died", texts["woman_died"], "mourning", record.woman.persons)
    told: set[str] = set()
    for child in record.children:
        if child.death.reported:
            told.update(name for stated in child.death.stated for name in stated.items)
            text = texts["child_died"].format(name=child.name or "Een kind")
            yield Banner("child_died", text, "mourning", child.persons)
    if others := tuple(item.id for item in record.items if _died(item) and item.id not in told):
        yield Banner("fetus_died", texts["fetus_died"], "mourning", others)
    if any(conflict.topic == "death" for conflict in record.conflicts):
        yield Banner("death_disputed", texts["death_disputed"], "danger")


def _linking(record: Record) -> Iterator[Banner]:
    for warning in record.warnings:
        names = [party.name for party in warning.sources]
        about = f" ({dutch.enumerate_(names)})" if names else ""
        yield Banner(warning.code, PHRASES["banner"][warning.code] + about, "warning", warning.items)
    titles = {p.id: title_of(p) for p in record.pregnancies}
    for pair in record.possibly_same:
        text = PHRASES["banner"]["possibly_same"].format(first=titles[pair.first], second=titles[pair.second])
        yield Banner("possibly_same", f"{text[:-1]}; {PHRASES['possibly_same'][pair.because]}.", "warning")


def title_of(pregnancy: Pregnancy) -> str:
    """`Zwangerschap 2026 (VP De Linde)`: the year it ended or is due, and who told of it."""
    when = pregnancy.ended or (pregnancy.due.date if pregnancy.due else None) or pregnancy.start
    names = dutch.enumerate_([party.name for party in pregnancy.sources])
    return f"Zwangerschap {when.year if when else 'zonder datum'}{f' ({names})' if names else ''}"


def disputes(record: Record) -> tuple[Dispute, ...]:
    return tuple(_dispute(record, conflict) for conflict in record.conflicts)


def _about(record: Record, conflict: Conflict) -> str:
    child = next((c for c in record.children if c.id == conflict.scope), None)
    if child:
        return child.name or "kind"
    pregnancy = next((p for p in record.pregnancies if p.id == conflict.scope), None)
    return title_of(pregnancy) if pregnancy and pregnancy.id != record.current else ""


def _dispute(record: Record, conflict: Conflict) -> Dispute:
    claims = [
        Claim(
            text=dutch.moment(s.text) if conflict.topic in _DATE_TOPICS else s.text,
            when=dutch.moment(s.moment) if s.moment else "zonder datum",
            sources=badges(s.origins),
            items=s.items,
        )
        for s in conflict.values
    ]
    title = f"{PHRASES['topic'][conflict.topic]}: bronnen spreken elkaar tegen"
    return Dispute(conflict.topic, title, _about(record, conflict), tuple(claims))


def missing(record: Record) -> tuple[Missing, ...]:
    # What two pregnancies miss alike (often one of which two sources tell) is read once.
    return tuple(dict.fromkeys(_missing(gap) for gap in record.gaps))


def _missing(gap: Gap) -> Missing:
    texts = PHRASES["missing"]
    if gap.kind == "source":
        badge = party_badge(gap.source) if gap.source else None
        return Missing("source", gap.code, texts[gap.code].format(name=gap.text), texts["failure"], "", badge)
    if gap.kind == "choice":
        code, value = gap.code.split(":")
        row = _CHOICES[code]
        reason = texts["choice_withheld" if row["withheld"] else "choice_reason"].format(**{"from": row["from"]})
        return Missing("choice", gap.code, texts[value].format(name=gap.text), reason, _source_of(gap.reason))
    if gap.kind == "medicine":
        reason = texts["medicine_reason"].format(until=_ADVISED[gap.code]["until"])
        return Missing("medicine", gap.code, texts["medicine"].format(name=gap.text), reason, _source_of(gap.reason))
    row = _CHECKS[gap.code]
    reason = texts["check_withheld" if row["withheld"] else "check_reason"].format(due=row["due"])
    return Missing("check", gap.code, texts["check"].format(name=gap.text), reason, _source_of(gap.reason))


def _source_of(citation: str) -> str:
    """Whose rule it is; where in it the rule stands is for who maintains the table."""
    return citation.partition(":")[0].partition(";")[0]


def timeline(record: Record, writer: Writer) -> tuple[Moment, ...]:
    by_id = {item.id: item for item in record.items}
    due = {p.id: p.due.date for p in record.pregnancies if p.due}
    children: Mapping[str, str] = {child.id: child.name or "kind" for child in record.children}
    found = []
    for event in record.timeline:
        item = by_id[event.item]
        days = gestation.days_on(due[event.pregnancy], event.day) if event.pregnancy in due else -1
        kind = PHRASES["event"][event.kind]
        line = writer.line(item)
        name, shown = line.label, line.text
        text = f"{name}: {shown}" if shown and shown != name else name
        found.append(
            Moment(
                day=dutch.date(event.day),
                moment=event.moment,
                gestation=dutch.gestation(days) if 0 <= days <= 308 else "",
                text=f"{kind}: {shown or name}" if event.kind in _BY_KIND else text,
                kind=event.kind,
                item=event.item,
                subject=children.get(event.subject, ""),
                sources=badges(item.origins),
                discreet=line.discreet,
                unprinted=line.unprinted,
            )
        )
    return tuple(found)


def tabs(record: Record) -> tuple[Tab, ...]:
    current = current_of(record)
    return tuple(
        Tab(p.id, title_of(p), p is current, "" if p is current else ("lopend" if p.active else "eerder"))
        for p in record.pregnancies
    )


def sources(record: Record, busy: Sequence[Party]) -> tuple[SourceLine, ...]:
    """The bar: who answered, who failed, who is still busy; by name."""
    states = PHRASES["source_state"]
    found = [
        SourceLine(
            a.source.ura.value,
            a.source.name,
            a.source.kind.value,
            a.state,
            states[a.state],
            a.resources,
            round(a.milliseconds),
        )
        for a in record.sources
    ]
    there = {line.ura for line in found}
    found += [
        SourceLine(p.ura.value, p.name, p.kind.value, "busy", states["busy"], 0, 0)
        for p in busy
        if p.ura.value not in there
    ]
    return tuple(sorted(found, key=lambda line: (line.name, line.ura)))

"""The header of the record and its summary (domain §5 and §7)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from babyconnect.birthcare import gestation
from babyconnect.birthcare.identifiers import BSN_SYSTEM
from babyconnect.birthcare.named import named
from babyconnect.birthcare.record import Child, Item, Pregnancy, Record, Stated
from babyconnect.birthcare.resources import identifiers_of
from babyconnect.delivery import dutch
from babyconnect.delivery.discretion import unprinted
from babyconnect.delivery.lines import PHRASES, Writer, badges, label
from babyconnect.delivery.view import Badge, Fact, Flag, Header

_NO_TRANSFUSION = Flag("not_for_transfusion", PHRASES["not_for_transfusion"], "warning")
_UNCERTAIN = Flag("rhesus_uncertain", PHRASES["rhesus_uncertain"], "danger")
_DISCREET = ("gravidity_parity", "previous")
# Time since the birth is told through the first year; in days through the second week.
_SINCE_DAYS, _IN_DAYS = 365, 14
_DISPUTED = Flag("disputed", "bronnen verschillen", "danger")


def current_of(record: Record) -> Pregnancy | None:
    return next((p for p in record.pregnancies if p.id == record.current), None)


def _sources(stated: Sequence[Stated]) -> tuple[Badge, ...]:
    return badges(sorted({origin for value in stated for origin in value.origins}))


def _items(stated: Sequence[Stated]) -> tuple[str, ...]:
    return tuple(name for value in stated for name in value.items)


def _all(stated: Sequence[Stated]) -> str:
    """Every stated value; more than one is a conflict, so all are shown."""
    return " of ".join(value.text for value in stated)


def _counts(pregnancy: Pregnancy, doubt: Flag | None) -> Iterator[Fact]:
    gravidity, parity = pregnancy.gravidity, pregnancy.parity
    if not gravidity and not parity:
        if doubt:
            yield Fact("gravidity_parity", "G/P", PHRASES["unknown_value"], flags=(doubt,))
        return
    shown = f"G{_all(gravidity) or '?'} P{_all(parity) or '?'}"
    flags = (_DISPUTED,) if len(gravidity) > 1 or len(parity) > 1 else ()
    both = (*gravidity, *parity)
    yield Fact("gravidity_parity", "G/P", shown, PHRASES["parity_note"], _sources(both), flags, _items(both))


def _other_dates(record: Record, pregnancy: Pregnancy) -> list[dt.date]:
    """The due dates that other sources hold against the one that is followed."""
    disputed = (c for c in record.conflicts if c.topic == "due_date" and c.scope == pregnancy.id)
    dates = {dt.date.fromisoformat(stated.value) for conflict in disputed for stated in conflict.values}
    return sorted(dates - {pregnancy.due.date}) if pregnancy.due else []


def _due(record: Record, pregnancy: Pregnancy, by_id: dict[str, Item], doubt: Flag | None) -> Iterator[Fact]:
    due = pregnancy.due
    if due is None:
        if doubt and not pregnancy.ended:
            yield Fact("due_date", "À terme", PHRASES["unknown_value"], flags=(doubt,))
        return
    method = PHRASES["method"][due.method]
    note = f"definitief, {method}" if due.definitive else f"geschat, {method}"
    flags = [Flag("computed", PHRASES["computed"], "warning")] if due.computed else []
    others = _other_dates(record, pregnancy)
    if others:
        flags.append(_DISPUTED)
    origins = sorted({o for name in due.items for o in by_id[name].origins})
    if due.computed:
        note = f"{PHRASES['computed']} uit {method}"
    shown = " of ".join(dutch.date(day) for day in (due.date, *others))
    yield Fact("due_date", "À terme", shown, note, badges(origins), tuple(flags), due.items)


def _gestation(record: Record, pregnancy: Pregnancy) -> Iterator[Fact]:
    now = pregnancy.gestation
    if now is None:
        return
    note = f"bij einde zwangerschap, {dutch.date(now.on)}" if pregnancy.ended else "vandaag"
    hide = pregnancy.ended is not None and not pregnancy.children
    others = [dutch.gestation(gestation.days_on(due, now.on)) for due in _other_dates(record, pregnancy)]
    shown = " of ".join((dutch.gestation(now.days), *others))
    yield Fact("gestation", "Zwangerschapsduur", shown, note, flags=(_DISPUTED,) if others else (), discreet=hide)


def _since_end(record: Record, pregnancy: Pregnancy) -> Iterator[Fact]:
    """How long ago the birth was, while that is what she is cared for; of another ending it says no birth."""
    if pregnancy.ended is None:
        return
    days, texts = (record.today - pregnancy.ended).days, PHRASES["since_end"]
    if not 0 <= days <= _SINCE_DAYS:
        return
    born = bool(pregnancy.children)
    what = texts["birth" if born else "other"]
    key = "day" if days == 1 else "days" if days <= _IN_DAYS else "weeks"
    shown = texts[key].format(count=days if key == "days" else days // 7, what=what)
    if born and not days:
        shown = texts["today"]
    note = dutch.date(pregnancy.ended)
    if pregnancy.gestation:
        note = f"{note}, bij {dutch.gestation(pregnancy.gestation.days)}"
    label = "Sinds de baring" if born else "Sinds het einde"
    yield Fact("since_end", label, shown, note, discreet=not born)


def _multiple(pregnancy: Pregnancy) -> Iterator[Fact]:
    stated = pregnancy.chorionicity or tuple(s for s in pregnancy.multiple if s.value == "multiple")
    if stated:
        flags = (_DISPUTED,) if len(pregnancy.chorionicity) > 1 or len(pregnancy.multiple) > 1 else ()
        yield Fact("chorionicity", "Meerling", _all(stated), "", _sources(stated), flags, _items(stated))


def _blood(record: Record, whole: bool) -> Iterator[Fact]:
    blood = record.blood
    flags = (_NO_TRANSFUSION, *((_DISPUTED,) if len(blood.group) > 1 else ()))
    shown = _all(blood.group) or PHRASES["unknown_value"]
    yield Fact("blood_group", "Bloedgroep", shown, "", _sources(blood.group), flags, _items(blood.group))
    certain = blood.rhesus_certain and whole
    flags = (_NO_TRANSFUSION,) if certain else (_UNCERTAIN, _NO_TRANSFUSION)
    shown = _all(blood.rhesus_d) or PHRASES["unknown_value"]
    yield Fact("rhesus_d", "Rhesus D", shown, "", _sources(blood.rhesus_d), flags, _items(blood.rhesus_d))
    if blood.rhesus_c:
        flags = (_NO_TRANSFUSION, *((_DISPUTED,) if len(blood.rhesus_c) > 1 else ()))
        shown = _all(blood.rhesus_c)
        yield Fact("rhesus_c", "Rhesus c", shown, "", _sources(blood.rhesus_c), flags, _items(blood.rhesus_c))


def _doubt(record: Record, whole: bool) -> Flag | None:
    """Why what is absent may yet be known: a source that failed, by its name, or one that is still busy."""
    failed = [gap.text for gap in record.gaps if gap.kind == "source"]
    if failed:
        text = PHRASES["uncertain" if len(failed) == 1 else "uncertain_several"]
        return Flag("uncertain", text.format(names=dutch.enumerate_(failed)), "danger")
    return None if whole else Flag("uncertain", PHRASES["uncertain_busy"], "danger")


def _allergies(record: Record, doubt: Flag | None) -> Fact:
    """No allergies found is said only when every source answered; what is stated may still lack another's."""
    stated = record.allergies
    disputed = any(conflict.topic == "allergy" for conflict in record.conflicts)
    flags: tuple[Flag, ...] = (_DISPUTED,) if disputed else ()
    failed = [gap.text for gap in record.gaps if gap.kind == "source"]
    if stated and failed:
        text = PHRASES["may_lack" if len(failed) == 1 else "may_lack_several"]
        flags += (Flag("may_lack", text.format(names=dutch.enumerate_(failed)), "warning"),)
    if doubt and not stated:
        return Fact("allergies", "Allergieën", PHRASES["unknown_value"], PHRASES["none_found_note"], flags=(doubt,))
    shown = ", ".join(value.text for value in stated) or PHRASES["none_found"]
    note = "" if stated else PHRASES["none_found_note"]
    return Fact("allergies", "Allergieën", shown, note, _sources(stated), flags, _items(stated))


def _slim(facts: Sequence[Fact]) -> Iterator[Flag]:
    """The line that stays on the screen: how far she is, her allergies, and what is uncertain; nothing discreet."""
    shown = [fact for fact in facts if not fact.discreet and fact.code not in _DISCREET]
    far = next((fact for code in ("since_end", "gestation") for fact in shown if fact.code == code), None)
    if far:
        yield Flag(far.code, far.text, "")
    for fact in shown:
        dangers = [flag.text for flag in fact.flags if flag.tone == "danger"]
        if fact.code == "allergies" and fact.items:
            yield Flag("allergies", f"{fact.label}: {fact.text}", "danger" if dangers else "")
        elif fact.code == "allergies" and dangers:
            yield Flag("allergies", PHRASES["allergies_uncertain"], "danger")
        elif dangers:
            yield Flag(fact.code, f"{fact.label}: {', '.join(dangers)}", "danger")


def header(record: Record, whole: bool) -> Header:
    """`whole`: no source is still busy; until then the rhesus factor stays uncertain."""
    woman = record.woman
    by_id = {item.id: item for item in record.items}
    facts: list[Fact] = []
    doubt = _doubt(record, whole)
    persons = [by_id[name] for name in woman.persons] if woman else []
    numbers = {i for person in persons for i in identifiers_of(person.resource) if i.startswith(f"{BSN_SYSTEM}|")}
    facts += [Fact("bsn", "BSN", number.split("|")[1]) for number in sorted(numbers)]
    if pregnancy := current_of(record):
        facts += _counts(pregnancy, doubt)
        facts += _due(record, pregnancy, by_id, doubt)
        facts += _since_end(record, pregnancy)
        facts += _gestation(record, pregnancy)
        facts += _multiple(pregnancy)
    facts += _blood(record, whole)
    facts.append(_allergies(record, doubt))
    if woman and woman.languages:
        facts.append(Fact("language", "Taal", ", ".join(woman.languages)))
    name = (woman.chosen_name or woman.name) if woman else ""
    return Header(
        name=name or PHRASES["no_name"],
        legal_name=woman.name if woman and woman.chosen_name else "",
        age=f"{woman.age} jaar" if woman and woman.age is not None else "",
        birth_date=dutch.date(woman.birth_date) if woman and woman.birth_date else "",
        facts=tuple(facts),
        discreet=_DISCREET,
        line=tuple(_slim(facts)),
    )


def _last(items: Sequence[Item], codes: frozenset[str]) -> Item | None:
    found = [item for item in items if item.moment and not codes.isdisjoint(item.codes)]
    return max(found, key=lambda item: (item.moment, item.id)) if found else None


def _measured(record: Record, writer: Writer) -> Iterator[Fact]:
    hers = [i for i in record.items if i.subject == "woman" and i.pregnancy in (record.current, "")]
    for code, name in (("blood_pressure", "blood_pressure"), ("hb", "haemoglobin")):
        if item := _last(hers, named(name)):
            shown = writer.headline(item).split("; ")[0]
            yield Fact(code, label(item), shown, dutch.moment(item.moment), badges(item.origins), (), (item.id,))


def _problems(record: Record, writer: Writer) -> Iterator[Fact]:
    found = [
        item
        for item in record.items
        if item.type == "Condition"
        and item.pregnancy in (record.current, "")
        and item.resource.get("clinicalStatus") in ("active", "recurrence", "relapse")
        and "zib-Pregnancy" not in item.profiles
        and not unprinted(item)
    ]
    current = current_of(record)
    title = PHRASES["problems_ended" if current and current.ended else "problems"]
    if found:
        texts = dict.fromkeys(writer.headline(item) for item in found)
        origins = sorted({o for item in found for o in item.origins})
        ids = tuple(item.id for item in found)
        yield Fact("problems", title, ", ".join(texts), "", badges(origins), (), ids, discreet=True)


def _child_fact(child: Child, record: Record, writer: Writer) -> Fact:
    about = [item for item in record.items if item.subject == child.id]
    parts = []
    for codes in (named("birth_weight"), named("apgar_5")):
        if item := next((i for i in about if not codes.isdisjoint(i.codes)), None):
            parts.append(f"{label(item).lower()} {writer.headline(item).split('; ')[0]}")
    born = dutch.moment(child.born) if child.born else "geboortedatum onbekend"
    text = f"{child.name or 'naam niet bekend'}, {born}"
    flags = (Flag("deceased", "overleden", "mourning"),) if child.death.reported else ()
    origins = sorted({o for item in about if item.type == "Patient" for o in item.origins})
    return Fact("child", "Kind", text, ", ".join(parts), badges(origins), flags, child.persons)


def summary(record: Record, writer: Writer) -> tuple[Fact, ...]:
    """What one reads first: problems, the last blood pressure and Hb, choices, children, who has the lead."""
    facts = [*_problems(record, writer), *_measured(record, writer)]
    if pregnancy := current_of(record):
        facts += [_child_fact(c, record, writer) for c in record.children if c.pregnancy == pregnancy.id]
        facts += _lead(record, writer, pregnancy)
    return tuple(facts)


def _lead(record: Record, writer: Writer, pregnancy: Pregnancy) -> Iterator[Fact]:
    for item in record.items:
        if item.type == "EpisodeOfCare" and item.pregnancy == pregnancy.id and item.resource.get("status") == "active":
            shown = writer.headline(item).split(" · ")[0]
            if not unprinted(item):
                hide = writer.line(item).discreet
                yield Fact("care", "In zorg bij", item.source.name, shown, badges(item.origins), (), (item.id,), hide)

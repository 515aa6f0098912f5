"""Children over sources (domain §8): never by their place in a list, never by a guess.

A child belongs to the woman by bc-MotherOf, to a pregnancy by bc-Birth (`partOf` the delivery), else by the episode of
its resources, else by its day of birth.  Two sources' children are one by BSN or shared identifier; otherwise only when
sex, time of birth and weight leave exactly one possibility.  Where they leave more, the children stay unlinked, with a
warning.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from babyconnect.birthcare import units
from babyconnect.birthcare.resources import Resource, bsn_of, day, identifiers_of, instant
from babyconnect.definitions import document
from babyconnect.merge.gather import Holding
from babyconnect.merge.persons import Key
from babyconnect.merge.places import Places
from babyconnect.merge.reading import quantity
from babyconnect.merge.union import Groups

_RULES = document("merge/facts.toml")["linking"]
_SAME_TIME = dt.timedelta(minutes=_RULES["birth_minutes"])
_SAME_WEIGHT = _RULES["weight_grams"]


@dataclass(slots=True)
class LocalChild:
    """What one source says of one child that bears on linking it."""

    key: Key
    pregnancy: Key | None = None
    mother_by: str = ""
    bsn: str = ""
    identifiers: set[str] = field(default_factory=set)
    sex: str = ""
    days: set[dt.date] = field(default_factory=set)
    times: set[dt.datetime] = field(default_factory=set)
    weights: set[float] = field(default_factory=set)
    multiple: bool = False
    births: list[str] = field(default_factory=list)
    mother_link: bool = False


def _time_of_birth(patient: Resource) -> str:
    extensions = (patient.get("_birthDate") or {}).get("extension") or ()
    return next((e.get("valueDateTime", "") for e in extensions if str(e.get("url", "")).endswith("birthTime")), "")


def _read_patient(child: LocalChild, patient: Resource) -> None:
    child.bsn = bsn_of(patient)
    child.identifiers = {i for i in identifiers_of(patient) if not child.bsn or not i.endswith(f"|{child.bsn}")}
    gender = patient.get("gender", "")
    child.sex = gender if gender in ("male", "female") else ""
    child.multiple = bool(patient.get("multipleBirthBoolean") or patient.get("multipleBirthInteger"))
    _read_birth(child, _time_of_birth(patient) or str(patient.get("birthDate", "")))


def _read_birth(child: LocalChild, moment: str) -> None:
    if time := instant(moment):
        child.times.add(time)
    if born := day(moment):
        child.days.add(born)


def locals_of(holding: Holding, places: Places) -> dict[Key, LocalChild]:
    """The source's own children with what it says of them and to which of its pregnancies they belong."""
    ura = holding.source.ura.value
    found = {ref: LocalChild((ura, ref)) for ref in sorted(places.children)}
    contexts: dict[str, str] = {}
    for key in sorted(holding.reads) if found else ():
        read = holding.reads[key]
        if key in found:
            _read_patient(found[key], read.resource)
            continue
        ref = places.child(key)
        child = found.get(ref)
        if child is None:
            continue
        if read.kind == "birth":
            child.births.append(key)
            _read_birth(child, read.moment)
            if pregnancy := places.pregnancy(key):
                child.pregnancy, child.mother_by = (ura, pregnancy), "partOf"
        elif read.kind == "mother_link":
            child.mother_link = True
        elif read.fact == "birth_weight" and (grams := _grams(read.resource)) is not None:
            child.weights.add(grams)
        if ref not in contexts and (pregnancy := places.pregnancy(key)):
            contexts[ref] = pregnancy
    for ref, child in found.items():
        _settle(child, ura, contexts.get(ref, ""))
    return {(ura, ref): child for ref, child in found.items()}


def _settle(child: LocalChild, ura: str, context: str) -> None:
    if child.pregnancy is None and context:
        child.pregnancy, child.mother_by = (ura, context), "context"
    if child.mother_link:
        child.mother_by = "relatedPerson"


def _grams(resource: Resource) -> float | None:
    """A number without a unit is taken as grams; one of another kind of unit is none."""
    said = resource.get("valueQuantity") or {}
    grams = units.value_in(said, "g")
    if grams is None:
        return None if said.get("code") or said.get("unit") else quantity(resource)
    return float(grams)


def contradict(one: LocalChild, other: LocalChild) -> bool:
    """Whether the two cannot be the same child."""
    if one.bsn and other.bsn and one.bsn != other.bsn:
        return True
    if one.sex and other.sex and one.sex != other.sex:
        return True
    if one.times and other.times and not _close(one, other, _SAME_TIME):
        return True
    if one.days and other.days and not one.days & other.days:
        return True
    return bool(one.weights and other.weights) and not _same_weight(one, other)


def _close(one: LocalChild, other: LocalChild, within: dt.timedelta) -> bool:
    return any(abs(a - b) <= within for a in one.times for b in other.times)


def _same_weight(one: LocalChild, other: LocalChild) -> bool:
    return any(abs(a - b) <= _SAME_WEIGHT for a in one.weights for b in other.weights)


def evidence(one: LocalChild, other: LocalChild) -> set[str]:
    """What speaks for the two being one: `birth_time`, `weight`, `sex`, `birth_date`."""
    found = set()
    if _close(one, other, _SAME_TIME):
        found.add("birth_time")
    if _same_weight(one, other):
        found.add("weight")
    if one.sex and one.sex == other.sex:
        found.add("sex")
    if one.days & other.days:
        found.add("birth_date")
    return found


@dataclass(slots=True)
class Linked:
    """Groups of local children that are one, per group why, and the children that could not be told apart."""

    groups: list[list[Key]]
    why: dict[Key, set[str]]
    ambiguous: set[Key]


def _by_identity(children: Mapping[Key, LocalChild], groups: Groups[Key], why: dict[Key, set[str]]) -> None:
    first: dict[str, Key] = {}
    for key in sorted(children):
        child = children[key]
        names = [("bsn", child.bsn)] if child.bsn else []
        names += [("identifier", identifier) for identifier in sorted(child.identifiers)]
        for kind, name in names:
            known = first.setdefault(name, key)
            if known != key and known[0] != key[0] and not contradict(children[known], child):
                groups.join(known, key)
                why.setdefault(known, set()).add(kind)


def _candidates(child: LocalChild, others: Sequence[LocalChild], joined: Groups[Key]) -> tuple[list[LocalChild], bool]:
    """The children of the other source that this one may be, and whether identity already decided."""
    same = [o for o in others if joined.root(o.key) == joined.root(child.key)]
    if same:
        return same, True
    return [o for o in others if not contradict(child, o)], False


def _enough(one: LocalChild, other: LocalChild, several: bool) -> bool:
    """Whether the only possibility is also proven.

    Among several children only the very minute of birth or the weight tells one from another: twins may be born within
    the minutes that two clocks differ.
    """
    if several:
        return _close(one, other, dt.timedelta(0)) or _same_weight(one, other)
    return bool(evidence(one, other))


def _pairwise(
    ours: Sequence[LocalChild], theirs: Sequence[LocalChild], multiple: bool, joined: Groups[Key]
) -> tuple[list[tuple[Key, Key, set[str]]], set[Key]]:
    """Links between two sources' children of one pregnancy, and those that stay in doubt."""
    links, doubt = [], set()
    complete = len(ours) == len(theirs) and len(ours) > 1
    for child in ours:
        matches, settled = _candidates(child, theirs, joined)
        if settled:
            continue
        back = [c for m in matches for c in _candidates(m, ours, joined)[0]]
        only = len(matches) == 1 and len(back) == 1
        # Both know all children and the others are excluded: then sex may decide (a boy and a girl).
        several = (multiple or len(ours) > 1 or len(theirs) > 1) and not (complete and only)
        if only and _enough(child, matches[0], several):
            links.append((child.key, matches[0].key, evidence(child, matches[0])))
        elif matches:
            doubt |= {child.key, *(m.key for m in matches)}
    return links, doubt


def link(children: Mapping[Key, LocalChild], pregnancy: Mapping[Key, str], multiple: Mapping[str, bool]) -> Linked:
    """Link the children of each pregnancy over sources.  `pregnancy`: the merged pregnancy of each local child."""
    groups: Groups[Key] = Groups(children)
    why: dict[Key, set[str]] = {}
    _by_identity(children, groups, why)
    edges: list[tuple[Key, Key, set[str]]] = []
    doubt: set[Key] = set()
    for name in sorted({p for p in pregnancy.values() if p}):
        by_source: dict[str, list[LocalChild]] = {}
        for key in sorted(k for k, p in pregnancy.items() if p == name):
            by_source.setdefault(key[0], []).append(children[key])
        for ours, theirs in itertools.combinations(by_source.values(), 2):
            several = multiple.get(name, False) or any(child.multiple for child in (*ours, *theirs))
            found, unsure = _pairwise(ours, theirs, several, groups)
            edges.extend(found)
            doubt |= unsure
    return _settled(children, groups, why, edges, doubt)


def _settled(
    children: Mapping[Key, LocalChild],
    groups: Groups[Key],
    why: dict[Key, set[str]],
    edges: Sequence[tuple[Key, Key, set[str]]],
    doubt: set[Key],
) -> Linked:
    """Apply the links; a group that would hold two children of one source is undone, all of it."""
    trial: Groups[Key] = Groups(children)
    for group in groups.all():
        for member in group[1:]:
            trial.join(group[0], member)
    for one, other, _ in edges:
        trial.join(one, other)
    broken = {key for group in trial.all() if len({k[0] for k in group}) < len(group) for key in group}
    for one, other, because in edges:
        if one not in broken:
            groups.join(one, other)
            why.setdefault(one, set()).update(because)
    reasons: dict[Key, set[str]] = {}
    for key, because in why.items():
        reasons.setdefault(groups.root(key), set()).update(because)
    alone = {group[0] for group in groups.all() if len(group) == 1}
    return Linked(groups.all(), reasons, {key for key in doubt | broken if key in alone})

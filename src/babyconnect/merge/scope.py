"""The sources' resources, each with its place in the merged record: whose it is and which pregnancy's.

This is where linked persons, pregnancies and children become names (`woman`, `p…`, `c…`) that hold over sources.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from babyconnect.birthcare.resources import day, identifiers_of, target
from babyconnect.merge import children as child_linking
from babyconnect.merge import pregnancies as pregnancy_linking
from babyconnect.merge.authors import Authors, owners
from babyconnect.merge.children import LocalChild
from babyconnect.merge.fold import Placed
from babyconnect.merge.gather import Holding
from babyconnect.merge.persons import Key, Persons
from babyconnect.merge.places import Places
from babyconnect.merge.pregnancies import Local
from babyconnect.merge.read import Read
from babyconnect.merge.reading import FETUS_CHILD, extensions

AFTERCARE = dt.timedelta(days=56)  # domain §1: until 8 weeks after birth
_DATED = frozenset({"Observation", "Encounter", "Procedure", "DiagnosticReport", "MedicationAdministration"})


def name(prefix: str, key: Key) -> str:
    """A stable, meaningless name for what a group of local keys is; the group's first key stands for it."""
    return prefix + hashlib.blake2b(f"{key[0]}|{key[1]}".encode(), digest_size=5).hexdigest()


@dataclass(slots=True)
class Scope:
    """Everything that linking found, ready to place resources in."""

    holdings: Sequence[Holding]
    places: Mapping[str, Places]
    persons: Persons
    owner: Mapping[Key, str]
    locals: Mapping[Key, Local]
    groups: Sequence[Sequence[Key]]
    pregnancy_why: Mapping[Key, set[str]]
    pregnancy_name: Mapping[Key, str]
    children: Mapping[Key, LocalChild]
    linked: child_linking.Linked
    child_name: Mapping[Key, str]
    child_pregnancy: Mapping[str, str]
    windows: Mapping[str, tuple[dt.date, dt.date]]
    fetuses: Mapping[Key, str]


def _owners_of_resources(holding: Holding, places: Places, persons: Persons) -> dict[Key, str]:
    """Per resource whose it is: `client`, a stranger's `Type/id`, or "" (organisations and the like)."""
    ura = holding.source.ura.value
    clients = {ref for u, ref in persons.client if u == ura}
    strangers = {ref for group in persons.strangers for u, ref in group if u == ura}
    mothers = _mothers(holding, places, clients, strangers)
    owner: dict[Key, str] = {}
    for key, read in holding.reads.items():
        person = key if read.type == "Patient" else read.subject or _subject(holding, places.pregnancy(key))
        person = mothers.get(person, person)
        if person in clients:
            owner[ura, key] = "client"
        elif person.startswith("Patient/"):
            owner[ura, key] = person
        else:
            owner[ura, key] = ""
    return owner


def _mothers(holding: Holding, places: Places, clients: set[str], strangers: set[str]) -> dict[str, str]:
    """Child -> the Patient of her who bore it: by her pregnancy, else the only client of this source."""
    found: dict[str, str] = {}
    for key in sorted(holding.reads) if places.children else ():
        child = places.child(key)
        if child and (pregnancy := places.pregnancy(key)) and child not in found:
            found[child] = _subject(holding, pregnancy)
    only = next(iter(sorted(clients)), "") if not strangers else ""
    return {child: found.get(child) or only or child for child in places.children}


def _subject(holding: Holding, key: str) -> str:
    read = holding.reads.get(key)
    return read.subject if read else ""


def _name_children(linked: child_linking.Linked) -> dict[Key, str]:
    return {key: name("c", group[0]) for group in linked.groups for key in group}


def _by_birth_date(child: LocalChild, locals_: Mapping[Key, Local], names: Mapping[Key, str]) -> str:
    """The one pregnancy that ended on the child's day of birth (or the day beside it, for twins around midnight)."""
    near = {
        names[key]
        for key, local in locals_.items()
        for end in local.ends
        if any(abs(end - born) <= dt.timedelta(days=1) for born in child.days)
    }
    return near.pop() if len(near) == 1 else ""


def _multiple(
    scope_locals: Mapping[Key, Local],
    holdings: Sequence[Holding],
    places: Mapping[str, Places],
    names: Mapping[Key, str],
) -> dict[str, bool]:
    """Merged pregnancies that some source calls multiple."""
    found: dict[str, bool] = {}
    for holding in holdings:
        ura = holding.source.ura.value
        for key, read in holding.reads.items():
            if read.fact in ("multiple", "multiple_condition"):
                pregnancy = (ura, places[ura].pregnancy(key))
                if pregnancy in scope_locals:
                    found[names[pregnancy]] = True
    return found


def _fetuses(
    holdings: Sequence[Holding],
    places: Mapping[str, Places],
    pregnancy_name: Mapping[Key, str],
    child_name: Mapping[Key, str],
    multiple: Mapping[str, bool],
) -> dict[Key, str]:
    """Names for fetuses: a child where a source says so; one per pregnancy when there is only one; else its own."""
    found: dict[Key, str] = {}
    for holding in holdings:
        ura = holding.source.ura.value
        bodies = [key for key, read in holding.reads.items() if read.kind == "fetus"]
        for key in bodies:
            resource = holding.resources[key]
            said = next((target(e.get("valueReference")) for e in extensions(resource, (FETUS_CHILD,))), "")
            pregnancy = _pregnancy_of_fetus(holding, places[ura], key)
            merged = pregnancy_name.get((ura, pregnancy), "")
            if (ura, said) in child_name:
                found[ura, key] = child_name[ura, said]
            elif merged and len(bodies) == 1 and not multiple.get(merged):
                found[ura, key] = f"fetus-{merged}"
            else:
                found[ura, key] = name("fetus-", (ura, key))
    return found


def _pregnancy_of_fetus(holding: Holding, places: Places, fetus: str) -> str:
    """A fetus does not name its pregnancy: the resources that are about it do."""
    for key in sorted(holding.reads):
        if fetus in holding.reads[key].focuses and (pregnancy := places.pregnancy(key)):
            return pregnancy
    return ""


def survey(holdings: Sequence[Holding], persons: Persons, today: dt.date) -> Scope:
    """Link pregnancies and children of the client over all sources."""
    places: dict[str, Places] = {}
    owner: dict[Key, str] = {}
    locals_: dict[Key, Local] = {}
    children: dict[Key, LocalChild] = {}
    for holding in holdings:
        ura = holding.source.ura.value
        born = frozenset(ref for u, ref in persons.children if u == ura)
        places[ura] = Places(holding, born)
        owner |= _owners_of_resources(holding, places[ura], persons)
        hers = [key for key in holding.resources if owner[ura, key] == "client"]
        locals_ |= pregnancy_linking.locals_of(holding, places[ura], hers)
        found = child_linking.locals_of(holding, places[ura])
        children |= {k: c for k, c in found.items() if owner.get(k, "client") == "client"}
    groups, why = pregnancy_linking.link(locals_, today)
    names = {key: name("p", group[0]) for group in groups for key in group}
    at = {key: names.get(child.pregnancy or ("", ""), "") for key, child in children.items()}
    for key, child in children.items():
        if not at[key] and (guess := _by_birth_date(child, locals_, names)):
            at[key], child.mother_by = guess, child.mother_by or "birthDate"
    multiple = _multiple(locals_, holdings, places, names)
    linked = child_linking.link(children, at, multiple)
    child_name = _name_children(linked)
    return Scope(
        holdings=holdings,
        places=places,
        persons=persons,
        owner=owner,
        locals=locals_,
        groups=groups,
        pregnancy_why=why,
        pregnancy_name=names,
        children=children,
        linked=linked,
        child_name=child_name,
        child_pregnancy={child_name[key]: p for key, p in sorted(at.items()) if p},
        windows=_windows(groups, locals_, names, today),
        fetuses=_fetuses(holdings, places, names, child_name, multiple),
    )


def _windows(
    groups: Sequence[Sequence[Key]], locals_: Mapping[Key, Local], names: Mapping[Key, str], today: dt.date
) -> dict[str, tuple[dt.date, dt.date]]:
    found = {}
    for group in groups:
        spans = [w for key in group if (w := pregnancy_linking.window(locals_[key], today))]
        if spans:
            found[names[group[0]]] = (min(s[0] for s in spans), max(s[1] for s in spans) + AFTERCARE)
    return found


def place(scope: Scope, wanted: str = "client") -> Iterator[Placed]:
    """The resources of the client (with what belongs to nobody), or of one stranger, placed."""
    owned_by = owners(scope.holdings)
    for holding in scope.holdings:
        ura = holding.source.ura.value
        authors = Authors(holding, owned_by)
        for key, read in holding.reads.items():
            whose = scope.owner[ura, key]
            if whose == wanted or (not whose and wanted == "client"):
                yield _placed(scope, holding, authors, read)


def _placed(scope: Scope, holding: Holding, authors: Authors, read: Read) -> Placed:
    ura, key = holding.source.ura.value, read.key
    places = scope.places[ura]
    child = scope.child_name.get((ura, key if key in places.children else places.child(key)), "")
    fetus = scope.fetuses.get((ura, key), "")
    for focus in read.focuses if scope.fetuses else ():
        fetus = fetus or scope.fetuses.get((ura, focus), "")
    subject = fetus or child or ("woman" if scope.owner[ura, key] else "other")
    pregnancy = scope.pregnancy_name.get((ura, places.pregnancy(key)), "") or scope.child_pregnancy.get(child, "")
    if not pregnancy and read.moment and subject != "other" and read.type in _DATED:
        pregnancy = _by_day(scope, read.moment)
    # A link between mother and child is a fact of its own in each source, whatever number it bears.
    numbers = tuple(identifiers_of(read.resource)) if read.kind != "mother_link" else ()
    return Placed(
        source=holding.source,
        read=read,
        subject=subject,
        pregnancy=pregnancy,
        about=_about(scope, ura, read.focuses[0]) if read.focuses else "",
        encounter=places.encounter(read.resource) if read.type != "Encounter" else "",
        identifiers=numbers,
        author=authors.of(read.resource),
    )


def _about(scope: Scope, ura: str, focus: str) -> str:
    """What a focus is, over sources; one that is not linked keeps its source's name, so that nothing folds on it."""
    if (ura, focus) in scope.pregnancy_name:
        return scope.pregnancy_name[ura, focus]
    if fetus := scope.fetuses.get((ura, focus)):
        return fetus
    places = scope.places[ura]
    child = scope.child_name.get((ura, focus if focus in places.children else places.child(focus)), "")
    return child or f"{ura}|{focus}"


def _by_day(scope: Scope, moment: str) -> str:
    """The one pregnancy in whose window the day lies: for results that name no episode."""
    when = day(moment)
    inside = [p for p, (first, last) in scope.windows.items() if when and first <= when <= last]
    return inside[0] if len(inside) == 1 else ""

"""The client and the children of the record, from their items."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from babyconnect.birthcare.gestation import age_on
from babyconnect.birthcare.record import Child, Item, Origin, Woman
from babyconnect.birthcare.resources import Resource, as_list, day
from babyconnect.merge.reading import extensions
from babyconnect.merge.scope import Scope
from babyconnect.merge.statements import death_of

_QUALIFIER = "iso21090-EN-qualifier"
_FEMALE = frozenset({"female", "F"})


def _qualified(name: Mapping[str, Any], wanted: str) -> str:
    """The given name with a qualifier (`CL`: the name she is called by), in FHIR JSON's parallel array."""
    for given, extra in zip(as_list(name.get("given")), as_list(name.get("_given")), strict=False):
        for extension in (extra or {}).get("extension") or ():
            if str(extension.get("url", "")).endswith(_QUALIFIER) and extension.get("valueCode") == wanted:
                return str(given or "")
    return ""


def _written(name: Mapping[str, Any]) -> str:
    parts = [*as_list(name.get("given")), name.get("family")]
    return str(name.get("text") or " ".join(str(part) for part in parts if part))


def names_of(patient: Resource) -> tuple[str, str]:
    """(official name, the name she is called by or "")."""
    names = [name for name in as_list(patient.get("name")) if isinstance(name, Mapping)]
    if not names:
        return "", ""
    official = next((n for n in names if n.get("use") == "official"), names[0])
    usual = next((n for n in names if n.get("use") in ("usual", "nickname")), None)
    called = _qualified(official, "CL")
    chosen = _written(usual) if usual else (f"{called} {official.get('family') or ''}".strip() if called else "")
    return _written(official), chosen if chosen != _written(official) else ""


def _languages(patient: Resource) -> list[str]:
    found = []
    for communication in as_list(patient.get("communication")):
        language = communication.get("language") or {}
        codings = language.get("coding") or [{}]
        if text := language.get("text") or codings[0].get("display") or codings[0].get("code"):
            found.append(str(text))
    return found


def _avoids_mother(patient: Resource) -> bool:
    """She set a gender identity other than female, so texts avoid the word (domain §9)."""
    for extension in extensions(patient, ("bc-patient-genderIdentity", "patient-genderIdentity")):
        codings = (extension.get("valueCodeableConcept") or {}).get("coding") or []
        said = extension.get("valueCode") or (codings[0].get("code") if codings else None)
        if said and said not in _FEMALE:
            return True
    return False


def _richest(items: Sequence[Item]) -> list[Item]:
    """Patients with the most elements first; of equals a fixed order."""
    return sorted(items, key=lambda item: (-len(item.resource), item.source.ura.value, item.id))


def woman_of(items: Sequence[Item], scope: Scope, today: dt.date) -> Woman | None:
    """The client, or None when no source gave anybody."""
    refs = scope.persons.client
    persons = [i for i in items if any((o.source.ura.value, o.reference) in refs for o in i.origins)]
    persons = _richest([item for item in persons if item.type == "Patient"])
    if not persons:
        return Woman("", "", None, None, (), ()) if refs else None
    names = [names_of(item.resource) for item in persons]
    born = next((d for item in persons if (d := day(str(item.resource.get("birthDate", ""))))), None)
    return Woman(
        name=next((official for official, _ in names if official), ""),
        chosen_name=next((chosen for _, chosen in names if chosen), ""),
        birth_date=born,
        age=age_on(born, today) if born else None,
        languages=tuple(dict.fromkeys(text for item in persons for text in _languages(item.resource))),
        persons=tuple(item.id for item in persons),
        death=death_of(persons, [item for item in items if item.subject == "woman"]),
        avoid_mother=any(_avoids_mother(item.resource) for item in persons),
    )


def _born(persons: Sequence[Item], births: Sequence[Item]) -> str:
    """The most precise moment of birth that is stated; of equally precise ones the earliest."""
    moments = [item.moment for item in births] + [str(p.resource.get("birthDate", "")) for p in persons]
    stated = [moment for moment in moments if moment]
    return min(stated, key=lambda moment: (-len(moment), moment)) if stated else ""


def children_of(items: Sequence[Item], scope: Scope) -> tuple[Child, ...]:
    """Children by pregnancy and moment of birth; that order is only for showing, it links nothing."""
    by_subject: dict[str, list[Item]] = {}
    for item in items:
        by_subject.setdefault(item.subject, []).append(item)
    groups: dict[str, list[tuple[str, str]]] = {}
    for key, name in sorted(scope.child_name.items()):
        groups.setdefault(name, []).append(key)
    found = [_child(name, keys, by_subject.get(name, []), scope) for name, keys in groups.items()]
    return tuple(sorted(found, key=lambda child: (child.pregnancy, child.born or "9", child.id)))


def _child(name: str, keys: Sequence[tuple[str, str]], about: Sequence[Item], scope: Scope) -> Child:
    persons = _richest([item for item in about if item.type == "Patient"])
    births = sorted(
        (item for item in about if item.type == "Procedure" and item.kind == "birth"),
        key=lambda i: i.id,
    )
    locals_ = [scope.children[key] for key in keys]
    parties = {holding.source.ura.value: holding.source for holding in scope.holdings}
    names = [names_of(item.resource) for item in persons]
    sexes = {child.sex for child in locals_ if child.sex}
    return Child(
        id=name,
        pregnancy=scope.child_pregnancy.get(name, ""),
        name=next((chosen or official for official, chosen in names if official), ""),
        sex=sexes.pop() if len(sexes) == 1 else "",
        born=_born(persons, births),
        persons=tuple(item.id for item in persons),
        births=tuple(item.id for item in births),
        origins=tuple(Origin(parties[ura], reference) for ura, reference in keys),
        evidence=tuple(sorted(scope.linked.why.get(keys[0], ()))) if len(keys) > 1 else (),
        mother_by=min((child.mother_by for child in locals_ if child.mother_by), key=_PROOF.index, default=""),
        linked=not any(key in scope.linked.ambiguous for key in keys),
        death=death_of(persons, about, born_here=True),
    )


_PROOF = ("relatedPerson", "partOf", "context", "birthDate")

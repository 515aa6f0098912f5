"""STU3 resources → the kernset 3.2 for Perined: of a record only what the kernset holds, nothing that names the rest.

PROVISIONAL: Perined's delivery profile for FHIR is not public.  What the kernset holds is
`definitions/perined.csv`; default deny: what no row names stays here, and is counted in the findings.  A reference
to what stays here goes too, with the element that it lies in, since its display may say what was left out; and no
reference says a person's name.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from babyconnect.definitions import rows
from babyconnect.translate.findings import Finding

Resource = Mapping[str, Any]
_GONE = object()
_PERSONS = ("Patient/", "RelatedPerson/", "Practitioner/", "PractitionerRole/")
# What another system's delivery may have around the kernset's own resources.
_AROUND = frozenset({
    "Patient", "RelatedPerson", "Practitioner", "PractitionerRole", "Organization", "Location", "MessageHeader",
    "Composition",
})  # fmt: skip


# The same of every record, so that it tells nothing of this one.
_WITHHELD = Finding("information", "", 0, "", "withheld", "what is shielded is never delivered by default")


@dataclass(frozen=True, slots=True)
class Kernset:
    resources: tuple[dict[str, Any], ...]
    findings: tuple[Finding, ...]


def kernset(resources: Sequence[Resource], shielded: Callable[[Resource], bool] = lambda resource: False) -> Kernset:
    """The part of a record that is delivered; nothing, with an error, without a woman and an episode of her care.

    What is `shielded` stays here whatever a row says, and what refers to it says so no longer.
    """
    kept = _kept([resource for resource in resources if not shielded(resource)])
    left = [resource for resource in resources if _name(resource) not in kept]
    names = frozenset(map(_name, left))
    made = tuple(_without(resource, names) for resource in resources if _name(resource) in kept)
    missing = tuple(_missing(made))
    return Kernset(() if missing else made, (*missing, *_left_out(left), _WITHHELD))


def is_delivery(resources: Sequence[Resource], women: Sequence[Resource]) -> bool:
    """Whether this is what is delivered to a registry, and no client's record: nothing but that, and no woman's name.

    Nothing else tells it: no profile of the Bundle is published, and its type is that of any other.
    """
    others = [resource for resource in resources if resource["resourceType"] not in _AROUND]
    held = all(_row(resource, "") or _row(resource, "named") for resource in others)
    return bool(others and women) and held and not any(map(_is_named, women))


def _is_named(patient: Resource) -> bool:
    return any(name.get(part) for name in patient.get("name", ()) for part in ("family", "given", "text"))


def _kept(resources: Sequence[Resource]) -> frozenset[str]:
    """Names of what is delivered: what a row holds, and what is named by that."""
    by_name = {_name(resource): resource for resource in resources}
    held = {name for name, resource in by_name.items() if _row(resource, "")}
    waiting = list(held)
    while waiting:
        for name in _references(by_name[waiting.pop()]):
            if name not in held and name in by_name and _row(by_name[name], "named"):
                held.add(name)
                waiting.append(name)
    return frozenset(held)


def _row(resource: Resource, named: str) -> Mapping[str, str] | None:
    """The row that delivers it, of those for what must be named by others or of the rest."""
    # A profile may have an id or extension and no value; what is a concept here is a list, or a plain code, elsewhere.
    profiles = {url.rsplit("/", 1)[-1] for url in resource.get("meta", {}).get("profile", ()) if url}
    code = resource.get("code")
    concept = code if isinstance(code, Mapping) else {}
    codings = {(c.get("system"), c.get("code")) for c in concept.get("coding", ())}
    for row in _rows().get(resource["resourceType"], ()):
        fits = row["profile"] in profiles and (not row["code"] or (row["system"], row["code"]) in codings)
        if fits and row["named"] == named:
            return row
    return None


@functools.cache
def _rows() -> Mapping[str, Sequence[Mapping[str, str]]]:
    found: dict[str, list[Mapping[str, str]]] = {}
    for row in rows("perined"):
        found.setdefault(row["type"], []).append(row)
    return found


def _name(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource.get('id', '')}"


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def _without(resource: Resource, names: frozenset[str]) -> dict[str, Any]:
    """The resource without its narrative, and without what refers to these."""
    kept = {key: _pruned(value, names) for key, value in _wanted(resource).items() if key != "text"}
    return {key: value for key, value in kept.items() if value is not _GONE}


def _wanted(resource: Resource) -> Resource:
    """The elements that the row keeps; `a.b` is b of each a."""
    row = _row(resource, "") or _row(resource, "named") or {}
    keeps = row.get("keeps", "").split()
    if not keeps:
        return resource
    tops = {"resourceType", "id", "meta", *keeps}
    kept = {key: value for key, value in resource.items() if key.removeprefix("_") in tops}
    for path in (path.split(".") for path in keeps if "." in path):
        parts = [{path[1]: part[path[1]]} for part in resource.get(path[0], ()) if path[1] in part]
        kept |= {path[0]: parts} if parts else {}
    return kept


def _pruned(value: Any, names: frozenset[str]) -> Any:
    """The value without what refers to these: a reference goes, and so does the part of a list that held it."""
    if isinstance(value, list):
        parts = [part for part in (_pruned(part, names) for part in value) if part is not _GONE]
        return parts or _GONE
    if not isinstance(value, Mapping):
        return value
    if value.get("reference") in names:
        return _GONE
    is_person = str(value.get("reference", "")).startswith(_PERSONS)
    inner = {key: _pruned(part, names) for key, part in value.items() if not (is_person and key == "display")}
    return _GONE if any(part is _GONE for part in inner.values()) else inner


def _missing(made: Sequence[Resource]) -> Iterator[Finding]:
    for kind, profile in (("Patient", "bc-Woman"), ("EpisodeOfCare", "bc-MaternalRecord")):
        if not any(r["resourceType"] == kind and str(r.get("meta")).find(profile) >= 0 for r in made):
            yield Finding("error", kind, 0, "", "incomplete", f"the kernset needs a {kind} of {profile}")


def _left_out(left: Sequence[Resource]) -> Iterator[Finding]:
    """One remark per profile: how many resources stayed here."""
    counted = Counter((r["resourceType"], _profile(r)) for r in left)
    for (kind, profile), number in sorted(counted.items()):
        yield Finding("information", kind, 0, "", "not-in-kernset", f"{number} of {profile or kind}; left out")


def _profile(resource: Resource) -> str:
    profiles = resource.get("meta", {}).get("profile", ())
    return str(profiles[-1]).rsplit("/", 1)[-1] if profiles else ""

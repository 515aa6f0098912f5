"""Who in a record is the woman and who are her children, by what the source says (domain §3, §8); pure.

Nothing is guessed: a Patient is a child by its profile, its birth, its record, who is said to be its mother or of whom
it is said to be a child, or because what is about it lies in her care.  Whoever nothing says so of is a client of its
own, and two of these are refused (`flows.preparing`).  Words and references may be mistaken, and a stranger's record
must not be laid with hers: where birth dates or the mother's own number speak against it, they count for nothing.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from babyconnect.birthcare.identifiers import BSN_SYSTEMS
from babyconnect.birthcare.resources import as_list
from babyconnect.definitions import document
from babyconnect.fhir.references import targets
from babyconnect.labelling.member import Key, Member, patients

# A resource that failed the check of structure still has to be told whose it is, so nothing is taken for granted here.
Resource = Mapping[str, Any]
_WHOLE_DATE = 10


@dataclass(frozen=True, slots=True)
class Roles:
    """Patient keys, present or only spoken of."""

    women: frozenset[Key]
    children: frozenset[Key]


def roles(members: Sequence[Member]) -> Roles:
    said = _Said(members)
    children = said.profiled("child") | (said.births() - said.profiled("woman") - said.pregnant())
    women = ((said.profiled("woman") | said.pregnant()) - said.profiled("child")) | (said.in_care() - children)
    mother = said.only(women or frozenset(said.held) - children - said.related())
    children = frozenset(key for key in children if key in said.profiled("child") or said.can_be(key, mother))
    related = {key for key in said.related() - women if said.can_be(key, mother)}
    related = {key for key in related if not said.grown(key, mother) and not said.another(key, mother)}
    tied = {key for key in said.tied(mother) - women if said.born_in_care(key, mother)}
    children |= related | tied
    return Roles((women | frozenset(said.held)) - children, children)


class _Said:
    """What the members of one record say of its Patients."""

    def __init__(self, members: Sequence[Member]) -> None:
        self.members = members
        self.held = {m.key: m.resource for m in members if m.key[0] == "Patient"}
        self._by_key = {m.key: m for m in members}
        self._table = document("compartments.toml")
        self._begun: dict[Key | None, str] = {}
        self._hers: dict[Key | None, set[str]] = {}
        # By whom they are about, once: a hand-in may hold thousands of Patients, each with relatives.
        self._mothers: dict[Key, list[Member]] = {}
        self._named: dict[Key, list[Member]] = {}
        self._numbered: dict[str, dict[frozenset[Key], Member]] = {}
        for member in (m for m in members if m.key[0] == "RelatedPerson"):
            if self._relation(member.resource, "mother"):
                for child in patients(member, "patient"):
                    self._mothers.setdefault(child, []).append(member)
            if self._relation(member.resource, "child"):
                self._named.setdefault(member.key, []).append(member)
                for number in _numbers(member.resource):
                    # Whose child is all that is asked: a number that thousands bear is looked at once.
                    whose = frozenset(patients(member, "patient"))
                    self._numbered.setdefault(number, {}).setdefault(whose, member)

    def profiled(self, role: str) -> frozenset[Key]:
        """By its own profile; of both that of a child."""
        return frozenset(
            key
            for key, patient in self.held.items()
            if self._is(patient, role) and (role == "child" or not self._is(patient, "child"))
        )

    def births(self) -> frozenset[Key]:
        return self._about("Procedure", "subject", lambda r: self._is(r, "birth") or self._has(r, "code", "birth"))

    def pregnant(self) -> frozenset[Key]:
        return self._about("Condition", "subject", lambda r: self._has(r, "code", "pregnancy"))

    def in_care(self) -> frozenset[Key]:
        return self._about("EpisodeOfCare", "patient", lambda r: not self._is(r, "child_record"))

    def related(self) -> frozenset[Key]:
        """Of whom a mother is named, who is named as somebody's child, or who has a child's record."""
        named = self._about("RelatedPerson", "patient", lambda r: self._relation(r, "mother"))
        records = self._about("EpisodeOfCare", "patient", lambda r: self._is(r, "child_record"))
        return named | records | frozenset(key for key in self.held if any(self._as_child(key)))

    def only(self, women: frozenset[Key]) -> Key | None:
        present = [key for key in women if key in self.held]
        return present[0] if len(present) == 1 else None

    def can_be(self, child: Key, mother: Key | None) -> bool:
        """False where the birth dates of both are known and the one cannot be the other's child."""
        born, hers = self._born(child), self._born(mother)
        years = self._table["kinship"]["years"]
        return not (born and hers) or (int(born[:4]) - years, born[4:]) >= (int(hers[:4]), hers[4:])

    def grown(self, child: Key, mother: Key | None) -> bool:
        """Whether this was no child any more when her care began: a client, who also has a mother.  Where nothing tells
        of her care: on the last day that this record tells of about her or him."""
        kinship = self._table["kinship"]
        born, grown = self._born(child), kinship["grown"]
        began = self._began(mother) or self._last_days.get(child) or kinship["since"]
        return bool(born and began) and (int(born[:4]) + grown, born[4:]) <= (int(began[:4]), began[4:])

    def another(self, child: Key, mother: Key | None) -> bool:
        """Whether the mother who is named for a child is somebody else than the woman of this record, or whom it is
        said to be a child of is."""
        herself = self.held.get(mother, {}) if mother else {}
        other = self._numbers_of(mother)
        for member in self._mothers.get(child, ()):
            one = _numbers(member.resource)
            born, hers = _date(member.resource.get("birthDate")), _date(herself.get("birthDate"))
            if (one and other and one.isdisjoint(other)) or (born and hers and born != hers):
                return True
        return any(mother not in patients(member, "patient") for member in self._as_child(child))

    def tied(self, mother: Key | None) -> frozenset[Key]:
        """Whom something is about that lies in her care."""
        ties = self._table["kinship"]["ties"]
        hers = {m.key for m in self.members if mother and _whose(m) == {mother}}
        return frozenset(
            key
            for member in self.members
            if any(member.links.get(address) in hers for tie in ties for address in _addresses(member, tie))
            for key in _whose(member)
            if key in self.held and key != mother
        )

    def born_in_care(self, child: Key, mother: Key | None) -> bool:
        """By dates that are all known: nobody is her child for want of a date."""
        born, hers, began = self._born(child), self._born(mother), self._began(mother)
        if not (born and hers and began) or not self.can_be(child, mother):
            return False
        late = dt.date.fromisoformat(born) - dt.date.fromisoformat(began)
        return late.days >= -self._table["kinship"]["days_before_care"]

    def _began(self, mother: Key | None) -> str:
        """The first day of her care of which this record tells."""
        if mother not in self._begun:
            self._begun[mother] = self._first_day(mother)
        return self._begun[mother]

    def _first_day(self, mother: Key | None) -> str:
        periods = [
            m.resource.get("period")
            for m in self.members
            if m.key[0] == "EpisodeOfCare" and mother and _whose(m) == {mother}
        ]
        days = [_date(str(p.get("start", ""))[:_WHOLE_DATE]) for p in periods if isinstance(p, Mapping)]
        return min(filter(None, days), default="")

    @functools.cached_property
    def _last_days(self) -> Mapping[Key, str]:
        found: dict[Key, str] = {}
        for member in self.members:
            last = self._last_day(member.resource)
            for key in _whose(member) if last else ():
                found[key] = max(last, found.get(key, ""))
        return found

    def _last_day(self, resource: Resource) -> str:
        said = [resource.get(name) for name in self._table["kinship"]["days"]]
        periods = [resource.get(name) for name in self._table["kinship"]["periods"]]
        said += [end for p in periods if isinstance(p, Mapping) for end in (p.get("start"), p.get("end"))]
        return max((_date(day[:_WHOLE_DATE]) for day in said if isinstance(day, str)), default="")

    def _as_child(self, key: Key) -> Iterator[Member]:
        """Where this Patient is spoken of as another's child: by `Patient.link`, or by its number."""
        patient = self.held.get(key, {})  # who is only spoken of has no links here
        linked = {a for link in as_list(patient.get("link")) for a in targets(link, "other")}
        links = {found for address in linked if (found := self._by_key[key].links.get(address))}
        spoken_of = [m for link in links for m in self._named.get(link, ())]
        yield from (member for member in spoken_of if key not in patients(member, "patient"))
        for number in _numbers(patient):
            yield from (m for whose, m in self._numbered.get(number, {}).items() if key not in whose)

    def _numbers_of(self, mother: Key | None) -> set[str]:
        """Hers, read once: they are asked for by each child."""
        if mother not in self._hers:
            self._hers[mother] = _numbers(self.held.get(mother, {})) if mother else set()
        return self._hers[mother]

    def _born(self, key: Key | None) -> str:
        return _date(self.held.get(key, {}).get("birthDate")) if key else ""

    def _about(self, kind: str, element: str, says: Callable[[Resource], bool]) -> frozenset[Key]:
        those = (m for m in self.members if m.key[0] == kind and says(m.resource))
        return frozenset(key for member in those for key in patients(member, element))

    def _is(self, resource: Resource, role: str) -> bool:
        meta = resource.get("meta")
        profiles = meta.get("profile") if isinstance(meta, Mapping) else None
        return isinstance(profiles, list) and self._table["profiles"][role] in profiles

    def _has(self, resource: Resource, element: str, kind: str) -> bool:
        return bool(_codes(resource.get(element)) & set(self._table["codes"][kind]))

    def _relation(self, resource: Resource, kind: str) -> bool:
        codes, systems = self._table["codes"], self._table["codes"]["role_systems"]
        return bool(_codes(resource.get("relationship")) & {f"{s}|{code}" for s in systems for code in codes[kind]})


def _whose(member: Member) -> set[Key]:
    return patients(member, "subject") | patients(member, "patient")


def _addresses(member: Member, element: str) -> list[str]:
    return targets(member.resource, element)


def _codes(concept: Any) -> set[str]:
    codings = concept.get("coding") if isinstance(concept, Mapping) else None
    if not isinstance(codings, list):
        return set()
    return {f"{c.get('system', '')}|{c.get('code', '')}" for c in codings if isinstance(c, Mapping)}


def _numbers(resource: Resource) -> set[str]:
    found = (one for one in as_list(resource.get("identifier")) if isinstance(one, Mapping))
    return {str(one.get("value")) for one in found if str(one.get("system")) in BSN_SYSTEMS}


def _date(value: Any) -> str:
    """A whole date, else "": of a year alone nothing follows."""
    try:
        return dt.date.fromisoformat(value).isoformat() if len(value) == _WHOLE_DATE else ""
    except (TypeError, ValueError):
        return ""

"""Whether two records of one organisation that bear one BSN are about one person; pure (domain §8).

A BSN is typed, and mistyped.  Two records are one person's only when the BSN is the same, the birth date is known and
equal, a name agrees with it, and nothing that identifies a person contradicts.  What is unknown contradicts nothing,
but a birth date, a name to go by, and the rank of who is one of several born together: twins share all the rest.
"""

from __future__ import annotations

import hashlib
import itertools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from babyconnect.birthcare.identifiers import BSN_SYSTEMS
from babyconnect.birthcare.resources import Resource, as_list, identifiers_of
from babyconnect.definitions import document

JOINED = "joined."
"""Begins the name of a client who has several records here; no opaque id has a full stop."""
_OWN, _PARTNER = "humanname-own-name", "humanname-partner-name"
_QUALIFIER, _CALL_NAME, _INITIALS = "EN-qualifier", "CL", "IN"
_WHOLE_DATE = 10
LACKING = frozenset({"name_unknown", "multiple_birth_unknown"})
"""Codes of what is not known well enough to join by, and speaks against nothing."""

Words = frozenset[str]
InOrder = tuple[str, ...]
"""First names as they stand after each other; an initial ends with a full stop."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What identifies a person, as one record has it.  `own`: names that are said to be her own, each as words without
    particles; `family`: every family name; `given`: first names in their order, call names apart; `whole`: those of all
    these that are no initials; `letters`: with which all begin; `several`: born with others, as `rank` of them."""

    numbers: frozenset[str]
    born: str
    own: frozenset[Words]
    family: frozenset[Words]
    given: frozenset[InOrder]
    whole: frozenset[str]
    letters: frozenset[str]
    sex: str
    several: bool
    rank: int | None


def facts(patient: Resource) -> Facts:
    numbers = {i.partition("|")[2] for i in identifiers_of(patient) if i.partition("|")[0] in BSN_SYSTEMS}
    names = [name for name in as_list(patient.get("name")) if isinstance(name, Mapping)]
    born, rank = str(patient.get("birthDate", "")), patient.get("multipleBirthInteger")
    own = _all_words(text for name in names for text in _extended(name, _OWN))
    partners = _all_words(text for name in names for text in _extended(name, _PARTNER))
    given, called = _given(names)
    every = [word for words in (*given, *called) for word in words]
    return Facts(
        frozenset(numbers),
        born if len(born) == _WHOLE_DATE else "",
        own,
        own | partners | _all_words(str(name.get("family") or "") for name in names),
        given,
        frozenset(word for word in every if not word.endswith(".")),
        frozenset(word[0] for word in every),
        str(patient.get("gender", "")) if patient.get("gender") in ("female", "male") else "",
        rank is not None or patient.get("multipleBirthBoolean") is True,
        rank if isinstance(rank, int) else None,
    )


def contradictions(bearers: Sequence[Facts]) -> tuple[str, ...]:
    """What contradicts among all who bear one BSN, as codes (`texts.toml`, `own_clients.differs`); () for one person.

    Every two must agree: else which of three are joined would depend on who came first."""
    return tuple(sorted({code for one, other in itertools.combinations(bearers, 2) for code in _between(one, other)}))


def together(records: Iterable[str]) -> str:
    """The name of a client who has these records (opaque ids): of exactly these, so that a token for others opens
    nothing."""
    digest = hashlib.blake2b("|".join(sorted(records)).encode(), digest_size=16, person=b"one-client").hexdigest()
    return JOINED + digest


def _between(one: Facts, other: Facts) -> Iterator[str]:
    if len(one.numbers) > 1 or len(other.numbers) > 1:
        yield "two_bsns"
    if not one.born or not other.born:
        yield "birth_date_unknown"
    elif one.born != other.born:
        yield "birth_date"
    mine, theirs = (one.own, other.own) if one.own and other.own else (one.family, other.family)
    if mine and theirs:
        if not any(_fit(a, b) for a in mine for b in theirs):
            yield "family_name"
    elif one.whole.isdisjoint(other.whole):
        yield "name_unknown"
    if one.letters and other.letters:
        if not _same_first_names(one, other):
            yield "first_name"
    elif one.sex and other.sex and one.sex != other.sex:
        yield "sex"
    if one.several or other.several:
        if one.rank is None or other.rank is None:
            yield "multiple_birth_unknown"
        elif one.rank != other.rank:
            yield "multiple_birth"


def _fit(one: Words, other: Words) -> bool:
    """One name within the other ("Vries", "de Vries", "Vries-Bakker")."""
    return one <= other or other <= one


def _same_first_names(one: Facts, other: Facts) -> bool:
    """Names that are given in full have one in common, and those that stand at the same place do not contradict: Emma
    Sophie is not her sister Sophie Emma.  An initial is one of a name that begins so; more is not known of it."""
    if one.letters.isdisjoint(other.letters) or (one.whole and other.whole and one.whole.isdisjoint(other.whole)):
        return False
    return not (one.given and other.given) or any(_in_step(a, b) for a in one.given for b in other.given)


def _in_step(one: InOrder, other: InOrder) -> bool:
    """As far as both go."""
    return all(a == b or _initial_of(a, b) or _initial_of(b, a) for a, b in zip(one, other, strict=False))


def _initial_of(one: str, other: str) -> bool:
    return one.endswith(".") and other.startswith(one[:-1])


def _given(names: Iterable[Mapping[str, Any]]) -> tuple[frozenset[InOrder], frozenset[InOrder]]:
    """First names, each HumanName's in their order, and call names.  Initials count where no name is given in full."""
    given, called = set(), set()
    for name in names:
        marks = as_list(name.get("_given"))
        ordered: dict[str, list[str]] = {}
        for place, one in enumerate(as_list(name.get("given"))):
            mark = _qualifier(marks[place] if place < len(marks) else None)
            ordered.setdefault(mark, []).extend(_first_names(str(one or ""), mark == _INITIALS))
        called.add(tuple(ordered.pop(_CALL_NAME, ())))
        given |= {tuple(words) for words in ordered.values()}
    in_full = {words for words in given if any(not word.endswith(".") for word in words)}
    return frozenset((in_full or given) - {()}), frozenset(called - {()})


def _qualifier(element: Any) -> str:
    """What a first name is said to be; all that is neither a call name nor initials is a name like another."""
    for extension in as_list(element.get("extension")) if isinstance(element, Mapping) else ():
        code = extension.get("valueCode") if isinstance(extension, Mapping) else None
        if code in (_CALL_NAME, _INITIALS) and str(extension.get("url", "")).endswith(_QUALIFIER):
            return str(code)
    return ""


def _first_names(text: str, initials: bool) -> list[str]:
    """In small letters; "Anne-Marie" is one name, "J.M." are two initials."""
    found = re.findall(r"([^\W\d_]+)(\.?)", _plain(text.replace("-", "")))
    return [f"{word}." if stop or initials or len(word) == 1 else word for word, stop in found]


def _all_words(texts: Iterable[str]) -> frozenset[Words]:
    """Of each name its words without particles, unless it is nothing else."""
    particles = frozenset(document("name_particles.toml")["particles"])
    made = [frozenset(re.findall(r"[^\W\d_]+", _plain(text))) for text in texts]
    return frozenset({words - particles or words for words in made if words})


def _plain(text: str) -> str:
    """In small letters, without accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))


def _extended(name: Mapping[str, Any], wanted: str) -> Iterator[str]:
    extra = name.get("_family")
    for extension in as_list(extra.get("extension")) if isinstance(extra, Mapping) else ():
        if isinstance(extension, Mapping) and str(extension.get("url", "")).endswith(wanted):
            yield str(extension.get("valueString") or "")

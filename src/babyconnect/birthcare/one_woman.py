"""Whether two records of one organisation that bear one BSN are about one person; pure (domain §8).

A BSN is typed, and mistyped.  Two records are one person's only when the BSN is the same and nothing that identifies a
person contradicts: the birth date is known and equal, names do not contradict.  What is unknown contradicts nothing,
but a birth date.  First names (or the sex, where these are unknown) count because twins share the rest.
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

JOINED = "joined."
"""Begins the name of a client who has several records here; no opaque id has a full stop."""
_OWN, _PARTNER = "humanname-own-name", "humanname-partner-name"
_WHOLE_DATE = 10

Words = frozenset[str]


@dataclass(frozen=True, slots=True)
class Facts:
    """What identifies a person, as one record has it.  `own`: names that are said to be her own, each as words;
    `family`: every family name; `letters`: with which first names and initials begin; `rank`: of a multiple birth."""

    numbers: frozenset[str]
    born: str
    own: frozenset[Words]
    family: frozenset[Words]
    letters: frozenset[str]
    sex: str
    rank: int | None


def facts(patient: Resource) -> Facts:
    numbers = {i.partition("|")[2] for i in identifiers_of(patient) if i.partition("|")[0] in BSN_SYSTEMS}
    names = [name for name in as_list(patient.get("name")) if isinstance(name, Mapping)]
    born, rank = str(patient.get("birthDate", "")), patient.get("multipleBirthInteger")
    own = _all_words(text for name in names for text in _extended(name, _OWN))
    partners = _all_words(text for name in names for text in _extended(name, _PARTNER))
    given = [str(one) for name in names for one in as_list(name.get("given")) if one]
    return Facts(
        frozenset(numbers),
        born if len(born) == _WHOLE_DATE else "",
        own,
        own | partners | _all_words(str(name.get("family") or "") for name in names),
        frozenset(word[0] for one in given for word in _words(one)),
        str(patient.get("gender", "")) if patient.get("gender") in ("female", "male") else "",
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
    if mine and theirs and not any(_fit(a, b) for a in mine for b in theirs):
        yield "family_name"
    if one.letters and other.letters:
        if one.letters.isdisjoint(other.letters):
            yield "first_name"
    elif one.sex and other.sex and one.sex != other.sex:
        yield "sex"
    if one.rank is not None and other.rank is not None and one.rank != other.rank:
        yield "multiple_birth"


def _fit(one: Words, other: Words) -> bool:
    """One name within the other ("Vries", "de Vries", "Vries-Bakker")."""
    return one <= other or other <= one


def _all_words(texts: Iterable[str]) -> frozenset[Words]:
    return frozenset({frozenset(words) for text in texts if (words := _words(text))})


def _words(text: str) -> list[str]:
    """In small letters, without accents and signs."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return re.findall(r"[^\W\d_]+", "".join(c for c in plain if not unicodedata.combining(c)))


def _extended(name: Mapping[str, Any], wanted: str) -> Iterator[str]:
    extra = name.get("_family")
    for extension in as_list(extra.get("extension")) if isinstance(extra, Mapping) else ():
        if isinstance(extension, Mapping) and str(extension.get("url", "")).endswith(wanted):
            yield str(extension.get("valueString") or "")

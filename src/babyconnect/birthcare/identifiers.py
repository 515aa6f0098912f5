"""Registered Dutch numbers as values that cannot be built wrong: BSN, URA, AGB, UZI.

Sources: BSN eleven-check (RvIG, Logisch Ontwerp BSN §2.2); URA and UZI: 8 and 9 digits (UZI-register, CPS); AGB:
8 digits (Vektis).  The FHIR `system` of each is the one that Nictiz publishes in nl-core.
"""

from __future__ import annotations

from dataclasses import dataclass

BSN_SYSTEM = "http://fhir.nl/fhir/NamingSystem/bsn"
URA_SYSTEM = "http://fhir.nl/fhir/NamingSystem/ura"
AGB_SYSTEM = "http://fhir.nl/fhir/NamingSystem/agb-z"
UZI_SYSTEM = "http://fhir.nl/fhir/NamingSystem/uzi-nr-pers"
BSN_OID = "2.16.840.1.113883.2.4.6.3"
BSN_SYSTEMS = frozenset({BSN_SYSTEM, f"urn:oid:{BSN_OID}"})
"""Both ways in which sources name the BSN; what this system publishes and asks bears BSN_SYSTEM."""

_BSN_WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2, -1)


def _digits(kind: str, value: str, length: int) -> None:
    # str.isdigit accepts superscripts and other scripts; an identifier is ASCII.
    if len(value) != length or not (value.isascii() and value.isdigit()):
        raise ValueError(f"a {kind} has {length} digits")


def passes_eleven_check(value: str) -> bool:
    """True when nine ASCII digits, not all zero, pass the BSN's eleven-check."""
    if len(value) != 9 or not (value.isascii() and value.isdigit()) or value == "000000000":
        return False
    return sum(w * int(d) for w, d in zip(_BSN_WEIGHTS, value, strict=True)) % 11 == 0


@dataclass(frozen=True, slots=True, repr=False)
class Bsn:
    """A citizen service number.  Its repr never shows the number: it must not reach a log by accident."""

    value: str

    def __post_init__(self) -> None:
        if not passes_eleven_check(self.value):
            raise ValueError("a BSN has nine digits that pass the eleven-check")

    def __repr__(self) -> str:
        return "Bsn(*********)"

    __str__ = __repr__


@dataclass(frozen=True, slots=True, order=True)
class Ura:
    """The registration number of a care provider (UZI-register abonneenummer): eight digits."""

    value: str

    def __post_init__(self) -> None:
        _digits("URA", self.value, 8)

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True, order=True)
class Agb:
    """An AGB code of a provider or person: eight digits."""

    value: str

    def __post_init__(self) -> None:
        _digits("AGB", self.value, 8)

    def __str__(self) -> str:
        return self.value

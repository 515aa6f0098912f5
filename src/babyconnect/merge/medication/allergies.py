"""Her allergies against what she uses: by a code that both name, or by a row that says what a code of an allergy means.

`definitions/medication/allergies.csv` has the rows; an ATC code there may be the beginning of one (a whole class).
"""

from __future__ import annotations

from collections.abc import Sequence

from babyconnect.birthcare.medication import Block, Contradiction
from babyconnect.birthcare.record import Item, Stated
from babyconnect.birthcare.resources import codes_in
from babyconnect.definitions import document, rows
from babyconnect.merge.medication.contradictions import stated
from babyconnect.merge.statements import allergy_claims, gather

_ATC = f"{document('medication/zibs.toml')['product']['atc']}|"
_MEANS: dict[str, tuple[str, ...]] = {}
for _row in rows("medication/allergies"):
    _key = f"{_row['system']}|{_row['code']}"
    _MEANS[_key] = (*_MEANS.get(_key, ()), *([f"{_ATC}{_row['atc']}"] if _row["atc"] else ()))
_IN_USE = ("current", "planned", "paused", "unknown")


def known(items: Sequence[Item]) -> list[tuple[Stated, frozenset[str]]]:
    """Each allergy that some source calls actual, with the codes it has and those that it means."""
    found = []
    for claim in allergy_claims(items):
        value, _, item = claim
        if not value.startswith("-") and value != "none":
            codes = codes_in(item.resource.get("code"))
            means = {meaning for code in codes for meaning in _MEANS.get(code, ())}
            found.append((gather([claim])[0], frozenset({*codes, *means})))
    return sorted(found, key=lambda pair: (pair[0].text, pair[0].items))


def against(allergies: Sequence[tuple[Stated, frozenset[str]]], blocks: Sequence[Block]) -> tuple[Contradiction, ...]:
    """The allergies that speak against a medicine in use, or about to be."""
    found = []
    for allergy, codes in allergies:
        meant = [b for b in blocks if b.state in _IN_USE and _meets(codes, {*b.product.codes, *b.product.substances})]
        if meant:
            names = " · ".join(sorted({block.product.name for block in meant if block.product.name}))
            found.append(Contradiction("allergy", (allergy, stated(names, meant))))
    return tuple(found)


def _meets(allergy: frozenset[str], product: set[str]) -> bool:
    """One code in both, or an ATC class of the allergy in which the product is."""
    if not allergy.isdisjoint(product):
        return True
    classes = tuple(code for code in allergy if code.startswith(_ATC))
    return bool(classes) and any(code.startswith(classes) for code in product)


def uncompared(allergies: Sequence[tuple[Stated, frozenset[str]]]) -> tuple[Stated, ...]:
    """Allergies that nothing here can compare: no code of a product or substance, and no row that tells its meaning."""
    return tuple(
        allergy
        for allergy, codes in allergies
        if not any(code.startswith((_ATC, "urn:oid:2.16.840.1.113883.2.4.4.")) or code in _MEANS for code in codes)
    )

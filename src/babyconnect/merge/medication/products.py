"""What a medicine is, whether a source names it in the block itself or in a Medication that the block refers to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from babyconnect.birthcare.medication import Product
from babyconnect.birthcare.resources import Resource, as_list, codes_in, target
from babyconnect.definitions import document

_TABLE = document("medication/zibs.toml")["product"]
_SYSTEMS: tuple[str, ...] = tuple(_TABLE["systems"])
_ATC = f"{_TABLE['atc']}|"
_LEVEL = int(_TABLE["substance_level"])


def product_of(block: Resource, held: Mapping[str, Resource]) -> Product:
    """The product of a block; `held`: what its source gave, by `Type/id`.  Its name is "" where nothing names it."""
    concept = block.get("medicationCodeableConcept")
    if isinstance(concept, Mapping):
        return _product(concept, {})
    reference = block.get("medicationReference")
    if not isinstance(reference, Mapping):
        return Product("")
    medication = medication_of(block, held)
    shown = str(reference.get("display") or "")
    if medication is None:
        return Product(shown)
    found = _product(medication.get("code") or {}, medication)
    return Product(found.name or shown, found.codes, found.substances)


def medication_of(block: Resource, held: Mapping[str, Resource]) -> Resource | None:
    """The Medication that a block refers to, contained or by itself."""
    reference = block.get("medicationReference")
    text = reference.get("reference") if isinstance(reference, Mapping) else None
    if isinstance(text, str) and text.startswith("#"):
        return next((one for one in as_list(block.get("contained")) if one.get("id") == text[1:]), None)
    return held.get(target(reference))


def _product(concept: Mapping[str, Any], medication: Mapping[str, Any]) -> Product:
    codes = codes_in(concept)
    ingredients = [codes_in(part.get("itemCodeableConcept")) for part in as_list(medication.get("ingredient"))]
    substances = {code for found in ingredients for code in found} | set(substance_codes(codes))
    return Product(_name(concept), codes, tuple(sorted(substances)))


def substance_codes(codes: tuple[str, ...]) -> Iterator[str]:
    """The ATC codes among these that name one substance."""
    return (code for code in codes if code.startswith(_ATC) and len(code) - len(_ATC) == _LEVEL)


def _name(concept: Mapping[str, Any]) -> str:
    """What the source calls it: its text, else the display of the finest code that has one."""
    if concept.get("text"):
        return str(concept["text"])
    codings = [coding for coding in as_list(concept.get("coding")) if coding.get("display")]
    ranked = sorted(codings, key=lambda c: (_rank(str(c.get("system", ""))), str(c["display"])))
    return str(ranked[0]["display"]) if ranked else ""


def _rank(system: str) -> int:
    return _SYSTEMS.index(system) if system in _SYSTEMS else len(_SYSTEMS)


def keys_of(product: Product) -> tuple[str, ...]:
    """What two blocks must share to be about one product: a code of a listed system (ATC only where it names one
    substance), any other code, or, without codes, the same name."""
    coded = [code for code in product.codes if not code.startswith(_ATC) or len(code) - len(_ATC) == _LEVEL]
    if coded:
        return tuple(coded)
    return (f"name|{' '.join(product.name.casefold().split())}",) if product.name else ()


def substance_name(medication: Resource | None, block: Resource) -> str:
    """The name that ATC gives the substance, where a source shows it; "" otherwise."""
    concept = block.get("medicationCodeableConcept") or (medication or {}).get("code") or {}
    for coding in as_list(concept.get("coding")):
        if f"{coding.get('system')}|" == _ATC and len(str(coding.get("code"))) == _LEVEL and coding.get("display"):
            return str(coding["display"])
    return ""

"""Dutch words for codes, elements, extensions and enumerations, from the tables in `definitions/sections`."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from typing import Any

from babyconnect.birthcare.resources import codes_in
from babyconnect.definitions import rows

_BY_CODE = {f"{r['system']}|{r['code']}": r["label"] for r in (*rows("sections/labels"), *rows("sections/labels_own"))}
_SYSTEMS = {row["system"]: row["name"] for row in rows("sections/systems")}
_EXTENSIONS = {row["extension"]: row["label"] for row in rows("sections/extensions")}
_ENUMERATIONS = {(row["element"], row["code"]): row["text"] for row in rows("sections/enumerations")}
_ELEMENTS = {row["element"]: (row["label"], row["place"]) for row in rows("sections/elements")}
_OF_A_TYPE = {tuple(name.split(".")): told for name, told in _ELEMENTS.items() if "." in name}
UNKNOWN = "Overige gegevens"
TECHNICAL = "Herkomst en codes"
# SNOMED CT's semantic tag, and LOINC's Dutch kind of property: noise on a screen, kept in the details.
_TAG = re.compile(
    r"\s*[(\[](waarneembare entiteit|bevinding|verrichting|aandoening|situatie|gebeurtenis|kwalificatiewaarde|attribuut"
    r"|lichaamsstructuur|substantie|regime/therapie|gegevensobject|afwijkende morfologie|observable entity|finding"
    r"|procedure|disorder|record artifact|massa|afmeting|temperatuur|aanwezigheid|druk|mol/volume|eenheden/volume"
    r"|aantal/tijd|datum|organisme|persoon|beroep|omgeving|fysiek object|product)[)\]]"
)


def clean(display: str) -> str:
    """A display without its semantic tag, starting with a capital."""
    text = _TAG.sub("", display).strip()
    return text[:1].upper() + text[1:] if text else display


def of_concept(concept: Any) -> str:
    """The label of a CodeableConcept: ours, else its text, else its cleaned display, else its code."""
    if not isinstance(concept, dict):
        return ""
    codes = codes_in(concept)
    if known := next((_BY_CODE[code] for code in codes if code in _BY_CODE), ""):
        return known
    codings: Sequence[Mapping[str, Any]] = concept.get("coding") or ()
    display = next((str(c["display"]) for c in codings if c.get("display")), "")
    return str(concept.get("text") or "") or clean(display) or (codes[0].split("|")[1] if codes else "")


def system(uri: str) -> str:
    """What the screen calls a system of codes or numbers; an OID without a name stays itself."""
    return _SYSTEMS.get(uri, uri)


@functools.cache
def extension(url: str) -> tuple[str, bool]:
    """(label, known) of an extension."""
    name = url.rsplit("/", 1)[-1]
    return (_EXTENSIONS[name], True) if name in _EXTENSIONS else (name, False)


def enumeration(element: str, code: str) -> str:
    """The Dutch text of a FHIR code in an element; the code itself when no row knows it."""
    return _ENUMERATIONS.get((element, code)) or _ENUMERATIONS.get(("*", code)) or code


@functools.cache
def element(name: str, type: str = "") -> tuple[str, str]:
    """(label, place) of an element, in a resource of this type: `detail`, `technical`, `hidden`, or `unknown`."""
    if (type, name) in _OF_A_TYPE:
        return _OF_A_TYPE[type, name]
    if name.startswith("value"):
        return _ELEMENTS["value"]
    return _ELEMENTS.get(name, (name, "unknown"))

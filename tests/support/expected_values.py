"""Every value that a resource publishes, and what a screen must say for it: made apart from the product, to check it.

`expected_values` walks the JSON and knows nothing of labels, sections or lines.  It leaves out what is no value to read
(`NOT_SHOWN`, each with its reason) and writes dates and numbers as Dutch people do.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

NOT_SHOWN = {
    "id": "metadata: the technical key inside a source",
    "resourceType": "metadata: the kind of resource, shown by the section and the label",
    "meta": "metadata: profiles, versions, labels",
    "text": "narrative: repeats the data",
    "div": "narrative: repeats the data",
    "reference": "metadata: a technical key; the display beside it is shown",
    "url": "metadata: the name of an extension, shown by its label",
    "system": "metadata: the code system's address, shown by its name; or a telecom kind, checked as such",
}
# Codes without a display, as the screen says them; kept here apart from the product's table, which it checks.
IN_WORDS = {
    "final": "definitief", "completed": "voltooid", "finished": "afgerond", "active": "actief",
    "inactive": "niet actief", "resolved": "genezen", "unknown": "onbekend", "provisional": "voorlopig",
    "female": "vrouw", "male": "man", "masked": "afgeschermd", "UNK": "onbekend", "order": "opdracht",
    "permit": "toegestaan", "work": "werk", "home": "thuis", "mobile": "mobiel", "physical": "bezoekadres",
    "NL1": "eigen naam", "NL2": "naam partner", "NL3": "naam partner gevolgd door eigen naam",
    "NL4": "eigen naam gevolgd door naam partner", "BR": "geboortenaam", "IN": "voorletter", "CL": "roepnaam",
    "VV": "voorvoegsel", "phone": "telefoon", "email": "e-mail", "planned": "gepland",
}  # fmt: skip
UNITS = {"mm[Hg]": "mmHg", "Cel": "°C", "mmol/L": "mmol/l", "d": "dagen", "wk": "weken", "mL": "ml", "1": "",
         "k[arb'U]/L": "kE/l", "kg/m2": "kg/m²", "h": "uur", "a": "jaar", "mo": "maanden"}  # fmt: skip
_CODED = frozenset({"status", "clinicalStatus", "verificationStatus", "gender", "valueCode", "intent", "type", "use"})
MONTHS = (
    *("januari", "februari", "maart", "april", "mei", "juni"),
    *("juli", "augustus", "september", "oktober", "november", "december"),
)
_AMSTERDAM = ZoneInfo("Europe/Amsterdam")
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")


def in_dutch(value: Any) -> str:
    """What the screen must contain for a value."""
    if isinstance(value, bool):
        return "ja" if value else "nee"
    if not isinstance(value, str):
        return str(value).replace(".", ",")
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}T.*", value):
        local = dt.datetime.fromisoformat(value).astimezone(_AMSTERDAM)
        return f"{local.day} {MONTHS[local.month - 1]} {local.year} {local:%H:%M}"
    if found := _DAY.fullmatch(value):
        return f"{int(found[3])} {MONTHS[int(found[2]) - 1]} {found[1]}"
    return value


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for inner in value:
            if inner is not None:
                yield from _leaves(inner, path)
    else:
        yield path, value


def expected_values(resource: dict[str, Any]) -> list[tuple[str, str]]:
    """(path, text that must be visible) of every published value."""
    found = []
    for path, value in _leaves(resource, resource["resourceType"]):
        names = path.split(".")[1:]
        narrative = names[0] in ("text", "meta")
        if narrative or (names[-1] in NOT_SHOWN and names[-1] != "text" and value not in ("phone", "email")):
            continue
        found.append((path, _wording(names, value)))
    return found


def _wording(names: list[str], value: Any) -> str:
    if names[-1] == "version":
        return str(value)
    if names[-1] in ("unit", "code") and names[-2].endswith("Quantity"):
        return UNITS.get(str(value), str(value).strip("{}"))  # a UCUM annotation repeats the unit
    if names[-1] in _CODED or names[-1] == "system":
        return IN_WORDS.get(str(value), str(value))
    return in_dutch(value)

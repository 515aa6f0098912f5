"""Codes of ADA to FHIR: systems (OID → URL), displays, and concept maps; tables in
`definitions/ada` and `definitions/terminology`."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from urllib.parse import quote

from babyconnect.definitions import rows

NULL_FLAVOR = "http://hl7.org/fhir/v3/NullFlavor"
NULL_FLAVOR_OID = "2.16.840.1.113883.5.1008"


@functools.cache
def _systems() -> Mapping[str, str]:
    """OID → URL.  Where the data set states no URL it repeats the OID as a URN, as FHIR has it."""
    stated = {row["oid"]: row["uri"] for row in rows("terminology/stated_oids") if row["uri"]}
    return stated | {row["oid"]: row["uri"] for row in rows("terminology/oids")}


def system(oid: str) -> str:
    """The FHIR system of a code system or identifier root: URL when one is known, else `urn:oid:…`.

    What no URI may hold is escaped: a damaged system stays visible, in a resource that is still FHIR.
    """
    if oid in _systems():
        return _systems()[oid]
    written = quote(oid, safe=":/?#[]@!$&'()*+,;=%")
    return written if "://" in oid else f"urn:oid:{written}"


def is_known_system(oid: str) -> bool:
    return oid in _systems()


@functools.cache
def _lists() -> Mapping[str, Mapping[tuple[str, str], str]]:
    lists: dict[str, dict[tuple[str, str], str]] = {}
    for row in rows("ada/value_lists"):
        if row["kind"] != "include":
            lists.setdefault(row["list"], {})[row["code"], row["system"]] = row["display"]
    return lists


@functools.cache
def _open() -> Mapping[str, frozenset[str]]:
    """Code systems of which a list takes any code (or any descendant of one): no code of theirs is unknown."""
    opened: dict[str, set[str]] = {}
    for row in rows("ada/value_lists"):
        if row["kind"] == "include":
            opened.setdefault(row["list"], set()).add(row["system"])
    return {name: frozenset(systems) for name, systems in opened.items()}


def is_known(lists: tuple[str, ...], code: str, oid: str) -> bool:
    """True when one of the value lists has the code, or takes any code of its system.  No lists: nothing to check."""
    return not lists or any((code, oid) in _lists().get(n, {}) or oid in _open().get(n, frozenset()) for n in lists)


def display(lists: tuple[str, ...], code: str, oid: str) -> str:
    """The Dutch name that a value list gives a code, "" when none does."""
    return next((d for n in lists if (d := _lists().get(n, {}).get((code, oid), ""))), "")


@functools.cache
def _maps() -> Mapping[str, Mapping[tuple[str, str], Mapping[str, str]]]:
    maps: dict[str, dict[tuple[str, str], Mapping[str, str]]] = {}
    for row in (*rows("ada/concept_maps"), *rows("ada/countries")):
        maps.setdefault(row["map"], {})[row["system"], row["code"]] = row
    return maps


def mapped(name: str, code: str, oid: str) -> Mapping[str, str] | None:
    """The row of a concept map (`target`, `target_system`, `display`), None when the map has no such code."""
    table = _maps()[name]
    return table.get((oid, code)) or table.get(("*", code))


@functools.cache
def _oids() -> Mapping[str, str]:
    """URL → OID.  Of several OIDs with one URL the one that a value list uses stands, else the first."""
    used = {row["system"] for row in rows("ada/value_lists")}
    found: dict[str, str] = {}
    for oid, url in sorted(_systems().items(), key=lambda pair: pair[0] not in used):
        found.setdefault(url, oid)
    return found


def oid(url: str) -> str:
    """The code system or identifier root of a FHIR system: its OID; what has none stays as it is."""
    return _oids().get(url) or url.removeprefix("urn:oid:")


@functools.cache
def _positions() -> Mapping[tuple[str, str, str], int]:
    counts: dict[str, int] = {}
    found: dict[tuple[str, str, str], int] = {}
    for row in rows("ada/value_lists"):
        counts[row["list"]] = counts.get(row["list"], 0) + 1
        found[row["list"], row["code"], row["system"]] = counts[row["list"]]
    return found


def position(lists: tuple[str, ...], code: str, oid: str) -> int:
    """The place of a code in the first value list that has it (ADA repeats it as `value`), 0 when none has."""
    return next((p for name in lists if (p := _positions().get((name, code, oid), 0))), 0)


def sources(name: str, target: str) -> list[Mapping[str, str]]:
    """The rows of a concept map that lead to a FHIR code, in the table's order."""
    return [row for row in _maps()[name].values() if row["target"] == target]


def system_of(lists: tuple[str, ...], code: str) -> str:
    """The code system in which the value lists have a code, "" when they do not."""
    return next((system for name in lists for (known, system) in _lists().get(name, {}) if known == code), "")

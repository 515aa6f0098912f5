"""Is a code in a value set?  Yes, no, or not to be known here (a hierarchy of SNOMED CT, a terminology not at hand)."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from babyconnect.definitions import document, rows


@dataclass(frozen=True, slots=True)
class ValueSet:
    """`systems`: the codes of each system, None where every code of it (or its hierarchy decides) will do."""

    systems: Mapping[str, frozenset[str] | None]
    every: frozenset[str]
    certain: bool
    deprecated: frozenset[tuple[str, str]]
    """Codes that are in the list for old records only."""

    def holds(self, system: str | None, code: str | None) -> bool | None:
        """None: it cannot be known.  Without a system (an element that is a bare code) any system's list will do."""
        if code is None:
            return False if self.certain else None
        if system is None:
            return True if code in self.every else (False if self.certain else None)
        if system not in self.systems:
            return None if "" in self.systems else False
        codes = self.systems[system]
        return None if codes is None else code in codes


@functools.cache
def value_set(url: str) -> ValueSet | None:
    """None for one that was not published with the profiles or with STU3."""
    listed: Mapping[str, Any] | None = document("profiles/value_sets.json")["value_sets"].get(url)
    if listed is None:
        return None
    systems = {system: frozenset(codes) if isinstance(codes, list) else None for system, codes in listed.items()}
    every = frozenset[str]().union(*(codes for codes in systems.values() if codes))
    old = document("profiles/value_sets.json")["deprecated"].get(url, ())
    certain = all(codes is not None for codes in systems.values())
    return ValueSet(systems, every, certain, frozenset((system, code) for system, code in old))


INSTEAD = {
    "same": "; it has another code for the same",
    "wider": "; the code that it has now says less",
    "finer": "; it has finer codes now",
    "none": "; it names none instead",
}


@functools.cache
def _successors() -> Mapping[tuple[str, str], str]:
    return {(row["system"], row["code"]): row["how"] for row in rows("terminology/successors")}


def instead(system: str | None, code: str | None) -> str:
    """What a list has in the place of a code that it keeps for old records, without naming either."""
    return INSTEAD[_successors().get((system or "", code or ""), "none")]

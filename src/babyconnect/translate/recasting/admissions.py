"""Which admissions of a child a record of birth care tells of, each as the group that says so.

The data set has a group for it; a record of the delivery may have no more than the procedure.  A check of the child
during a contact in the hospital is none: it may have been its mother's stay.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

from babyconnect.definitions import document
from babyconnect.translate.hl7v3.sites import Site


def admissions(stays: list[Site], procedures: list[Site]) -> list[Site]:
    """The child's own groups, each contact once: stays by the record's word, else by what was done."""
    told: dict[str, Site] = {}
    for stay in stays:
        for contact in stay.step("contact"):
            told.setdefault(contact.element.value or str(id(stay)), stay)
    return sorted(told.values(), key=_began) or list(_done(procedures))


def _done(procedures: list[Site]) -> Iterator[Site]:
    for one in procedures:
        if any(kind.element.code in _codes() for kind in one.step("verrichting_type")):
            yield one


def _began(group: Site) -> tuple[bool, str]:
    """In the order of time where each says when (of one form: a record has relative dates or real ones)."""
    begin = group.first("contact/->/begin_datum_tijd")
    said = begin.element.value if begin is not None else ""
    return not said, "" if said.startswith("T") else said


@functools.cache
def _codes() -> frozenset[str]:
    return frozenset(document("recasting/admissions.toml")["procedures"])

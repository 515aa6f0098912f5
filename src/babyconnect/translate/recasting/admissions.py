"""Which admissions of a child a record of birth care tells of, each as the group that says so.

The data set has a group for it; a record that was made of resources has the contact alone, in the place of a check of
the child (the resources do not tell these apart), and a record of the delivery may have no more than the procedure.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

from babyconnect.definitions import document
from babyconnect.translate.hl7v3.sites import Site


def admissions(stays: list[Site], checks: list[Site], procedures: list[Site]) -> list[Site]:
    """The child's own groups: stays by the record's word, else by the kind of contact, else by what was done."""
    told: dict[str, Site] = {}
    for group in [*(stay for stay in stays if stay.step("contact")), *filter(_is_stay, checks)]:
        told.setdefault(_contact(group) or str(id(group)), group)
    return sorted(told.values(), key=_began) or list(_done(procedures))


def _contact(group: Site) -> str:
    return next((site.element.value for site in group.step("contact")), "")


def _is_stay(check: Site) -> bool:
    """A contact in the hospital that says from where, or to where, the child went."""
    types, _ = _said()
    return any(
        kind.element.code in types and (contact.step("herkomst") or contact.step("bestemming"))
        for contact in check.select("contact/->")
        for kind in contact.step("contact_type")
    )


def _done(procedures: list[Site]) -> Iterator[Site]:
    _, codes = _said()
    for one in procedures:
        if any(kind.element.code in codes for kind in one.step("verrichting_type")):
            yield one


def _began(group: Site) -> tuple[bool, str]:
    """In the order of time where each says when (of one form: a record has relative dates or real ones)."""
    begin = group.first("contact/->/begin_datum_tijd")
    said = begin.element.value if begin is not None else ""
    return not said, "" if said.startswith("T") else said


@functools.cache
def _said() -> tuple[frozenset[str], frozenset[str]]:
    told = document("recasting/admissions.toml")
    return frozenset(told["types"]), frozenset(told["procedures"])

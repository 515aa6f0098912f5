"""Shielded groups that a resource bears for what it belongs to (`definitions/compartments.toml`); pure.

Downwards: what a report, panel or request is about, its results are too, though one may say no more than "afwijkend".
Upwards: a report repeats its results in words, so it bears their labels; a letter those of the report that it is about,
and both those of the members of a panel.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

from babyconnect.definitions import document
from babyconnect.fhir.references import targets
from babyconnect.labelling.labels import labels, tokens
from babyconnect.labelling.member import Key, Member

Shielded = Mapping[Key, frozenset[str]]
_NOTHING: frozenset[Key] = frozenset()


def inherited(members: Sequence[Member], own: Shielded) -> dict[Key, frozenset[str]]:
    """`own`: what each bears for what it says itself."""
    bearing = set(document("compartments.toml")["inherits"])
    handed = _handed_down(members, own)
    borne = _borne(members, handed, bearing)
    return {m.key: borne[m.key] if m.key[0] in bearing else handed[m.key] for m in members}


def _borne(members: Sequence[Member], handed: Shielded, bearing: Set[str]) -> dict[Key, frozenset[str]]:
    """What is said of each when all is said that it tells again, as deep as that goes."""
    found, told_by = dict(handed), dict[Key, set[Key]]()
    for member in members:
        again = member.links.values() if member.key[0] in bearing else [part for _, part in _handing(member)]
        for key in again:
            told_by.setdefault(key, set()).add(member.key)
    waiting = [key for key, shielded in found.items() if shielded and key in told_by]
    while waiting:
        key = waiting.pop()
        for teller in told_by.get(key, _NOTHING):
            if not found[key] <= found[teller]:
                found[teller] |= found[key]
                waiting.append(teller)
    return found


def _handed_down(members: Sequence[Member], own: Shielded) -> dict[Key, frozenset[str]]:
    """As deep as it goes: the members of a panel that is a result of a report are about the same."""
    found, by_key = dict(own), {m.key: m.resource for m in members}
    about = {m.key: labels(_about(m.resource)).shielded for m in members if own[m.key]}
    parts: dict[Key, set[Key]] = {}
    for whole, part in (pair for member in members for pair in _parts(member)):
        parts.setdefault(whole, set()).add(part)
    waiting = [key for key in about if key in parts]
    while waiting:
        key = waiting.pop()
        for part in parts.get(key, _NOTHING) & by_key.keys():
            # What a part itself does not say may be all that is said with the whole.
            told = found[key] if _is_uncoded(by_key[part]) else about[key]
            if not told <= found[part]:
                found[part] |= told
                about[part] = about.get(part, frozenset()) | told
                waiting.append(part)
    return found


def _parts(member: Member) -> Iterator[tuple[Key, Key]]:
    """(whole, part), as either says it."""
    yield from _handing(member)
    table, kind = document("compartments.toml")["parts"], member.key[0]
    for path in table["takes_from"].get(kind, ()):
        for address in targets(member.resource, *path.split(".")):
            if address in member.links:
                yield member.links[address], member.key


def _handing(member: Member) -> Iterator[tuple[Key, Key]]:
    """(whole, part), as the whole says it."""
    for path in document("compartments.toml")["parts"]["hands_down"].get(member.key[0], ()):
        for address in targets(_with_members(member.resource), *path.split(".")):
            if address in member.links:
                yield member.key, member.links[address]


def _with_members(resource: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of what an Observation is related to its members only (STU3 ObservationRelationshipType)."""
    related = resource.get("related")
    if not isinstance(related, list):
        return resource
    return {**resource, "related": [one for one in related if _is_member(one)]}


def _is_member(related: Any) -> bool:
    return isinstance(related, Mapping) and related.get("type", "has-member") == "has-member"


def _is_uncoded(resource: Mapping[str, Any]) -> bool:
    return not any(tokens(resource.get("code")))


def _about(resource: Mapping[str, Any]) -> dict[str, Any]:
    """Of a resource what it is about, as far as it says that in a code or in words."""
    told = {"resourceType", "meta", *document("compartments.toml")["parts"]["about"]}
    return {name: value for name, value in resource.items() if name in told}

"""Whose record is it?  A record is about one client: the woman, with her children and everything about them.

Who is the woman and who are her children is told by `kinship`.  A folder of loose resources falls apart into families
by the references among them; what serves everybody (organisations, practitioners) joins nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from babyconnect.definitions import document
from babyconnect.labelling.kinship import roles
from babyconnect.labelling.member import Key, Member


@dataclass(frozen=True, slots=True)
class Family:
    """One client's part: `women` and `children` are Patient keys; a whole record has one woman, or one child alone."""

    members: tuple[Member, ...]
    women: tuple[Key, ...]
    children: tuple[Key, ...]
    strangers: tuple[Key, ...] = field(default=())
    """Patients that are spoken of but not in the batch."""


def is_shared(resource: Mapping[str, Any]) -> bool:
    """True for what is about no client: an organisation, a practitioner, a hospital's location, …"""
    rule = document("compartments.toml")["shared"].get(resource.get("resourceType", ""))
    if rule is None:
        return False
    return all(name not in resource for name in rule["without"]) and (
        not rule["with"] or any(name in resource for name in rule["with"])
    )


def families(members: Sequence[Member]) -> list[Family]:
    """A batch of loose resources as families; shared resources go with each family that refers to them."""
    own = [m for m in members if not is_shared(m.resource)]
    shared = {m.key: m for m in members if is_shared(m.resource)}
    groups = _connected(own)
    people = [g for g in groups if any(m.key[0] == "Patient" for m in g)]
    if len(people) == 1:
        # With one client there is no doubt about what refers to nobody (a Binary, an image).
        (hers,) = people
        loose = [m for g in groups if g is not hers and not _speaks_of_a_patient(g) for m in g]
        others = [g for g in groups if g is not hers and _speaks_of_a_patient(g)]
        groups = [[*hers, *loose], *others]
    parts = [[*group, *_needed(group, shared)] for group in groups] or [[]]
    # What nobody refers to is published all the same, with the first.
    used = {m.key for part in parts for m in part}
    parts[0] += [m for m in shared.values() if m.key not in used]
    return [_family(part) for part in parts if part]


def whole(members: Sequence[Member]) -> Family:
    """A file that is one record by itself (an ADA record, a Bundle): everything in it belongs together."""
    return _family(members)


def unconnected(family: Family) -> list[Member]:
    """Members about a Patient that is not there, which nothing ties to the family's own: they may be another's."""
    own = [m for m in family.members if not is_shared(m.resource)]
    groups = _connected(own)
    return [
        member
        for group in groups
        if not any(m.key[0] == "Patient" for m in group) and _speaks_of_a_patient(group) and len(groups) > 1
        for member in group
    ]


def _family(members: Sequence[Member]) -> Family:
    told = roles(members)
    held = [m.key for m in members if m.key[0] == "Patient"]
    strangers = sorted({key for m in members for key in m.missing.values() if key[0] == "Patient"})
    return Family(
        tuple(members),
        tuple(key for key in held if key in told.women),
        tuple(key for key in held if key in told.children),
        tuple(strangers),
    )


def _speaks_of_a_patient(group: Iterable[Member]) -> bool:
    return any(key[0] == "Patient" for m in group for key in (*m.links.values(), *m.missing.values()))


def _needed(group: Iterable[Member], shared: Mapping[Key, Member]) -> list[Member]:
    """Shared members that the group refers to, and those they refer to in turn."""
    found: dict[Key, Member] = {}
    waiting = [key for m in group for key in m.links.values() if key in shared]
    while waiting:
        key = waiting.pop()
        if key not in found:
            found[key] = shared[key]
            waiting += [k for k in shared[key].links.values() if k in shared]
    return [found[key] for key in sorted(found)]


def _connected(members: Sequence[Member]) -> list[list[Member]]:
    """Members that refer to each other, directly or through others, in the order in which they came."""
    parent = {m.key: m.key for m in members}

    def root(key: Key) -> Key:
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    # A Patient who is not there still holds together what is about her.
    absent = {key for m in members for key in m.missing.values() if key[0] in ("Patient", "EpisodeOfCare")}
    parent |= {key: key for key in absent}
    for member in members:
        for key in (*member.links.values(), *(k for k in member.missing.values() if k in absent)):
            if key in parent:
                parent[root(key)] = root(member.key)
    groups: dict[Key, list[Member]] = {}
    for member in members:
        groups.setdefault(root(member.key), []).append(member)
    return list(groups.values())

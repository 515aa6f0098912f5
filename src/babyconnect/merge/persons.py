"""Who is who: the client's Patients over sources, her children's, and those of others (domain §8).

One woman: the same BSN, or the Patient that the holder itself bound to the client when it was asked by BSN, or another
that it says is the same person (`Patient.link`): confirmed links.  Without any of these her resources are shown apart,
however alike the names are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from babyconnect.birthcare.resources import as_list, bsn_of, target
from babyconnect.merge.gather import Holding
from babyconnect.merge.union import Groups

Key = tuple[str, str]
"""(URA of the source, `Type/id` in that source): what a local resource is called in the merge."""


@dataclass(frozen=True, slots=True)
class Persons:
    """`client`: her Patients; `children`: Patients of children; `strangers`: groups of Patients, shown apart."""

    client: frozenset[Key]
    children: frozenset[Key]
    strangers: tuple[tuple[Key, ...], ...]
    proven: bool


def _roles(holding: Holding) -> tuple[set[str], set[str]]:
    """The Patients of a source that are clients and those that are children, by what the source says of them."""
    women, children, seen = set(), set(), set()
    for key, read in holding.reads.items():
        if read.type == "Patient":
            seen.add(key)
            if "bc-Child" in read.profiles:
                children.add(key)
            elif "bc-Woman" in read.profiles:
                women.add(key)
        elif read.type == "EpisodeOfCare" or read.kind in ("pregnancy", "fetus"):
            women.add(read.subject)
        elif read.kind in ("birth", "mother_link"):
            children.add(read.subject)
    women |= holding.clients
    children -= women
    return {w for w in women if w} or (seen - children), {c for c in children if c}


def _joined(holdings: Sequence[Holding], women: set[Key]) -> Groups[Key]:
    groups: Groups[Key] = Groups(women)
    first_with: dict[str, Key] = {}
    for holding in holdings:
        ura = holding.source.ura.value
        for patient in sorted(holding.resources.keys() & {ref for u, ref in women if u == ura}):
            if bsn := bsn_of(holding.resources[patient]):
                groups.join(first_with.setdefault(bsn, (ura, patient)), (ura, patient))
        for patient, other in _links(holding):
            if (ura, patient) in women and (ura, other) in women:
                groups.join((ura, patient), (ura, other))
    bound = sorted((h.source.ura.value, client) for h in holdings for client in h.clients)
    # Two BSNs among them: some holder erred, and an unproven link is worse than a missing one.
    if len({bsn for h in holdings for client in h.clients if (bsn := bsn_of(h.resources.get(client, {})))}) <= 1:
        for key in bound:
            groups.join(bound[0], key)
    return groups


def _links(holding: Holding) -> Iterator[tuple[str, str]]:
    """Patients of one source that it says are one person, as when two of its systems know her."""
    for key, read in holding.reads.items():
        for link in as_list(holding.resources[key].get("link")) if read.type == "Patient" else ():
            if isinstance(link, Mapping) and (other := target(link.get("other"))) in holding.resources:
                yield key, other


def _weight(holdings: Sequence[Holding], group: Sequence[Key]) -> Iterator[int]:
    """How much stands behind a group: bound Patients, then sources, then resources."""
    by_ura = {holding.source.ura.value: holding for holding in holdings}
    yield sum(patient in by_ura[ura].clients for ura, patient in group)
    yield len({ura for ura, _ in group})
    yield sum(len(by_ura[ura].resources) for ura in {ura for ura, _ in group})


def sort_persons(holdings: Sequence[Holding]) -> Persons:
    """The client, her children and the others; the client is the bound one, else the one most sources know."""
    women: set[Key] = set()
    children: set[Key] = set()
    for holding in holdings:
        theirs, born = _roles(holding)
        women |= {(holding.source.ura.value, ref) for ref in theirs}
        children |= {(holding.source.ura.value, ref) for ref in born}
    groups = _joined(holdings, women).all()
    groups.sort(key=lambda group: ([-n for n in _weight(holdings, group)], group))
    client = groups[0] if groups else []
    bound = any(h.clients for h in holdings)
    return Persons(frozenset(client), frozenset(children), tuple(tuple(g) for g in groups[1:]), bound)

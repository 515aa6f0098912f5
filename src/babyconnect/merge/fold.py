"""One fact, once: duplicates fold, copies are marked, versions stay side by side (domain §8, design principle 4).

Two sources state the same fact when type, code, whom it is about, moment and content agree; who wrote it down and under
which number is not part of the fact.  Undated facts fold only where the table says that they stay true, or when they
bear the same identifier.  Within one
source nothing folds: it knows how often it measured.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from babyconnect.birthcare.parties import Party
from babyconnect.birthcare.record import Item, Origin
from babyconnect.birthcare.resources import normal_moment
from babyconnect.definitions import document
from babyconnect.merge.gather import canonical
from babyconnect.merge.read import Read

_TABLE = document("merge/facts.toml")["fold"]
_IGNORED = frozenset(_TABLE["ignored"])
_NEVER = frozenset(_TABLE["never"])
_REGISTERED = frozenset(_TABLE["registered"])
_TELLING = frozenset(_TABLE["telling_status"])
_UNDATED_TYPES = frozenset(_TABLE["undated_types"])
_UNDATED_FACTS = frozenset(_TABLE["undated_facts"])
_REFERENCES = frozenset({"reference", "display"})


@dataclass(slots=True, eq=False)
class Placed:
    """One resource with its place in the merged record, before folding.

    `about` is what it focuses on in terms that hold over sources (a pregnancy, a child, a fetus), or the source's own
    name for it.  `author`: the URA of the source that it names as its maker.
    """

    source: Party
    read: Read
    subject: str
    pregnancy: str
    about: str
    encounter: str
    identifiers: tuple[str, ...]
    author: str = ""

    @property
    def key(self) -> str:
        return self.read.key

    @property
    def copy(self) -> bool:
        return bool(self.author) and self.author != self.source.ura.value

    @property
    def rank(self) -> tuple[bool, str, str]:
        """Originals before copies, then a fixed order."""
        return (self.copy, self.source.ura.value, self.key)


def _plain(value: Any) -> Any:
    """Content without what differs for the same fact: where references point, number notation, moment notation."""
    if isinstance(value, dict):
        if "reference" in value:
            return {}
        return {k: _plain(v) for k, v in value.items() if k not in _REFERENCES}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float | Decimal):
        return _number(value)
    return normal_moment(value) if isinstance(value, str) and value[:4].isdigit() else value


def _number(value: int | float | Decimal) -> str:
    """One number, one text, to its last digit: 5.50 is 5.5, and 1234567 is not 1234568."""
    text = format(Decimal(str(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def content(read: Read) -> bytes:
    """What the fact is, as bytes to compare.  A reference to a medicine counts by the medicine that it names."""
    resource, kind = read.resource, read.type
    kept = {
        name: _plain(value)
        for name, value in resource.items()
        if name not in _IGNORED or (name == "status" and kind in _TELLING)
    }
    kept["extension"] = [e for e in kept.get("extension", ()) if e.get("valueReference") != {}]
    kept["code"] = sorted(f"{c.get('system')}|{c.get('code')}" for c in (kept.get("code") or {}).get("coding", ()))
    if read.product:
        kept["medicationReference"] = read.product
    return canonical(kept)


def _may_fold(placed: Placed) -> bool:
    kind = placed.read.type
    if kind in _NEVER:
        return False
    if placed.read.moment or kind in _UNDATED_TYPES:
        return True
    return placed.read.fact in _UNDATED_FACTS


def _slot(placed: Placed) -> tuple[str, ...]:
    """Where equal facts meet: type, first code, whom and what it is about, when; else their identifier."""
    kind = placed.read.type
    if not _may_fold(placed):
        return (kind, "identifier", min(placed.identifiers))
    scope = placed.pregnancy if not placed.read.moment else ""
    code = min(placed.read.codes) if placed.read.codes else ""
    return (kind, code, placed.subject, placed.about, scope, normal_moment(placed.read.moment))


def _match(slot: Sequence[Placed], contents: Mapping[int, bytes]) -> list[list[Placed]]:
    """Facts of one slot: equal content of different sources, the n-th of each source with the n-th of the others."""
    piles: dict[tuple[bytes, int], list[Placed]] = defaultdict(list)
    seen: dict[tuple[bytes, str], int] = defaultdict(int)
    for placed in sorted(slot, key=lambda p: (p.source.ura.value, p.key)):
        fingerprint = contents[id(placed)]
        nth = seen[fingerprint, placed.source.ura.value]
        seen[fingerprint, placed.source.ura.value] += 1
        piles[fingerprint, nth].append(placed)
    return list(piles.values())


def fold(everything: Iterable[Placed]) -> list[list[Placed]]:
    """Groups of resources that state one fact, each with the original first."""
    slots: dict[tuple[str, ...], list[Placed]] = defaultdict(list)
    groups: list[list[Placed]] = []
    for placed in everything:
        if _may_fold(placed) or (placed.identifiers and placed.read.type not in _NEVER):
            slots[_slot(placed)].append(placed)
        else:
            groups.append([placed])
    for slot in slots.values():
        if len({placed.source.ura for placed in slot}) == 1:
            groups.extend([placed] for placed in slot)
        else:
            groups.extend(_match(slot, {id(placed): content(placed.read) for placed in slot}))
    for group in groups:
        group.sort(key=lambda placed: placed.rank)
    return groups


def item_id(placed: Placed) -> str:
    """A stable name that fits an anchor and tells nothing."""
    name = f"{placed.source.ura.value}|{placed.key}".encode()
    return "i" + hashlib.blake2b(name, digest_size=6).hexdigest()


def items(groups: Iterable[Sequence[Placed]]) -> tuple[Item, ...]:
    """The record's items, with references between them as item ids, and versions of one identifier tied together."""
    groups = sorted(groups, key=lambda group: (group[0].read.moment, group[0].source.ura.value, group[0].key))
    known: dict[tuple[str, str], str] = {}
    for group in groups:
        known |= dict.fromkeys([(p.source.ura.value, p.key) for p in group], item_id(group[0]))
    variants = _variants(groups)
    return tuple(_item(group, known, variants) for group in groups)


def _item(group: Sequence[Placed], known: Mapping[tuple[str, str], str], variants: Mapping[str, str]) -> Item:
    first = group[0]
    ura = first.source.ura.value
    name = known[ura, first.key]
    return Item(
        id=name,
        type=first.read.type,
        resource=first.read.resource,
        others=tuple(placed.read.resource for placed in group[1:]),
        origins=tuple(Origin(placed.source, placed.key, placed.copy) for placed in group),
        subject=first.subject,
        pregnancy=first.pregnancy or next((p.pregnancy for p in group if p.pregnancy), ""),
        moment=first.read.moment,
        fact=first.read.fact,
        kind=first.read.kind,
        profiles=tuple(dict.fromkeys(profile for placed in group for profile in placed.read.profiles)),
        codes=first.read.codes,
        focus=known.get((ura, first.read.focuses[0] if first.read.focuses else ""), ""),
        encounter=known.get((ura, first.encounter), ""),
        variant_of=variants.get(name, ""),
    )


def _variants(groups: Iterable[Sequence[Placed]]) -> dict[str, str]:
    """Facts under one identifier that differ in content: each points to the first of them."""
    by_identifier: dict[tuple[str, str], list[Sequence[Placed]]] = defaultdict(list)
    for group in groups:
        kind = group[0].read.type
        if kind in _REGISTERED:
            continue
        for identifier in {i for placed in group for i in placed.identifiers}:
            by_identifier[kind, identifier].append(group)
    found: dict[str, str] = {}
    for same in by_identifier.values():
        if len(same) > 1 and len({placed.source.ura for group in same for placed in group}) > 1:
            first = min(same, key=lambda group: group[0].rank)
            found |= {item_id(group[0]): item_id(first[0]) for group in same if group is not first}
    return found

"""What must not be seen by who looks along, and what must never be on paper (domain §4 and §10).

The labels are those that a custodian put on the resource; `definitions/discreet.toml` names what has none but reveals
the same: an infection test, whatever its result, and what a hepatitis B asks for mother and child.
"""

from __future__ import annotations

import re

from babyconnect.birthcare.record import Item
from babyconnect.birthcare.resources import as_list, codes_in
from babyconnect.definitions import document

_RULES = document("discreet.toml")
_SYSTEM = str(document("shielded.toml")["system"])
_CODES = frozenset(_RULES["codes"])
_LABELS = frozenset(_RULES["labels"])
_UNPRINTED = frozenset(_RULES["unprinted"]["groups"])
_PLAIN = tuple(str(word).lower() for word in _RULES["words"])
_WORDS = re.compile(rf"\b(?:{'|'.join(map(re.escape, _PLAIN))})\b")
_CODED = ("code", "vaccineCode", "valueCodeableConcept", "medicationCodeableConcept", "reasonCode")


def shielded(item: Item) -> frozenset[str]:
    """The shielded groups that the item bears, at whichever source states it."""
    security = [
        label
        for resource in (item.resource, *item.others)
        for label in (resource.get("meta") or {}).get("security") or ()
    ]
    return frozenset(str(label.get("code")) for label in security if label.get("system") == _SYSTEM)


def _codes(item: Item) -> frozenset[str]:
    found = set(item.codes)
    for part in (item.resource, *as_list(item.resource.get("component"))):
        for name in _CODED:
            for concept in as_list(part.get(name)):
                found.update(codes_in(concept))
    return frozenset(found)


def hidden_word(text: str) -> bool:
    """Whether a text names what shared-screen mode hides."""
    # A plain look first: nearly every text of a record has none of the words, and each is looked at.
    lower = text.lower()
    return any(word in lower for word in _PLAIN) and _WORDS.search(lower) is not None


def discreet(item: Item, label: str, *texts: str) -> bool:
    """Whether shared-screen mode hides the item, of which the screen says this."""
    told = label in _LABELS or hidden_word("\n".join((label, *texts)))
    return told or bool(shielded(item)) or bool(_CODES & _codes(item))


def unprinted(item: Item) -> bool:
    """Whether the item is kept from summaries and from paper."""
    return bool(_UNPRINTED & shielded(item))

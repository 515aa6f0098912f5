"""When a rule or a row applies: a condition of a table, over what the record says near a site.

Grammar: alternatives separated by ` | `, each of parts separated by ` & `:
`present C` · `absent C` (a filled data element near the site: in it or beside it) · `around C` (a filled one beside
the site, or beside any group that it lies in: the child whom a whole chapter is about) · `has C` (a filled one in the
site itself) · `stated C` (filled, or it says why it is empty: what
is made under this condition is made of such an element too) · `C=value` · `C!=value` (a value or code; `!=` also when
absent) · `referred by C [C...]` · `not referred by C [C...]` (a reference of such a data element points here) ·
`nowhere C [C...]` (the record has none of these data elements filled).
"""

from __future__ import annotations

import functools
import re

from babyconnect.translate.sites import Site, Tree

_COMPARE = re.compile(r"(\d+)(!?=)(.*)")


@functools.cache
def _parsed(text: str) -> tuple[tuple[tuple[str, ...], ...], ...]:
    return tuple(tuple(_part(part) for part in alternative.split(" & ")) for alternative in text.split(" | "))


def _part(text: str) -> tuple[str, ...]:
    if compare := _COMPARE.fullmatch(text):
        concept, operator, value = compare.groups()
        return ("equal" if operator == "=" else "unequal", concept, value)
    for word in ("not referred by", "referred by", "nowhere", "present", "absent", "around", "has", "stated"):
        if text.startswith(f"{word} "):
            return (word, *text[len(word) + 1 :].split())
    raise ValueError(f"not a condition: {text}")


def holds(text: str, tree: Tree, site: Site) -> bool:
    """True when the condition holds at the site; an empty condition always does."""
    return not text or any(all(_holds(part, tree, site) for part in parts) for parts in _parsed(text))


def _holds(part: tuple[str, ...], tree: Tree, site: Site) -> bool:
    word, *rest = part
    if word in ("referred by", "not referred by"):
        referred = any(r.concept in rest for r in tree.referrers.get(site.number, ()))
        return referred is (word == "referred by")
    if word == "nowhere":
        return not any(found.filled for concept in rest for found in tree.within(tree.root, concept))
    if word == "stated":
        return any(s.filled or s.element.null_flavor for s in tree.within(site, rest[0]))
    if word == "has":
        return any(s.filled for s in tree.within(site, rest[0]))
    if word == "around":
        return any(s.filled and s.parent in site.chain() for s in tree.within(tree.root, rest[0]))
    found = tree.near(site, rest[0])
    if word in ("present", "absent"):
        return (found is not None) is (word == "present")
    same = found is not None and rest[1] in (found.element.value, found.element.code)
    return same is (word == "equal")

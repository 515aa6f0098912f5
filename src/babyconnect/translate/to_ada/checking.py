"""What an ADA record made of resources does not say: it is translated forward again and compared, fact by fact.

So the report does not depend on what the translator believes of itself: a value that did not come back is named, and so
is one that the way back would add.  A *fact* is a value at its path, a whole element of a list, or a reference that
leads to the counterpart of what it led to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from babyconnect.birthcare import numbers
from babyconnect.translate.to_ada.inverses import wall_time

Fact = tuple[str, str]
_NO_FACTS = frozenset({"id", "display", "text", "contained", "implicitRules", "language"})
_META = frozenset({"profile", "security", "tag"})


def facts(resource: Mapping[str, Any], address: Callable[[str], str]) -> Counter[Fact]:
    """The facts of a resource; `address` gives the name of what a reference leads to, the same on both sides."""
    found: Counter[Fact] = Counter()
    for key, value in resource.items():
        if key in ("id", "resourceType", "text", "implicitRules", "language"):
            continue
        if key == "meta":
            value = {name: part for name, part in value.items() if name in _META} if isinstance(value, Mapping) else {}
        _facts(value, key, address, found)
    return found


def _facts(value: Any, path: str, address: Callable[[str], str], found: Counter[Fact]) -> str:
    """Counts what lies in a value, and gives it as one text in which order of names does not matter."""
    if isinstance(value, Mapping):
        inside = [f"{k}={_facts(v, f'{path}.{k}', address, found)}" for k, v in sorted(_said(value, address))]
        return f"{{{';'.join(inside)}}}"
    if isinstance(value, list):
        items = [_facts(item, path, address, found) for item in value if item is not None]
        found.update((f"{path}[]", item) for item in items if item.startswith("{"))
        return f"[{','.join(sorted(items))}]"
    text = _normal(value)
    found[path, text] += 1
    return text


def _said(value: Mapping[str, Any], address: Callable[[str], str]) -> Iterator[tuple[str, Any]]:
    """What of an object counts: not displays, nor texts of references."""
    if "reference" in value or ("display" in value and len(value) <= 2 and "system" not in value):
        yield "reference", address(str(value.get("reference", "")))
        yield from (("extension", value["extension"]) for _ in [0] if "extension" in value)
        return
    yield from ((key, part) for key, part in value.items() if key not in ("id", "display"))


def _normal(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal | float):
        return numbers.text(Decimal(str(value)))
    text = str(value)
    return wall_time(text) or text if text[:4].isdigit() else text


def lost_paths(before: Counter[Fact], after: Counter[Fact]) -> list[str]:
    """The paths of the facts that `after` lacks, each once; of lists only where no single fact explains them."""
    gone, more = [path for path, _ in before - after], [path for path, _ in after - before]
    leaves = list(dict.fromkeys(path for path in gone if not path.endswith("[]")))
    single = leaves + [path for path in more if not path.endswith("[]")]
    lists = dict.fromkeys(path.removesuffix("[]") for path in gone if path.endswith("[]"))
    return leaves + [path for path in lists if not any(leaf.startswith(f"{path}.") for leaf in single)]

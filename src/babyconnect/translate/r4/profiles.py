"""What zib2020 asks beside R4 itself: the profile that is claimed, its codes beside the old ones, its integers."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from babyconnect.definitions import rows
from babyconnect.translate.r4 import tables
from babyconnect.translate.r4.building import absent


def profiled(made: dict[str, Any], resource: Mapping[str, Any]) -> dict[str, Any]:
    """The R4 resource with the nl-core profiles that the STU3 one's have become, and what those ask."""
    meta = made.get("meta")
    if not meta or "profile" not in meta:
        return made
    claimed = list(dict.fromkeys(_claimed(resource)))
    meta["profile"] = claimed
    if not claimed:
        del meta["profile"]
    if not meta:
        del made["meta"]
    for profile in claimed:
        name = profile.removeprefix(tables.NL_CORE)
        for row in _codings().get(name, ()):
            _beside(made, row)
        if name in _integers():
            _integer(made, _integers()[name])
        if name in _dated() and not any(key.removeprefix("_").startswith("effective") for key in made):
            made["_effectiveDateTime"] = absent()
    return made


def _claimed(resource: Mapping[str, Any]) -> Iterator[str]:
    codes = ["", *(coding.get("code", "") for coding in resource.get("code", {}).get("coding", ()))] if isinstance(
        resource.get("code"), Mapping) else [""]  # fmt: skip
    for profile in resource["meta"]["profile"]:
        yield from (tables.profiles()[profile, code] for code in codes if (profile, code) in tables.profiles())


@functools.cache
def _codings() -> Mapping[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows("r4/codings"):
        found[row["profile"]].append(row)
    return found


@functools.cache
def _integers() -> Mapping[str, str]:
    return {row["profile"]: row["unit"] for row in rows("r4/integers")}


@functools.cache
def _dated() -> frozenset[str]:
    return frozenset(row["profile"] for row in rows("r4/dated"))


def _beside(made: dict[str, Any], row: Mapping[str, str]) -> None:
    coding = {"system": row["system"], "code": row["code"]} | ({"display": row["display"]} if row["display"] else {})
    for concept in list(_concepts(made, row["place"].split("."))):
        codings = concept.get("coding", [])
        present = {(one.get("system"), one.get("code")) for one in codings}
        if (row["system"], row["code"]) in present or (row["from"] and row["from"] not in {c for _, c in present}):
            continue
        if row["place"] == "category":
            made["category"].append({"coding": [coding]})
        else:
            concept["coding"] = [coding, *codings]


def _concepts(value: Any, path: list[str]) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        for one in value:
            yield from _concepts(one, path)
    elif isinstance(value, dict):
        if path:
            yield from _concepts(value.get(path[0]), path[1:])
        else:
            yield value


_MOST = 2**31  # of an integer (FHIR R4, data types)


def _integer(made: dict[str, Any], unit: str) -> None:
    """A count: only a whole number with nothing beside it, so that nothing is lost."""
    quantity = made.get("valueQuantity")
    if not isinstance(quantity, dict) or set(quantity) - {"value", "unit", "system", "code"}:
        return
    value = quantity.get("value")
    if not isinstance(value, int | Decimal) or not -_MOST < value < _MOST or value != int(value):
        return
    if quantity.get("code", unit) == unit:
        made["valueInteger"] = int(value)
        del made["valueQuantity"]

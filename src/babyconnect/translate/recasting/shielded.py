"""Which codes of a record of birth care are shielded: outside every default, so another data set does not get them."""

from __future__ import annotations

import functools
import re

from babyconnect.birthcare.ada import AdaElement
from babyconnect.definitions import rows
from babyconnect.translate.codes import system

_FOCUS = re.compile(r"[^:+|=,{]*")


def is_shielded(element: AdaElement) -> bool:
    """By its code; of a post-coordinated one by what it is about."""
    code = element.attributes.get("code", "")
    if not code:
        return False
    focus = _FOCUS.match(code)
    said = focus.group().strip() if focus else code
    return (system(element.attributes.get("codeSystem", "")), said) in _codes()


@functools.cache
def _codes() -> frozenset[tuple[str, str]]:
    whole = {row["list"] for row in rows("shielded_lists")}
    listed = {(system(row["system"]), row["code"]) for row in rows("ada/value_lists")
              if row["list"].split("--")[0] in whole and row["kind"] != "exception"}  # fmt: skip
    return frozenset(listed | {(row["system"], row["code"]) for row in rows("shielded_codes") if row["code"]})

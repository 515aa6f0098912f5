"""The number of a pregnancy, where the record has none: how old the woman was at conception, in fortnights.

Rule of the data set, as the comment in the published message AcuteOverdracht-dp gives it: conception is the due date
less 267 days, the number is her age in days on that day divided by 14, without the remainder.
"""

from __future__ import annotations

import datetime as dt

from babyconnect.translate.acute.node import Node
from babyconnect.translate.findings import Finding

_TO_CONCEPTION = dt.timedelta(days=267)
_FORTNIGHT = 14


def number(root: Node) -> list[Finding]:
    """Give this pregnancy its number, and say that it was worked out."""
    here = root.first("zwangerschap")
    if here is None or here.of("identificatie_van_de_zwangerschap"):
        return []
    born, due = _day(root, "vrouw/geboortedatum"), _day(root, "zwangerschap/a_terme_datum_groep/a_terme_datum")
    if born is None or due is None or due - _TO_CONCEPTION < born:
        return []
    made = (due - _TO_CONCEPTION - born).days // _FORTNIGHT
    here.add("identificatie_van_de_zwangerschap").attributes = {"value": str(made)}
    text = "worked out from the day of birth and the due date, as the data set defines it"
    return [Finding("information", "zwangerschap/identificatie_van_de_zwangerschap", 0, "80627", "implied", text)]


def _day(root: Node, path: str) -> dt.date | None:
    node = root.first(path)
    text = node.attributes.get("value", "")[:10] if node is not None else ""
    return dt.date.fromisoformat(text) if len(text) == len("2012-05-03") else None

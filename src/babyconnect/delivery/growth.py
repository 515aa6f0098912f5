"""Growth as percentiles over the weeks: what the screen draws beside the table of biometry.

Percentiles as the sources gave them, each by the reference curve that the source names: nothing is computed here but
the week, by the due date, so it needs no reference curve of ours.  Percentiles by two curves are never joined into one
line: what looks like growth would be a change of curve.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation

from babyconnect.birthcare import gestation
from babyconnect.birthcare.named import named
from babyconnect.birthcare.record import Item
from babyconnect.birthcare.resources import day
from babyconnect.definitions import rows
from babyconnect.delivery import dutch, labels
from babyconnect.delivery.lines import Writer
from babyconnect.delivery.view import Curve, Growth, Point

_PERCENTILES = named("biometry_percentile")
_REFERENCES = named("biometry_reference")
_COLUMNS = [(r["column"], frozenset(r["codes"].split())) for r in rows("sections/grids") if r["grid"] == "biometrie"]
_LONGEST = 44 * 7
UNNAMED = "curve niet genoemd"
_MOST = 8
"""Curves in one picture: of twins there are eight."""


def percentile(item: Item) -> Decimal | None:
    """The percentile that a measurement states of itself."""
    for component in item.resource.get("component") or ():
        codes = {f"{c.get('system')}|{c.get('code')}" for c in (component.get("code") or {}).get("coding") or ()}
        quantity: Mapping[str, object] = component.get("valueQuantity") or {}
        if codes & _PERCENTILES and "value" in quantity:
            return _number(quantity["value"])
    for extension in item.resource.get("extension") or ():
        if str(extension.get("url", "")).endswith("bc-observation-percentile"):
            value = extension.get("valueDecimal", (extension.get("valueQuantity") or {}).get("value"))
            return _number(value) if value is not None else None
    return None


def reference(item: Item) -> str:
    """The reference curve that a measurement names, "" when it names none."""
    for component in item.resource.get("component") or ():
        codes = {f"{c.get('system')}|{c.get('code')}" for c in (component.get("code") or {}).get("coding") or ()}
        if codes & _REFERENCES:
            concept = component.get("valueCodeableConcept")
            return " ".join(
                str(component.get("valueString") or (labels.of_concept(concept) if concept else "")).split()
            )
    return ""


def _number(value: object) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def growth(items: Iterable[Item], due: dt.date | None, writer: Writer) -> tuple[Growth, ...]:
    """The picture, where something was measured at two moments; nothing that the screen may have to hide is in it."""
    found: dict[tuple[str, str], list[Point]] = defaultdict(list)
    for item in items if due else ():
        name = next((column for column, codes in _COLUMNS if codes & set(item.codes)), "")
        point = _point(item, due, writer) if name and due else None
        if point is not None:
            fetus = writer.fetus(item)
            found[f"{fetus}: {name}" if fetus else name, reference(item)].append(point)
    several = len({by for _, by in found}) > 1
    curves = [
        Curve(f"{name} ({by or UNNAMED})" if several else name, tuple(sorted(points, key=lambda p: p.week)), by)
        for (name, by), points in sorted(found.items())
    ]
    drawn = sorted(curves, key=lambda curve: -len(curve.points))[:_MOST]
    if not any(_moments(curve.points) > 1 for curve in drawn):
        return ()
    return (Growth("groei", tuple(sorted(drawn, key=lambda curve: curve.name))),)


def _moments(points: Sequence[Point]) -> int:
    return len({point.week for point in points})


def _point(item: Item, due: dt.date, writer: Writer) -> Point | None:
    when, stated, line = day(item.moment), percentile(item), writer.line(item)
    if when is None or stated is None or not 0 <= stated <= 100 or line.discreet or line.unprinted:
        return None
    days = gestation.days_on(due, when)
    if not 0 < days <= _LONGEST:
        return None
    measured = line.text.split("; ")[0]
    text = f"{dutch.moment(when.isoformat())}, {gestation.text(days)}: {measured}, p{dutch.number(stated)}"
    return Point(round(days / 7, 2), float(stated), text)

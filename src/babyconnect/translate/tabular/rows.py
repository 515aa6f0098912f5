"""The rows of an extract as whoever filled them in knows them: by their moment, their child or a name of their own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from babyconnect.birthcare.tabular import Extract
from babyconnect.birthcare.templates import ROW
from babyconnect.translate.tabular.build import ReadRow, distinct


def known_as(extract: Extract, today: dt.date) -> Mapping[str, str]:
    """What each row is known as (`Controles: 14-04-2026 10:20`), by its place as findings have it."""
    rows = distinct(extract, today)
    return {f"blad {one.sheet.name}, {one.row.place()}": f"{one.sheet.name}: {_name(one)}" for one in rows}


def _name(one: ReadRow) -> str:
    """The row's own name, its child, its moment; its place where it has none of these."""
    parts = [f"{ROW} {own}"] if (own := one.said("row")) else []
    for header in one.sheet.identity or ["Kind"]:
        if header in one.values:
            made = one.values[header]
            dated = made.attributes.get("datatype") == "datetime"
            parts.append(_day(made.key) if dated else f"{header.lower()} {made.key}")
    return ", ".join(parts) or one.row.place()


def _day(text: str) -> str:
    moment = dt.datetime.fromisoformat(text)
    return f"{moment:%d-%m-%Y %H:%M}" if "T" in text else f"{moment:%d-%m-%Y}"

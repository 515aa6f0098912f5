"""Values of HL7 version 3 as those of ADA: moments, codes, amounts, durations."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

from lxml import etree

from babyconnect.birthcare.ada import AdaElement
from babyconnect.definitions import document
from babyconnect.translate.medication.tree import V3, Sheet, element, text

_WORDS = {code: word for word, code in document("medication/ada.toml")["units"].items()}
_TS = re.compile(r"(\d{4})(\d\d)?(\d\d)?(?:(\d\d)(\d\d)(\d\d)?(?:\.\d+)?([+-]\d{4})?)?")
# Units of the G-Standaard (thesaurus basiseenheden), in which the zib counts pieces; preferred over the free one.
_PIECES = "2.16.840.1.113883.2.4.4.1.900.2"


def moment(read: Sheet, source: etree._Element, name: str) -> Iterator[AdaElement]:
    """A point in time; one that no calendar has refuses the record."""
    said = source.get("value", "")
    if not said:
        return
    if written := _written(said):
        yield element(source, name, {"value": written})
    else:
        read.say(source, "date", f"the moment of {etree.QName(source).localname} does not exist", "error")


def _written(said: str) -> str:
    found = _TS.fullmatch(said)
    if not found:
        return ""
    year, month, day, hour, minute, second, zone = found.groups()
    try:
        dt.datetime(int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0))
    except ValueError:
        return ""
    date = "-".join(part for part in (year, month, day) if part)
    if not hour:
        return date
    offset = f"{zone[:3]}:{zone[3:]}" if zone else ""
    return f"{date}T{hour}:{minute}:{second or '00'}{offset}"


def coded(source: etree._Element, name: str) -> AdaElement:
    """A code with its display, or its original text where there is no code."""
    said = {key: source.get(key, "") for key in ("code", "codeSystem", "displayName")}
    if not said["code"]:
        said = {"displayName": said["displayName"], "value": text(source.find(f"{V3}originalText"))}
    return element(source, name, {key: value for key, value in said.items() if value})


def number(said: str | None) -> Decimal | None:
    try:
        found = Decimal(said) if said else None
    except InvalidOperation:
        return None
    return found if found is not None and found.is_finite() and 0 <= found < 10**9 else None


def counted(read: Sheet, source: etree._Element) -> tuple[str, AdaElement | None]:
    """(how many, of what): in units of the G-Standaard where the message has them, else in its own."""
    read.take_all(source)
    told = [one for one in source.findall(f"{V3}translation") if one.get("codeSystem") == _PIECES]
    best = told[0] if told else source
    said = best.get("value", "")
    if not told:
        unit = source.get("unit", "")
        return said, element(source, "eenheid", {"value": unit}) if unit not in ("", "1") else None
    return said, coded(best, "eenheid")


def duration(read: Sheet, source: etree._Element, name: str) -> Iterator[AdaElement]:
    """A length of time in a unit that ADA has; another is named and gives none."""
    said, unit = source.get("value", ""), _WORDS.get(source.get("unit", ""))
    if not said:
        return
    if number(said) and unit:
        yield element(source, name, {"value": said, "unit": unit})
    else:
        read.say(source, "bad-value", "a duration that is no number of a known unit of time: kept in the original")


def frequency(source: etree._Element) -> tuple[int, str, str] | None:
    """(times, per how many, of which unit) of a PIVL_TS; None where its period is no whole number of times.

    A period below one is a share of it (0.3333 d: three times a day); 7 divided by a period of days may be a week's.
    """
    period, unit = number(source.get("value")), source.get("unit", "")
    if not period or unit not in _WORDS:
        return None
    if period == period.to_integral_value():
        return 1, str(int(period)), _WORDS[unit]
    for whole, per in ((1, unit), (7, "wk")) if unit == "d" else ((1, unit),):
        times = round(whole / period)
        if times > 0 and abs(Decimal(whole) / times - period) < Decimal("0.005"):
            return times, "1", _WORDS[per]
    return None

"""What fills an element of a message from an element of the record: a closed list of HL7 data types.

HL7 version 3 data types release 1, as the samples of Perined's messages use them: a code that the null flavours' code
system has becomes a null flavour, a quantity has a UCUM unit, a moment is digits as far as it is known.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from babyconnect.birthcare import units
from babyconnect.birthcare.ada import AdaElement
from babyconnect.birthcare.identifiers import BSN_OID
from babyconnect.birthcare.resources import HOME
from babyconnect.definitions import document
from babyconnect.translate import moments

NULL_FLAVORS = "2.16.840.1.113883.5.1008"
XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_WHOLE = re.compile(r"-?\d{1,9}")
_ROOT = re.compile(r"[0-2](\.(0|[1-9]\d*))+|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DECIMAL = re.compile(r"-?\d{1,12}(\.\d{1,9})?")


@dataclass(frozen=True, slots=True)
class Filled:
    """Attributes, text and an original text; `fault`: why nothing could be written (a rule and a sentence)."""

    attributes: Mapping[str, str]
    text: str = ""
    original: str = ""
    fault: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is not in the record: the day that T stands for, and whether the receiver gets BSNs."""

    today: dt.date
    with_bsn: bool = False


Fill = Callable[[AdaElement, str, Circumstances], Filled]


def _null(element: AdaElement) -> Filled | None:
    """A null flavour, wherever the record states it: as such, as a code of that system, or as a word for a value."""
    known = document("hl7v3/shapes.toml")["null_flavors"]["known"]
    is_coded = element.attributes.get("codeSystem") == NULL_FLAVORS and element.code
    stated = element.null_flavor or (element.code if is_coded else "")
    if stated:
        original = element.attributes.get("originalText", "") if is_coded else ""
        fault = None if stated in known else ("unknown-code", "a null flavour that HL7 does not have")
        return Filled({"nullFlavor": stated}, original=original, fault=fault)
    return Filled({"nullFlavor": element.value}) if not element.code and element.value in known else None


def _code(element: AdaElement, argument: str, _: Circumstances) -> Filled:
    if not element.code or not element.attributes.get("codeSystem"):
        return Filled({}, fault=("incomplete", "a code without a code or a code system"))
    given = {"code": element.code, "codeSystem": element.attributes["codeSystem"]}
    name = element.attributes.get("codeSystemName", "") if argument == "stated" else ""
    if argument == "named":
        name = document("hl7v3/shapes.toml")["names"].get(given["codeSystem"], "")
    given |= {"codeSystemName": name} if name else {}
    if display := element.attributes.get("displayName"):
        given["displayName"] = display
    return Filled(given, original=element.attributes.get("originalText", ""))


def _boolean(element: AdaElement, _: str, __: Circumstances) -> Filled:
    if element.value not in ("true", "false"):
        return Filled({}, fault=("bad-value", "neither true nor false"))
    return Filled({"value": element.value})


def _integer(element: AdaElement, _: str, __: Circumstances) -> Filled:
    if not _WHOLE.fullmatch(element.value):
        return Filled({}, fault=("bad-value", "not a whole number"))
    return Filled({"value": element.value})


def _quantity(element: AdaElement, _: str, __: Circumstances) -> Filled:
    if not _DECIMAL.fullmatch(element.value):
        return Filled({}, fault=("bad-value", "not a number"))
    written = element.attributes.get("unit", "")
    if not units.is_known(written):
        return Filled({}, fault=("unknown-unit", "a unit that the table does not know"))
    return Filled({"value": element.value, "unit": units.coded(written)})


def _moment(element: AdaElement, _: str, given: Circumstances) -> Filled:
    moment = moments.fhir(element.value, given.today)
    if moment is None or not _exists(moment):
        return Filled({}, fault=("date", "no date"))
    if "T" in moment:  # a zone that the record states is told as Dutch wall time, as every other moment of a message
        moment = dt.datetime.fromisoformat(moment).astimezone(HOME).strftime("%Y%m%d%H%M%S")
    return Filled({"value": moment.replace("-", "")})


def _exists(moment: str) -> bool:
    """A year and a month may stand alone; a day must be one that a calendar has."""
    day = (moment[:10] + "-01-01")[:10] if len(moment) == 4 else (moment[:10] + "-01")[:10]
    try:
        dt.date.fromisoformat(day)
    except ValueError:
        return False
    return True


def _text(element: AdaElement, _: str, __: Circumstances) -> Filled:
    return Filled({}, text=element.value) if element.value else Filled({}, fault=("incomplete", "no text"))


def _identifier(element: AdaElement, argument: str, _: Circumstances) -> Filled:
    """`argument`: the root that the message demands, whatever the record calls it; else the record's own."""
    root = argument or element.attributes.get("root", "")
    if not element.value:
        return Filled({}, fault=("incomplete", "an identifier without a value"))
    if root and not _ROOT.fullmatch(root):
        return Filled({}, fault=("unknown-system", "an identifier whose root is neither an OID nor a UUID"))
    # UNC, unencoded: the number is there, whose it is was not said (pair 2.3.5 scenario3-23, partusnummer).
    return Filled({"root": root, "extension": element.value} if root else
                  {"nullFlavor": "UNC", "extension": element.value})  # fmt: skip


def _bsn(element: AdaElement, _: str, given: Circumstances) -> Filled:
    return _identifier(element, BSN_OID, given)


def is_hidden(name: str, element: AdaElement, given: Circumstances) -> bool:
    """True for a number that the receiver does not get: a BSN by its place or by its root."""
    return not given.with_bsn and (name == "BSN" or (name == "II" and element.attributes.get("root") == BSN_OID))


def _value(element: AdaElement, _: str, __: Circumstances) -> Filled:
    """The value as it is, in an attribute `value`."""
    return Filled({"value": element.value}) if element.value else Filled({}, fault=("incomplete", "no value"))


def _file(element: AdaElement, _: str, __: Circumstances) -> Filled:
    """A file in base64, with its media type."""
    if not element.value:
        return Filled({}, fault=("incomplete", "no content"))
    media = element.attributes.get("mediaType", "application/octet-stream")
    return Filled({"representation": "B64", "mediaType": media}, text=element.value)


FILLS: Mapping[str, Fill] = {
    "CE": _code, "CD": _code, "CV": _code, "BL": _boolean, "INT": _integer, "PQ": _quantity, "TS": _moment, "ST": _text,
    "II": _identifier, "BSN": _bsn, "VALUE": _value, "ED": _file,
}  # fmt: skip


def fill(name: str, argument: str, element: AdaElement, given: Circumstances) -> Filled:
    """The element as the data type of this name; a null flavour where the record gives one."""
    is_masked = element.null_flavor == "MSK" and name in ("BSN", "II")
    if is_masked or (element.value and is_hidden(name, element, given)):
        return Filled({"root": BSN_OID, "nullFlavor": "MSK"})
    return _null(element) or FILLS[name](element, argument, given)

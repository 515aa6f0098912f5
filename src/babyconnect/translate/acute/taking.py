"""What an element of a message says, by its data type: the inverse of `translate.hl7v3.fills`, one for each of them.

HL7 version 3 data types release 1.  A null flavour of a code is a code of that system, as records of Nictiz have it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping

from lxml import etree

from babyconnect.birthcare import units
from babyconnect.birthcare.identifiers import BSN_OID
from babyconnect.definitions import document
from babyconnect.translate.acute.node import Attributes
from babyconnect.translate.hl7v3.fills import NULL_FLAVORS, XSI_TYPE

V3 = "{urn:hl7-org:v3}"
_MOMENT = re.compile(r"(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(\d\d)(?:(\d\d)(?:\.\d+)?)?([+-]\d\d\d\d)?)?)?)?")
_NUMBER = re.compile(r"-?\d{1,12}(\.\d{1,9})?")
_KIN = ({"CE", "CD", "CV", "CO", "CS"}, {"TS", "IVL_TS"}, {"ST", "SC", "ED"})
"""Types that say the same in each other's place."""


class Fault(Exception):
    """It cannot be read: a rule and a sentence."""

    def __init__(self, rule: str, text: str) -> None:
        super().__init__(text)
        self.rule, self.text = rule, text


def take(kind: str, element: etree._Element) -> Attributes:
    """The attributes of the element; nothing when it is empty.  Raises `Fault`."""
    _refuse_other_type(kind, element)
    flavor = element.get("nullFlavor", "")
    if flavor and flavor not in document("hl7v3/shapes.toml")["null_flavors"]["known"]:
        raise Fault("unknown-code", "a null flavour that HL7 does not have")
    if flavor and kind in ("CE", "CD"):
        return {"code": flavor, "codeSystem": NULL_FLAVORS, **_original(element)}
    if flavor and not (element.text or "").strip():
        return {"nullFlavor": flavor, **({"root": str(element.get("root"))} if element.get("root") else {})}
    return TAKES[kind](element)


def _refuse_other_type(kind: str, element: etree._Element) -> None:
    stated = str(element.get(XSI_TYPE, "")).rpartition(":")[2]
    if stated and stated != kind and not any({stated, kind} <= kin for kin in _KIN):
        raise Fault("bad-value", "a value of another data type than the element has")


def _code(element: etree._Element) -> Attributes:
    code, system = element.get("code", "").strip(), element.get("codeSystem", "").strip()
    if not code:
        if _original(element):
            raise Fault("incomplete", "a text where a code is meant")
        return {}
    if not system:
        raise Fault("incomplete", "a code without a code system")
    shown = element.get("displayName", "").strip()
    return {"code": code, "codeSystem": system, **({"displayName": shown} if shown else {}), **_original(element)}


def _original(element: etree._Element) -> Attributes:
    text = " ".join((element.findtext(f"{V3}originalText") or "").split())
    return {"originalText": text} if text else {}


def _boolean(element: etree._Element) -> Attributes:
    value = element.get("value", "")
    if value not in ("true", "false"):
        raise Fault("bad-value", "neither true nor false")
    return {"value": value}


def _integer(element: etree._Element) -> Attributes:
    value = element.get("value", "")
    if not (value.isascii() and value.isdigit() and len(value) < 10):
        raise Fault("bad-value", "not a whole number")
    return {"value": value}


def _quantity(element: etree._Element) -> Attributes:
    value, unit = element.get("value", "").strip(), element.get("unit", "").strip()
    if not _NUMBER.fullmatch(value):
        raise Fault("bad-value", "not a number")
    if unit and not units.is_known(unit):
        raise Fault("unknown-unit", "a unit that the table does not know")
    return {"value": value, **({"unit": unit} if unit else {})}


def _moment(element: etree._Element) -> Attributes:
    found = _MOMENT.fullmatch(element.get("value", "").strip())
    if not found:
        raise Fault("date", "no date")
    year, month, day, hour, minute, second, zone = found.groups()
    text = "-".join(part for part in (year, month, day) if part)
    if hour:
        text += f"T{hour}:{minute}:{second or '00'}"
    try:
        dt.datetime(int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0))
    except ValueError:
        raise Fault("date", "the date does not exist") from None
    return {"value": f"{text}{zone[:3]}:{zone[3:]}" if zone else text}


def _text(element: etree._Element) -> Attributes:
    text = " ".join((element.text or "").split())
    return {"value": text} if text else {}


def _identifier(element: etree._Element) -> Attributes:
    root, extension = element.get("root", "").strip(), element.get("extension", "").strip()
    return {"value": extension, **({"root": root} if root else {})} if extension else {}


def _value(element: etree._Element) -> Attributes:
    return {"value": element.get("value", "").strip()} if element.get("value", "").strip() else {}


def _file(element: etree._Element) -> Attributes:
    """A file in base64 with its media type; anything else (a reference to elsewhere) is not followed."""
    if element.get("representation", "TXT") != "B64":
        raise Fault("bad-value", "a file that is not in base64")
    content = "".join((element.text or "").split())
    return {"value": content, "mediaType": element.get("mediaType", "application/octet-stream")} if content else {}


TAKES: Mapping[str, Callable[[etree._Element], Attributes]] = {
    "CE": _code, "CD": _code, "BL": _boolean, "INT": _integer, "PQ": _quantity, "TS": _moment, "ST": _text,
    "II": _identifier, "BSN": _identifier, "VALUE": _value, "ED": _file,
}  # fmt: skip


def is_own(kind: str, argument: str, element: etree._Element) -> bool:
    """Whether an identifier is the one that a row means, by its root; true for every other type."""
    root = element.get("root", "")
    if kind == "BSN":
        return root == BSN_OID or (not root and bool(element.get("nullFlavor")))
    return root == argument if kind == "II" and argument else True

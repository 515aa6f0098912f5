"""The closed list of transforms backwards: one FHIR value → the attributes of one element of ADA.

Each is the inverse of the transform of that name (`translate.values`).  None: ADA cannot say it; what is not said is
found by translating forward again, and reported.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from babyconnect.birthcare import numbers, units
from babyconnect.birthcare.resources import HOME
from babyconnect.translate import codes
from babyconnect.translate.to_ada.graph import Found
from babyconnect.translate.values import ABSENT, BIRTH_TIME, NULL_EXTENSION, SPECIFICATION, UCUM

Attributes = dict[str, str]
_MOMENT = re.compile(r"\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?)?)?")
_NULLS = ("UNK", "NASK", "NA", "MSK")


@dataclass(frozen=True, slots=True)
class Target:
    """The data element: its value lists and units; `argument`: of the row."""

    lists: tuple[str, ...]
    units: tuple[str, ...]
    argument: str


def concept(found: Found, target: Target) -> Attributes | None:
    """A code, with its text as `originalText`; a text alone as value."""
    return coded(found.value, target)


def concept_or_reason(found: Found, target: Target) -> Attributes | None:
    """A code, or HL7's null flavour beside the text."""
    flavor = _extension(found.value, NULL_EXTENSION, "valueCode") if isinstance(found.value, Mapping) else ""
    if not flavor:
        return coded(found.value, target)
    given = {"coding": [{"system": codes.NULL_FLAVOR, "code": flavor}], "text": found.value.get("text")}
    return coded(given, target)


def coded(value: Any, target: Target) -> Attributes | None:
    """The first coding that the value lists have, else the first."""
    if not isinstance(value, Mapping):
        return None
    codings = [c for c in _list(value.get("coding")) if isinstance(c, Mapping) and c.get("code")]
    text = value.get("text") if isinstance(value.get("text"), str) else ""
    if not codings:
        return {"value": text} if text else None
    known = (c for c in codings if target.lists and codes.is_known(target.lists, str(c["code"]), _oid(c)))
    made = coding(next(known, codings[0]), target)
    return {**made, "originalText": text} if text else made


def coding(given: Mapping[str, Any], target: Target) -> Attributes:
    code, oid = str(given["code"]), _oid(given)
    made = {}
    if place := codes.position(target.lists, code, oid):
        made["value"] = str(place)
    made["code"] = code
    if oid:
        made["codeSystem"] = oid
    if version := given.get("version"):
        made["codeSystemVersion"] = str(version)
    if shown := given.get("display") or codes.display(target.lists, code, oid):
        made["displayName"] = str(shown)
    return made


def _oid(given: Mapping[str, Any]) -> str:
    return codes.oid(str(given.get("system", "")))


def plain_coding(found: Found, target: Target) -> Attributes | None:
    value = found.value
    return coding(value, target) if isinstance(value, Mapping) and value.get("code") else None


def first_coding(found: Found, target: Target) -> Attributes | None:
    """The code specification beside it, else the Coding itself."""
    if isinstance(found.value, Mapping) and (specified := _specified(found.value)):
        return coded(specified, target)
    return plain_coding(found, target)


def mapped_code(found: Found, target: Target) -> Attributes | None:
    """The code specification beside it, else a code that the concept map leads from: one of the lists first."""
    specified = _specified(found.beside)
    if specified:
        return coded(specified, target)
    return _from_map(target, found.value)


def mapped_or_reason(found: Found, target: Target) -> Attributes | None:
    """As above; what is absent for a reason says that it is not known."""
    absent = _extension(found.beside, ABSENT, "valueCode")
    return mapped_code(found, target) or ({"nullFlavor": "UNK"} if absent else None)


def _from_map(target: Target, code: Any) -> Attributes | None:
    if not isinstance(code, str):
        return None
    from_rows = codes.sources(target.argument, code)
    listed = [row for row in from_rows if codes.position(target.lists, row["code"], _system(row, target))]
    row = next(iter(listed or [row for row in from_rows if row["system"] != "*"] or from_rows), None)
    if row is None:
        return None
    system = _system(row, target)
    return coding({"system": codes.system(system), "code": row["code"]}, target)


def _system(row: Mapping[str, str], target: Target) -> str:
    """The system of a row for any system: that of the value list, else a null flavour's."""
    if row["system"] != "*":
        return row["system"]
    is_flavor = codes.mapped("null-flavor", row["code"], codes.NULL_FLAVOR_OID) is not None
    return codes.system_of(target.lists, row["code"]) or (codes.NULL_FLAVOR_OID if is_flavor else "")


def interpretation(found: Found, target: Target) -> Attributes | None:
    """The source's code beside HL7's flag, else the one that leads to the flag."""
    if not isinstance(found.value, Mapping):
        return None
    listed = [c for c in _list(found.value.get("coding")) if isinstance(c, Mapping) and c.get("code")]
    own = [c for c in listed if codes.mapped(target.argument, str(c["code"]), _oid(c))]
    own = own or [c for c in listed if target.lists and codes.is_known(target.lists, str(c["code"]), _oid(c))]
    if own:
        return coded({**found.value, "coding": own}, target)
    return next((made for c in listed if (made := _from_map(target, c["code"]))), None)


def _specified(holder: Any) -> Mapping[str, Any] | None:
    extensions = _list(holder.get("extension")) if isinstance(holder, Mapping) else []
    for one in extensions:
        if isinstance(one, Mapping) and one.get("url") == SPECIFICATION:
            value = one.get("valueCodeableConcept")
            return value if isinstance(value, Mapping) else None
    return None


def quantity(found: Found, target: Target) -> Attributes | None:
    """A number in a unit that the data element has, where it names any.  One with a comparator is no number of ADA."""
    value = found.value
    if not isinstance(value, Mapping) or "comparator" in value:
        return None
    number = _number(value.get("value"))
    if number is None:
        return None
    unit = _unit(value)
    own = units.coded(unit) if unit else ""
    if not own or not target.units or own in target.units or units.is_number(own):
        return {"value": number, "unit": unit} if unit else {"value": number}
    best = next((one for one in target.units if units.measure_the_same(own, one)), "")
    said = units.said_in(number, own, best)
    return None if said is None else {"value": numbers.text(said), "unit": best}


def _unit(value: Mapping[str, Any]) -> str:
    """The unit as ADA writes it: the code of UCUM, or the text of an annotation."""
    unit, code = str(value.get("unit") or ""), str(value.get("code") or "")
    if code == f"{{{unit}}}" or not code or value.get("system") not in (UCUM, None):
        return unit or code
    return code


def count(found: Found, target: Target) -> Attributes | None:
    """A number without a unit, or with the unit one."""
    made = quantity(found, target)
    if made is None or made.get("unit", "1") not in ("1", "{score}"):
        return made
    return {"value": made["value"]}


def _number(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    text = str(value)
    return text if re.fullmatch(r"[+-]?\d+(\.\d+)?", text) else format(Decimal(text), "f")


def any_value(found: Found, target: Target) -> Attributes | None:
    """value[x] of any type."""
    if isinstance(found.value, str):
        return {"value": found.value}
    return coded(found.value, target) if "coding" in (found.value or {}) else quantity(found, target)


def moment(found: Found, target: Target) -> Attributes | None:
    """A day or a moment, in Dutch wall time where its offset is that of the place and day."""
    if isinstance(found.value, str):
        written = wall_time(found.value)
        return {"value": written, "datatype": "datetime"} if written else None
    flavor = _extension(found.beside, NULL_EXTENSION, "valueCode")
    return {"datatype": "datetime", "nullFlavor": flavor} if flavor else None


def wall_time(text: str) -> str:
    if not _MOMENT.fullmatch(text):
        return ""
    if "T" not in text:
        return text
    try:
        given = dt.datetime.fromisoformat(text)
    except ValueError:
        return ""
    wall = given.replace(tzinfo=None)
    own = wall.replace(tzinfo=HOME).utcoffset() == given.utcoffset()
    return re.sub(r"(Z|[+-]\d\d:\d\d)$", "", text) if own else text


def birth_moment(found: Found, target: Target) -> Attributes | None:
    """The moment beside the day, else the day."""
    exact = _extension(found.beside, BIRTH_TIME, "valueDateTime")
    written = wall_time(exact) if exact else ""
    return {"value": written, "datatype": "datetime"} if written else moment(found, target)


def _extension(holder: Mapping[str, Any], url: str, kind: str) -> str:
    for one in _list(holder.get("extension")):
        if isinstance(one, Mapping) and one.get("url") == url:
            return str(one.get(kind, ""))
    return ""


def text(found: Found, target: Target) -> Attributes | None:
    return {"value": found.value} if isinstance(found.value, str) and found.value else None


def remark(found: Found, target: Target) -> Attributes | None:
    """A text, or the null flavour beside where it would be."""
    flavor = _extension(found.beside, NULL_EXTENSION, "valueCode")
    return text(found, target) or ({"nullFlavor": flavor} if flavor else None)


def boolean(found: Found, target: Target) -> Attributes | None:
    return {"value": str(found.value).lower()} if isinstance(found.value, bool) else None


def integer(found: Found, target: Target) -> Attributes | None:
    is_number = isinstance(found.value, int) and not isinstance(found.value, bool)
    return {"value": str(found.value)} if is_number else None


def identifier(found: Found, target: Target) -> Attributes | None:
    """A number with its root; a masked one says that it is masked."""
    value = found.value
    if not isinstance(value, Mapping):
        return None
    system = value.get("system")
    root = {"root": codes.oid(system)} if isinstance(system, str) else {}
    if isinstance(value.get("value"), str):
        return {"value": value["value"], **root}
    if flavor := _extension(value, NULL_EXTENSION, "valueCode"):
        return {"nullFlavor": flavor}
    return {"nullFlavor": "MSK", **root} if "_value" in value else None


def coded_identifier(found: Found, target: Target) -> Attributes | None:
    made = identifier(found, target)
    if made is None or "value" not in made:
        return None
    return {"code": made["value"], **({"codeSystem": made["root"]} if "root" in made else {})}


def code(found: Found, target: Target) -> Attributes | None:
    return {"code": found.value} if isinstance(found.value, str) else None


def reason(value: Any, is_coded: bool) -> Attributes | None:
    """Why a value is absent, as null flavour; where a code can stand that is a code too, and so says something."""
    flavor = _flavor(value)
    if flavor and is_coded:
        shown = (codes.mapped("null-flavor", flavor, codes.NULL_FLAVOR_OID) or {}).get("display", "")
        return {"code": flavor, "codeSystem": codes.NULL_FLAVOR_OID, **({"displayName": shown} if shown else {})}
    return {"nullFlavor": flavor} if flavor else None


def _flavor(value: Any) -> str:
    for one in _list(value.get("coding")) if isinstance(value, Mapping) else []:
        if not isinstance(one, Mapping):
            continue
        if one.get("system") == codes.NULL_FLAVOR:
            return str(one.get("code", ""))
        rows = [row["code"] for row in codes.sources("absent-reason", str(one.get("code", "")))]
        if rows:
            return next((flavor for flavor in _NULLS if flavor in rows), rows[0])
    return ""


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


Inverse = Callable[[Found, Target], Attributes | None]

INVERSES: Mapping[str, Inverse] = {
    "any": any_value,
    "birth": moment,
    "birth-moment": birth_moment,
    "boolean": boolean,
    "code": code,
    "centimetres": quantity,
    "coded-identifier": coded_identifier,
    "coding": first_coding,
    "concept": concept,
    "content": text,
    "count": count,
    "day": moment,
    "display": text,
    "identifier": identifier,
    "identifier-or-reason": identifier,
    "integer": integer,
    "interpretation": interpretation,
    "mapped-code": mapped_code,
    "mapped-or-reason": mapped_or_reason,
    "concept-or-reason": concept_or_reason,
    "moment": moment,
    "narrowed-concept": concept,
    "plain-coding": plain_coding,
    "quantity": quantity,
    "remark": remark,
    "text": text,
    "value-concept": concept,
    "value-moment": moment,
    "value-text": text,
}

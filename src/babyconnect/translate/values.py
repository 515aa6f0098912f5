"""The closed list of transforms: one element of ADA → one FHIR value.

A transform takes what it needs in a `Context` and gives a `Given` (the value, what stands beside a primitive as
`_name`, and why the value is absent) or None when there is nothing to say.  A row of a map names one by its key in
`TRANSFORMS`; it never holds an expression.  Resources' own transforms (references, names, addresses) are in `building`.
"""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from babyconnect.birthcare import numbers, units
from babyconnect.birthcare.ada import AdaElement
from babyconnect.birthcare.identifiers import BSN_OID, passes_eleven_check
from babyconnect.translate import codes, moments
from babyconnect.translate.findings import Severity

SPECIFICATION = "http://nictiz.nl/fhir/StructureDefinition/code-specification"
NULL_EXTENSION = "http://hl7.org/fhir/StructureDefinition/iso21090-nullFlavor"
BIRTH_TIME = "http://hl7.org/fhir/StructureDefinition/patient-birthTime"
ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
UCUM = units.UCUM
WRONG = {"coding": [{"system": "http://hl7.org/fhir/data-absent-reason", "code": "error", "display": "Error"}]}
"""Why a value is absent that the source gave as what it cannot be."""


@dataclass(frozen=True, slots=True)
class Context:
    """`lists`: the value lists of the data element; `argument`: the row's; `remark(severity, rule, text)` reports."""

    today: dt.date
    lists: tuple[str, ...]
    argument: str
    remark: Callable[[Severity, str, str], None]
    units: tuple[str, ...] = ()
    """In which units the data set has the data element; empty where it names none."""


@dataclass(frozen=True, slots=True)
class Given:
    """What came out.  `absent`: a CodeableConcept for `dataAbsentReason`; `name`: another last step than the row's."""

    value: Any = None
    extra: Mapping[str, Any] | None = None
    absent: Mapping[str, Any] | None = None
    name: str = ""


def coding(element: AdaElement, context: Context) -> dict[str, str]:
    """A Coding with system, version, code and display (its own, else the value list's)."""
    oid, code = element.attributes.get("codeSystem", "").strip(), element.code
    if not code:
        oid, code = codes.NULL_FLAVOR_OID, element.null_flavor
    elif not codes.is_known(context.lists, code, oid):
        context.remark("warning", "unknown-code", "the code is not in the value list of this element; carried as given")
    if oid and not codes.is_known_system(oid):
        context.remark("warning", "unknown-system", "the code system has no known address; carried as an OID")
    made = {"system": codes.system(oid)} if oid else {}
    if version := element.attributes.get("codeSystemVersion", ""):
        made["version"] = version
    made["code"] = code
    known = codes.display(context.lists, code, oid) or (codes.mapped("null-flavor", code, oid) or {}).get("display", "")
    if shown := element.attributes.get("displayName", "").strip() or known:
        made["display"] = shown
    return made


def concept(element: AdaElement, context: Context) -> Given | None:
    """A CodeableConcept; `originalText` is its text.  `argument` `unversioned`: without the system's version."""
    if not (element.code or element.null_flavor):
        return Given({"text": element.value}) if element.value else None
    made: dict[str, Any] = {"coding": [coding(element, context)]}
    if context.argument == "unversioned":
        made["coding"][0].pop("version", None)
    if text := element.attributes.get("originalText", "").strip():
        made["text"] = text
    return Given(made)


def narrowed_concept(element: AdaElement, context: Context) -> Given | None:
    """A CodeableConcept; a code that is more general than the data element becomes the data element's own by the
    concept map `argument`: read alone, the general one would say something else."""
    given = concept(element, context)
    row = codes.mapped(context.argument, element.code, element.attributes.get("codeSystem", ""))
    if given is None or row is None:
        return given
    context.remark("information", "narrowed", f"{element.code} is written as {row['target']}, this element's own code")
    own = {"system": row["target_system"], "code": row["target"], "display": row["display"]}
    return Given({**given.value, "coding": [own]})


def concept_or_reason(element: AdaElement, context: Context) -> Given | None:
    """A CodeableConcept; a null flavor ("anders", with a text) stands beside it as HL7's extension, not as a code."""
    given = concept(element, context)
    first = given.value["coding"][0] if given and "coding" in given.value else {}
    if given is None or first.get("system") != codes.NULL_FLAVOR:
        return given
    text = {"text": given.value["text"]} if "text" in given.value else {}
    return Given({"extension": [{"url": NULL_EXTENSION, "valueCode": first["code"]}], **text})


def value_concept(element: AdaElement, context: Context) -> Given | None:
    """The value of an observation: a CodeableConcept, or why there is none (a null flavor other than OTH)."""
    given = concept(element, context)
    if given and "coding" in given.value:
        first = given.value["coding"][0]
        if first.get("system") == codes.NULL_FLAVOR and first["code"] != "OTH":
            reason = _reason(first["code"]) if first["code"] == "UNK" else None
            return Given(absent=reason or given.value)
    return given


def first_coding(element: AdaElement, context: Context) -> Given | None:
    """A Coding with itself as the code specification (Encounter.class of zib-Encounter)."""
    given = concept(element, context)
    if not given or "coding" not in given.value:
        return None
    return Given({"extension": [_specified(given.value)], **given.value["coding"][0]})


def plain_coding(element: AdaElement, context: Context) -> Given | None:
    """A Coding."""
    return Given(coding(element, context)) if element.code or element.null_flavor else None


def coded_identifier(element: AdaElement, context: Context) -> Given | None:
    """An Identifier of what the source gives as a code (the number of a product)."""
    if not element.code:
        return None
    oid = element.attributes.get("codeSystem", "").strip()
    return Given({"system": codes.system(oid), "value": element.code} if oid else {"value": element.code})


def display(element: AdaElement, context: Context) -> Given | None:
    """The name of a code as text, where FHIR has no place for the code."""
    made = coding(element, context) if element.code or element.null_flavor else {}
    shown = element.attributes.get("originalText", "").strip() or made.get("display", "") or element.value
    return Given(shown) if shown else None


def _specified(made: Mapping[str, Any]) -> dict[str, Any]:
    return {"url": SPECIFICATION, "valueCodeableConcept": made}


def mapped_code(element: AdaElement, context: Context) -> Given | None:
    """A code of FHIR by the concept map `argument`, with the source's code as its specification."""
    given = concept(element, context)
    if not given or "coding" not in given.value:
        return None
    oid = element.attributes.get("codeSystem", "") if element.code else codes.NULL_FLAVOR_OID
    row = codes.mapped(context.argument, element.code or element.null_flavor, oid)
    if row is None:
        context.remark("warning", "unknown-code", "the code has no counterpart in FHIR; carried as specification")
    return Given(row["target"] if row else None, {"extension": [_specified(given.value)]})


def mapped_or_reason(element: AdaElement, context: Context) -> Given | None:
    """A code of FHIR by the concept map `argument`; what the map lacks is absent for a reason."""
    if not (element.code or element.null_flavor):
        return None
    oid = element.attributes.get("codeSystem", "")
    row = codes.mapped(context.argument, element.code, oid)
    if element.code and not codes.is_known(context.lists, element.code, oid):
        context.remark(
            "warning", "unknown-code", "the code is not in the value list of this element; read as not known"
        )
    return Given(row["target"]) if row else Given(None, {"extension": [{"url": ABSENT, "valueCode": "unknown"}]})


def interpretation(element: AdaElement, context: Context) -> Given | None:
    """Observation.interpretation: HL7's flag by the concept map `argument`, beside the source's code."""
    given = concept(element, context)
    row = codes.mapped(context.argument, element.code, element.attributes.get("codeSystem", ""))
    if given and row:
        flag = {"system": row["target_system"], "code": row["target"], "display": row["display"]}
        given.value["coding"].insert(0, flag)
    return given


def quantity(element: AdaElement, context: Context) -> Given | None:
    """A Quantity; `argument` is the unit when the element brings none.  A null flavor becomes a reason of absence."""
    if not element.value:
        return _absent(element)
    number = decimal(element.value)
    if number is None:
        context.remark("warning", "bad-value", "not a number; kept in the original only")
        return None
    unit = element.attributes.get("unit", "").strip() or context.argument
    if not unit or unit == "1":
        return Given({"value": number})
    if not units.is_known(unit):
        context.remark("warning", "unit", "no unit of UCUM; its words are kept as an annotation")
    code = units.coded(unit)
    if context.units and not units.is_number(code) and not _measures(code, context.units):
        names = " or ".join(context.units)
        if any(units.is_mass_for_amount(code, one) for one in context.units):
            context.remark("warning", "unit", f"sent in {code} where the data set has {names}: which of them is meant?")
        else:
            context.remark("warning", "unit", f"{code} is no unit of this element ({names}); kept in the original only")
            return Given(absent=WRONG)
    return Given({"value": number, "unit": unit, "system": UCUM, "code": code})


def _measures(code: str, wanted: tuple[str, ...]) -> bool:
    """Whether a unit is of what the data element is about."""
    return any(units.measure_the_same(code, one) for one in wanted)


def centimetres(element: AdaElement, context: Context) -> Given | None:
    """A Quantity in cm: HL7's vital signs profiles of lengths and circumferences allow no other metric unit."""
    given = quantity(element, context)
    if given is None or given.value is None or given.value.get("code") == "cm":
        return given
    number = units.said_in(given.value["value"], units.code_of(given.value), "cm")
    if number is None:
        return given
    return Given({"value": numbers.shortest(number), "unit": "cm", "system": UCUM, "code": "cm"})


def decimal(text: str) -> Decimal | int | None:
    """A number with the digits it came with; a Dutch decimal comma is a point."""
    try:
        number = Decimal(text.replace(",", "."))
    except InvalidOperation:
        return None
    if not number.is_finite() or "e" in text.lower() or len(text) > numbers.LONGEST:
        return None
    return numbers.whole(int(number)) if "." not in text and "," not in text else number


def count(element: AdaElement, context: Context) -> Given | None:
    """A Quantity without a unit (a count or a score)."""
    given = quantity(element, context)
    return Given({"value": given.value["value"]}) if given and given.value else given


def _absent(element: AdaElement) -> Given | None:
    reason = _reason(element.null_flavor) if element.null_flavor else None
    return Given(absent=reason) if reason else None


def _reason(null_flavor: str) -> dict[str, Any] | None:
    """HL7's reason of absence for a null flavor."""
    row = codes.mapped("absent-reason", null_flavor, "*")
    if row is None:
        return None
    return {"coding": [{"system": row["target_system"], "code": row["target"], "display": row["display"]}]}


def any_value(element: AdaElement, context: Context) -> Given | None:
    """value[x] of a data element of any type: its own attributes say which."""
    if element.code:
        given = value_concept(element, context)
        return Given(given.value, absent=given.absent, name="valueCodeableConcept") if given else None
    if decimal(element.value) is not None:
        made = quantity(element, context)
        return Given(made.value, absent=made.absent, name="valueQuantity") if made else None
    if element.value:
        return Given(element.value, name="valueString")
    return _absent(element)


def moment(element: AdaElement, context: Context) -> Given | None:
    """A dateTime (or date); a null flavor stands beside it as HL7's extension."""
    if element.value:
        found = moments.fhir(element.value, context.today)
        if found is None:
            context.remark("error", "date", "the date does not exist")
        return Given(found) if found else None
    if element.null_flavor:
        return Given(None, {"extension": [{"url": NULL_EXTENSION, "valueCode": element.null_flavor}]})
    return None


def day(element: AdaElement, context: Context) -> Given | None:
    """A date, where FHIR has no time."""
    given = moment(element, context)
    return Given(given.value[:10]) if given and given.value else given


def value_moment(element: AdaElement, context: Context) -> Given | None:
    """The value of an observation: a dateTime, or why there is none."""
    return moment(element, context) if element.value else _absent(element)


def value_text(element: AdaElement, context: Context) -> Given | None:
    """The value of an observation: a text, or why there is none."""
    return text(element, context) or _absent(element)


def birth(element: AdaElement, context: Context) -> Given | None:
    """A date of the past: the day of birth or death."""
    given = moment(element, context)
    if given and given.value and not moments.is_past(given.value, context.today):
        context.remark("error", "date", "this date lies in the future")
    if given and given.value and not context.argument:
        return Given(given.value[:10])
    return given


def ended(element: AdaElement, context: Context) -> Given | None:
    """`argument` = `A|B`: A when this end has come, B when not."""
    yes, _, no = context.argument.partition("|")
    found = moments.fhir(element.value, context.today)
    return Given(yes if found and moments.is_past(found, context.today) else no)


def birth_moment(element: AdaElement, context: Context) -> Given | None:
    """A day of birth, with the moment as HL7's extension beside it."""
    given = birth(element, Context(context.today, context.lists, "time", context.remark))
    if given is None or not given.value or "T" not in given.value:
        return given
    return Given(given.value[:10], {"extension": [{"url": BIRTH_TIME, "valueDateTime": given.value}]})


def text(element: AdaElement, context: Context) -> Given | None:
    shown = element.value or element.attributes.get("displayName", "") or element.attributes.get("originalText", "")
    return Given(shown) if shown else None


def remark(element: AdaElement, context: Context) -> Given | None:
    """The text of a note; a null flavor stands beside it as HL7's extension."""
    if given := text(element, context):
        return given
    if element.null_flavor:
        return Given(None, {"extension": [{"url": NULL_EXTENSION, "valueCode": element.null_flavor}]})
    return None


def content(element: AdaElement, context: Context) -> Given | None:
    """The content of a file, in base64."""
    try:
        base64.b64decode("".join(element.value.split()), validate=True)
    except ValueError:
        context.remark("warning", "bad-value", "not base64; kept in the original only")
        return None
    return Given(element.value) if element.value else None


def boolean(element: AdaElement, context: Context) -> Given | None:
    if element.value in ("true", "false"):
        return Given(element.value == "true")
    if element.value:
        context.remark("warning", "bad-value", "neither true nor false; kept in the original only")
    return None


def integer(element: AdaElement, context: Context) -> Given | None:
    if element.value.isascii() and element.value.isdigit() and len(element.value) < 10:
        return Given(int(element.value))
    if element.value:
        context.remark("warning", "bad-value", "not a whole number; kept in the original only")
    return None


def identifier(element: AdaElement, context: Context) -> Given | None:
    """An Identifier; a BSN that fails the eleven-check is an error; a masked number says that it is masked."""
    root = element.attributes.get("root", "").strip()
    if not element.value and element.null_flavor == "MSK" and root:
        return Given({"system": codes.system(root), "_value": {"extension": [{"url": ABSENT, "valueCode": "masked"}]}})
    if not element.value:
        return None
    if root == BSN_OID and not passes_eleven_check(element.value):
        context.remark("error", "bsn", "a BSN that fails the eleven-check")
    return Given({"system": codes.system(root), "value": element.value} if root else {"value": element.value})


def identifier_or_reason(element: AdaElement, context: Context) -> Given | None:
    """An Identifier, or why there is none."""
    if element.value or not element.null_flavor:
        return identifier(element, context)
    return Given({"extension": [{"url": NULL_EXTENSION, "valueCode": element.null_flavor}]})


def code(element: AdaElement, context: Context) -> Given | None:
    """The code itself."""
    return Given(element.code) if element.code else None


Transform = Callable[[AdaElement, Context], Given | None]

TRANSFORMS: Mapping[str, Transform] = {
    "any": any_value,
    "birth": birth,
    "birth-moment": birth_moment,
    "boolean": boolean,
    "code": code,
    "centimetres": centimetres,
    "coded-identifier": coded_identifier,
    "coding": first_coding,
    "concept": concept,
    "content": content,
    "concept-or-reason": concept_or_reason,
    "count": count,
    "day": day,
    "display": display,
    "ended": ended,
    "identifier": identifier,
    "identifier-or-reason": identifier_or_reason,
    "integer": integer,
    "interpretation": interpretation,
    "mapped-code": mapped_code,
    "mapped-or-reason": mapped_or_reason,
    "moment": moment,
    "narrowed-concept": narrowed_concept,
    "plain-coding": plain_coding,
    "quantity": quantity,
    "remark": remark,
    "text": text,
    "value-concept": value_concept,
    "value-moment": value_moment,
    "value-text": value_text,
}

"""What an ADA record says, as a bag of facts that does not depend on ids, order or how a moment is written.

Written apart from the translator, so that a mistake of its own comparison does not hide here.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from decimal import Decimal

from babyconnect.birthcare.ada import AdaElement, AdaRecord
from babyconnect.translate import moments

NULL_FLAVOR = "2.16.840.1.113883.5.1008"
_POSTCODE = re.compile(r"(\d{4}) ?([A-Z]{2})")
Fact = tuple[str, str]


def facts(record: AdaRecord, today: dt.date) -> Counter[Fact]:
    """(data element, what it says): a code with its system, a value with its unit or root, what a reference is to."""
    by_id = {element.id: element.concept for element in record.root.walk() if element.id}
    return Counter((element.concept, said) for element in record.root.walk() if (said := _said(element, by_id, today)))


def _said(element: AdaElement, by_id: dict[str, str], today: dt.date) -> str:
    attributes = element.attributes
    if element.is_reference:
        return f"-> {by_id.get(element.value, 'nothing')}" if element.value else ""
    if attributes.get("codeSystem") == NULL_FLAVOR or (element.null_flavor and not element.value):
        return f"no value: {element.code or element.null_flavor} {attributes.get('originalText', '').strip()}".strip()
    if element.code:
        return f"{attributes.get('codeSystem', '')}|{element.code}|{attributes.get('originalText', '').strip()}"
    if element.value:
        unit = attributes.get("unit", "")
        value = moments.fhir(element.value, today) or _POSTCODE.sub(r"\1\2", element.value)
        if unit == "cm":  # lengths: centimetres and millimetres say the same
            value, unit = format((Decimal(value) * 10).normalize(), "f"), "mm"
        return f"{value} {unit if unit != 'h' else ''}{attributes.get('root', '')}".strip()
    return ""

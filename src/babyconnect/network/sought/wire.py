"""`Sought` as JSON, and back.  [own]: no published interface exists for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from babyconnect.birthcare.identifiers import Ura
from babyconnect.network import fhir4
from babyconnect.network.contract import Sought, Unread

_TRACE = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_REFERENCE = re.compile(r"[A-Za-z0-9\-._/]{8,64}")


def is_reference(text: str) -> bool:
    return _REFERENCE.fullmatch(text) is not None


def written(sought: Sought) -> dict[str, Any]:
    return {
        "number": sought.number,
        "pseudonym": sought.pseudonym,
        "reference": sought.reference,
        "asker": sought.asker.value,
        "person": sought.person,
        "role": sought.role,
        "responsible": sought.responsible,
        "reason": sought.reason,
        "moment": fhir4.instant(sought.moment),
        "traceparent": sought.trace,
    }


def read_or_named(said: Mapping[str, Any]) -> Sought | Unread:
    """One that cannot be read by its number, with who asked and when if at least that can be.  Raises as `read` does
    when it has no number."""
    number = said["number"]
    if type(number) is not int or not 0 < number < 2**63:
        raise ValueError("a number by which it can be taken note of")
    try:
        return read(said)
    except (KeyError, TypeError, AttributeError, ValueError):
        return Unread(number, _or_nothing(Ura, said.get("asker")), _or_nothing(fhir4.moment, said.get("moment")))


def _or_nothing(known: Callable[[str], object], text: object) -> str:
    try:
        return str(known(str(text))) if isinstance(text, str) else ""
    except ValueError:
        return ""


def read(said: Mapping[str, Any]) -> Sought:
    """Raises ValueError, KeyError or TypeError."""
    texts = [said[name] for name in ("pseudonym", "reference", "person", "role", "responsible", "reason")]
    if not all(isinstance(text, str) and len(text) <= 200 for text in texts) or not is_reference(texts[1]):
        raise ValueError("short texts, and an opaque reference")
    pseudonym, reference, person, role, responsible, reason = texts
    asker, moment = Ura(str(said["asker"])), fhir4.moment(str(said["moment"]))
    trace = str(said.get("traceparent", ""))
    if not _TRACE.fullmatch(trace):
        raise ValueError("a traceparent (W3C Trace Context)")
    return Sought(pseudonym, reference, asker, person, role, responsible, reason, moment, trace, int(said["number"]))

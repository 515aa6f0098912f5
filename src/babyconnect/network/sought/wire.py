"""`Sought` as JSON, and back.  [own]: no published interface exists for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from babyconnect.birthcare.identifiers import Ura
from babyconnect.network import fhir4
from babyconnect.network.contract import Sought

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

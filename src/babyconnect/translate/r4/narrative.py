"""What a section of a document says in words: a line per resource, for a reader without a program."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from typing import Any

DATES = ("effectiveDateTime", "onsetDateTime", "performedDateTime", "occurrenceDateTime", "recordedDate", "authoredOn")


def listed(resources: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """A Narrative: what it is, its value and its date, of each resource."""
    lines = "".join(f"<li>{html.escape(_line(resource))}</li>" for resource in resources)
    return {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml"><ul>{lines}</ul></div>'}


def _line(resource: Mapping[str, Any]) -> str:
    what = _words(resource.get("code") or resource.get("medicationCodeableConcept") or resource.get("vaccineCode"))
    date = next((str(resource[name])[:10] for name in DATES if name in resource), "")
    return ", ".join(part for part in (what or str(resource.get("resourceType", "")), _value(resource), date) if part)


def _value(resource: Mapping[str, Any]) -> str:
    for key, value in resource.items():
        if key == "valueQuantity":
            return f"{value.get('value', '')} {value.get('unit') or value.get('code') or ''}".strip()
        if key == "valueCodeableConcept":
            return _words(value)
        if key == "valueBoolean":
            return "ja" if value else "nee"
        if key.startswith("value") and isinstance(value, str | int):
            return str(value)
    parts = [f"{_words(part.get('code'))} {_value(part)}" for part in resource.get("component", ()) if _value(part)]
    return "; ".join(parts)


def _words(concept: Any) -> str:
    if not isinstance(concept, Mapping):
        return ""
    codings = [coding for coding in concept.get("coding", ()) if isinstance(coding, Mapping)]
    displays = [str(coding["display"]) for coding in codings if coding.get("display")]
    return str(concept.get("text") or (displays[0] if displays else "") or (codings[0].get("code") if codings else ""))

"""What a batch asks: GET only, so that one round trip can carry all searches of a consult (FHIR STU3 http.html)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from babyconnect.api.outcomes import Refusal
from babyconnect.fhir import json, xml
from babyconnect.fhir.malformed import Malformed

MAX_ENTRIES = 60


@dataclass(frozen=True, slots=True)
class Get:
    """One entry: a path below the base and a query string."""

    path: str
    query: str


BatchEntry = Get | Refusal


def batch_entries(content: bytes, is_json: bool) -> Sequence[BatchEntry] | Refusal:
    """The entries in order, each with its own refusal where it asks something else; or why it is no batch at all."""
    try:
        bundle: Mapping[str, Any] = json.loads(content) if is_json else xml.to_json(content)
    except Malformed:
        return Refusal("not_understood", "not a FHIR resource")
    if bundle.get("resourceType") != "Bundle" or bundle.get("type") != "batch":
        return Refusal("not_understood", "not a Bundle of type batch")
    entries = bundle.get("entry", [])
    if not isinstance(entries, list) or not all(isinstance(entry, Mapping) for entry in entries):
        return Refusal("not_understood", "not a Bundle of type batch")
    if len(entries) > MAX_ENTRIES:
        return Refusal("too_large", f"a batch has at most {MAX_ENTRIES} entries")
    return [_entry(entry) for entry in entries]


def _entry(entry: Mapping[str, Any]) -> BatchEntry:
    request = entry.get("request")
    if not isinstance(request, Mapping) or "resource" in entry:
        return Refusal("not_understood", "an entry is a request without a resource")
    if request.get("method") != "GET":
        return Refusal("method", "a batch holds GET only")
    url = request.get("url")
    path, _, query = url.partition("?") if isinstance(url, str) else ("", "", "")
    if not path or ":" in path:  # a token in the query may well hold an address
        return Refusal("not_understood", "an entry's url is relative to the base")
    return Get(path, query)

"""What a batch asks: GET, and at most one `POST Patient/_search` before them, so that one round trip can carry a whole
consult (FHIR STU3 http.html#transaction).

The search by POST has its form as `Parameters` in the entry, as SDKs write it: an identifier is in a body, never in an
url.  It comes first, because what follows is answered about whom it found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from babyconnect.api.outcomes import Refusal
from babyconnect.api.search_request import MAX_PARAMETERS, Pairs
from babyconnect.fhir import json, xml
from babyconnect.fhir.malformed import Malformed

MAX_ENTRIES = 60
FIND = "Patient/_search"


@dataclass(frozen=True, slots=True)
class Get:
    """One entry: a path below the base and a query string."""

    path: str
    query: str


@dataclass(frozen=True, slots=True)
class Find:
    """Whom all other entries are about: the pairs of its form, or why it is none."""

    form: Pairs | Refusal


@dataclass(frozen=True, slots=True)
class Batch:
    """`find` when the first entry is one; then the others in order, each with its own refusal where it asks more."""

    find: Find | None
    others: Sequence[Get | Refusal]

    @property
    def size(self) -> int:
        return len(self.others) + (self.find is not None)


def read_batch(content: bytes, is_json: bool) -> Batch | Refusal:
    """What is asked; or why it is no batch at all."""
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
    finds = bool(entries) and _method_and_url(entries[0]) == ("POST", FIND)
    return Batch(_find(entries[0]) if finds else None, [_get(entry) for entry in entries[finds:]])


def _method_and_url(entry: Mapping[str, Any]) -> tuple[object, object]:
    request = entry.get("request")
    return (request.get("method"), request.get("url")) if isinstance(request, Mapping) else (None, None)


def _get(entry: Mapping[str, Any]) -> Get | Refusal:
    method, url = _method_and_url(entry)
    if method is None or ("resource" in entry and method == "GET"):
        return Refusal("not_understood", "an entry is a request without a resource")
    if method != "GET":
        return Refusal("method", f"a batch holds GET only, and POST {FIND} as its first entry or not at all")
    path, _, query = url.partition("?") if isinstance(url, str) else ("", "", "")
    if not path or ":" in path:  # a token in the query may well hold an address
        return Refusal("not_understood", "an entry's url is relative to the base")
    return Get(path, query)


def _find(entry: Mapping[str, Any]) -> Find:
    """Its form; each parameter is a name and a `valueString`, and nothing else is understood."""
    resource = entry.get("resource")
    given = isinstance(resource, Mapping) and resource.get("resourceType") == "Parameters"
    listed = resource.get("parameter") if given else None  # type: ignore[union-attr]
    pairs = [_pair(one) for one in listed] if isinstance(listed, list) else []
    form = tuple(pair for pair in pairs if pair is not None)
    if not form or len(form) != len(pairs) or len(pairs) > MAX_PARAMETERS:
        return Find(Refusal("not_understood", f"the form of POST {FIND} is a Parameters resource of names and strings"))
    return Find(form)


def _pair(parameter: object) -> tuple[str, str] | None:
    if not isinstance(parameter, Mapping) or set(parameter) != {"name", "valueString"}:
        return None
    name, value = parameter["name"], parameter["valueString"]
    return (name, value) if isinstance(name, str) and isinstance(value, str) else None

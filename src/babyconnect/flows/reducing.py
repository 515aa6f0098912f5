"""What the store let through, made less where a filter says so: a child's view, a secret address (domain §4).

Rare, so it may cost: each resource is read, made anew by its rule and written again, in whichever form was asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, overload

from babyconnect.birthcare.access import Filter
from babyconnect.fhir import json, xml
from babyconnect.labelling import childs_view, whereabouts
from babyconnect.store.contract import ORIGIN, Form, Page, Stored
from babyconnect.store.entries import entry
from babyconnect.trust import secrecy

Resource = Mapping[str, Any]


def allowed_part(resource: Resource, allowed: Filter) -> Resource | None:
    """What of one resource may leave under this filter; None when nothing may."""
    part = childs_view.reduced(resource, allowed.subject) if allowed.subject else resource
    if part is None or not allowed.hidden:
        return part
    return whereabouts.marked(part) if allowed.hidden == {secrecy.MARKED} else whereabouts.without_whereabouts(part)


@overload
def reduced(found: Page, allowed: Filter, form: Form) -> Page: ...
@overload
def reduced(found: tuple[Stored, ...], allowed: Filter, form: Form) -> tuple[Stored, ...]: ...
@overload
def reduced(found: Page | tuple[Stored, ...], allowed: Filter, form: Form) -> Page | tuple[Stored, ...]: ...
def reduced(found: Page | tuple[Stored, ...], allowed: Filter, form: Form) -> Page | tuple[Stored, ...]:
    """A page or versions, with only what this filter's view shows."""
    if not isinstance(found, Page):
        made = [(one, allowed_part(_read(one.content, form), allowed)) for one in found]
        return tuple(replace(one, content=_written(part, form)) for one, part in made if part is not None)
    parts, matched = [], 0
    for resource, mode in _entries(found.entries, form):
        part = allowed_part(resource, allowed)
        if part is not None:
            matched += mode == "match"
            content = _written(part, form)
            parts.append(entry(str(part["resourceType"]), str(part["id"]), content, form, mode))  # type: ignore[arg-type]
    return Page(b"".join(parts), matched, found.next)


def resources(page: Page) -> list[Resource]:
    """The resources of a page in JSON, read."""
    return [resource for resource, _ in _entries(page.entries, "json")]


def _entries(entries: bytes, form: Form) -> Iterator[tuple[Resource, str]]:
    """Each entry's resource, and whether it was matched or included."""
    plain = entries.replace(ORIGIN, b"")
    if form.startswith("json"):
        bundle = json.loads(b'{"entry":[' + plain[1:] + b"]}")
    else:
        bundle = xml.to_json(b'<Bundle xmlns="http://hl7.org/fhir"><type value="searchset"/>' + plain + b"</Bundle>")
    for one in bundle.get("entry", ()):
        yield one["resource"], one["search"]["mode"]


def _read(content: bytes, form: Form) -> Resource:
    found: Resource = json.loads(content) if form.startswith("json") else xml.to_json(content)
    return found


def _written(resource: Resource, form: Form) -> bytes:
    if form.startswith("json"):
        return json.dumps(resource)
    content = xml.from_json(dict(resource))
    return content[content.index(b"?>") + 2 :].lstrip() if content.startswith(b"<?xml") else content

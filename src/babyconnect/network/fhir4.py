"""The little R4 that the regional services speak: Bundles and OperationOutcomes, valid by the base specification."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Resource = Mapping[str, Any]


class Malformed(ValueError):
    """Not a resource that this service keeps; the message is safe to send back."""


def instant(moment: dt.datetime) -> str:
    """An R4 instant in UTC, to the millisecond, of constant length so that text order is time order."""
    return moment.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(text: str) -> dt.datetime:
    """Raises ValueError for anything without a zone: an instant that could be two moments is none."""
    value = dt.datetime.fromisoformat(text)
    if value.tzinfo is None:
        raise ValueError("an instant has a zone")
    return value.astimezone(dt.UTC)


def outcome(code: str, text: str, severity: str = "error") -> dict[str, Any]:
    """`code` is of the R4 issue-type value set."""
    return {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": severity, "code": code, "diagnostics": text}],
    }


def searchset(
    matches: Sequence[Any],
    self_link: str,
    next_link: str | None = None,
    included: Sequence[Any] = (),
) -> dict[str, Any]:
    """Of what `entry` made.  `included`: what goes along with the matches, and does not count."""
    links = [{"relation": "self", "url": self_link}]
    if next_link:
        links.append({"relation": "next", "url": next_link})
    bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset", "link": links}
    if next_link is None:
        bundle["total"] = len(matches)
    if matches or included:
        bundle["entry"] = [*matches, *included]
    return bundle


def entry(base: str, resource: Resource, mode: str = "match") -> dict[str, Any]:
    """A resource in a searchset: a match, or what goes along with it (`include`)."""
    address = f"{base}/{resource['resourceType']}/{resource['id']}"
    return {"fullUrl": address, "resource": resource, "search": {"mode": mode}}


def history(base: str, versions: Iterable[tuple[str, str, str, Resource | None]], self_link: str) -> dict[str, Any]:
    """`versions`: (type, id, lastUpdated, resource or None when deleted), newest first as R4 asks."""
    entries: list[dict[str, Any]] = []
    for kind, id, updated, resource in versions:
        entry: dict[str, Any] = {"fullUrl": f"{base}/{kind}/{id}"}
        if resource is None:
            entry["request"] = {"method": "DELETE", "url": f"{kind}/{id}"}
            entry["response"] = {"status": "204", "lastModified": updated}
        else:
            entry["resource"] = resource
            entry["request"] = {"method": "PUT", "url": f"{kind}/{id}"}
            entry["response"] = {"status": "200", "lastModified": updated}
        entries.append(entry)
    bundle: dict[str, Any] = {
        "resourceType": "Bundle",
        "type": "history",
        "total": len(entries),
        "link": [{"relation": "self", "url": self_link}],
    }
    if entries:
        bundle["entry"] = entries
    return bundle


def resources(bundle: Resource, kind: str) -> list[Resource]:
    """The resources of one type in a Bundle; raises ValueError when it is no Bundle."""
    if bundle.get("resourceType") != "Bundle":
        raise ValueError("no Bundle")
    entries = bundle.get("entry", [])
    return [e["resource"] for e in entries if e.get("resource", {}).get("resourceType") == kind]


def identifier(resource: Resource, element: str, system: str) -> str | None:
    """The value of a logical reference's identifier of one system."""
    found = resource.get(element, {}).get("identifier", {})
    return str(found["value"]) if found.get("system") == system and found.get("value") else None

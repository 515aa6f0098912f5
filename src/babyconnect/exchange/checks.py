"""Strict checks on what a source sends: is it FHIR as asked, of bearable size, and about this client only?

The bytes come from another organisation: rubbish is expected, and so is a mix-up of clients, the worst of all.  Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from babyconnect.birthcare.identifiers import BSN_SYSTEM
from babyconnect.exchange.contract import Stopped

Resource = Mapping[str, Any]
MOST_RESOURCES = 20_000
JSON_TYPES = frozenset({"application/fhir+json", "application/json+fhir", "application/json"})

NEUTRAL = frozenset(
    {"Organization", "Practitioner", "PractitionerRole", "Location", "Device", "HealthcareService", "Medication"}
)
"""Types that are nobody's: shared by many clients, so that a link through them proves nothing."""

ABOUT = ("subject", "patient", "beneficiary")
"""Where STU3 says whom a resource is about."""

WITHIN = ("context", "encounter", "episodeOfCare", "partOf", "basedOn", "account")
"""Where it says of what it is a part; a child's resource belongs to its mother's episode by these."""


def bundle(content_type: str, body: bytes, type: str) -> Resource:
    """The Bundle of that type in a body; Stopped("invalid") for anything else."""
    if content_type.partition(";")[0].strip().lower() not in JSON_TYPES:
        raise Stopped("invalid", "not FHIR JSON")
    try:
        found = orjson.loads(body)
    except ValueError:
        raise Stopped("invalid", "no JSON") from None
    if not isinstance(found, dict) or found.get("resourceType") != "Bundle" or found.get("type") != type:
        raise Stopped("invalid", f"no Bundle of type {type}")
    _bearable(found)
    return found


def _bearable(found: dict[str, Any]) -> None:
    """Not nested deeper than those who read it recursively can bear: orjson writes 254 levels and no more.

    Writing it is the cheapest exact measure there is (0.02 ms for 17 KB; a walk in Python takes ten times as long).
    """
    try:
        orjson.dumps(found)
    except TypeError:
        raise Stopped("invalid", "nested too deep") from None


def entries(found: Resource) -> list[Mapping[str, Any]]:
    listed = found.get("entry", [])
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        raise Stopped("invalid", "malformed entries")
    return listed


def resources(found: Resource) -> list[Resource]:
    """The resources of a searchset; an OperationOutcome among them that reports an error spoils it."""
    kept: list[Resource] = []
    for entry in entries(found):
        resource = entry.get("resource")
        if type(resource) is not dict or type(resource.get("resourceType")) is not str:
            raise Stopped("invalid", "an entry without a resource")
        if resource["resourceType"] == "OperationOutcome":
            if _reports_error(resource):
                raise Stopped("invalid", "an error within the answer")
        elif type(resource.get("id")) is not str or not resource["id"]:
            raise Stopped("invalid", "a resource without an id")
        else:
            kept.append(resource)
    return kept


def _reports_error(outcome: Resource) -> bool:
    issues = outcome.get("issue")
    return not isinstance(issues, list) or any(
        not isinstance(issue, dict) or issue.get("severity") in ("error", "fatal") for issue in issues
    )


def links(found: Resource) -> dict[str, str]:
    listed = found.get("link", [])
    if not isinstance(listed, list):
        raise Stopped("invalid", "malformed links")
    return {str(link.get("relation")): str(link.get("url")) for link in listed if isinstance(link, dict)}


def bound_client(found: Resource, bsn: str) -> str | None:
    """The id of the one Patient that `Patient/_search` gave; None when it gave none (nothing is released)."""
    patients = [r for r in resources(found) if r["resourceType"] == "Patient"]
    if not patients:
        return None
    if len(patients) > 1:
        raise Stopped("invalid", "more than one client for one BSN")
    if other_bsn(patients[0], bsn):
        raise Stopped("invalid", "another client than asked for")
    return str(patients[0]["id"])


def other_bsn(patient: Resource, bsn: str) -> bool:
    """Whether it bears a BSN in clear that is not hers.  Masked or absent is no contradiction."""
    identifiers = patient.get("identifier", [])
    if not isinstance(identifiers, list):
        raise Stopped("invalid", "a malformed Patient")
    values = {i.get("value") for i in identifiers if isinstance(i, dict) and i.get("system") == BSN_SYSTEM}
    return bool(values - {None, bsn})


def hers(found: Iterable[Resource], client: str, bsn: str) -> tuple[tuple[Resource, ...], int]:
    """(What is shown to be about this client or her children, how many unlinked persons were left out).

    A resource about somebody who is not linked to her means that the source mixed up clients: Stopped("invalid").
    """
    everything = list(found)
    herself = f"Patient/{client}"
    # Nearly everything says plainly that it is about her; only the rest needs its links followed.
    doubtful = [r for r in everything if not _plainly(r, herself)]
    linked = _linked(everything, doubtful, herself)
    left_out = set()
    for resource in doubtful:
        if resource["resourceType"] in NEUTRAL or _name(resource) in linked:
            continue
        if resource["resourceType"] == "Patient" and not other_bsn(resource, bsn):
            left_out.add(id(resource))
        elif _about(resource) or resource["resourceType"] == "Patient":
            raise Stopped("invalid", f"a {resource['resourceType']} of another client")
    return tuple(r for r in everything if id(r) not in left_out), len(left_out)


def _plainly(resource: Resource, herself: str) -> bool:
    about = resource.get("subject") or resource.get("patient")
    return isinstance(about, dict) and about.get("reference") == herself


def _linked(everything: list[Resource], doubtful: list[Resource], herself: str) -> set[str]:
    """Names (`Type/id`) of what is connected to her: about her, part of what is hers, or about a child of that."""
    unlinked = {id(resource) for resource in doubtful}
    linked = {_name(resource) for resource in everything if id(resource) not in unlinked} | {herself}
    waiting = [r for r in doubtful if r["resourceType"] not in NEUTRAL and r["resourceType"] != "Patient"]
    while True:
        rest = []
        for resource in waiting:
            about = _about(resource)
            if not (linked.isdisjoint(about) and linked.isdisjoint(_within(resource))):
                linked.add(_name(resource))
                linked.update(about)
            else:
                rest.append(resource)
        if len(rest) == len(waiting):
            return linked
        waiting = rest


def _name(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def _about(resource: Resource) -> list[str]:
    return [name for element in ABOUT for name in _references(resource.get(element)) if name.startswith("Patient/")]


def _within(resource: Resource) -> list[str]:
    return [name for element in WITHIN for name in _references(resource.get(element))]


def _references(value: Any) -> list[str]:
    """`Type/id` of the references in an element, also of absolute and versioned ones."""
    if value is None:
        return []
    found = []
    for one in value if isinstance(value, list) else (value,):
        reference = one.get("reference") if isinstance(one, dict) else None
        if isinstance(reference, str):
            parts = reference.partition("/_history/")[0].rsplit("/", 2)
            found.append("/".join(parts[-2:]))
    return found

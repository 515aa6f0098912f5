"""The region's addresses: which interaction of which service answers them, and what several services take at once."""

from __future__ import annotations

from typing import Any

from babyconnect.api import (
    region_codes,
    region_consent,
    region_directory,
    region_evidence,
    region_localisation,
    region_pseudonyms,
    region_sought,
    region_witness,
)
from babyconnect.api.http import Answer
from babyconnect.api.region_call import Call, Handle, Refusal, answer

MOST_AT_ONCE = 500


async def transaction(call: Call) -> Answer:
    """Many Lists or many Consents at once, all or none: what a node enters when it publishes its records."""
    bundle = call.json()
    entries = bundle.get("entry")
    if bundle.get("resourceType") != "Bundle" or bundle.get("type") != "transaction" or not isinstance(entries, list):
        raise Refusal(422, "invalid", "not a Bundle of type transaction")
    if not 0 < len(entries) <= MOST_AT_ONCE or not all(isinstance(entry, dict) for entry in entries):
        raise Refusal(422, "too-long", f"a transaction has 1 to {MOST_AT_ONCE} entries")
    types = {_type(entry) for entry in entries}
    if types == {"List"}:
        made = await region_localisation.register_all(call, [entry.get("resource") for entry in entries])
    elif types == {"Consent"}:
        made = await region_consent.transaction(call, entries)
    else:
        raise Refusal(422, "not-supported", "a transaction holds Lists only, or Consents only")
    response = [{"response": {"status": "201", "location": location}} for location in made]
    return answer({"resourceType": "Bundle", "type": "transaction-response", "entry": response})


def _type(entry: dict[str, Any]) -> str | None:
    """The type of the resource, or of what the request is about when it has none."""
    resource, request = entry.get("resource"), entry.get("request")
    if isinstance(resource, dict):
        return str(resource.get("resourceType"))
    return str(request.get("url", "")).partition("/")[0] if isinstance(request, dict) else None


ROUTES: list[tuple[str, str, str, Handle]] = [
    ("POST", "/pseudonyms/evaluate", "pseudonyms", region_pseudonyms.evaluate),
    ("POST", "/witness/checkpoints", "witness", region_witness.show),
    ("GET", "/witness/checkpoints/{node}", "witness", region_witness.kept),
    ("GET", "/witness/region", "witness", region_witness.own),
    ("GET", "/witness/region/growth", "witness", region_witness.growth),
    ("POST", "/fhir/r4", "transaction", transaction),
    ("POST", "/fhir/r4/List", "localisation", region_localisation.register),
    ("GET", "/fhir/r4/List", "localisation", region_localisation.localise),
    ("DELETE", "/fhir/r4/List", "localisation", region_localisation.delete_pointers),
    ("POST", "/fhir/r4/List/_search", "localisation", region_localisation.localise),
    ("POST", "/fhir/r4/List/$unregister", "localisation", region_localisation.delete_pointers),
    ("GET", "/fhir/r4/List/{id}", "localisation", region_localisation.read_pointer),
    ("DELETE", "/fhir/r4/List/{id}", "localisation", region_localisation.delete_pointer),
    ("POST", "/fhir/r4/Consent", "consent", region_consent.record),
    ("POST", "/fhir/r4/Consent/_search", "consent", region_consent.search),
    ("POST", "/fhir/r4/Consent/$history", "consent", region_consent.history),
    ("GET", "/fhir/r4/Consent/_history", "consent", region_consent.feed),
    ("GET", "/fhir/r4/Consent/{id}", "consent", region_consent.read),
    ("GET", "/fhir/r4/Consent/{id}/_history", "consent", region_consent.versions),
    ("POST", "/fhir/r4/Consent/{id}/$withdraw", "consent", region_consent.withdraw),
    ("POST", "/consents/codes", "consent", region_codes.make),
    ("POST", "/consents/codes/shown", "consent", region_codes.show),
    ("POST", "/consents/codes/check", "consent", region_codes.shown),
    ("POST", "/evidence", "evidence", region_evidence.give),
    ("POST", "/evidence/received", "evidence", region_evidence.received),
    ("POST", "/evidence/made", "evidence", region_evidence.made),
    ("POST", "/evidence/confirm", "evidence", region_evidence.confirm),
    ("POST", "/evidence/keeps", "evidence", region_evidence.keeps),
    ("POST", "/evidence/revoke", "evidence", region_evidence.revoke),
    ("POST", "/emergencies/waiting", "emergencies", region_sought.waiting),
    ("POST", "/emergencies/taken", "emergencies", region_sought.taken),
]
ROUTES.append(("POST", "/fhir/r4/Organization/{id}/$publish-keys", "directory", region_directory.publish_keys))
for _kind in ("Organization", "Endpoint"):
    ROUTES += [
        ("GET", f"/fhir/r4/{_kind}", "directory", region_directory.search(_kind)),
        ("GET", f"/fhir/r4/{_kind}/_history", "directory", region_directory.history(_kind)),
        ("GET", f"/fhir/r4/{_kind}/{{id}}", "directory", region_directory.read(_kind)),
    ]

"""What each address of the region does: one small handler per interaction, and the table of routes.

An unknown search parameter is refused, not ignored: a filter dropped in silence would release too much.
"""

from __future__ import annotations

import asyncio
import base64
import math
import time
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from babyconnect.api.region_call import Call, Handle, Refusal, RegionState, answer
from babyconnect.birthcare.access import Consent
from babyconnect.birthcare.parties import Party
from babyconnect.definitions import document
from babyconnect.network import asker, fhir4
from babyconnect.network.consent import resources as consents
from babyconnect.network.consent.service import Kept
from babyconnect.network.contract import Registration
from babyconnect.network.localisation import resources as pointers
from babyconnect.network.pseudonyms import oprf

LONGEST_WAIT = 5.0
MOST_PER_PAGE = 500


def _only(found: Mapping[str, str], *allowed: str) -> None:
    unknown = sorted(set(found) - set(allowed) - {"_format"})
    if unknown:
        raise Refusal(400, "not-supported", f"search parameter {unknown[0][:40]!r} is not supported")


def _token(found: Mapping[str, str], name: str, system: str) -> str:
    """The value of a token parameter of one system; "" when the parameter is absent."""
    text = found.get(name, "")
    if not text:
        return ""
    given, separator, value = text.rpartition("|")
    if separator and given != system:
        raise Refusal(400, "value", f"{name} takes identifiers of system {system}")
    return value


# --- directory (mCSD ITI-90, ITI-91) ---------------------------------------------------------------------------------


def _fhir(state: RegionState) -> str:
    return f"{state.base}/fhir/r4"


def _search_directory(kind: str) -> Handle:
    async def search(call: Call) -> Response:
        _only(call.query, "_count", "_after", "identifier", "organization", "active", "status")
        count = min(MOST_PER_PAGE, _number(call.query, "_count", document("network.toml")["directory"]["page_size"]))
        # The stamp is read before the rows: what changes in between is then told twice, never missed.
        stamp = call.state.directory.last_updated()
        found = call.state.directory.current(kind, call.query.get("_after", ""), count + 1)
        page = [r for r in found[:count] if _matches(r, call.query)]
        here = f"{_fhir(call.state)}/{kind}"
        following = f"{here}?_count={count}&_after={found[count - 1]['id']}" if len(found) > count else None
        bundle = fhir4.searchset(_fhir(call.state), page, here, following)
        bundle["meta"] = {"lastUpdated": stamp}
        return answer(bundle)

    return search


def _matches(resource: Mapping[str, Any], query: Mapping[str, str]) -> bool:
    if "identifier" in query:
        wanted = query["identifier"].rpartition("|")
        values = {(i.get("system"), i.get("value")) for i in resource.get("identifier", [])}
        if not any(value == wanted[2] and (not wanted[0] or system == wanted[0]) for system, value in values):
            return False
    if "organization" in query and _managed_by(resource) != query["organization"].rpartition("/")[2]:
        return False
    if "status" in query and resource.get("status") != query["status"]:
        return False
    return "active" not in query or str(resource.get("active")).lower() == query["active"]


def _managed_by(resource: Mapping[str, Any]) -> str:
    return str(resource.get("managingOrganization", {}).get("reference", "")).rpartition("/")[2]


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not (text.isascii() and text.isdigit()) or not 0 < len(text) < 16:
        raise Refusal(400, "value", f"{name} is a number")
    return int(text)


def _read_directory(kind: str) -> Handle:
    async def read(call: Call) -> Response:
        resource = call.state.directory.read(kind, call.path["id"])
        if resource is None:
            raise Refusal(404, "not-found", f"no such {kind}")
        return answer(resource, headers={"ETag": f'W/"{resource["meta"]["versionId"]}"'})

    return read


def _directory_history(kind: str) -> Handle:
    async def history(call: Call) -> Response:
        _only(call.query, "_since")
        since = call.query.get("_since")
        try:
            since = fhir4.instant(fhir4.moment(since)) if since else None
        except ValueError:
            raise Refusal(400, "value", "_since is an instant with a zone") from None
        stamp = call.state.directory.last_updated()
        bundle = fhir4.history(
            _fhir(call.state), call.state.directory.changes(kind, since), f"{_fhir(call.state)}/{kind}/_history"
        )
        bundle["meta"] = {"lastUpdated": stamp}
        return answer(bundle)

    return history


# --- pseudonyms (PRS) ------------------------------------------------------------------------------------------------


async def evaluate(call: Call) -> Response:
    """`{blinded_input: text or list, recipient_organization, recipient_scope}` -> `{evaluated: [...]}`."""
    table, body = document("network.toml")["pseudonyms"], call.json()
    if body.get("recipient_organization") != call.state.pseudonyms.recipient:
        raise Refusal(422, "not-supported", "this region makes pseudonyms for itself only")
    if body.get("recipient_scope", table["scope"]) != table["scope"]:
        raise Refusal(422, "not-supported", "that scope is not served here")
    inputs = body.get("blinded_input")
    texts = [inputs] if isinstance(inputs, str) else inputs
    if not isinstance(texts, list) or not 0 < len(texts) <= table["largest_batch"]:
        raise Refusal(422, "value", f"blinded_input holds 1 to {table['largest_batch']} points")
    wait = call.state.pseudonym_limits.take(call.party.ura.value, len(texts), time.monotonic())
    if wait:
        raise Refusal(429, "throttled", "too many pseudonyms; come back later", wait)
    try:
        points = await call.state.pseudonyms.evaluate([base64.b64decode(text, validate=True) for text in texts])
    except (oprf.BadPoint, ValueError, TypeError):
        raise Refusal(422, "value", "blinded_input is no point of the group") from None
    await call.log("pseudonymise", detail=str(len(points)))
    return answer({"evaluated": [base64.b64encode(point).decode() for point in points], "version": oprf.VERSION})


# --- localisation (NL GF IG 0.10.0) ----------------------------------------------------------------------------------


async def register(call: Call) -> Response:
    registration = await _pointer(call, call.json())
    ((id, new),) = await call.state.index.register([registration])
    await call.log("register", "ok", registration.pseudonym)
    kept = call.state.index.read(id)
    if kept is None:
        raise Refusal(409, "conflict", "it was removed meanwhile")
    return answer(pointers.to_list(kept[1], id), 201 if new else 200, {"Location": f"{_fhir(call.state)}/List/{id}"})


async def _pointer(call: Call, resource: Mapping[str, Any]) -> Registration:
    """The pointer in a List, by whoever it is about."""
    try:
        registration = pointers.from_list(resource, call.party.kind)
    except fhir4.Malformed as fault:
        raise Refusal(422, "invalid", str(fault)) from None
    if registration.holder != call.party.ura:
        await call.log("register", "refused", registration.pseudonym)
        raise Refusal(403, "forbidden", "an organisation registers itself only")
    return registration


async def transaction(call: Call) -> Response:
    """Many Lists or many Consents at once, all or none: what a node enters when it publishes its records."""
    bundle = call.json()
    entries = bundle.get("entry")
    if bundle.get("resourceType") != "Bundle" or bundle.get("type") != "transaction" or not isinstance(entries, list):
        raise Refusal(422, "invalid", "not a Bundle of type transaction")
    listed = [entry.get("resource") if isinstance(entry, dict) else None for entry in entries]
    types = {one.get("resourceType") if isinstance(one, dict) else None for one in listed}
    if not 0 < len(listed) <= MOST_PER_PAGE:
        raise Refusal(422, "too-long", f"a transaction has 1 to {MOST_PER_PAGE} entries")
    if types == {"List"}:
        made = await _register_all(call, listed)
    elif types == {"Consent"}:
        made = await _record_all(call, listed)
    else:
        raise Refusal(422, "not-supported", "a transaction holds Lists only, or Consents only")
    response = [{"response": {"status": "201", "location": location}} for location in made]
    return answer({"resourceType": "Bundle", "type": "transaction-response", "entry": response})


async def _register_all(call: Call, listed: list[Any]) -> list[str]:
    found = [await _pointer(call, one) for one in listed]
    made = await call.state.index.register(found)
    await asyncio.gather(*(call.log("register", "ok", one.pseudonym) for one in found))
    return [f"List/{id}" for id, _ in made]


async def _record_all(call: Call, listed: list[Any]) -> list[str]:
    found = [_provision(one) for one in listed]
    ids = await call.state.consents.record(found, call.party.ura)
    logged = zip(ids, found, strict=True)
    await asyncio.gather(*(call.log("consent", "ok", about, _told(id, one)) for id, (about, one) in logged))
    return [f"Consent/{id}" for id in ids]


async def localise(call: Call) -> Response:
    table, found = document("network.toml")["localisation"], call.parameters()
    _only(found, "subject:identifier", "patient:identifier", "code", "source:identifier")
    pseudonym = _token(found, "subject:identifier", table["subject_system"]) or _token(
        found, "patient:identifier", table["subject_system"]
    )
    if not pseudonym:
        raise Refusal(400, "required", "subject:identifier is required")
    if _token(found, "code", table["code_system"]) != table["code"]:
        raise Refusal(400, "required", f"code {table['code']} is required")
    try:
        who = asker.from_claims(call.party, call.claims)
    except ValueError as fault:
        await call.log("localise", "refused", pseudonym)
        raise Refusal(403, "forbidden", str(fault)) from None
    provisions = [kept.consent for kept in call.state.consents.of(pseudonym)]
    known = call.state.index.localise(pseudonym, who, provisions)
    source = _token(found, "source:identifier", table["source_system"])
    lists = [pointers.to_list(one, id) for id, one in known if not source or one.source == source]
    await call.log("localise", "ok", pseudonym, str(len(lists)))
    return answer(fhir4.searchset(_fhir(call.state), lists, f"{_fhir(call.state)}/List"))


async def read_pointer(call: Call) -> Response:
    kept = call.state.index.read(call.path["id"])
    # Another's pointer and none look alike: by id one may only see one's own.
    if kept is None or kept[1].holder != call.party.ura:
        raise Refusal(404, "not-found", "no such List")
    return answer(pointers.to_list(kept[1], kept[0]))


async def delete_pointer(call: Call) -> Response:
    kept = call.state.index.read(call.path["id"])
    pseudonym = kept[1].pseudonym if kept and kept[1].holder == call.party.ura else ""
    await call.state.index.unregister(call.party.ura, id=call.path["id"])
    await call.log("unregister", "ok", pseudonym)
    return Response(status_code=204)


async def delete_pointers(call: Call) -> Response:
    """Conditional delete by address (the national interface), or `$unregister` by form: no pseudonym in an address."""
    table, found = document("network.toml")["localisation"], call.parameters()
    _only(found, "subject:identifier", "source:identifier", "code")
    pseudonym = _token(found, "subject:identifier", table["subject_system"])
    if not pseudonym:
        raise Refusal(400, "required", "subject:identifier is required")
    source = _token(found, "source:identifier", table["source_system"])
    await call.state.index.unregister(call.party.ura, pseudonym=pseudonym, source=source)
    await call.log("unregister", "ok", pseudonym)
    return Response(status_code=204)


# --- consent (IHE PCF) -----------------------------------------------------------------------------------------------


def _stamped(bundle: dict[str, Any], epoch: str, sequence: int, held: float | None = None) -> dict[str, Any]:
    meta: dict[str, Any] = {"versionId": f"{epoch}.{sequence}"}
    if held is not None:
        meta["extension"] = [
            {"url": document("network.toml")["consent"]["held_extension"], "valueDecimal": round(held, 4)}
        ]
    return {**bundle, "meta": meta}


def _provision(resource: Any) -> tuple[str, Consent]:
    try:
        return consents.from_resource(resource)
    except fhir4.Malformed as fault:
        raise Refusal(422, "invalid", str(fault)) from None


def _told(id: str, provision: Consent) -> str:
    return f"{id} {'permit' if provision.permit else 'deny'}"


async def record_consent(call: Call) -> Response:
    pseudonym, provision = _provision(call.json())
    (id,) = await call.state.consents.record([(pseudonym, provision)], call.party.ura)
    await call.log("consent", "ok", pseudonym, _told(id, provision))
    return answer(_consent(call, id).resource(), 201, {"Location": f"{_fhir(call.state)}/Consent/{id}"})


def _consent(call: Call, id: str) -> Kept:
    kept = call.state.consents.read(id)
    if kept is None:
        raise Refusal(404, "not-found", "no such Consent")
    return kept


async def withdraw_consent(call: Call) -> Response:
    """Also by another organisation than the one that recorded it: she says it where she is."""
    kept = _consent(call, call.path["id"])
    await call.state.consents.withdraw(kept.consent.id, call.party.ura)
    await call.log("withdraw", "ok", kept.pseudonym, kept.consent.id)
    return answer(_consent(call, call.path["id"]).resource())


def _concerned(party: Party, kept: Kept) -> bool:
    return consents.concerns(kept.consent, party.ura, party.kind)


async def read_consent(call: Call) -> Response:
    kept = _consent(call, call.path["id"])
    if not _concerned(call.party, kept):
        raise Refusal(404, "not-found", "no such Consent")
    await call.log("consents", "ok", kept.pseudonym, kept.consent.id)
    return answer(kept.resource())


async def consent_versions(call: Call) -> Response:
    kept = [k for k in call.state.consents.versions(call.path["id"]) if _concerned(call.party, k)]
    if not kept:
        raise Refusal(404, "not-found", "no such Consent")
    await call.log("consents", "ok", kept[0].pseudonym, call.path["id"])
    return answer(_history(call, kept))


def _history(call: Call, kept: list[Kept]) -> dict[str, Any]:
    versions = [("Consent", k.consent.id, fhir4.instant(k.consent.recorded or EPOCH), k.resource()) for k in kept]
    return fhir4.history(_fhir(call.state), versions, f"{_fhir(call.state)}/Consent/_history")


async def search_consents(call: Call) -> Response:
    """Her provisions about this holder's records; from now on the feed tells it of changes to them."""
    found = call.parameters()
    _only(found, "patient:identifier", "status")
    pseudonym = _token(found, "patient:identifier", consents.subject_system())
    if not pseudonym:
        raise Refusal(400, "required", "patient:identifier is required")
    sequence, kept = call.state.consents.for_holder(pseudonym, call.party.ura, call.party.kind)
    epoch = call.state.consents.epoch
    await call.log("consents", "ok", pseudonym)
    bundle = fhir4.searchset(_fhir(call.state), [k.resource() for k in kept], f"{_fhir(call.state)}/Consent")
    return answer(_stamped(bundle, epoch, sequence))


async def consent_feed(call: Call) -> Response:
    """Changes since a sequence number, held open until there are some.  Not audited: it tells what was asked before."""
    _only(call.query, "_since", "_epoch", "_wait")
    service, since = call.state.consents, _number(call.query, "_since", 0)
    began = time.monotonic()
    if call.query.get("_epoch") == service.epoch:
        await service.wait_for_change(since, _seconds(call.query.get("_wait", "0")))
    upto, kept = service.sequence(), list[Kept]()
    if call.query.get("_epoch") == service.epoch:
        upto, kept = service.changes(call.party.ura, call.party.kind, since)
    held = time.monotonic() - began
    return answer(_stamped(_history(call, kept[::-1]), service.epoch, upto, held))


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise Refusal(400, "value", "_wait is seconds") from None
    return min(LONGEST_WAIT, max(0.0, value)) if math.isfinite(value) else 0.0


EPOCH = fhir4.moment("1970-01-01T00:00:00Z")

ROUTES: list[tuple[str, str, str, Handle]] = [
    ("POST", "/pseudonyms/evaluate", "pseudonyms", evaluate),
    ("POST", "/fhir/r4", "transaction", transaction),
    ("POST", "/fhir/r4/List", "localisation", register),
    ("GET", "/fhir/r4/List", "localisation", localise),
    ("DELETE", "/fhir/r4/List", "localisation", delete_pointers),
    ("POST", "/fhir/r4/List/_search", "localisation", localise),
    ("POST", "/fhir/r4/List/$unregister", "localisation", delete_pointers),
    ("GET", "/fhir/r4/List/{id}", "localisation", read_pointer),
    ("DELETE", "/fhir/r4/List/{id}", "localisation", delete_pointer),
    ("POST", "/fhir/r4/Consent", "consent", record_consent),
    ("POST", "/fhir/r4/Consent/_search", "consent", search_consents),
    ("GET", "/fhir/r4/Consent/_history", "consent", consent_feed),
    ("GET", "/fhir/r4/Consent/{id}", "consent", read_consent),
    ("GET", "/fhir/r4/Consent/{id}/_history", "consent", consent_versions),
    ("POST", "/fhir/r4/Consent/{id}/$withdraw", "consent", withdraw_consent),
]
for _kind in ("Organization", "Endpoint"):
    ROUTES += [
        ("GET", f"/fhir/r4/{_kind}", "directory", _search_directory(_kind)),
        ("GET", f"/fhir/r4/{_kind}/_history", "directory", _directory_history(_kind)),
        ("GET", f"/fhir/r4/{_kind}/{{id}}", "directory", _read_directory(_kind)),
    ]

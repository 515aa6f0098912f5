"""The consent register's interactions (IHE PCF in style): provisions, to record, withdraw, read and follow."""

from __future__ import annotations

import asyncio
import math
import time
from typing import Any

from starlette.responses import Response

from babyconnect.api.region_call import Call, Refusal, answer
from babyconnect.api.region_parameters import fhir_base, number, only, token
from babyconnect.birthcare.access import Consent
from babyconnect.birthcare.parties import Party
from babyconnect.definitions import document
from babyconnect.network import fhir4
from babyconnect.network.consent import resources as consents
from babyconnect.network.consent.service import Kept

LONGEST_WAIT = 5.0
EPOCH = fhir4.moment("1970-01-01T00:00:00Z")


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


async def _may_record(call: Call, pseudonym: str, provision: Consent) -> None:
    """A yes is about the records of whoever takes it down (Wabvpz 15a: it is given to the holder); a no is anybody's.

    Else an organisation could write a permit in its own favour about records that others keep.
    """
    if provision.permit and provision.holder != f"ura:{call.party.ura}":
        await call.log("consent", "refused", pseudonym, "a permit about another holder")
        raise Refusal(403, "forbidden", "a permit is recorded by the organisation whose records it is about")


async def record(call: Call) -> Response:
    pseudonym, provision = _provision(call.json())
    await _may_record(call, pseudonym, provision)
    (id,) = await call.state.consents.record([(pseudonym, provision)], call.party.ura)
    await call.log("consent", "ok", pseudonym, _told(id, provision))
    return answer(_consent(call, id).resource(), 201, {"Location": f"{fhir_base(call.state)}/Consent/{id}"})


def _consent(call: Call, id: str) -> Kept:
    kept = call.state.consents.read(id)
    if kept is None:
        raise Refusal(404, "not-found", "no such Consent")
    return kept


async def record_all(call: Call, listed: list[Any]) -> list[str]:
    found = [_provision(one) for one in listed]
    for pseudonym, provision in found:
        await _may_record(call, pseudonym, provision)
    ids = await call.state.consents.record(found, call.party.ura)
    logged = zip(ids, found, strict=True)
    await asyncio.gather(*(call.log("consent", "ok", about, _told(id, one)) for id, (about, one) in logged))
    return [f"Consent/{id}" for id in ids]


async def withdraw(call: Call) -> Response:
    """A yes by any organisation: she says it where she is.  A no only by the one that took it down: lifting it opens.

    Logged first; the answer repeats nothing of the provision, which may not concern this organisation.
    """
    kept = _consent(call, call.path["id"])
    if not kept.consent.permit and call.state.consents.recorder(kept.consent.id) != call.party.ura:
        await call.log("withdraw", "refused", kept.pseudonym, kept.consent.id)
        raise Refusal(403, "forbidden", "an objection is withdrawn by the organisation that recorded it")
    await call.log("withdraw", "ok", kept.pseudonym, kept.consent.id)
    await call.state.consents.withdraw(kept.consent.id, call.party.ura)
    return answer(fhir4.outcome("informational", "withdrawn", "information"))


def _concerned(party: Party, kept: Kept) -> bool:
    return consents.concerns(kept.consent, party.ura, party.kind)


async def read(call: Call) -> Response:
    kept = _consent(call, call.path["id"])
    if not _concerned(call.party, kept):
        raise Refusal(404, "not-found", "no such Consent")
    await call.log("consents", "ok", kept.pseudonym, kept.consent.id)
    return answer(kept.resource())


async def versions(call: Call) -> Response:
    kept = [k for k in call.state.consents.versions(call.path["id"]) if _concerned(call.party, k)]
    if not kept:
        raise Refusal(404, "not-found", "no such Consent")
    await call.log("consents", "ok", kept[0].pseudonym, call.path["id"])
    return answer(_history(call, kept))


def _history(call: Call, kept: list[Kept]) -> dict[str, Any]:
    told = [("Consent", k.consent.id, fhir4.instant(k.consent.recorded or EPOCH), k.resource()) for k in kept]
    return fhir4.history(fhir_base(call.state), told, f"{fhir_base(call.state)}/Consent/_history")


async def search(call: Call) -> Response:
    """Her provisions about this holder's records; from now on the feed tells it of changes to them."""
    found = call.parameters()
    only(found, "patient:identifier", "status")
    pseudonym = token(found, "patient:identifier", consents.subject_system())
    if not pseudonym:
        raise Refusal(400, "required", "patient:identifier is required")
    sequence, kept = call.state.consents.for_holder(pseudonym, call.party.ura, call.party.kind)
    epoch = call.state.consents.epoch
    await call.log("consents", "ok", pseudonym)
    bundle = fhir4.searchset(fhir_base(call.state), [k.resource() for k in kept], f"{fhir_base(call.state)}/Consent")
    return answer(_stamped(bundle, epoch, sequence))


async def feed(call: Call) -> Response:
    """Changes since a sequence number, held open until there are some.  Not audited: it tells what was asked before."""
    only(call.query, "_since", "_epoch", "_wait")
    service, since = call.state.consents, number(call.query, "_since", 0)
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

"""The localisation index's interactions (NL Generic Functions IG 0.10.0): pointers, to register, find and remove."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from babyconnect.api import region_sought
from babyconnect.api.http import Answer
from babyconnect.api.region_call import NOTHING, Call, Refusal, answer
from babyconnect.api.region_consent import herself
from babyconnect.api.region_parameters import fhir_base, only, token
from babyconnect.birthcare.access import Relation
from babyconnect.definitions import document
from babyconnect.network import asker, fhir4
from babyconnect.network.contract import Given, Registration
from babyconnect.network.evidence import wire
from babyconnect.network.localisation import resources as pointers


async def register(call: Call) -> Answer:
    registration = await _pointer(call, call.json())
    ((id, new),) = await call.state.index.register([registration])
    await call.log("register", "ok", registration.pseudonym)
    kept = call.state.index.read(id)
    if kept is None:
        raise Refusal(409, "conflict", "it was removed meanwhile")
    return answer(
        pointers.to_list(kept[1], id), 201 if new else 200, {"Location": f"{fhir_base(call.state)}/List/{id}"}
    )


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


async def register_all(call: Call, listed: list[Any]) -> list[str]:
    found = [await _pointer(call, one) for one in listed]
    made = await call.state.index.register(found)
    await asyncio.gather(*(call.log("register", "ok", one.pseudonym) for one in found))
    return [f"List/{id}" for id, _ in made]


async def localise(call: Call) -> Answer:
    table, found = document("network.toml")["localisation"], call.parameters()
    only(found, "subject:identifier", "patient:identifier", "code", "source:identifier")
    pseudonym = token(found, "subject:identifier", table["subject_system"]) or token(
        found, "patient:identifier", table["subject_system"]
    )
    if not pseudonym:
        raise Refusal(400, "required", "subject:identifier is required")
    if token(found, "code", table["code_system"]) != table["code"]:
        raise Refusal(400, "required", f"code {table['code']} is required")
    if call.claims.get("capacity", "professional") != "professional":
        return await _hers(call, pseudonym)
    try:
        who = asker.from_claims(call.party, call.claims)
    except ValueError as fault:
        await call.log("localise", "refused", pseudonym)
        raise Refusal(403, "forbidden", str(fault)) from None
    await region_sought.note(call, pseudonym, who)
    provisions = call.state.consents.allowed(pseudonym)
    given = call.state.evidence.received(pseudonym, call.party.ura)
    if given:
        who = replace(who, relations=who.relations + tuple(_evidence(one) for one in given))
    referrers = {one.issuer for one in given if one.basis == "referral"}
    known = call.state.index.localise(pseudonym, who, provisions, referrers)
    source = token(found, "source:identifier", table["source_system"])
    base = fhir_base(call.state)
    lists = [pointers.entry(base, id, one) for id, one in known if not source or one.source == source]
    if known:
        # Who is told where to look has her record open from now on: it hears when that is to change.
        call.state.consents.watch(pseudonym, call.party.ura)
    await call.log("localise", "ok", pseudonym, str(len(lists)))
    if given:
        await call.log("evidence_read", "ok", pseudonym, str(len(given)))
    evidence = [fhir4.entry(base, wire.include(given), "include")] if given else []
    return answer(fhir4.searchset(lists, f"{base}/List", included=evidence))


async def _hers(call: Call, pseudonym: str) -> Answer:
    """She is told of all who keep something of her, whatever she allows others: by a listed portal's word that it is
    she (or who represents her), as with her consents."""
    if not herself(call):
        await call.log("localise", "refused", pseudonym)
        raise Refusal(403, "forbidden", "she herself asks through a listed client portal, soon after her log-in")
    base = fhir_base(call.state)
    lists = [pointers.entry(base, id, one) for id, one in call.state.index.all_of(pseudonym)]
    await call.log("localise", "ok", pseudonym, str(len(lists)))
    return answer(fhir4.searchset(lists, f"{base}/List"))


def _evidence(one: Given) -> Relation:
    """What the register knows of itself, the asker need not say."""
    return Relation(one.basis, one.reference, one.start, one.end)


async def read_pointer(call: Call) -> Answer:
    kept = call.state.index.read(call.path["id"])
    # Another's pointer and none look alike: by id one may only see one's own.
    if kept is None or kept[1].holder != call.party.ura:
        raise Refusal(404, "not-found", "no such List")
    return answer(pointers.to_list(kept[1], kept[0]))


async def delete_pointer(call: Call) -> Answer:
    kept = call.state.index.read(call.path["id"])
    pseudonym = kept[1].pseudonym if kept and kept[1].holder == call.party.ura else ""
    removed = await call.state.index.unregister(call.party.ura, id=call.path["id"])
    await call.log("unregister", "ok", pseudonym)
    _tell_screens(call, pseudonym, removed)
    return NOTHING


async def delete_pointers(call: Call) -> Answer:
    """Conditional delete by address (the national interface), or `$unregister` by form: no pseudonym in an address."""
    table, found = document("network.toml")["localisation"], call.parameters()
    only(found, "subject:identifier", "source:identifier", "code")
    pseudonym = token(found, "subject:identifier", table["subject_system"])
    if not pseudonym:
        raise Refusal(400, "required", "subject:identifier is required")
    source = token(found, "source:identifier", table["source_system"])
    removed = await call.state.index.unregister(call.party.ura, pseudonym=pseudonym, source=source)
    await call.log("unregister", "ok", pseudonym)
    _tell_screens(call, pseudonym, removed)
    return NOTHING


def _tell_screens(call: Call, pseudonym: str, removed: int) -> None:
    """Whoever has her record open asks anew; only where something of this organisation's was there to be removed."""
    if call.state.index.gone(pseudonym, call.party.ura, removed):
        call.state.consents.stir(pseudonym)

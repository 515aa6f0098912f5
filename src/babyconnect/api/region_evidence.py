"""The register of evidence: announcements, referrals and locum agreements between organisations (domain §4).

Only the issuer writes and revokes, only the receiver finds, and a holder may ask about one reference of one asker and
one client together.  Plain JSON by POST, so that no pseudonym stands in an address.  [own]
"""

from __future__ import annotations

from babyconnect.api import region_call
from babyconnect.api.http import Answer
from babyconnect.api.region_call import Call, Refusal, answer, text
from babyconnect.network.evidence import wire


async def give(call: Call) -> Answer:
    """`{pseudonym, given}` -> 201.  A locum agreement is about no client in particular."""
    body = call.json()
    try:
        given = wire.read(body.get("given") or {})
    except (ValueError, AttributeError) as fault:
        raise Refusal(422, "invalid", str(fault)) from None
    pseudonym = "" if given.basis == "locum" else text(body, "pseudonym")
    if given.issuer != call.party.ura:
        await call.log("evidence", "refused", pseudonym)
        raise Refusal(403, "forbidden", "an organisation gives evidence for itself only")
    if call.state.directory.party(given.receiver) is None:
        raise Refusal(422, "value", "the receiver is not in the directory")
    await call.log("evidence", "ok", pseudonym, f"{given.basis} {given.reference}")
    if not await call.state.evidence.give(pseudonym, given, str(call.claims.get("user_id", ""))[:100]):
        raise Refusal(409, "conflict", "this reference is taken")
    return answer({"reference": given.reference}, 201)


async def received(call: Call) -> Answer:
    """`{pseudonym}` -> what stands for the asking organisation."""
    pseudonym = text(call.json(), "pseudonym")
    found = call.state.evidence.received(pseudonym, call.party.ura)
    await call.log("evidence_read", "ok", pseudonym, str(len(found)))
    return answer({"given": [wire.written(one) for one in found]})


async def made(call: Call) -> Answer:
    """What the asking organisation gave."""
    found = call.state.evidence.made(call.party.ura)
    await call.log("evidence_read", "ok", "", str(len(found)))
    return answer({"given": [wire.written(one) for one in found]})


async def confirm(call: Call) -> Answer:
    """`{pseudonym, reference, basis, asker}` -> the entry, or 404: over, revoked, another's and none are alike."""
    body = call.json()
    pseudonym, reference = text(body, "pseudonym"), text(body, "reference")
    asker = region_call.asker(body)
    found = call.state.evidence.confirm(pseudonym, reference, text(body, "basis"), asker)
    await call.log("evidence_read", "ok" if found else "refused", pseudonym, reference[:64])
    if found is None:
        raise Refusal(404, "not-found", "no such evidence")
    return answer(wire.written(found))


async def keeps(call: Call) -> Answer:
    """`{pseudonym, asker}` -> `{keeps}`: whether that organisation keeps her, by the index.  Only to who keeps her."""
    body = call.json()
    pseudonym = text(body, "pseudonym")
    asker = region_call.asker(body)
    index = call.state.index
    ours, theirs = bool(index.own(pseudonym, call.party.ura)), bool(index.own(pseudonym, asker))
    await call.log("evidence_read", "ok" if ours else "refused", pseudonym, f"keeps {asker}")
    return answer({"keeps": ours and theirs})


async def revoke(call: Call) -> Answer:
    """`{reference}` -> 200, or 404 for what is not the asking organisation's."""
    reference = text(call.json(), "reference")
    await call.log("evidence", "ok", "", f"revoke {reference[:64]}")
    if not await call.state.evidence.revoke(reference, call.party.ura):
        raise Refusal(404, "not-found", "no such evidence")
    return answer({"reference": reference})

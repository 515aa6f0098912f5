"""Codes that she shows: made by an organisation with her, shown at another, asked about by a holder.

What is shown is checked together with her pseudonym; a wrong code, an old one and one of somebody else are the same
answer.  Plain JSON: no published interface exists for it.  [own]
"""

from __future__ import annotations

from dataclasses import replace

from babyconnect.api import region_call, region_consent
from babyconnect.api.http import Answer
from babyconnect.api.region_call import Call, Refusal, answer, text
from babyconnect.birthcare.access import Consent
from babyconnect.birthcare.identifiers import Ura
from babyconnect.network import fhir4
from babyconnect.network.consent import resources as consents
from babyconnect.network.consent.resources import Origin
from babyconnect.network.contract import ShownCode


async def make(call: Call) -> Answer:
    """`{pseudonym, until, permit?}` -> `{code, reference, until}`.  `permit`: a Consent about the maker's records."""
    body = call.json()
    pseudonym, until = text(body, "pseudonym"), region_consent.moment(body.get("until"))
    permit = None
    if body.get("permit") is not None:
        try:
            about, permit = consents.from_resource(body["permit"])
        except fhir4.Malformed as fault:
            raise Refusal(422, "invalid", str(fault)) from None
        if about != pseudonym or not permit.permit or permit.holder != f"ura:{call.party.ura}":
            await call.log("code", "refused", pseudonym)
            raise Refusal(403, "forbidden", "a code permits what its maker keeps of her")
    await call.log("code", "ok", pseudonym)
    try:
        made = await call.state.codes.make(pseudonym, call.party.ura, until, permit)
    except ValueError as fault:
        raise Refusal(422, "value", str(fault)) from None
    return answer({"code": made.code, "reference": made.reference, "until": fhir4.instant(made.until)}, 201)


async def show(call: Call) -> Answer:
    """`{pseudonym, code}` -> the evidence, or 404.  The yes that goes with it is recorded as its maker's."""
    body = call.json()
    pseudonym, code = text(body, "pseudonym"), text(body, "code")
    if wait := call.state.codes.wait(pseudonym, call.party.ura):
        await call.log("code_shown", "refused", pseudonym, "too many tries")
        raise Refusal(429, "throttled", "too many tries; come back later", wait)
    found = call.state.codes.find(code, pseudonym, call.party.ura)
    if found is None:
        await call.log("code_shown", "refused", pseudonym)
        raise Refusal(404, "not-found", "no such code of hers")
    await call.log("code_shown", "ok", pseudonym, found.shown.reference)
    if found.permit is not None and found.first and found.shown.holder != call.party.ura:
        await _give(call, pseudonym, found.permit, found.shown)
    await call.state.codes.note_shown(found.shown.reference, call.party.ura)
    return answer(_evidence(found.shown))


async def _give(call: Call, pseudonym: str, permit: Consent, shown: ShownCode) -> None:
    yes = replace(permit, actor=f"ura:{call.party.ura}", end=min(permit.end or shown.until, shown.until))
    change = call.state.consents.prepared([(pseudonym, yes)])
    await call.log("consent", "ok", pseudonym, f"{change.give[0][1].id} permit by code {shown.reference}")
    await call.state.consents.apply(change, Origin(shown.holder, f"code {shown.reference}", "client"))


async def shown(call: Call) -> Answer:
    """`{pseudonym, reference, asker}` -> the evidence, or 404: whether she showed that code to that organisation."""
    body = call.json()
    pseudonym, reference = text(body, "pseudonym"), text(body, "reference")
    asker = region_call.asker(body)
    found = _believable(call, call.state.codes.shown(reference, pseudonym, asker), pseudonym, asker)
    await call.log("code_shown", "ok" if found else "refused", pseudonym, reference[:36])
    if found is None:
        raise Refusal(404, "not-found", "not shown there, or over")
    return answer(_evidence(found))


def _believable(call: Call, shown: ShownCode | None, pseudonym: str, asker: Ura) -> ShownCode | None:
    """A code counts as evidence while its maker keeps her, and never for its maker: nobody proves anything by what it
    made itself."""
    if shown is None or shown.holder == asker or not call.state.index.own(pseudonym, shown.holder):
        return None
    return shown


def _evidence(shown: ShownCode) -> dict[str, str]:
    return {
        "reference": shown.reference,
        "start": fhir4.instant(shown.start),
        "until": fhir4.instant(shown.until),
        "holder": shown.holder.value,
    }

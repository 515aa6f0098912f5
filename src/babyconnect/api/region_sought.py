"""Emergencies of which the region tells whoever keeps her: noted when it localises, fetched by holders.

An emergency opens the index where she said nothing.  Whoever asks it, and then asks nobody, has learnt who keeps her
all the same; so each of them is told, and the asker's own organisation too.  [own]
"""

from __future__ import annotations

import secrets

from babyconnect.api.http import Answer
from babyconnect.api.region_call import Call, Refusal, answer
from babyconnect.birthcare.access import EMERGENCY_SCOPE, Asker, Purpose
from babyconnect.definitions import document
from babyconnect.network.contract import Sought
from babyconnect.network.sought import wire
from babyconnect.network.sought.service import TooMany

MOST_AT_ONCE = 500


async def note(call: Call, pseudonym: str, asker: Asker) -> None:
    """Durable before the index answers; as much is written where nobody keeps her, so that time tells nothing."""
    if asker.emergency is None or not _opens(asker):
        return
    named = next((one.reference for one in asker.relations if one.basis == "break_glass"), "")
    sought = Sought(
        pseudonym=pseudonym,
        reference=named if wire.is_reference(named) else secrets.token_hex(12),
        asker=asker.ura,
        person=asker.person[:100],
        role=asker.role.value,
        responsible=asker.responsible.id[:100] if asker.responsible else "",
        reason=asker.emergency.reason,
        moment=call.state.now(),
        trace=call.traceparent,
    )
    holders = {one.holder for _, one in call.state.index.all_of(pseudonym)}
    try:
        await call.state.sought.note(sought, {*holders, asker.ura})
    except TooMany:
        await call.log("localise", "refused", pseudonym, "too many emergencies")
        raise Refusal(429, "throttled", "too many emergencies of which nobody could be told yet", 60) from None


def _opens(asker: Asker) -> bool:
    """Whether it is an emergency that can open the index at all: what opens nothing has told nothing."""
    table = document("break_glass.toml")
    declared = asker.emergency is not None and asker.emergency.reason in table["reason"]
    scoped = asker.purpose is Purpose.EMERGENCY and EMERGENCY_SCOPE in asker.scopes
    return declared and scoped and asker.role.value in table["roles"]


async def waiting(call: Call) -> Answer:
    """`{after}` -> what the asking organisation is still to take note of, above that number: so what it cannot take
    note of holds nothing up.  Not audited: the localisation was."""
    after = call.json().get("after", 0)
    if type(after) is not int or not 0 <= after < 2**63:
        raise Refusal(422, "value", "after is a number that was told")
    return answer({"sought": [wire.written(one) for one in call.state.sought.waiting(call.party.ura, after)]})


async def taken(call: Call) -> Answer:
    """`{numbers}`: these are in the organisation's own log and queue now."""
    numbers = call.json().get("numbers")
    if not isinstance(numbers, list) or len(numbers) > MOST_AT_ONCE or not all(type(one) is int for one in numbers):
        raise Refusal(422, "value", f"numbers are at most {MOST_AT_ONCE} whole numbers")
    if any(not 0 < one < 2**63 for one in numbers):
        raise Refusal(422, "value", "a number is one that was told")
    await call.log("sought", "ok", "", str(len(numbers)))
    gone = await call.state.sought.taken(call.party.ura, numbers)
    return answer({"taken": gone})

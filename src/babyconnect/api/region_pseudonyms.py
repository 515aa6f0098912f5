"""The pseudonym service's one interaction: evaluate blinded points (`network.pseudonyms`)."""

from __future__ import annotations

import base64
import time

from babyconnect.api.http import Answer
from babyconnect.api.region_call import Call, Refusal, answer
from babyconnect.definitions import document
from babyconnect.network.pseudonyms import oprf


async def evaluate(call: Call) -> Answer:
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

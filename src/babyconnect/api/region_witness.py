"""The region as witness: nodes show the heads of their logs, and anybody of the directory may fetch what is kept.

POST /witness/checkpoints          a checkpoint, or a proof of growth: 200 kept, 409 with the head to prove from, 422
                                   when it contradicts what is kept
GET  /witness/checkpoints/{node}   the heads kept of a node
GET  /witness/region               the last signed head of the region's own log, and its public keys
GET  /witness/region/growth        ?since=N: the proof that the log of record N grew into the last one

The other way round nodes are the region's witnesses: it cannot rewrite its log, nor tell each of them another one, once
they keep what it signed.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import orjson

from babyconnect.api.http import Answer
from babyconnect.api.region_call import Call, OwnLog, Refusal, answer
from babyconnect.api.region_parameters import number, only
from babyconnect.audit import checkpoints, proofs
from babyconnect.audit.checkpoints import Checkpoint
from babyconnect.audit.proofs import Consistency
from babyconnect.audit.witness import Disagrees, Kept, Witness
from babyconnect.trust import keys


async def show(call: Call) -> Answer:
    """An organisation shows its own head only: the signature of the request says whose."""
    witness = _witness(call)
    node = call.party.ura.value
    genuine = keys.genuine(call.state.directory.keys(call.party.ura))
    found = await asyncio.to_thread(witness.show, node, _shown(call), genuine)
    if isinstance(found, Disagrees):
        await call.log("witness", "refused", detail=f"record {found.last.seq if found.last else 0}")
        raise Refusal(422, "conflict", found.reason)
    if isinstance(found, Kept):
        if found.fresh:
            await call.log("witness", detail=f"record {found.checkpoint.seq}")
        return answer({"kept": _json(found.checkpoint)})
    return answer({"last": _json(found.last)}, 409)


async def kept(call: Call) -> Answer:
    found = await asyncio.to_thread(_witness(call).kept, call.path["node"])
    return answer({"kept": [_json(mark) for mark in found]})


async def own(call: Call) -> Answer:
    """Not audited: a number, a moment and hashes, which are open to everybody anyway."""
    log = _own_log(call)
    mark = await asyncio.to_thread(proofs.last, log.folder)
    if mark is None:
        raise Refusal(404, "not-found", "nothing is signed yet")
    return answer({"checkpoint": _json(mark), "keys": dict(log.keys())})


async def growth(call: Call) -> Answer:
    only(call.query, "since")
    log, since = _own_log(call), number(call.query, "since", 0)
    async with log.room:
        try:
            found = await asyncio.to_thread(_growth, log.folder, since)
        except proofs.NoProof:
            raise Refusal(410, "not-found", "that part of the log is not kept any more") from None
    return answer({"proof": orjson.Fragment(found.dump())})


def _growth(folder: Path, since: int) -> Consistency:
    old = next((mark for mark in proofs.signed(folder) if mark.seq == since), None)
    if old is None:
        raise Refusal(404, "not-found", "no head was signed there")
    return proofs.prove_growth(folder, old)


def _own_log(call: Call) -> OwnLog:
    if call.state.own_log is None:
        raise Refusal(404, "not-found", "this region signs no heads")
    return call.state.own_log


def _witness(call: Call) -> Witness:
    if call.state.witness is None:
        raise Refusal(404, "not-found", "this region keeps no heads of logs")
    return call.state.witness


def _shown(call: Call) -> Checkpoint | Consistency:
    proof = proofs.load(call.body)
    if isinstance(proof, Consistency):
        return proof
    mark = checkpoints.load(call.body)
    if mark is None:
        raise Refusal(422, "structure", "neither a checkpoint nor a proof of growth")
    return mark


def _json(mark: Checkpoint) -> Any:
    return orjson.loads(mark.dump())

"""A node's tokens: giving them out, and who comes with one; as holder, by its settings and the directory."""

from __future__ import annotations

import datetime as dt
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from babyconnect.api.bearers import Bearers, Gate, Unbelieved
from babyconnect.api.http import Request
from babyconnect.api.oauth import OAuth
from babyconnect.api.rates import Rates
from babyconnect.audit.log import AuditLog
from babyconnect.birthcare.identifiers import Ura
from babyconnect.flows.grant import Asked, Granting
from babyconnect.network.directory import did_web
from babyconnect.settings import SettingsRefused
from babyconnect.trust import replay_journal
from babyconnect.trust.assertion import Issuer
from babyconnect.trust.believing import Believing
from babyconnect.trust.certified import certified
from babyconnect.trust.dpop import Nonces, Proofs
from babyconnect.trust.replays import Replays
from babyconnect.trust.rules import Rules
from babyconnect.trust.sessions import Sessions
from babyconnect.wiring.link import Link, now


@dataclass(frozen=True, slots=True)
class HolderTokens:
    """`sessions` for the door, `oauth` to mount, `gate` and `rates` for the source API; `close` at the end.

    `seen`: the proofs that were used."""

    sessions: Sessions
    oauth: OAuth
    gate: Gate
    rates: Rates
    seen: Replays
    close: Callable[[], None]


def holder_tokens(link: Link, log: AuditLog, secret: bytes, rules: Callable[[dt.date], Rules]) -> HolderTokens:
    """The holder's side of tokens.  `secret` makes the nonces of proofs; `rules`: those of a day."""
    base = link.machine_base
    try:
        seconds, moved = link.chosen.tokens.seconds, link.roster.moved
        sessions = Sessions(link.party.ura.value, time.time, seconds, ended=link.moved, moved=moved)
    except ValueError as problem:
        raise SettingsRefused(f"{link.path}: tokens.seconds: {problem}") from problem
    try:
        replays, journal = replay_journal.opened(link.beside(link.chosen.tokens.replays_file), time.time())
    except OSError as fault:
        raise SettingsRefused(f"{link.path}: tokens.replays_file: {fault.strerror or fault}") from fault
    # Tokens end with the process, so proofs of an earlier one open nothing: they need no journal.
    seen = Replays(0.0, capacity=600_000, share=500_000)
    proofs = Proofs(seen, Nonces(secret, time.time), time.time, link.chosen.tokens.dpop_nonce)
    rates = _rates(link)
    granting = Granting(
        link.party.ura.value, _believing(link, base, replays, rules), sessions, proofs, log, now, rates.token
    )

    async def turned_away(unbelieved: Unbelieved, request: Request) -> None:
        asked = Asked({}, request.trace, request.address, request.peer, to=f"{base}{request.scope['path']}")
        await granting.turned_away(asked, unbelieved.reason, unbelieved.session)

    return HolderTokens(
        sessions=sessions,
        oauth=OAuth(granting, base, lambda: link.ring.published, rates=rates),
        gate=Gate(Bearers(sessions, proofs, base).admit, turned_away),
        rates=rates,
        seen=seen,
        close=journal.close,
    )


def _rates(link: Link) -> Rates:
    chosen = link.chosen.limits
    each = (
        chosen.requests_per_second,
        chosen.clients_per_minute,
        chosen.tokens_per_second,
        chosen.strangers_per_second,
    )
    if not all(math.isfinite(rate) and rate >= 1 for rate in each):
        raise SettingsRefused(f"{link.path}: limits: each is a number of at least 1")
    return Rates(*each)


def _believing(link: Link, base: str, replays: Replays, rules: Callable[[dt.date], Rules]) -> Believing:
    def issuer_of(ura: Ura) -> Issuer | None:
        party, endpoint = link.directory.party(ura), link.directory.endpoint(ura)
        name = did_web.did_of(endpoint) if endpoint else ""
        return Issuer(party, link.directory.keys(ura), name, link.directory.portal(ura)) if party else None

    def issuer_by_did(name: str) -> Issuer | None:
        found = [issuer_of(party.ura) for party in link.directory.parties()] if name.startswith("did:web:") else []
        known = [issuer for issuer in found if issuer is not None and issuer.did == name]
        # Two organisations at one address cannot be told apart by it.
        return known[0] if len(known) == 1 else None

    material = link.secured
    return Believing(
        holder=link.party.ura,
        endpoint=f"{base}/oauth/token",
        issuer_of=issuer_of,
        replays=replays,
        names=frozenset({base, did_web.did(base)}),
        issuer_by_did=issuer_by_did,
        supplier_keys=_suppliers(link),
        certified=certified(lambda: material.current().trusted) if material else None,
        rules=rules,
    )


def _suppliers(link: Link) -> Callable[[str], Mapping[str, Any] | None]:
    """Keys of suppliers that may send requests for organisations, by DID; the file is read when the node starts."""
    named = link.chosen.tokens.suppliers_file
    if not named:
        return lambda name: None
    path = link.beside(named)
    try:
        listed = {str(one["did"]): dict(one["jwks"]) for one in orjson.loads(path.read_bytes())["suppliers"]}
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise SettingsRefused(f"{path}: a JSON object with suppliers, each with did and jwks, is expected") from fault
    return listed.get

"""The consent register's interactions (IHE PCF intermediate): provisions, to record, withdraw, read and follow.

Whoever records speaks for her: a professional of an organisation, or she herself (or who represents her), for whose
log-in an organisation vouches that the region lists as a client portal.  What follows from it: `_may_give`, `_may_end`,
`_readable`.  The log knows of every change before the register does; what cannot be logged is not done, and when that
was a no, nobody is confirmed in what they hold until the log works again (`ConsentService.doubtful`).
"""

from __future__ import annotations

import asyncio
import datetime as dt
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

from babyconnect.api.http import Answer
from babyconnect.api.region_call import Call, Refusal, answer
from babyconnect.api.region_parameters import fhir_base, number, only, token
from babyconnect.birthcare.access import Consent
from babyconnect.birthcare.identifiers import URA_SYSTEM
from babyconnect.definitions import document
from babyconnect.network import fhir4
from babyconnect.network.consent import resources as consents
from babyconnect.network.consent.resources import Origin
from babyconnect.network.consent.service import Change, Kept
from babyconnect.network.contract import Capacity

LONGEST_WAIT = 5.0
MOST_AT_ONCE = 500
SEARCHED = ("patient:identifier", "status", "_id", "actor:identifier", "organization:identifier")


def _table() -> Mapping[str, Any]:
    table: Mapping[str, Any] = document("network.toml")["consent"]
    return table


def _stamped(
    bundle: dict[str, Any], epoch: str, sequence: int, said: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    meta: dict[str, Any] = {"versionId": f"{epoch}.{sequence}"}
    return {**bundle, "meta": {**meta, "extension": list(said)} if said else meta}


def _confirmed(held: float, changed: Iterable[str], stirs: int) -> list[dict[str, Any]]:
    """What the feed says besides: how long it was held open, up to where it told what is gone, of whom something
    changed."""
    said: list[dict[str, Any]] = [
        {"url": _table()["held_extension"], "valueDecimal": round(held, 4)},
        {"url": _table()["stirred_extension"], "valueInteger": stirs},
    ]
    return said + [{"url": _table()["changed_extension"], "valueString": one} for one in sorted(changed)]


def _provision(resource: Any) -> tuple[str, Consent]:
    try:
        return consents.from_resource(resource)
    except fhir4.Malformed as fault:
        raise Refusal(422, "invalid", str(fault)) from None


# --- who speaks


def _capacity(call: Call) -> Capacity:
    claimed = call.claims.get("capacity", "professional")
    if claimed not in get_args(Capacity):
        raise Refusal(422, "invalid", "an unknown capacity")
    capacity: Capacity = claimed
    return capacity


def herself(call: Call) -> bool:
    """Whether she (or who represents her) speaks: a recent log-in of enough assurance at a listed client portal."""
    if _capacity(call) == "professional" or call.party.ura not in call.state.portals:
        return False
    login = call.claims.get("login")
    if not isinstance(login, int | float) or call.claims.get("assurance") not in _table()["client_assurance"]:
        return False
    age = call.state.now().timestamp() - login
    return -60 <= age <= float(_table()["client_login_seconds"])


def _origin(call: Call) -> Origin:
    trace = call.traceparent.split("-")
    return Origin(
        call.party.ura,
        str(call.claims.get("user_id", ""))[:100],
        _capacity(call),
        trace[1] if len(trace) > 2 else "",
    )


def _may_give(call: Call, provision: Consent) -> bool:
    """A yes is about the records of whoever takes it down (Wabvpz 15a: it is given to the holder), or she says it
    herself; a no is anybody's.  Else an organisation could permit itself what others keep, or write down as her own
    word what she never said."""
    if not provision.permit or herself(call):
        return True
    return _capacity(call) == "professional" and provision.holder == f"ura:{call.party.ura}"


def _may_end(call: Call, kept: Kept) -> bool:
    """A yes by anybody: she says it where she is.  A no by herself, or where it was recorded unless she did that
    herself: lifting a no opens."""
    if kept.consent.permit or herself(call):
        return True
    first = call.state.consents.first(kept.consent.id)
    return first is not None and first.origin.recorder == call.party.ura and first.origin.capacity == "professional"


def _keeps(call: Call, pseudonym: str) -> bool:
    """Whether this organisation keeps her, as the index knows.  Only then is a provision about everybody's records, or
    those of its kind, about its records; to anybody else it would tell what she allows, and that she is a client."""
    return bool(call.state.index.own(pseudonym, call.party.ura))


def _readable(call: Call, pseudonym: str) -> list[Kept]:
    """Every version that the asker may read, oldest first: of what is about its records while it keeps her, and of
    what it recorded itself; she reads all of hers.

    Of a client whom it does not keep nothing else is even looked up, so that neither answer nor time tells of it.
    """
    service, ura = call.state.consents, call.party.ura
    if herself(call):
        return service.all_versions(pseudonym)
    if not _keeps(call, pseudonym):
        return service.recorded_by(pseudonym, ura)
    return [k for k in service.all_versions(pseudonym) if _about(call, k)]


def _about(call: Call, kept: Kept) -> bool:
    return consents.concerns(kept.consent, call.party.ura, call.party.kind) or kept.origin.recorder == call.party.ura


# --- changing


async def record(call: Call) -> Answer:
    pseudonym, provision = _provision(call.json())
    (id,) = await _change(call, [(pseudonym, provision)], [])
    return answer(_consent(call, id).resource(), 201, {"Location": f"{fhir_base(call.state)}/Consent/{id}"})


async def withdraw(call: Call) -> Answer:
    """The answer repeats nothing of the provision, which may not concern this organisation."""
    await _change(call, [], [call.path["id"]])
    return answer(fhir4.outcome("informational", "withdrawn", "information"))


async def transaction(call: Call, entries: Sequence[Any]) -> list[str]:
    """New Consents and withdrawals, in force at one instant or not at all; the location of each."""
    give: list[tuple[str, Consent]] = []
    end: list[str] = []
    for entry in entries:
        method, url = entry.get("request", {}).get("method"), str(entry.get("request", {}).get("url", ""))
        parts = url.split("/")
        if method == "POST" and len(parts) == 3 and parts[0] == "Consent" and parts[2] == "$withdraw":
            end.append(parts[1])
        elif method in ("POST", None) and url in ("Consent", ""):
            give.append(_provision(entry.get("resource")))
        else:
            raise Refusal(422, "not-supported", "a transaction of Consents records or withdraws")
    made = iter(await _change(call, give, end))
    return [f"Consent/{next(made)}" if "resource" in entry else entry["request"]["url"][:-10] for entry in entries]


async def _change(call: Call, give: Sequence[tuple[str, Consent]], end: Sequence[str]) -> list[str]:
    """Checked, logged, done; in that order."""
    ending = [_consent(call, id) for id in end]
    for about, provision in give:
        if not _may_give(call, provision):
            await call.log("consent", "refused", about, "a permit about another holder")
            raise Refusal(403, "forbidden", "a permit is recorded by the organisation whose records it is about")
    for kept in ending:
        if not _may_end(call, kept):
            await call.log("withdraw", "refused", kept.pseudonym, kept.consent.id)
            raise Refusal(403, "forbidden", "an objection is withdrawn by whoever recorded it")
    change = call.state.consents.prepared(give, end)
    await _log(call, change, ending, "ok")
    try:
        await call.state.consents.apply(change, _origin(call))
    except Exception:
        await _log(call, change, ending, "fault")
        raise
    return [one.id for _, one in change.give]


async def _log(call: Call, change: Change, ending: Sequence[Kept], outcome: str) -> None:
    told = [call.log("consent", outcome, about, _told(one)) for about, one in change.give]
    told += [call.log("withdraw", outcome, kept.pseudonym, kept.consent.id) for kept in ending]
    try:
        await asyncio.gather(*told)
    except Exception:
        # What she takes back or refuses cannot wait for a disk: nobody goes on believing what they hold.
        if any(kept.consent.permit for kept in ending) or any(not one.permit for _, one in change.give):
            call.state.consents.doubtful = True
        raise
    call.state.consents.doubtful = False


def _told(provision: Consent) -> str:
    """Which of the two, never about what: the group by itself could be the secret."""
    return f"{provision.id} {'permit' if provision.permit else 'deny'}"


# --- reading


def _consent(call: Call, id: str) -> Kept:
    kept = call.state.consents.read(id)
    if kept is None:
        raise Refusal(404, "not-found", "no such Consent")
    return kept


async def read(call: Call) -> Answer:
    kept = _consent(call, call.path["id"])
    if kept.seq not in {one.seq for one in _readable(call, kept.pseudonym)}:
        raise Refusal(404, "not-found", "no such Consent")
    await call.log("consents", "ok", kept.pseudonym, kept.consent.id)
    return answer(kept.resource())


async def versions(call: Call) -> Answer:
    """The versions of one Consent, newest first: who made each so, when, and what it said before and after."""
    one = _consent(call, call.path["id"])
    kept = [k for k in reversed(_readable(call, one.pseudonym)) if k.consent.id == one.consent.id]
    if not kept:
        raise Refusal(404, "not-found", "no such Consent")
    await call.log("consents", "ok", kept[0].pseudonym, call.path["id"])
    return answer(_history(call, kept))


async def history(call: Call) -> Answer:
    """Every version of every Consent of one client that the asker may read, newest first."""
    pseudonym = _pseudonym(call, "patient:identifier")
    kept = _readable(call, pseudonym)
    await call.log("consents", "ok", pseudonym, "history")
    return answer(_history(call, kept[::-1]))


def _history(call: Call, kept: list[Kept]) -> dict[str, Any]:
    told = [("Consent", k.consent.id, fhir4.instant(k.moment), k.resource()) for k in kept]
    return fhir4.history(fhir_base(call.state), told, f"{fhir_base(call.state)}/Consent/_history")


def _pseudonym(call: Call, *allowed: str) -> str:
    found = call.parameters()
    only(found, *allowed)
    pseudonym = token(found, "patient:identifier", consents.subject_system())
    if not pseudonym:
        raise Refusal(400, "required", "patient:identifier is required")
    return pseudonym


async def search(call: Call) -> Answer:
    """Her provisions about this holder's records; from now on the feed tells it of changes to them.

    She herself finds all of hers.  Who does not keep her is told so, the same whatever she said.  Further parameters
    only narrow; without `status` those in force.
    """
    pseudonym, found = _pseudonym(call, *SEARCHED), call.parameters()
    service, keeps = call.state.consents, _keeps(call, pseudonym)
    if keeps:
        service.follow(pseudonym, call.party.ura)
    epoch, sequence = service.epoch_of(call.party.ura), service.sequence()
    kept = _in_force(call, pseudonym, keeps, found.get("status", "active") == "active")
    await call.log("consents", "ok", pseudonym)
    service.doubtful = False
    base = fhir_base(call.state)
    listed = [fhir4.entry(base, k.resource()) for k in kept if _asked_for(k, found)]
    bundle = fhir4.searchset(listed, f"{base}/Consent")
    said = [] if keeps else [{"url": _table()["keeps_extension"], "valueBoolean": False}]
    return answer(_stamped(bundle, epoch, sequence, said))


def _in_force(call: Call, pseudonym: str, keeps: bool, active: bool) -> list[Kept]:
    """The last version of each provision that the asker may read; `active` False: of those that hold no more."""
    service, party = call.state.consents, call.party
    if keeps and active and not herself(call):
        return [k for k in service.of(pseudonym) if consents.concerns(k.consent, party.ura, party.kind)]
    latest = {k.consent.id: k for k in _readable(call, pseudonym)}
    return [k for k in latest.values() if k.active == active]


def _asked_for(kept: Kept, found: Mapping[str, str]) -> bool:
    if found.get("status", "active") not in ("active", "inactive"):
        raise Refusal(400, "value", "status is active or inactive")
    named = {"actor:identifier": kept.consent.actor, "organization:identifier": kept.consent.holder}
    for name, said in named.items():
        ura = token(found, name, URA_SYSTEM)
        if ura and said != f"ura:{ura}":
            return False
    return found.get("_id", kept.consent.id) == kept.consent.id


async def feed(call: Call) -> Answer:
    """Changes since a sequence number, held open until there are some.  Not audited: it tells what was asked before."""
    only(call.query, "_since", "_stirred", "_epoch", "_wait")
    service, since = call.state.consents, number(call.query, "_since", 0)
    stirred = number(call.query, "_stirred", service.stirs)
    began = time.monotonic()
    party = call.party
    if call.query.get("_epoch") == service.epoch_of(party.ura) and not service.doubtful:
        await service.wait_for_change(since, _seconds(call.query.get("_wait", "0")), stirred)
    if service.doubtful:
        raise Refusal(503, "transient", "the register cannot log; nothing is confirmed", 1)
    upto, kept, changed = service.sequence(), list[Kept](), frozenset[str]()
    if call.query.get("_epoch") == service.epoch_of(party.ura):
        upto, kept, changed = service.changes(party.ura, party.kind, since)
        changed |= service.stirred(party.ura, stirred)
    over = {one for one in {k.pseudonym for k in kept} if not _keeps(call, one)}
    if over:
        # It kept her when it asked, and does no more: neither told what she says now, nor left with what she said.
        service.unfollow(over, party.ura)
        kept = []
    stirs = service.stirs
    held = time.monotonic() - began
    return answer(
        _stamped(_history(call, kept[::-1]), service.epoch_of(party.ura), upto, _confirmed(held, changed, stirs))
    )


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise Refusal(400, "value", "_wait is seconds") from None
    return min(LONGEST_WAIT, max(0.0, value)) if math.isfinite(value) else 0.0


def moment(text: Any) -> dt.datetime:
    try:
        return fhir4.moment(str(text))
    except ValueError:
        raise Refusal(422, "value", "a moment has a zone") from None

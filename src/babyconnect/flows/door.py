"""The door: the only way to what a store holds (design §1.2, NEN 7512, NEN 7513).

Every interaction is decided on values that are current, the decision is made durable in the log with its reasons, and
only then is anything read.  A refusal and an empty record are the same to the asker; a fault in the log means that
nothing at all is answered.  No other module opens a `store.Reader` (tests/architecture/test_readers.py).
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import msgspec

from babyconnect.birthcare.access import (
    AccessRequest,
    Asker,
    Consent,
    Decision,
    EmergencyTerms,
    Filter,
    Herself,
    Permit,
    Purpose,
    Refused,
    Relation,
    Shielded,
)
from babyconnect.birthcare.identifiers import BSN_SYSTEM, BSN_SYSTEMS
from babyconnect.birthcare.parties import Party, Person
from babyconnect.birthcare.resources import identifiers_of
from babyconnect.fhir import json
from babyconnect.flows import reducing
from babyconnect.flows.door_standing import Standing, Standings
from babyconnect.store.contract import Clause, Client, Form, Hers, Page, Query, Reader, Stored

EVIDENCE_SECONDS = 1.0
"""How old what the store knew of her episodes may be; consents are asked anew for every decision."""
WHO = frozenset({"patient"})
"""The data group that says who a client is."""
EVERY_LABEL = frozenset({shielded.value for shielded in Shielded})
NOBODY = "nobody-"
IN_CARE = {
    "resourceType": "EpisodeOfCare",
    "id": "nobody",
    "status": "active",
    "type": [{"coding": [{"system": "http://snomed.info/sct", "code": "364320009"}]}],
}
"""What is weighed where nobody was found: a pregnancy in care, as it would be of whom the holder knows and refuses."""


# What is made anew for each interaction is a struct: a frozen dataclass takes ten times as long to make.


class Search(msgspec.Struct, frozen=True):
    query: Query
    form: Form


class Read(msgspec.Struct, frozen=True):
    """One resource, now or one version of it."""

    type: str
    id: str
    form: Form
    version: int | None = None


class History(msgspec.Struct, frozen=True):
    type: str
    id: str
    form: Form


class Bind(msgspec.Struct, frozen=True):
    """`POST Patient/_search`: find her by an identifier (`system|value`), bind the token to her, answer with her.

    `related`: the identifier of who asks on behalf of a child, with a client's token only.
    """

    identifier: str
    query: Query
    form: Form
    related: str = ""


@dataclass(frozen=True, slots=True)
class Everything:
    """All that there is of her here, type by type: what a client's own page or copy is made of.  One event for all."""

    types: tuple[str, ...]
    form: Form


Interaction = Search | Read | History | Bind | Everything


class Wire(msgspec.Struct, frozen=True):
    """How a request came: the trace that both ends log, the asker's network address, and the request as it read.

    `text` is `Type?parameters`, or a path, without any identifier of hers.
    """

    trace: str
    address: str = ""
    text: str = ""


class Happening(msgspec.Struct, frozen=True):
    """What the log is told of one interaction.  `request`: what the decision rested on, None when it got that far not.

    `by` is the asker of a token, or a person of the holder's own staff (`interaction` None: the list of clients).
    """

    moment: dt.datetime
    wire: Wire
    by: Asker | Person | Herself
    interaction: Interaction | None
    client: str | None
    request: AccessRequest | None
    decision: Decision


class Session(Protocol):
    """What the door needs of a token's session (`trust.sessions.Session`)."""

    @property
    def asker(self) -> Asker: ...
    @property
    def client(self) -> str | None: ...
    @property
    def episodes(self) -> frozenset[str]: ...
    @property
    def herself(self) -> Herself | None: ...


class Weighed(msgspec.Struct, frozen=True):
    """What this holder makes of an asker's claims: which evidence it found true, how it answers an emergency, and when
    that emergency was first declared here."""

    verified: tuple[Relation, ...] = ()
    terms: EmergencyTerms = EmergencyTerms()
    declared: dt.datetime | None = None
    asked: bool = True
    """Whether anything of it was found out for this moment; else it is the same as long as this node's files are."""


class Grounds(Protocol):
    """What a decision rests on beside the token: her consents as they are now, and this side's evidence."""

    async def weighed(self, asker: Asker, client: str) -> Weighed:
        """What of the asker's claims can be checked, checked.  What cannot be asked now is not verified."""

    async def consents(self, client: str, asker: Asker) -> tuple[Consent, ...]:
        """Raises a fault when nobody can say now.  By whose number she was found is no part of it: a mother is also
        found by her child's."""

    def relations(self, client: str, episodes: Sequence[Mapping[str, Any]]) -> tuple[Relation, ...]:
        """Evidence of the holder: from the client's EpisodeOfCare resources, and enrolments, referrals, care teams."""


async def not_herself(asker: Asker, identifier: str, related: str) -> Herself | None:
    """Where nobody answers clients."""
    return None


@dataclass(frozen=True, slots=True)
class Parts:
    """What a door is built of.  `note` returns when the happening is durable in the log, and raises if it cannot be."""

    holder: Party
    open_reader: Callable[[], Reader]
    grounds: Grounds
    decide: Callable[[AccessRequest], Decision]
    bind: Callable[[Any, str, frozenset[str]], bool | Awaitable[bool]]
    note: Callable[[Happening], Awaitable[object]]
    now: Callable[[], dt.datetime]
    hidden: Callable[[str, bool], frozenset[str]] = lambda client, own: frozenset()
    """What is taken out of what is released of this client (a secret address); `own`: to the holder's own people."""
    mark: Callable[[dt.datetime], object | None] = lambda moment: None
    """Equal while nobody wrote what `relations`, `hidden`, the rules and what `weighed` did not ask rest on; None where
    nobody can say."""
    lasts: Callable[[AccessRequest], dt.datetime] = lambda request: request.moment
    """Until when the same request, asked later, is decided the same."""
    decide_for_client: Callable[[Herself, frozenset[str], dt.datetime], Decision] = lambda *_: Refused(("not_herself",))
    herself: Callable[[Asker, str, str], Awaitable[Herself | None]] = not_herself
    """(asker, identifier, related) -> who a client portal's token is about here; None when it is not who logged in."""
    bind_herself: Callable[[Any, Herself], bool] = lambda session, who: False


@dataclass(frozen=True, slots=True)
class Withheld:
    """Nothing is released: refused, unknown or not bound, all alike to the asker."""


class Entry:
    """Leave for exactly one interaction, already decided and logged."""

    __slots__ = ("_allowed", "_interaction", "_reader")

    def __init__(self, reader: Reader, interaction: Interaction, allowed: Filter) -> None:
        self._reader = reader
        self._interaction = interaction
        self._allowed = allowed

    async def release(self) -> Page | tuple[Stored, ...]:
        """What was asked: a page for a search, versions (newest first) for a read or a history."""
        found = await self._found()
        if self._allowed.subject or self._allowed.hidden:
            return reducing.reduced(found, self._allowed, self._interaction.form)
        return found

    async def _found(self) -> Page | tuple[Stored, ...]:
        match self._interaction:
            case Search(query, form) | Bind(_, query, form):
                return await self._reader.search(query, self._allowed, form)
            case Everything(types, form):
                pages = [await self._reader.search(Query(type), self._allowed, form) for type in types]
                return Page(b"".join(page.entries for page in pages), sum(page.matched for page in pages))
            case Read(type, id, form, version):
                found = await self._reader.read(type, id, self._allowed, form, version)
                return (found,) if found else ()
            case History(type, id, form):
                return tuple(await self._reader.history(type, id, self._allowed, form))


@dataclass(slots=True)
class _Evidence:
    until: dt.datetime
    source: Sequence[Mapping[str, Any]]
    episodes: frozenset[str]
    relations: tuple[Relation, ...]


class Door:
    """One tenant's door."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._reader = parts.open_reader()
        self._evidence: dict[str, _Evidence] = {}
        self._standings = Standings()

    async def enter(self, session: Session, interaction: Interaction, wire: Wire) -> Entry | Withheld:
        """Decide and log one interaction; leave to carry it out, or nothing.  Faults (the log's too) are raised."""
        moment = self._parts.now()
        if session.asker.purpose is Purpose.OWN_RECORD:
            return await self._enter_herself(session, interaction, wire, moment)
        if isinstance(interaction, Bind):
            client, request, decision = await self._bind(session, interaction.identifier, moment)
        elif session.client is None:
            client, request, decision = None, None, Refused(("token_not_bound",))
        else:
            return await self._enter_bound(session, session.client, interaction, wire, moment)
        await self._parts.note(Happening(moment, wire, session.asker, interaction, client, request, decision))
        allowed = self._allowed(session.asker, decision)
        return Entry(self._reader, interaction, allowed) if allowed else Withheld()

    async def _enter_bound(
        self, session: Session, client: str, interaction: Interaction, wire: Wire, moment: dt.datetime
    ) -> Entry | Withheld:
        """With a token that is bound: what was decided for the interaction before, if that stands."""
        asker, bound = session.asker, session.episodes
        consents = await self._parts.grounds.consents(client, asker)
        evidence = await self._known(client, moment)
        mark = self._parts.mark(moment)  # looked at before what it is about: what is written meanwhile moves it
        found = self._standings.of(client, asker)
        if found and (mark is None or not found.holds(asker, bound, consents, evidence, mark, moment)):
            found = None
        if found is None or found.asked:
            weighed = await self._parts.grounds.weighed(asker, client)
            if found is None or found.weighed != weighed:
                request = self._requested(asker, client, evidence.episodes & bound, consents, evidence, weighed, moment)
                found = self._decided(request, bound, evidence, mark, weighed)
        await self._parts.note(Happening(moment, wire, asker, interaction, client, found.request, found.decision))
        return Entry(self._reader, interaction, found.allowed) if found.allowed else Withheld()

    def _decided(
        self, request: AccessRequest, bound: frozenset[str], evidence: _Evidence, mark: object, weighed: Weighed
    ) -> Standing:
        decision, until = self._parts.decide(request), self._parts.lasts(request)
        allowed = self._allowed(request.asker, decision)
        made = Standing(request, decision, allowed, bound, evidence, mark, weighed, weighed.asked, until)
        if until > request.moment:
            self._standings.keep(made)
        return made

    def _allowed(self, asker: Asker, decision: Decision) -> Filter | None:
        """What may be released by a decision, less what is hidden of her now."""
        if isinstance(decision, Refused):
            return None
        allowed = decision.filter
        hidden = self._parts.hidden(allowed.client, asker.ura == self._parts.holder.ura)
        return replace(allowed, hidden=hidden) if hidden else allowed

    async def show(self, who: Herself, interaction: Everything, wire: Wire) -> Entry | Withheld:
        """The same for a client or who has authority over a child: decided apart, logged before it is shown."""
        moment = self._parts.now()
        evidence = await self._known(who.client, moment)
        decision = self._parts.decide_for_client(who, evidence.episodes, moment)
        await self._parts.note(Happening(moment, wire, who, interaction, who.client, None, decision))
        return Withheld() if isinstance(decision, Refused) else Entry(self._reader, interaction, decision.filter)

    async def _enter_herself(
        self, session: Session, interaction: Interaction, wire: Wire, moment: dt.datetime
    ) -> Entry | Withheld:
        """A client who asks for her own from a portal: by the rules for clients, whatever her token says besides."""
        who = session.herself
        decision: Decision = Refused(("token_not_bound",))
        if isinstance(interaction, Bind):
            who, decision = await self._found_herself(session, interaction, moment)
        elif who is not None:
            decision = await self._decided_for(who, interaction, moment)
        client = (who.client or None) if who else None
        await self._parts.note(Happening(moment, wire, session.asker, interaction, client, None, decision))
        if isinstance(decision, Refused):
            return Withheld()
        if isinstance(interaction, Bind) and decision.filter.subject:
            # The child whose number it is, also where the record has no number for it (yet).
            child = Query("Patient", (Clause("_id", (decision.filter.subject,)),))
            interaction = msgspec.structs.replace(interaction, query=child)
        return Entry(self._reader, interaction, decision.filter)

    async def _found_herself(
        self, session: Session, asked: Bind, moment: dt.datetime
    ) -> tuple[Herself | None, Decision]:
        who = await self._parts.herself(session.asker, asked.identifier, asked.related)
        if who is None:
            return None, Refused(("not_who_logged_in",))
        decision = await self._decided_for(who, asked, moment)
        # Also where there is nothing of hers: what this holder's log knows of her is hers to read.
        bound = self._parts.bind_herself(session, who)
        return (who, decision) if bound else (None, Refused(("token_bound_elsewhere",)))

    async def _decided_for(self, who: Herself, asked: Interaction, moment: dt.datetime) -> Decision:
        current = isinstance(asked, Bind | Search) or (isinstance(asked, Read) and asked.version is None)
        if not current:
            return Refused(("interaction_not_offered",))
        if not who.client:
            return Refused(("client_unknown",))
        evidence = await self._known(who.client, moment)
        return self._parts.decide_for_client(who, evidence.episodes, moment)

    def forget(self, client: str = "") -> None:
        """Her record was destroyed: what is remembered of her here goes too.  Without a name: of everybody."""
        self._standings.forget(client)
        if client:
            self._evidence.pop(client, None)
        else:
            self._evidence.clear()

    async def clients(self, person: Person, wire: Wire, after: str = "", count: int = 100) -> tuple[Client, ...]:
        """The holder's own clients, for its own staff: logged as a look at the list, before it is shown."""
        own = Permit(Filter("", frozenset(), frozenset(), frozenset()), "own", ("own_list",))
        await self._parts.note(Happening(self._parts.now(), wire, person, None, None, None, own))
        return await self._reader.clients(after, count)

    async def number(self, client: str) -> str:
        """By which another register is asked about her (`system|value`), as her own record has it now; "" where that
        has not one BSN.  It goes into that question and is released to nobody: nothing to decide, nothing to log."""
        who = Filter(client, WHO, EVERY_LABEL, frozenset())
        for record in (await self._reader.records(client))[:1]:  # of several all bear the same
            found = await self._reader.read("Patient", record, who, "json")
            named = [i.partition("|") for i in identifiers_of(json.loads(found.content))] if found else []
            bsns = {value for system, _, value in named if system in BSN_SYSTEMS}
            return f"{BSN_SYSTEM}|{bsns.pop()}" if len(bsns) == 1 else ""
        return ""

    async def _bind(
        self, session: Session, identifier: str, moment: dt.datetime
    ) -> tuple[str | None, AccessRequest | None, Decision]:
        """Find her and bind the token, in that order: a token that is bound, or would be refused, binds nothing.

        Where she is not found the same is weighed about nobody, so that time does not tell who is known here: under a
        name that no client has.  The identifier ends here, for a stranger and for a client: whoever else is asked about
        her is asked by her own number (`number`), not by that of a child by which she was found.
        """
        found = await self._reader.client_of(identifier)
        nobody = NOBODY + hashlib.sha256(identifier.encode()).hexdigest()
        client = found[0] if len(found) == 1 else nobody
        if session.client not in (None, client):
            return None if client is nobody else client, None, Refused(("token_bound_elsewhere",))
        request = await self._request(session.asker, client, moment)
        decision = self._parts.decide(request)
        if client is nobody:
            # More than one bearer of a BSN is a mistake in the records, and no asker may profit from it.
            return None, None, Refused(("client_ambiguous" if found else "client_unknown",))
        if isinstance(decision, Permit):
            bound = self._parts.bind(session, client, decision.filter.episodes)
            if not (bound if isinstance(bound, bool) else await bound):
                decision = Refused(("token_bound_elsewhere",))
        return client, request, decision

    async def _request(self, asker: Asker, client: str, moment: dt.datetime) -> AccessRequest:
        """What the decision rests on while a token is being bound: all her episodes."""
        consents = await self._parts.grounds.consents(client, asker)
        evidence = await self._known(client, moment)
        weighed = await self._parts.grounds.weighed(asker, client)
        return self._requested(asker, client, evidence.episodes, consents, evidence, weighed, moment)

    def _requested(  # noqa: PLR0917 - one after the other, what a request is made of
        self,
        asker: Asker,
        client: str,
        episodes: frozenset[str],
        consents: tuple[Consent, ...],
        evidence: _Evidence,
        weighed: Weighed,
        moment: dt.datetime,
    ) -> AccessRequest:
        return AccessRequest(
            asker=asker,
            holder=self._parts.holder.ura,
            holder_kind=self._parts.holder.kind,
            client=client,
            episodes=episodes,
            holder_relations=evidence.relations,
            consents=consents,
            moment=moment,
            verified=weighed.verified,
            emergency_terms=weighed.terms,
            declared=weighed.declared,
        )

    async def _known(self, client: str, moment: dt.datetime) -> _Evidence:
        known = self._evidence.get(client)
        if known is None or moment >= known.until:
            episodes: Sequence[Mapping[str, Any]] = await self._reader.episodes_of(client)
            if client.startswith(NOBODY):
                episodes = _nobodys(moment.date())
            until = moment + dt.timedelta(seconds=EVIDENCE_SECONDS)
            relations = self._parts.grounds.relations(client, episodes)
            if known is not None and episodes is known.source and relations is known.relations:
                known.until = until  # nothing moved: what rests on it stands
                return known
            known = _Evidence(until, episodes, frozenset([str(one["id"]) for one in episodes]), relations)
            if len(self._evidence) >= 1000:
                self._evidence.clear()
            self._evidence[client] = known
        return known


@functools.lru_cache(maxsize=2)
def _nobodys(day: dt.date) -> Hers:
    """The same ones all day, as a client's are: what is worked out of them is remembered, hers and nobody's alike."""
    return Hers([{**IN_CARE, "period": {"start": day.isoformat()}}])

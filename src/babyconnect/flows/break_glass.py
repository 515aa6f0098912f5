"""Breaking the glass, at both ends (domain §4): declare, answer, tell, review.

The asker declares before anything is asked: logged, and in the book with what was written beside it.  The holder books
the first answer before a byte of it leaves, and from then on counts its own minutes.  Both have a review that is due;
she is told over the channel that she called safe.  Whether she has anything to withhold is not known when it is
declared, and the declaration is the same for everybody, so that it tells nothing.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from babyconnect.birthcare.access import Asker, Emergency, Permit, Purpose, Relation
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Person
from babyconnect.birthcare.resources import HOME
from babyconnect.definitions import document
from babyconnect.flows.door import Bind, Happening
from babyconnect.flows.journal import NO_GROUNDS, NOBODY, About, Actor, Came, Grounds, Journal, opaque
from babyconnect.flows.viewing import Declared
from babyconnect.network.contract import Sought
from babyconnect.network.emergencies import Broken, Emergencies, Notice, Side
from babyconnect.trust.persons import Doubt, Second, without_a_list
from babyconnect.trust.rules import Rules

LONGEST_EXPLANATION = 2000
OVER = dt.datetime(1900, 1, 1, tzinfo=dt.UTC)
"""A declaration of then is over in every holder's minutes."""
_DIRECTLY = Came()
Flaw = Literal["role", "reason", "explanation"]


class Channel(Protocol):
    """A way to tell her.  `send` returns when the message is handed over, and raises OSError when it cannot be."""

    async def send(self, client: str, text: str) -> None: ...


@dataclass(frozen=True, slots=True)
class BreakGlass:
    """One node's.  `minutes`: how long a declaration of its own people opens a screen, and an answer to another's.
    `clients`: this node's opaque ids of her; `handle`: hers also where she has none (yet), so that what was written
    about her can be destroyed with her record.  `named`: whom the region knows here by a pseudonym.  `second`:
    whether two accounts are two people.  `called`: every name that a client has or had here; `records`: hers, that are
    joined (`network.roster`)."""

    journal: Journal
    book: Emergencies
    rules: Callable[[dt.date], Rules]
    minutes: int
    clients: Callable[[Bsn], Sequence[str]] = lambda bsn: ()
    handle: Callable[[Bsn], str] = lambda bsn: ""
    named: Callable[[str], Sequence[str]] = lambda pseudonym: ()
    second: Second = without_a_list
    called: Callable[[str], Sequence[str]] = lambda client: (client,)
    records: Callable[[str], Sequence[str]] = lambda client: (client,)

    def channel(self, client: str) -> str:
        """The channel that she called safe; "" when she named none, or records that are joined since say two.

        What was chosen for joined records ends when they part: it may have been another's choice."""
        chosen = {found for name in self.records(client) if (found := self.book.channel(name))}
        return self.book.channel(client) or (chosen.pop() if len(chosen) == 1 else "")

    def sent_to(self, bsn: Bsn) -> list[Notice]:
        """What she was told, under whichever name."""
        names = dict.fromkeys(name for client in self.clients(bsn) for name in self.called(client))
        return [one for name in names for one in self.book.sent_to(name)]

    async def declare(
        self, person: Person, bsn: Bsn, emergency: Emergency, explanation: str, came: Came = _DIRECTLY
    ) -> Declared | Flaw:
        """Logged and booked before it is used.  Raises AuditFault: then it was not declared."""
        now = self.journal.clock()
        today = now.astimezone(HOME).date()
        flaw = self._flaw(person, emergency, explanation, self.rules(today))
        reference = opaque()
        about = About(pseudonym=self.journal.pseudonym(bsn), object=f"breakglass/{reference}")
        declared = (emergency.reason, "objection_too") if emergency.over_objection else (emergency.reason,)
        reasons = (f"emergency_{flaw}",) if flaw else declared
        grounds = Grounds(Purpose.EMERGENCY.value, reasons=reasons)
        actor = self.journal.person(person)
        await self.journal.note("breakglass.open", "refused" if flaw else "ok", actor, about, grounds, came)
        if flaw:
            return flaw
        until = now + dt.timedelta(minutes=self.minutes)
        await self.book.open(
            Broken(
                *(reference, "asker", "", now, until, person.id, person.role.value, emergency.reason),
                client=next(iter(self.clients(bsn)), ""),
                handle=self.handle(bsn),
                due=_due(today),
                responsible=person.responsible.id if person.responsible else "",
                over_objection=emergency.over_objection,
                explanation=explanation.strip(),
            )
        )
        return Declared(emergency, Relation("break_glass", reference, today, until.astimezone(HOME).date()), until)

    def _flaw(self, person: Person, emergency: Emergency, explanation: str, rules: Rules) -> Flaw | None:
        if person.role not in rules.breakers:
            return "role"
        if emergency.reason not in rules.emergencies:
            return "reason"
        written = explanation.strip()
        return None if 10 <= len(written) <= LONGEST_EXPLANATION else "explanation"

    def declared(self, asker: Asker, client: str) -> dt.datetime | None:
        """When this declaration of this organisation was first answered here.  It is about one client: for another it
        was over before it began, or one declaration would open many records and only the first would be told of."""
        reference = _reference(asker)
        found = self.book.find("holder", asker.ura.value, reference) if reference else None
        if found is None or (found.located and found.client == client):
            return None
        return found.opened if found.client == client else OVER

    async def answered(self, happening: Happening) -> None:
        """The holder's end: called for everything at the door that is in the log, before anything is released."""
        by, decision = happening.by, happening.decision
        if not isinstance(by, Asker) or by.emergency is None or not isinstance(decision, Permit):
            return
        if not isinstance(happening.interaction, Bind) or decision.legal_basis != "emergency":
            return
        item = Broken(
            *(_reference(by), "holder", by.ura.value, happening.moment),
            happening.moment + dt.timedelta(minutes=self.minutes),
            *(by.person, by.role.value, by.emergency.reason, happening.client or ""),
            due=_due(happening.moment.astimezone(HOME).date()),
            responsible=by.responsible.id if by.responsible else "",
            over_objection="objection_overridden" in decision.reasons,
        )
        if by.ura == self.journal.own.ura:
            await self.book.tell_client(item)  # its review is the one that the declaration made
        else:
            await self.book.open(item, tell=("holder", "client"))

    async def sought(self, told: Sought) -> None:
        """The region tells that she was searched for in an emergency: logged, in the queue, and she is told, whether
        anything was asked here or not.  Raises AuditFault: then it was not taken note of."""
        own = told.asker == self.journal.own.ura
        clients = self.named(told.pseudonym)
        declared = own and self.book.find("asker", "", told.reference) is not None
        for number, client in enumerate(clients or ([""] if own and not declared else [])):
            id = f"{told.reference}.{number}" if number else told.reference
            if self._is_booked(told, id, client):
                continue
            item = self._located(told, id, client)
            await self._note_sought(told, item)
            if declared:
                await self.book.tell_client(item)  # its review is the one that the declaration made
                continue
            tell: Sequence[Literal["client", "holder"]] = ("holder", "client") if client else ("holder",)
            await self.book.open(item, tell)

    def _is_booked(self, told: Sought, id: str, client: str) -> bool:
        found = self.book.find("holder", told.asker.value, id)
        return found is not None and found.client == client

    def _located(self, told: Sought, id: str, client: str) -> Broken:
        taken = self.book.find("holder", told.asker.value, id)
        known = told.reason in document("break_glass.toml")["reason"]
        return Broken(
            # One declaration about two clients: the second is an item of its own, so that nobody is left out.
            *(id if taken is None else f"{id}.{secrets.token_hex(4)}", "holder", told.asker.value, told.moment),
            told.moment + dt.timedelta(minutes=self.minutes),
            *(told.person, told.role, told.reason if known else "other", client),
            due=_due(self.journal.clock().astimezone(HOME).date()),
            responsible=told.responsible,
            located=True,
        )

    async def _note_sought(self, told: Sought, item: Broken) -> None:
        actor = Actor(told.asker.value, told.person, told.role, told.responsible)
        about = About(client=item.client, object=f"breakglass/{item.id}")
        grounds = Grounds(Purpose.EMERGENCY.value, reasons=(item.reason,))
        await self.journal.note("breakglass.sought", "ok", actor, about, grounds, Came(told.trace))

    async def looked(self, by: Person, came: Came = _DIRECTLY) -> None:
        """Somebody reads the queue: logged before it is shown."""
        about = About(object="breakglass/queue")
        await self.journal.note("log.read", "ok", self.journal.person(by), about, NO_GROUNDS, came)

    async def review(
        self, key: tuple[Side, str, str], outcome: str, remark: str, reviewer: Person, came: Came = _DIRECTLY
    ) -> bool:
        """False when there is nothing (left) to review, or it is not known to be somebody else's."""
        found = self.book.find(*key)
        if found is None or outcome not in outcomes():
            return False
        doubt = self.doubt(found, reviewer)
        may = not (found.outcome or doubt)
        about = About(object=f"breakglass/{found.id}")
        reasons = (outcome, f"review_{doubt}") if doubt else (outcome,)
        actor, grounds = self.journal.person(reviewer), Grounds(reasons=reasons)
        await self.journal.note("breakglass.review", "ok" if may else "refused", actor, about, grounds, came)
        verdict = (outcome, remark.strip()[:LONGEST_EXPLANATION])
        return may and await self.book.review(key, verdict, reviewer.id, self.journal.clock())

    def doubt(self, item: Broken, reviewer: Person) -> Doubt:
        """Why this reviewer does not count as somebody else than who broke the glass; "" when she does.  Another
        organisation vouches for its own people: what they are called there says nothing here."""
        here = item.side == "asker" or item.other == self.journal.own.ura.value
        return self.second(item.person, reviewer.id) if here else ""

    async def tell(self, channels: Mapping[str, Channel]) -> int:
        """Hand over what can be handed over now; the rest waits.  What needs a person (`in_person`) or is not safe
        (`none`) stays until somebody says that it was done."""
        done = 0
        for notice in self.book.unsent():
            channel = "queue" if notice.recipient == "holder" else self.channel(notice.client) or "in_person"
            sender = channels.get(channel)
            if sender is None and channel != "queue":
                continue
            try:
                if sender is not None:
                    await sender.send(notice.client, words("client"))
            except OSError:
                continue
            await self.told(notice, channel)
            done += 1
        return done

    async def choose_channel(self, client: str, channel: str, by: Person, came: Came = _DIRECTLY) -> None:
        """She called this channel safe."""
        about = About(client=client, object=f"channel/{channel}")
        await self.journal.note("administer", "ok", self.journal.person(by), about, NO_GROUNDS, came)
        await self.book.choose_channel(client, channel, by.id, self.journal.clock())

    async def choose_own_channel(self, bsn: Bsn, channel: str, loa: str, came: Came = _DIRECTLY) -> bool:
        """She herself says which channel is safe; False when this organisation keeps nothing of her, or there is no
        such channel.  Raises AuditFault: then nothing was changed."""
        clients = self.clients(bsn)
        if not clients or channel not in document("break_glass.toml")["channel"]:
            return False
        actor = self.journal.herself(bsn, "client", loa)
        about = About(pseudonym=self.journal.pseudonym(bsn), object=f"channel/{channel}")
        await self.journal.note("administer", "ok", actor, about, NO_GROUNDS, came)
        for client in clients:
            await self.book.choose_channel(client, channel, actor.person, self.journal.clock())
        return True

    async def told(self, notice: Notice, channel: str, by: Person | None = None) -> None:
        about = About(client=notice.client, object=f"breakglass/{notice.emergency}")
        actor = self.journal.person(by) if by else self.journal.itself()
        await self.journal.note("notify", "ok", actor, about if notice.recipient == "client" else NOBODY)
        await self.book.sent(notice.number, channel, self.journal.clock())


def words(recipient: Literal["client", "holder"], language: str = "nl") -> str:
    """What is said: neutral, without who, what or why."""
    return str(document("break_glass.toml")["notice"][recipient][language])


def outcomes() -> frozenset[str]:
    return frozenset(document("break_glass.toml")["outcome"])


def _due(today: dt.date) -> dt.date:
    return today + dt.timedelta(days=document("break_glass.toml")["review_days"])


def _reference(asker: Asker) -> str:
    return next((one.reference for one in asker.relations if one.basis == "break_glass"), "")

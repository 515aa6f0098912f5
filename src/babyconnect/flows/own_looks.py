"""Who looked at her record, over all organisations: each holder's log of her, asked with herself as the asker.

A look at several holders has one trace and is one line, with the holders it was at.  Logged here before anybody is
asked and with each holder's answer; each holder logs that she read.  Which did not answer is said.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from babyconnect.audit import told
from babyconnect.audit.accounts import Account, hers
from babyconnect.birthcare.answers import LogAnswer
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Party
from babyconnect.exchange.contract import Asking
from babyconnect.flows.journal import About, Actor, Came, Grounds
from babyconnect.flows.oversight import Oversight, Question
from babyconnect.network.contract import RegionFault

Holders = Callable[[Asking, str], Awaitable[Sequence[Party]]]
"""(question, trace) -> who keeps something of her, without this organisation.  Raises RegionFault."""
ReadLog = Callable[[Party, Asking, str, dict[str, str]], Awaitable[LogAnswer]]


@dataclass(frozen=True, slots=True)
class Look:
    """One look, and at which organisations' records by whose logs."""

    account: Account
    holders: tuple[Party, ...]


@dataclass(frozen=True, slots=True)
class Looks:
    """The newest first.  `answered` and `failed`: the organisations whose logs are, and are not, in it; `cut`: of whom
    only the newest are; `everywhere`: whether others could be asked at all."""

    found: tuple[Look, ...]
    answered: tuple[Party, ...]
    failed: tuple[LogAnswer, ...] = ()
    cut: tuple[Party, ...] = ()
    everywhere: bool = False


@dataclass(frozen=True, slots=True)
class OwnLooks:
    own: Party
    oversight: Oversight
    holders: Holders
    read: ReadLog

    async def of(self, bsn: Bsn, actor: Actor, asked: Question, came: Came, asking: Asking | None) -> Looks:
        """`asking`: the question to others, None when they would not believe it; then only this log is read."""
        about = Question(client=bsn, since=asked.since, until=asked.until)
        here = await self.oversight.ask(actor, about, came)
        own = [Look(account, (self.own,)) for account in hers(here.accounts)]
        cut: tuple[Party, ...] = (self.own,) if here.cut else ()
        if asking is None:
            return Looks(tuple(own), (self.own,), (), cut)
        try:
            others = await self.holders(asking, came.trace)
        except RegionFault:
            return Looks(tuple(own), (self.own,), (), cut)
        answers = await asyncio.gather(*(self._one(one, actor, about, came, asking) for one in others))
        found, failed = list(own), []
        for answer, looks in answers:
            if looks is None:
                failed.append(answer)
            else:
                found += [Look(look, (answer.source,)) for look in hers(looks)]
        read = [answer for answer, looks in answers if looks is not None]
        cut += tuple(one.source for one in read if one.total > len(one.events))
        return Looks(folded(found), (self.own, *(one.source for one in read)), tuple(failed), cut, True)

    async def _one(
        self, holder: Party, actor: Actor, about: Question, came: Came, asking: Asking
    ) -> tuple[LogAnswer, list[Account] | None]:
        moments = {"ge": about.since, "lt": about.until}
        period = {name: moment.isoformat(timespec="seconds") for name, moment in moments.items() if moment}
        answer, looks = await self.read(holder, asking, came.trace, period), None
        if answer.status == "answered":
            try:
                looks = told.read(answer.events)
            except ValueError:
                answer = replace(answer, status="invalid", reason="not a log")
        outcome = "ok" if looks is not None else "refused" if answer.status == "refused" else "fault"
        journal, reasons = self.oversight.journal, (answer.reason,) if answer.reason else ()
        what = About(pseudonym=journal.pseudonym(asking.bsn), object=f"holder/{holder.ura}")
        await journal.note("log.read", outcome, actor, what, Grounds(reasons=reasons), came)  # type: ignore[arg-type]
        return answer, looks


def folded(found: Sequence[Look]) -> tuple[Look, ...]:
    """Looks of one trace by one organisation as one, the newest first; how it ended best is how it ended.

    Every holder in a consult knows its trace: one that tells of another day has a line of its own, and moves nobody's.
    """
    kept: dict[object, Look] = {}
    for number, look in enumerate(found):
        account = look.account
        one = account.group in ("access", "log") and account.trace
        key: object = (account.trace, account.organisation, account.group, account.first[:10]) if one else number
        kept[key] = _both(kept[key], look) if key in kept else look
    return tuple(sorted(kept.values(), key=lambda look: look.account.first, reverse=True))


_BEST = ("ok", "refused", "fault")


def _both(a: Look, b: Look) -> Look:
    """`a` is this node's own, or came first: its number (for a proof) stays."""
    one, other = a.account, b.account
    account = replace(
        one,
        last=max(one.last, other.last),
        outcome=min(one.outcome, other.outcome, key=_BEST.index),
        person=one.person or other.person,
        role=one.role or other.role,
        responsible=one.responsible or other.responsible,
        purpose=one.purpose or other.purpose,
        **{name: getattr(one, name) | getattr(other, name) for name in ("kinds", "bases", "reasons", "types", "asked")},
    )
    account.asked |= {holder.ura.value for holder in (*a.holders, *b.holders)}
    return Look(account, tuple(dict.fromkeys((*a.holders, *b.holders))))

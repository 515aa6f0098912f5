"""Shielding at a node: what a source said of showing into the registers, and what the door asks of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Any

from babyconnect.birthcare.access import Channel, Decision, Herself
from babyconnect.birthcare.resources import HOME
from babyconnect.flows.preparing import Said
from babyconnect.flows.registers import Registers
from babyconnect.trust import client_access, disclosure, secrecy
from babyconnect.trust.client_access import ClientRequest
from babyconnect.trust.disclosure import Choice, Disclosure
from babyconnect.trust.secrecy import Basis, Secrecy
from babyconnect.wiring.link import Link, now

SOURCE_SYSTEM = "source system"


def told(link: Link) -> Callable[[Said], Awaitable[None]]:
    """Takes what a source said at publishing.  A choice that cannot be taken is the default: not digitally."""

    async def take(said: Said) -> None:
        moment = now()
        today = moment.astimezone(HOME).date()
        held = {_said(one) for one in link.registers.choices(said.client)}
        for item, stated in said.choices:
            choice = Choice(stated.choice)
            wrong = disclosure.problem(choice, stated.reason, stated.review, stated.talked, today)
            if wrong or stated.review is None:
                continue
            author = stated.author or SOURCE_SYSTEM
            made = Disclosure(item, choice, stated.reason, stated.review, author, moment, stated.talked)
            # The same file again is no new choice, and must not undo one that was made here since.
            if _said(made) not in held:
                await link.registers.choose(said.client, made)
        if said.secret and not secrecy.is_secret(link.registers.secret_now(said.client), today):
            await link.registers.keep_secret(said.client, Secrecy(Basis.REQUEST, today, moment, by=SOURCE_SYSTEM))

    return take


def _said(one: Disclosure) -> tuple[object, ...]:
    return (one.item, one.choice, one.reason, one.review, one.talked)


def door_parts(registers: Registers) -> dict[str, Any]:
    """What `flows.door.Parts` takes of shielding."""
    return {"hidden": _hidden(registers), "decide_for_client": for_client(registers)}


def _hidden(registers: Registers) -> Callable[[str, bool], frozenset[str]]:
    def hidden(client: str, own: bool) -> frozenset[str]:
        known = registers.secret_now(client)
        if not known:
            return frozenset()
        return secrecy.hidden(known, Channel.PROFESSIONAL_VIEWER, now().astimezone(HOME).date(), own)

    return hidden


def for_client(registers: Registers) -> Callable[[Herself, frozenset[str], dt.datetime], Decision]:
    def decide(who: Herself, episodes: frozenset[str], moment: dt.datetime) -> Decision:
        rows = registers.authorities(who.client)
        hers = registers.records(who.client)
        born = min((row.born for row in rows if row.child in hers), default=None)
        return client_access.decide(
            ClientRequest(
                channel=who.channel,
                person=who.person,
                client=who.client,
                own=who.own,
                episodes=episodes,
                moment=moment,
                child=who.child,
                # A child's own record, with youth health care: who has authority over it was told with its birth date.
                born=born,
                authorities=rows if who.child else (),
                choices=registers.choices(who.client),
                secret=registers.secret_now(who.client),
            )
        )

    return decide

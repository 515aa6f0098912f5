"""Today's list: whom the diary expects here, or where there is no diary, whose care is open."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Kind, Person
from babyconnect.birthcare.resources import HOME, bsn_of
from babyconnect.definitions import document
from babyconnect.exchange.ask import new_trace, new_traceparent
from babyconnect.flows import dating
from babyconnect.flows.door import Door, Wire
from babyconnect.flows.viewing import ListedClient
from babyconnect.network.roster import Roster
from babyconnect.store.contract import Client
from babyconnect.trust import relation
from babyconnect.trust.rules import Rules

PAGE = 200
MOST = 60
KINDS: dict[str, str] = document("visit_kinds.toml")["kinds"]


def todays_clients(
    door: Door, roster: Roster, now: Callable[[], dt.datetime], groups: Callable[[Person, dt.date], frozenset[str]]
) -> Callable[[Person], Awaitable[Sequence[ListedClient]]]:
    """What the viewer's start page lists, read through the door and logged as a look at the list.

    `groups`: what data somebody of this organisation sees of its clients; how far she is shows to who sees that."""

    async def listed(person: Person) -> Sequence[ListedClient]:
        today = now().astimezone(HOME).date()
        visits = roster.visits(today)
        found = [(client, visits.get(client.id)) for client in await every_client(door, person)]
        if visits:
            expected = sorted((visit[0], client.id, client, visit[1]) for client, visit in found if visit)
            rows = [
                (client, f"{moment.astimezone(HOME):%H:%M} {KINDS.get(kind, kind)}")
                for moment, _, client, kind in expected
            ]
        else:
            rows = [(client, "") for client, _ in found if _open(client, roster, today)]
        seen = groups(person, today)
        return [
            one
            for client, reason in rows[:MOST]
            if (one := _listed(client, reason, dating.shown(roster, client.id, today, seen)))
        ]

    return listed


def own_groups(kind: Kind, rules: Callable[[dt.date], Rules]) -> Callable[[Person, dt.date], frozenset[str]]:
    """What somebody of this organisation sees of its own clients, by role and by whom they act for."""

    def seen(person: Person, day: dt.date) -> frozenset[str]:
        visible = rules(day).visible
        roles = [person.role, *([person.responsible.role] if person.responsible else [])]
        return frozenset.intersection(*(visible.get((kind, role), frozenset()) for role in roles))

    return seen


async def every_client(door: Door, person: Person) -> list[Client]:
    clients: list[Client] = []
    wire = Wire(new_traceparent(new_trace()))
    while True:
        page = await door.clients(person, wire, clients[-1].id if clients else "", PAGE)
        clients += page
        if len(page) < PAGE:
            return clients


def own_clients(door: Door) -> Callable[[Person], Awaitable[dict[str, str]]]:
    """Name and birth date of every own client by opaque id; logged as a look at the list."""

    async def named(person: Person) -> dict[str, str]:
        found = await every_client(door, person)
        return {one.id: f"{_name(one.patient.get('name', []))} ({_born(one.patient)})" for one in found}

    return named


def _open(client: Client, roster: Roster, today: dt.date) -> bool:
    evidence = relation.from_episodes(client.episodes, "asker", roster.births(client.id))
    return bool(relation.standing(evidence, today, "asker"))


def _listed(client: Client, reason: str, gestation: str) -> ListedClient | None:
    """Who has no BSN cannot be asked about elsewhere, so is not on a list whose rows open a consult."""
    patient = client.patient
    number = bsn_of(patient)
    if not number:
        return None
    born = str(patient.get("birthDate", ""))
    return ListedClient(
        bsn=Bsn(number),
        name=_name(patient.get("name", [])),
        birth_date=dt.date.fromisoformat(born) if len(born) == 10 else None,
        gestation=gestation,
        reason=reason.strip(),
    )


def _born(patient: Mapping[str, Any]) -> str:
    """The birth date as a screen shows it; as it was recorded when it is not a whole date."""
    born = str(patient.get("birthDate", ""))
    return f"{dt.date.fromisoformat(born):%d-%m-%Y}" if len(born) == 10 else born


def _name(names: Sequence[dict[str, object]]) -> str:
    if not names:
        return ""
    name = next((one for one in names if one.get("use") == "usual"), names[0])
    if name.get("text"):
        return str(name["text"])
    given = name.get("given")
    return " ".join([*(given if isinstance(given, list) else []), str(name.get("family", ""))]).strip()

"""From the claims of an id token to the person who looks: default deny, since every decision rests on these values."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from babyconnect.birthcare.parties import HERSELF, Function, Party, Person, Role
from babyconnect.trust.dezi import NotAttested
from babyconnect.web.login.assurance import LOWEST, level
from babyconnect.web.login.dezi import Dezi
from babyconnect.web.login.relying_party import LoginRefused, Verified

LONGEST_NAME = 120
DEZI = "dezi"


@dataclass(frozen=True, slots=True)
class ClaimNames:
    """What an issuer calls things.  `roles` turns its role values into ours; a value without an entry must be ours.

    `levels`: its own words for assurance, beside those of `assurance.toml`.  `held`: functions by subject, where the
    issuer does not say them."""

    subject: str = "sub"
    name: str = "name"
    role: str = "role"
    functions: str = "functions"
    ura: str = "organization_ura"
    assurance: str = "acr"
    roles: Mapping[str, Role] = field(default_factory=dict)
    levels: Mapping[str, str] = field(default_factory=dict)
    held: Mapping[str, Collection[str]] = field(default_factory=dict)


async def always() -> bool:
    """A log-in that holds for as long as the session does."""
    return True


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody with a verified log-in.  `assurance`: in the issuer's words.  `holds`: asked now and then while the
    session lasts; once it says no, the session ends."""

    person: Person
    assurance: str
    functions: frozenset[Function] = frozenset()
    holds: Callable[[], Awaitable[bool]] = always


Identify = Callable[[Verified], Awaitable["Who | LoginRefused"]]
"""From a verified log-in to a person of this organisation, or why not."""


def by_claims(names: ClaimNames, own: Party) -> Identify:
    """What the id token says is what there is."""

    async def identify(verified: Verified) -> Who | LoginRefused:
        return who(verified.claims, names, own)

    return identify


def by_dezi(dezi: Dezi, functions: Mapping[str, Collection[str]]) -> Identify:
    """The register's verklaring says who somebody is; functions, which it does not know, are the node's own data."""

    async def identify(verified: Verified) -> Who | LoginRefused:
        found = await dezi.attested(verified)
        if isinstance(found, NotAttested):
            return LoginRefused(f"dezi:{found.reason}", "login_organisation" if found.reason == "organisation" else "")
        subject = f"dezi:{found.number}"
        held = _functions(list(functions.get(subject, ())))
        role = found.role or (Role.EMPLOYEE if held else None)
        if role is None:
            return LoginRefused("dezi:role", "login_organisation")

        async def holds() -> bool:
            return await dezi.problem(found) is None

        return Who(Person(subject, one_line(found.name or subject), role, found.loa), DEZI, held, holds)

    return identify


def who(claims: Mapping[str, Any], names: ClaimNames, own: Party) -> Who | LoginRefused:
    """The person, or why not: a node is one organisation's, so somebody of another one has no business here."""
    if str(claims.get(names.ura, "")) != own.ura.value:
        return LoginRefused("organisation", "login_organisation")
    subject = str(claims.get(names.subject, ""))
    functions = _functions(claims.get(names.functions)) | _functions(list(names.held.get(subject, ())))
    role = _role(str(claims.get(names.role, "")), names) or (Role.EMPLOYEE if functions else None)
    if role is None:
        return LoginRefused("role", "login_organisation")
    if not subject:
        return LoginRefused("subject")
    name = one_line(claims.get(names.name) or subject)
    stated = str(claims.get(names.assurance, ""))
    return Who(Person(subject, name, role, level(stated, names.levels) or LOWEST), stated, functions)


def one_line(value: object) -> str:
    """A name for a screen: one line, of bounded length."""
    return " ".join(str(value).split())[:LONGEST_NAME]


def _role(stated: str, names: ClaimNames) -> Role | None:
    role = names.roles.get(stated) or next((role for role in Role if role.value == stated), None)
    return None if role in HERSELF else role  # a client is never staff, whatever a provider calls somebody


def _functions(stated: object) -> frozenset[Function]:
    """The functions that are known; anything else opens nothing."""
    values = stated.split() if isinstance(stated, str) else stated if isinstance(stated, list) else ()
    return frozenset(function for function in Function if function.value in values)

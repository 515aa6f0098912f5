"""From the claims of an id token to the person who looks: default deny, since every decision rests on these values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from babyconnect.birthcare.parties import Function, Party, Person, Role
from babyconnect.web.assurance import LOWEST, level
from babyconnect.web.relying_party import LoginRefused

LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class ClaimNames:
    """What an issuer calls things.  `roles` turns its role values into ours; a value without an entry must be ours.

    `levels`: its own words for assurance, beside those of `assurance.toml`."""

    subject: str = "sub"
    name: str = "name"
    role: str = "role"
    functions: str = "functions"
    ura: str = "organization_ura"
    assurance: str = "acr"
    roles: Mapping[str, Role] = field(default_factory=dict)
    levels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody with a verified log-in."""

    person: Person
    assurance: str
    functions: frozenset[Function] = frozenset()


def who(claims: Mapping[str, Any], names: ClaimNames, own: Party) -> Who | LoginRefused:
    """The person, or why not: a node is one organisation's, so somebody of another one has no business here."""
    if str(claims.get(names.ura, "")) != own.ura.value:
        return LoginRefused("organisation", "login_organisation")
    functions = _functions(claims.get(names.functions))
    role = _role(str(claims.get(names.role, "")), names) or (Role.EMPLOYEE if functions else None)
    if role is None:
        return LoginRefused("role", "login_organisation")
    subject = str(claims.get(names.subject, ""))
    if not subject:
        return LoginRefused("subject")
    name = one_line(claims.get(names.name) or subject)
    stated = str(claims.get(names.assurance, ""))
    return Who(Person(subject, name, role, level(stated, names.levels) or LOWEST), stated, functions)


def one_line(value: object) -> str:
    """A name for a screen: one line, of bounded length."""
    return " ".join(str(value).split())[:LONGEST_NAME]


def _role(stated: str, names: ClaimNames) -> Role | None:
    return names.roles.get(stated) or next((role for role in Role if role.value == stated), None)


def _functions(stated: object) -> frozenset[Function]:
    """The functions that are known; anything else opens nothing."""
    values = stated.split() if isinstance(stated, str) else stated if isinstance(stated, list) else ()
    return frozenset(function for function in Function if function.value in values)

"""People of the local identity provider, from a file; passwords as scrypt hashes (RFC 7914, OWASP ASVS 5 §11.4).

[[user]]                                      [[client]]
username = "anna"                             username = "noor"
password = "scrypt$14$8$1$<salt>$<hash>"      password = "scrypt$…"
name = "Anna de Vries"                        name = "Noor Voorbeeld"
role = "midwife"                              bsn = "999900730"
ura = "90000001"                              loa = "substantial"
functions = ["privacy_officer"]               (clients: a file and a provider of their own)
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from babyconnect.birthcare.identifiers import Bsn, Ura
from babyconnect.birthcare.parties import Function, Person, Role

COST, BLOCK, PARALLEL = 14, 8, 1
MEMORY = 64 * 1024 * 1024
LOCAL_PASSWORD = "urn:babyconnect:acr:local-password"


class Account(Protocol):
    """Somebody who can log in locally; `claims` is what the id token says of them beside the usual."""

    @property
    def username(self) -> str: ...

    @property
    def password(self) -> str: ...

    def claims(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class User:
    """Somebody of an organisation."""

    username: str
    password: str = field(repr=False)
    person: Person
    ura: Ura
    organisation: str = ""
    functions: tuple[Function, ...] = ()

    def claims(self) -> Mapping[str, Any]:
        return {
            "sub": self.person.id,
            "acr": LOCAL_PASSWORD,
            "name": self.person.name,
            "role": self.person.role.value,
            "functions": list(self.functions),
            "organization_ura": self.ura.value,
            "organization_name": self.organisation,
        }


@dataclass(frozen=True, slots=True)
class ClientAccount:
    """A client, in place of a national log-in; `loa` is what that log-in would have established."""

    username: str
    password: str = field(repr=False)
    name: str
    bsn: Bsn = field(repr=False)
    loa: str

    def claims(self) -> Mapping[str, Any]:
        return {"sub": f"client:{self.username}", "acr": self.loa, "name": self.name, "bsn": self.bsn.value}


def hash_password(password: str, salt: bytes) -> str:
    """The text to keep for a password; `salt` is 16 random bytes."""
    return "$".join(("scrypt", str(COST), str(BLOCK), str(PARALLEL), _text(salt), _text(_derive(password, salt))))


def password_holds(password: str, kept: str) -> bool:
    """Whether this is the password; takes as long for a wrong one as for the right one."""
    kind, cost, block, parallel, salt, expected = kept.split("$")
    if kind != "scrypt":
        return False
    derived = hashlib.scrypt(
        password.encode(),
        salt=base64.b64decode(salt),
        n=2 ** int(cost),
        r=int(block),
        p=int(parallel),
        maxmem=MEMORY,
        dklen=32,
    )
    return hmac.compare_digest(derived, base64.b64decode(expected))


A = TypeVar("A", bound=Account)


def read_users(content: bytes) -> tuple[User, ...]:
    """The staff of a TOML file; a ValueError names what is wrong, never a password."""
    return _read(content, "user", _user)


def read_clients(content: bytes) -> tuple[ClientAccount, ...]:
    """The clients of a TOML file; a ValueError names what is wrong, never a password or a BSN."""
    return _read(content, "client", _client)


def _read(content: bytes, kind: str, make: Callable[[Mapping[str, Any]], A]) -> tuple[A, ...]:
    rows = tomllib.loads(content.decode()).get(kind, [])
    for row in rows:
        if len(row["password"].split("$")) != 6:
            raise ValueError(f"{kind} {row['username']}: the password must be a scrypt hash")
    accounts = tuple(make(row) for row in rows)
    if len({account.username for account in accounts}) != len(accounts):
        raise ValueError(f"two of kind {kind} have the same username")
    return accounts


def _user(row: Mapping[str, Any]) -> User:
    person = Person(f"local:{row['username']}", row["name"], Role(row["role"]))
    functions = tuple(Function(name) for name in row.get("functions", ()))
    return User(row["username"], row["password"], person, Ura(row["ura"]), row.get("organisation", ""), functions)


def _client(row: Mapping[str, Any]) -> ClientAccount:
    return ClientAccount(row["username"], row["password"], row["name"], Bsn(row["bsn"]), row["loa"])


def _derive(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**COST, r=BLOCK, p=PARALLEL, maxmem=MEMORY, dklen=32)


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()

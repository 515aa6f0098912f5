"""People of the local identity provider, from a file; passwords as scrypt hashes (RFC 7914, OWASP ASVS 5 §11.4).

[[user]]
username = "anna"
password = "scrypt$14$8$1$<salt, base64>$<hash, base64>"
name = "Anna de Vries"
role = "midwife"
ura = "90000001"
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import tomllib
from dataclasses import dataclass

from babyconnect.birthcare.identifiers import Ura
from babyconnect.birthcare.parties import Person, Role

COST, BLOCK, PARALLEL = 14, 8, 1
MEMORY = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who can log in locally."""

    username: str
    password: str
    person: Person
    ura: Ura
    organisation: str = ""


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


def read_users(content: bytes) -> tuple[User, ...]:
    """The users of a TOML file; a ValueError names what is wrong, never a password."""
    users = []
    for row in tomllib.loads(content.decode()).get("user", []):
        username = row["username"]
        if len(row["password"].split("$")) != 6:
            raise ValueError(f"user {username}: the password must be a scrypt hash")
        person = Person(f"local:{username}", row["name"], Role(row["role"]))
        users.append(User(username, row["password"], person, Ura(row["ura"]), row.get("organisation", "")))
    if len({user.username for user in users}) != len(users):
        raise ValueError("two users have the same username")
    return tuple(users)


def _derive(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**COST, r=BLOCK, p=PARALLEL, maxmem=MEMORY, dklen=32)


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()

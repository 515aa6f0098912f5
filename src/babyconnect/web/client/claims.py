"""From the claims of a client's id token to the client: her BSN, and how well it was established that it is she."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from babyconnect.birthcare.identifiers import Bsn, passes_eleven_check
from babyconnect.web.login.assurance import level, reaches
from babyconnect.web.login.claims import one_line
from babyconnect.web.login.relying_party import LoginRefused


@dataclass(frozen=True, slots=True)
class ClientClaims:
    """What the issuer calls things.  `levels`: its own words for assurance; `least`: what we ask."""

    bsn: str = "bsn"
    name: str = "name"
    assurance: str = "acr"
    levels: Mapping[str, str] = field(default_factory=dict)
    least: str = "substantial"


@dataclass(frozen=True, slots=True)
class KnownClient:
    """A client with a verified log-in."""

    bsn: Bsn
    name: str
    loa: str


def client_of(claims: Mapping[str, Any], names: ClientClaims) -> KnownClient | LoginRefused:
    """The client, or why not.  A level that we do not know is no level."""
    number = str(claims.get(names.bsn, ""))
    if not passes_eleven_check(number):
        return LoginRefused("bsn")
    stated = str(claims.get(names.assurance, ""))
    loa = level(stated, names.levels)
    if not reaches(loa, names.least):
        return LoginRefused("loa", "login_level")
    return KnownClient(Bsn(number), one_line(claims.get(names.name, "")), loa)

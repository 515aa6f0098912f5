"""The Dezi *verklaring*: who a professional is and for which organisation she works, signed by the register
(trust.md §1, v0.7; successor of the UZI card).

Pure: keys, moment and status come in as arguments.  Its header points to keys (`jku`); those are only ever fetched
from an address of the allow-list, letter by letter, so that nobody signs for the register.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from babyconnect.birthcare.parties import Party, Role
from babyconnect.definitions import document, rows
from babyconnect.trust import jose, keys

SKEW_SECONDS = 30

Reason = Literal[
    "malformed", "too_large", "algorithm", "header", "jku", "key", "signature", "incomplete", "issuer", "expired",
    "not_yet", "lifetime", "number", "organisation", "register", "role", "loa", "status_address", "revoked",
    "status_unknown", "unreachable", "another",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Believed:
    """Which register is believed: addresses of its keys, its names, and where its status endpoint is."""

    jku: frozenset[str]
    issuers: frozenset[str]
    status: str


@dataclass(frozen=True, slots=True)
class Attested:
    """What a verklaring says.  `role` is None for a code without a row; `until`: seconds since the epoch."""

    number: str
    name: str
    role: Role | None
    loa: str
    id: str
    status: str
    until: float


@dataclass(frozen=True, slots=True)
class NotAttested:
    """Why a verklaring is not believed."""

    reason: Reason


def keys_at(token: str, believed: Believed) -> str | NotAttested:
    """Where the keys of this verklaring may be fetched.  Nothing of the token is believed by this."""
    opened = _opened(token)
    if isinstance(opened, NotAttested):
        return opened
    jku = opened.header.get("jku")
    return jku if isinstance(jku, str) and jku in believed.jku else NotAttested("jku")


def verify(
    token: str, published: Mapping[str, Any], own: Party, believed: Believed, now: float
) -> Attested | NotAttested:
    """What the verklaring says, when a key of `published` (the JWKS at its `jku`) signed it and it holds here, now."""
    opened = _opened(token)
    if isinstance(opened, NotAttested):
        return opened
    problem = _signature_problem(opened, published, believed) or _claims_problem(opened.claims, own, believed, now)
    return NotAttested(problem) if problem else _said(opened.claims, own, believed)


def standing(answer: object) -> Reason | None:
    """None when the register's status endpoint says that it still holds."""
    status = document("dezi.toml")["status"]
    found = answer.get(status["member"]) if isinstance(answer, Mapping) else None
    if found == status["holds"]:
        return None
    return "revoked" if isinstance(found, str) else "status_unknown"


def _opened(token: str) -> jose.Opened | NotAttested:
    opened = jose.opened(token, document("dezi.toml")["largest"])
    if isinstance(opened, jose.Rejected):
        return NotAttested("too_large" if opened.reason == "too_large" else "malformed")
    return opened


def _signature_problem(opened: jose.Opened, published: Mapping[str, Any], believed: Believed) -> Reason | None:
    rules, header = document("dezi.toml"), opened.header
    if header.get("alg") not in rules["algorithms"]:
        return "algorithm"
    if not header.keys() <= set(rules["header"]) or str(header.get("typ", "JWT")).upper() != "JWT":
        return "header"
    if header.get("jku") not in believed.jku:
        return "jku"
    key = keys.find(published, str(header.get("kid", "")))
    if key is None:
        return "key"
    if key.algorithm != header["alg"]:
        return "algorithm"
    return None if key.verify(opened.signed, opened.signature) else "signature"


def _claims_problem(claims: Mapping[str, Any], own: Party, believed: Believed, now: float) -> Reason | None:
    rules = document("dezi.toml")
    if any(name not in claims or claims[name] in ("", None) for name in rules["needed"]):
        return "incomplete"
    if claims["iss"] not in believed.issuers:
        return "issuer"
    if not all(isinstance(claims[name], int) for name in ("exp", "nbf")) or claims["exp"] <= claims["nbf"]:
        return "lifetime"
    if claims["exp"] <= now - SKEW_SECONDS:
        return "expired"
    if claims["nbf"] > now + SKEW_SECONDS:
        return "not_yet"
    if not re.fullmatch(rules["number"], str(claims["dezi_nummer"])):
        return "number"
    if str(claims["abonnee_nummer"]).zfill(8) != own.ura.value:
        return "organisation"
    return "register" if claims["rol_code_bron"] not in rules["registers"]["believed"] else None


def _said(claims: Mapping[str, Any], own: Party, believed: Believed) -> Attested | NotAttested:
    levels = {row["acr"]: row["level"] for row in document("assurance.toml")["value"]}
    level = levels.get(str(claims["loa_dezi"]))
    if level is None:
        return NotAttested("loa")
    id_ = str(claims["verklaring_id"])
    status = str(claims.get("status_uri") or f"{believed.status}{id_}")
    if status != f"{believed.status}{id_}":
        # Where to ask whether it still holds is the register's to say, not the bearer's.
        return NotAttested("status_address")
    names = (claims.get(part) for part in ("voorletters", "voorvoegsel", "achternaam"))
    name = " ".join(str(part) for part in names if part)
    role = role_of(str(claims["rol_code"]), own)
    return Attested(str(claims["dezi_nummer"]), name, role, level, id_, status, float(claims["exp"]))


def role_of(code: str, own: Party) -> Role | None:
    """Our role for a code of the register at this kind of organisation; None when no row knows it."""
    for row in rows("dezi_roles"):
        if row["code"] == code and row["kind"] in ("", own.kind.value):
            return Role(row["role"])
    return None

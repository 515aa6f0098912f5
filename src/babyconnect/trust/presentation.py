"""Presentations of credentials as JWT: the holder shows what others say of it, and what it says itself.

Nuts RFC021 §4.2 (one presentation, with a submission) and GFI-004 (one of the organisation and its user, one of the
supplier).  Signed by a key that the directory knows for the holder's DID, meant for us, just made, once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from babyconnect import definitions
from babyconnect.birthcare.parties import Role
from babyconnect.trust import assertion, credentials, jose
from babyconnect.trust.credentials import Known
from babyconnect.trust.jose import Opened, Rejected
from babyconnect.trust.replays import Replays

MAX_PRESENTATION = 24_000
MOST_CREDENTIALS = 8
_PATH = re.compile(r"\$\.(?:vp\.)?verifiableCredential(?:\[(\d)\])?")


@dataclass(frozen=True, slots=True)
class Shown:
    """A genuine presentation: by whom, which credentials (not yet looked at), and its own number."""

    did: str
    credentials: tuple[object, ...]
    jti: str
    expires: int


@dataclass(frozen=True, slots=True)
class Audience:
    """By which names presentations may call this holder, how long they may live, and when its memory began."""

    names: frozenset[str]
    lifetime: int
    born: float


def opened(text: str) -> Opened | Rejected:
    return jose.opened(text, MAX_PRESENTATION)


def verify(parts: Opened, known: Known, audience: Audience, now: float) -> Shown | Rejected:
    """The presentation, when `known` signed it for us just now.  Not yet remembered as used: `once` does that."""
    said = jose.verified(parts, known.keys, f"{known.did}#")
    if isinstance(said, Rejected):
        return said
    if said.get("iss") != known.did or said.get("sub", known.did) != known.did:
        return Rejected("wrong_issuer")
    meant = said.get("aud")
    named = meant[0] if isinstance(meant, list) and len(meant) == 1 else meant
    if not isinstance(named, str) or named not in audience.names:
        return Rejected("wrong_audience")
    # RFC021 has `iat` and `jti`; its reference implementation sends `nbf` and `nonce`.
    timed = {**said, "iat": said.get("iat", said.get("nbf")), "jti": said.get("jti", said.get("nonce"))}
    problem = assertion.untimely(timed, audience.lifetime, audience.born, now)
    if problem:
        return Rejected(problem)
    held = _credentials(said.get("vp"))
    return Rejected("presentation_malformed") if held is None else Shown(known.did, held, timed["jti"], said["exp"])


def once(shown: Shown, replays: Replays, now: float) -> bool:
    """The first time that this presentation comes."""
    return replays.first_use(shown.did, shown.jti, shown.expires + assertion.SKEW, now)


def _credentials(presentation: object) -> tuple[object, ...] | None:
    if not isinstance(presentation, dict) or not isinstance(types := presentation.get("type"), list | str):
        return None
    if "VerifiablePresentation" not in ([types] if isinstance(types, str) else types):
        return None
    held = presentation.get("verifiableCredential", [])
    listed = held if isinstance(held, list) else [held]
    return tuple(listed) if len(listed) <= MOST_CREDENTIALS else None


def said(shown: Shown, chosen: Mapping[str, object], known: Known, now: float) -> dict[str, Any] | Rejected:
    """The claims of the chosen credentials (name of the table's row -> credential), each believed on its own."""
    claims: dict[str, Any] = {}
    for name, text in chosen.items():
        found = credentials.read(text, credentials.kinds()[name], shown.did, known, now)
        if isinstance(found, Rejected):
            return found
        claims.update(found)
    claims["user_role"] = role_code(claims.get("user_role"))
    return claims


def role_code(name: object) -> object:
    """A role by its code, or by the Dutch name that a `roleName` bears; anything else as it is, to be refused."""
    if not isinstance(name, str) or name in set(Role):
        return name
    roles = definitions.document("parties.toml")["role"]
    return next((code for code, row in roles.items() if row["name"].casefold() == name.casefold()), name)


def by_type(shown: Shown) -> dict[str, object] | Rejected:
    """The credentials by what they say they are, where no submission tells; each kind once, the required ones there."""
    chosen: dict[str, object] = {}
    wanted = {credentials.kinds()[name].type: name for name in _asked("required", "optional")}
    for text in shown.credentials:
        types = _types(text)
        names = [name for type, name in wanted.items() if type in types]
        if len(names) != 1 or names[0] in chosen:
            return Rejected("credentials_not_as_asked")
        chosen[names[0]] = text
    return chosen if set(_asked("required")) <= chosen.keys() else Rejected("credentials_not_as_asked")


def submitted(shown: Shown, submission: str) -> dict[str, object] | Rejected:
    """The credentials as the submission says which answers what (Presentation Exchange 2.0 §6)."""
    try:
        sent = orjson.loads(submission)
    except ValueError:
        return Rejected("submission_malformed")
    listed = sent.get("descriptor_map") if isinstance(sent, dict) else None
    if not isinstance(listed, list) or len(listed) > MOST_CREDENTIALS:
        return Rejected("submission_malformed")
    if sent.get("definition_id") != definition()["id"]:
        return Rejected("submission_of_another_definition")
    chosen: dict[str, object] = {}
    for entry in listed:
        name = entry.get("id") if isinstance(entry, dict) else None
        place = _place(entry, shown.credentials) if isinstance(entry, dict) else None
        if not isinstance(name, str) or name not in _asked("required", "optional") or name in chosen or place is None:
            return Rejected("submission_malformed")
        chosen[name] = shown.credentials[place]
    return chosen if set(_asked("required")) <= chosen.keys() else Rejected("credentials_not_as_asked")


def _place(entry: Mapping[str, Any], held: Sequence[object]) -> int | None:
    match = _PATH.fullmatch(str(entry.get("path")))
    if entry.get("format") != "jwt_vc" or match is None or (match[1] is None and len(held) != 1):
        return None
    place = int(match[1] or 0)
    return place if place < len(held) else None


def _asked(*lists: str) -> tuple[str, ...]:
    table = definitions.document("credentials.toml")["definition"]
    return tuple(name for one in lists for name in table[one])


def _types(text: object) -> Sequence[str]:
    found = jose.opened(text, credentials.MAX_CREDENTIAL) if isinstance(text, str) else None
    credential = found.claims.get("vc") if isinstance(found, Opened) else None
    types = credential.get("type") if isinstance(credential, dict) else None
    return types if isinstance(types, list) else ()


def definition() -> dict[str, Any]:
    """What we ask to be shown, for every scope alike (Presentation Exchange 2.0 §5; Nuts RFC021 §5)."""
    return {
        "id": definitions.document("credentials.toml")["definition"]["id"],
        "format": {"jwt_vc": {"alg": list(jose.ALGORITHMS)}, "jwt_vp": {"alg": list(jose.ALGORITHMS)}},
        "input_descriptors": [_descriptor(name) for name in _asked("required")],
    }


def _descriptor(name: str) -> dict[str, Any]:
    kind = credentials.kinds()[name]
    shown = {"path": ["$.type"], "filter": {"type": "string", "const": kind.type}}
    said = [{"path": [f"$.credentialSubject.{path}"]} for path in kind.claims.values() if name == "employee"]
    return {"id": name, "constraints": {"fields": [shown, *said]}}

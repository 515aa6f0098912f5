"""The asker's side of presentations: the forms of the two grants that show credentials (Nuts RFC021 §3, GFI-004)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from babyconnect.birthcare.parties import Party
from babyconnect.trust import claims, credentials, jose, presentation
from babyconnect.trust.assertion import ASSERTION_TYPE
from babyconnect.trust.claims import Claim
from babyconnect.trust.keys import SigningKey

NUTS_LIFETIME, GF_LIFETIME = 5, 58
CREDENTIAL_LIFETIME = 300
_CONTEXT = ["https://www.w3.org/2018/credentials/v1"]


@dataclass(frozen=True, slots=True)
class Holder:
    """Who presents: a DID and the key that the directory knows for it."""

    did: str
    key: SigningKey


def credential(issuer: Holder, name: str, subject: str, about: Mapping[str, Any], now: float) -> str:
    """A credential of the table's row `name`, about `subject`, by `issuer`."""
    issued = int(now)
    said = {
        "iss": issuer.did,
        "sub": subject,
        "jti": f"urn:jti:{secrets.token_urlsafe(16)}",
        "nbf": issued,
        "exp": issued + CREDENTIAL_LIFETIME,
        "vc": {
            "@context": _CONTEXT,
            "type": ["VerifiableCredential", credentials.kinds()[name].type],
            "credentialSubject": {"id": subject, **about},
        },
    }
    return jose.seal(issuer.key, said, f"{issuer.did}#{issuer.key.kid}")


def present(holder: Holder, shown: list[str], audience: str, now: float, lifetime: int) -> str:
    """A presentation of these credentials."""
    issued, number = int(now), secrets.token_urlsafe(16)
    said = {
        "iss": holder.did,
        "sub": holder.did,
        "aud": audience,
        "iat": issued,
        "nbf": issued,
        "exp": issued + lifetime,
        "jti": number,
        "nonce": number,
        "vp": {"@context": _CONTEXT, "type": ["VerifiablePresentation"], "verifiableCredential": shown},
    }
    return jose.seal(holder.key, said, f"{holder.did}#{holder.key.kid}")


def nuts_form(holder: Holder, claim: Claim, audience: str, now: float) -> dict[str, str]:
    """The form of `vp_token-bearer`."""
    submission = {
        "id": secrets.token_urlsafe(8),
        "definition_id": presentation.definition()["id"],
        "descriptor_map": [
            {"id": name, "format": "jwt_vc", "path": f"$.verifiableCredential[{place}]"}
            for place, name in enumerate(("employee", "asking", "organisation"))
        ],
    }
    return {
        "grant_type": "vp_token-bearer",
        "scope": claim.scope,
        "assertion": present(holder, _of_user(holder, claim, now), audience, now, NUTS_LIFETIME),
        "presentation_submission": orjson.dumps(submission).decode(),
    }


def gf_form(
    holder: Holder, claim: Claim, audience: str, now: float, *, supplier: Holder | None = None, delegated: str = ""
) -> dict[str, str]:
    """The form of the JWT bearer grant.  Without a supplier the organisation is its own; `delegated`: the credential by
    which the organisation lets the supplier ask."""
    client = supplier or holder
    return {
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "scope": claim.scope,
        "assertion": present(holder, _of_user(holder, claim, now), audience, now, GF_LIFETIME),
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": present(client, [delegated] if delegated else [], audience, now, GF_LIFETIME),
    }


def delegation(organisation: Holder, party: Party, supplier: str, now: float) -> str:
    """What lets a supplier (a DID) ask on the organisation's behalf."""
    about = {
        "hasDelegation": {
            "issuedBy": {"identifier": {"system": "http://fhir.nl/fhir/NamingSystem/ura", "value": party.ura.value}},
            "scope": {"authorizationRule": "zorginzage-geboortezorg", "authorizedActions": ["tokenRequest"]},
        }
    }
    return credential(organisation, "delegation", supplier, about, now)


def _of_user(holder: Holder, claim: Claim, now: float) -> list[str]:
    person = claim.person
    member = {
        "identifier": person.id,
        "roleName": person.role.value,
        "member": {"type": "Person", "familyName": person.name},
    }
    said = claims.user(claim)
    own = {name: said[name] for name in credentials.kinds()["asking"].claims if name in said}
    organisation = {"identifier": {"system": "http://fhir.nl/fhir/NamingSystem/ura", "value": claim.party.ura.value}}
    return [
        credential(holder, "employee", holder.did, {"member": {"type": "EmployeeRole", **member}}, now),
        credential(holder, "asking", holder.did, own, now),
        credential(holder, "organisation", holder.did, organisation, now),
    ]

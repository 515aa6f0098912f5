"""An organisation as a decentralised identifier under its own host name: `did:web` (W3C DID Core 1.0; did:web method).

The document says which keys speak for it and where it answers, the same as the directory does.  It proves no more than
that whoever holds the host name said so: what an organisation is comes from its certificate and the directory.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlsplit

from babyconnect.birthcare.parties import Party
from babyconnect.network.contract import Endpoint, Jwks

CONTEXT = ("https://www.w3.org/ns/did/v1", "https://w3id.org/security/suites/jws-2020/v1")
URA_URN = "urn:oid:2.16.528.1.1007.3.3"
"""The URA as an identifier of another scheme (DID Core §5.1.3)."""
FHIR = "/fhir/stu3"


def did(base_url: str) -> str:
    """`did:web:host%3Aport`, with a path's parts after colons."""
    parts = urlsplit(base_url)
    host = quote(parts.netloc.rpartition("@")[2], safe="")
    return ":".join(["did:web", host, *(quote(part, safe="") for part in parts.path.split("/") if part)])


def did_of(endpoint: Endpoint) -> str:
    """The identifier of whoever answers there."""
    return did(endpoint.fhir_base.removesuffix(FHIR))


def place(base_url: str) -> str:
    """Where the document is, below the base address."""
    return "/did.json" if urlsplit(base_url).path.strip("/") else "/.well-known/did.json"


def document(base_url: str, party: Party, keys: Jwks) -> dict[str, Any]:
    """The DID document: a verification method per key in use, and the addresses for other organisations."""
    own = did(base_url)
    methods = [
        {"id": f"{own}#{key['kid']}", "type": "JsonWebKey2020", "controller": own, "publicKeyJwk": dict(key)}
        for key in keys["keys"]
    ]
    names = [method["id"] for method in methods]
    services = {
        "fhir-stu3": ("fhir-stu3", FHIR),
        "oauth": ("oauth-metadata", "/.well-known/oauth-authorization-server"),
    }
    return {
        "@context": list(CONTEXT),
        "id": own,
        "alsoKnownAs": [f"{URA_URN}:{party.ura}"],
        "verificationMethod": methods,
        "authentication": names,
        "assertionMethod": names,
        "service": [
            {"id": f"{own}#{name}", "type": kind, "serviceEndpoint": f"{base_url.rstrip('/')}{path}"}
            for name, (kind, path) in services.items()
        ],
    }

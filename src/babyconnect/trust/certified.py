"""A credential that a certificate signed: `did:x509` (Trust over IP; nl-generic-functions-ig, X509Credential).

The chain comes with the credential, but only CAs that this node is configured with count: the same look as at a
connection's certificate, revocation included.  The DID must name one of those CAs and the URA that the certificate has.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Callable, Sequence
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from babyconnect.birthcare.identifiers import Ura
from babyconnect.trust import algorithms, certificates
from babyconnect.trust.algorithms import PublicKey
from babyconnect.trust.certificates import Trusted
from babyconnect.trust.credentials import Certified
from babyconnect.trust.jose import Rejected

_METHOD = "did:x509:0:sha256:"


def certified(trusted: Callable[[], Trusted]) -> Certified:
    """How credentials' certificates are looked at; `trusted` is asked each time, since CAs and lists change."""

    def look(chain: Sequence[bytes], issuer: str, at: float) -> tuple[Ura, PublicKey] | Rejected:
        believed = trusted()
        authority, _, policies = issuer.removeprefix(_METHOD).partition("::")
        if not chain or not issuer.startswith(_METHOD) or authority not in map(_fingerprint, believed.authorities):
            return Rejected("credential_issuer")
        found = certificates.organisation(chain[0], believed, "server", dt.datetime.fromtimestamp(at, dt.UTC))
        if isinstance(found, Rejected):
            return found
        leaf = x509.load_der_x509_certificate(chain[0])
        if not _named(policies, found.ura, leaf):
            return Rejected("credential_of_another")
        key = algorithms.of_certificate(leaf)
        return (found.ura, key) if key else Rejected("credential_issuer")

    return look


def _named(policies: str, ura: Ura, leaf: x509.Certificate) -> bool:
    """Whether every policy of the DID holds for the certificate, and one names its URA."""
    held = [_holds(policy, ura, leaf) for policy in policies.split("::")]
    return all(held) and any(policy.startswith("san:otherName:") for policy in policies.split("::"))


def _holds(policy: str, ura: Ura, leaf: x509.Certificate) -> bool:
    if policy.startswith("san:otherName:"):
        # The UZI name: version, number, pass type S (a server), URA, role, AGB (UZI-register CPS).
        parts = unquote(policy.removeprefix("san:otherName:")).split("-")
        return "S" in parts and parts[parts.index("S") + 1 :][:1] == [ura.value]
    kind, _, value = policy.removeprefix("subject:").partition(":")
    oid = {"O": x509.NameOID.ORGANIZATION_NAME, "L": x509.NameOID.LOCALITY_NAME, "CN": x509.NameOID.COMMON_NAME}.get(
        kind
    )
    if not policy.startswith("subject:") or oid is None:
        return False
    return [str(one.value) for one in leaf.subject.get_attributes_for_oid(oid)] == [unquote(value)]


def _fingerprint(authority: x509.Certificate) -> str:
    digest = hashlib.sha256(authority.public_bytes(Encoding.DER)).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

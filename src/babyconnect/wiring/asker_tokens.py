"""The asker's side of tokens: the form for each grant that a holder takes, and what binds the token to us.

Over mutual TLS the certificate binds it and no proof is needed; else a key of this process does, made at its start: a
token lives minutes, so nothing is gained by keeping one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from babyconnect.exchange.contract import Asking, Prove, Source
from babyconnect.network.directory import did_web
from babyconnect.settings import SettingsRefused
from babyconnect.trust import certificates, keys, presenting, scopes
from babyconnect.trust.asserting import Assertions
from babyconnect.trust.claims import Claim
from babyconnect.trust.dpop import Prover
from babyconnect.trust.presenting import Holder
from babyconnect.wiring.link import Link


def token_form(link: Link) -> Callable[[Asking, Source], Mapping[str, str]]:
    """A form for one token request, by the grant that the source takes."""
    always = link.chosen.tokens.grant
    if always and always not in scopes.grants().values():
        raise SettingsRefused(f"{link.path}: tokens.grant: one of {', '.join(scopes.grants().values())} is expected")

    def claim_of(asking: Asking) -> Claim:
        return Claim(
            *(link.party, asking.person, asking.purpose, asking.relations),
            emergency=asking.emergency,
            logged_in=asking.logged_in,
        )

    def assertions_of(asking: Asking) -> Assertions:
        return Assertions(link.key, asking.once(claim_of))

    def form(asking: Asking, source: Source) -> Mapping[str, str]:
        # A client portal's word for a client is in no credential; the endpoint takes every grant.
        match "minvws" if asking.logged_in else always or source.grant:
            case "gf":
                return presenting.gf_form(_holder(link), asking.once(claim_of), source.token_endpoint, time.time())
            case "nuts":
                server = did_web.did(source.token_endpoint.removesuffix("/oauth/token"))
                return presenting.nuts_form(_holder(link), asking.once(claim_of), server, time.time())
        bound = _thumbprint(link, source.token_endpoint)
        made = asking.once(assertions_of)
        return made.form(source.token_endpoint, source.party.ura, time.time(), bound=bound)

    return form


def prover(link: Link) -> Prove:
    """A proof where no certificate binds: over plain HTTP, behind a proxy."""
    own = Prover(keys.generate(), time.time)

    def prove(method: str, url: str, token: str, nonce: str) -> str:
        return "" if _thumbprint(link, url) else own.prove(method, url, token, nonce)

    return prove


def _holder(link: Link) -> Holder:
    return Holder(did_web.did(link.machine_base), link.key)


def _thumbprint(link: Link, url: str) -> str:
    """Of the certificate that we connect with; "" where we connect without."""
    if link.secured is None or not url.startswith("https://"):
        return ""
    return certificates.thumbprint(link.secured.current().own)

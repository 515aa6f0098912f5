"""Who asks for a token, whichever of the three grants it is asked by (trust.md §2): believed, or refused and why.

    client_credentials   `client_assertion` of the organisation (MinVWS; RFC 7523 §2.2)
    jwt-bearer           `assertion` of organisation and user, `client_assertion` of the supplier (GFI-004)
    vp_token-bearer      `assertion` of organisation and user, `presentation_submission` (Nuts RFC021)

All end in the same claims, held against the directory and the tables by the same function.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from babyconnect import definitions
from babyconnect.birthcare.identifiers import Ura
from babyconnect.birthcare.resources import HOME
from babyconnect.trust import assertion, claims, credentials, jose, presentation, scopes
from babyconnect.trust.assertion import ASSERTION_TYPE, Expected, Issuer
from babyconnect.trust.claims import Asking, Verified
from babyconnect.trust.credentials import Certified, Known
from babyconnect.trust.jose import Opened, Rejected
from babyconnect.trust.presentation import Audience, Shown
from babyconnect.trust.replays import Replays
from babyconnect.trust.rules import Rules, rules_on

URA_DIGITS = 8
Form = Mapping[str, str]
IssuerOf = Callable[[Ura], Issuer | None]
"""What the directory says of an organisation: its party and its keys; None when it is not (or no longer) listed."""


@dataclass(frozen=True, slots=True)
class Denied:
    """No token.  `error` is the standard's code, which is all the asker learns; `reason` goes to the log.

    `claimed`: whom the request said it was from, unverified, for the log.
    """

    error: str
    status: int
    reason: str
    retry_after: int | None = None
    claimed: str = "unknown"


@dataclass(frozen=True, slots=True)
class Believing:
    """What a holder believes askers by.  `names`: by which it may be called beside its endpoint (issuer, DID);
    `rules`: of a day, which roles it believes of which kind of organisation."""

    holder: Ura
    endpoint: str
    issuer_of: IssuerOf
    replays: Replays
    names: frozenset[str] = frozenset()
    issuer_by_did: Callable[[str], Issuer | None] = field(default=lambda did: None)
    supplier_keys: Callable[[str], Mapping[str, Any] | None] = field(default=lambda did: None)
    certified: Certified | None = None
    rules: Callable[[dt.date], Rules] = rules_on

    def believe(self, form: Form, now: float) -> tuple[Verified, Mapping[str, Any]] | Denied:
        """The asker, and the `cnf` that it signed itself (to be held against the connection)."""
        grant = scopes.grants().get(form.get("grant_type", ""))
        if grant is None:
            given = bool(form.get("grant_type"))
            return Denied("unsupported_grant_type" if given else "invalid_request", 400, "grant_type")
        asked = scopes.asked(form.get("scope", ""))
        if asked is None:
            return Denied("invalid_scope", 400, "scope_malformed")
        if not any(name in scopes.known() for name in asked):
            return Denied("invalid_scope", 400, "scope_missing")
        if form.get("target_audience", self.holder.value) != self.holder.value:
            return Denied("invalid_request", 400, "wrong_target")
        day = dt.datetime.fromtimestamp(now, dt.UTC).astimezone(HOME).date()
        by = {"minvws": self._by_assertion, "gf": self._by_two, "nuts": self._by_submission}[grant]
        found = by(form, Asking(grant, asked, day, self.rules(day)), now)
        return replace(found, claimed=self.claimed(form)) if isinstance(found, Denied) else found

    def _by_assertion(self, form: Form, asking: Asking, now: float) -> tuple[Verified, Mapping[str, Any]] | Denied:
        opened = _asserted(form)
        if isinstance(opened, Denied):
            return opened
        issuer = self._issuer(opened)
        if isinstance(issuer, Rejected):
            return _client(issuer.reason)
        expected = Expected(self.endpoint, self.holder, asking)
        found = assertion.verify(opened, issuer, expected, self.replays, now)
        if isinstance(found, Rejected):
            return _scope_or_client(found.reason)
        return found, _confirmation(opened)

    def client(self, form: Form, endpoint: str, now: float) -> Issuer | Rejected:
        """Which organisation calls, by its assertion: for introspection and revocation (RFC 7523 §2.2)."""
        opened = _asserted(form)
        if isinstance(opened, Denied):
            return Rejected(opened.reason)
        issuer = self._issuer(opened)
        if isinstance(issuer, Rejected):
            return issuer
        said = assertion.authentic(opened, issuer, endpoint, self.replays, now)
        if isinstance(said, Rejected):
            return said
        first = self.replays.first_use(issuer.party.ura.value, said["jti"], said["exp"] + assertion.SKEW, now)
        return issuer if first else Rejected("replayed")

    def _issuer(self, opened: Opened) -> Issuer | Rejected:
        ura = assertion.claimed_issuer(opened)
        if isinstance(ura, Rejected):
            return ura
        return self.issuer_of(ura) or Rejected("issuer_unknown")

    def _by_submission(self, form: Form, asking: Asking, now: float) -> tuple[Verified, Mapping[str, Any]] | Denied:
        if not form.get("assertion") or not form.get("presentation_submission"):
            return Denied("invalid_request", 400, "assertion_missing")
        found = self._shown(form["assertion"], "nuts", now)
        if isinstance(found, Rejected):
            return Denied("invalid_verifiable_presentation", 400, found.reason)
        issuer, shown = found
        chosen = presentation.submitted(shown, form["presentation_submission"])
        if isinstance(chosen, Rejected):
            return Denied("invalid_presentation_submission", 400, chosen.reason)
        verified = self._of_presentation(issuer, shown, chosen, asking, now)
        if isinstance(verified, Rejected):
            error = "invalid_scope" if verified.reason == "scope_missing" else "invalid_verifiable_credentials"
            return Denied(error, 400, verified.reason)
        if not presentation.once(shown, self.replays, now):
            return Denied("invalid_verifiable_presentation", 400, "replayed")
        return verified, {}

    def _by_two(self, form: Form, asking: Asking, now: float) -> tuple[Verified, Mapping[str, Any]] | Denied:
        if form.get("client_assertion_type") != ASSERTION_TYPE or not form.get("client_assertion"):
            return Denied("invalid_request", 400, "assertion_missing")
        if not form.get("assertion"):
            return Denied("invalid_request", 400, "assertion_missing")
        found = self._shown(form["assertion"], "gf", now)
        if isinstance(found, Rejected):
            return Denied("invalid_grant", 400, found.reason)
        issuer, shown = found
        supplier = self._supplier(form["client_assertion"], issuer, now)
        if isinstance(supplier, Rejected):
            return _client(supplier.reason)
        chosen = presentation.by_type(shown)
        if isinstance(chosen, Rejected):
            return Denied("invalid_grant", 400, chosen.reason)
        verified = self._of_presentation(issuer, shown, chosen, asking, now)
        if isinstance(verified, Rejected):
            error = "invalid_scope" if verified.reason == "scope_missing" else "invalid_grant"
            return Denied(error, 400, verified.reason)
        if not presentation.once(supplier, self.replays, now):
            return _client("replayed")
        if not presentation.once(shown, self.replays, now):
            return Denied("invalid_grant", 400, "replayed")
        return replace(verified, client=supplier.did), {}

    def _shown(self, text: str, grant: str, now: float) -> tuple[Issuer, Shown] | Rejected:
        """A genuine presentation of an organisation that the directory knows by its DID."""
        opened = presentation.opened(text)
        if isinstance(opened, Rejected):
            return opened
        did = opened.claims.get("iss")
        issuer = self.issuer_by_did(did) if isinstance(did, str) else None
        if issuer is None:
            return Rejected("issuer_unknown")
        shown = presentation.verify(opened, self._known(issuer), self._audience(grant), now)
        return shown if isinstance(shown, Rejected) else (issuer, shown)

    def _supplier(self, text: str, organisation: Issuer, now: float) -> Shown | Rejected:
        """Who sends the request: the organisation itself, or a supplier whom it lets ask."""
        opened = presentation.opened(text)
        if isinstance(opened, Rejected):
            return opened
        did = opened.claims.get("iss")
        if did == organisation.did:
            return presentation.verify(opened, self._known(organisation), self._audience("gf"), now)
        keys = self.supplier_keys(did) if isinstance(did, str) else None
        if keys is None or not isinstance(did, str):
            return Rejected("issuer_unknown")
        shown = presentation.verify(opened, Known(did, keys), self._audience("gf"), now)
        if isinstance(shown, Rejected):
            return shown
        return shown if self._delegated(shown, organisation, now) else Rejected("supplier_without_delegation")

    def _delegated(self, shown: Shown, organisation: Issuer, now: float) -> bool:
        kind = credentials.kinds()["delegation"]
        action = definitions.document("credentials.toml")["delegation"]["action"]
        for text in shown.credentials:
            said = credentials.read(text, kind, shown.did, self._known(organisation), now)
            if isinstance(said, Rejected) or said.get("ura") != organisation.party.ura.value:
                continue
            actions = said.get("actions")
            if isinstance(actions, list) and action in actions:
                return True
        return False

    def _of_presentation(
        self, issuer: Issuer, shown: Shown, chosen: Mapping[str, object], asking: Asking, now: float
    ) -> Verified | Rejected:
        said = presentation.said(shown, chosen, self._known(issuer), now)
        if isinstance(said, Rejected):
            return said
        # What no credential says of the organisation, the directory does; what one says must agree with it.
        return claims.believed(claims.organisation(issuer.party) | said, issuer.party, asking, shown.jti)

    def claimed(self, form: Form) -> str:
        """Whom a request says it is from: a URA, unverified; the log says `refused` beside it.  Other text is not told:
        what a stranger writes never gets into the log."""
        for name in ("assertion", "client_assertion"):
            opened = jose.opened(form.get(name, ""), presentation.MAX_PRESENTATION)
            said = opened.claims.get("iss") if isinstance(opened, Opened) else None
            issuer = self.issuer_by_did(said) if isinstance(said, str) else None
            if issuer is not None:
                return issuer.party.ura.value
            if isinstance(said, str) and len(said) == URA_DIGITS and said.isascii() and said.isdigit():
                return said
        return "unknown"

    def _known(self, issuer: Issuer) -> Known:
        return Known(issuer.did, issuer.keys, self.certified)

    def _audience(self, grant: str) -> Audience:
        lifetime = definitions.document("credentials.toml")["lifetime"][grant]
        return Audience(self.names | {self.endpoint}, lifetime, self.replays.born)


def _asserted(form: Form) -> Opened | Denied:
    if form.get("client_assertion_type") != ASSERTION_TYPE or not form.get("client_assertion"):
        return Denied("invalid_request", 400, "assertion_missing")
    opened = jose.opened(form["client_assertion"])
    return _client(opened.reason) if isinstance(opened, Rejected) else opened


def _client(reason: str) -> Denied:
    return Denied("invalid_client", 401, reason)


def _scope_or_client(reason: str) -> Denied:
    return Denied("invalid_scope", 400, reason) if reason == "scope_missing" else _client(reason)


def _confirmation(opened: Opened) -> Mapping[str, Any]:
    said = opened.claims.get("cnf", {})
    return said if isinstance(said, dict) else {"malformed": True}

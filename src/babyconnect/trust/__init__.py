"""Trust: who asks, what she consented to, who treats her, and the one decision (trust.md §§1-4, domain §4).

What others call (nothing else here is a seam):

    keys.create(folder, name, algorithm="EdDSA") -> SigningKey          # JWK file, mode 0600
    keys.load(path) -> SigningKey                                       # .kid .algorithm .public() -> dict
    keys.jwks(*signing_keys) -> dict                                    # {"keys": [...]}, public parts only
    keys.genuine(jwks) -> (kid, content, signature) -> bool             # for the log's checkpoints

    claims.Claim(party, person, purpose, relations, ...)                # what the asker says of itself
    believing.Believing(holder, endpoint, issuer_of, replays, ...).believe(form, now)   # any of the three grants
    asserting.token_form(...), presenting.gf_form(...), presenting.nuts_form(...)       # the forms, at the asker
    assertion.Issuer(party, keys, did)                                  # from the DIRECTORY: kind, JWKS, DID
    dpop.Prover(key, now).prove(method, url, token, nonce) / dpop.Proofs(...).check(proof, method, url, token)

    sessions.Sessions(audience, clock, seconds=300).issue(verified, bound) -> Issued | Busy
    sessions.Sessions.get(token, shown: Binding) -> Session | None      # .asker .client .episodes .expires .bound
    sessions.Sessions.bind(session, client, episodes) -> bool           # once; another client: False
    sessions.Sessions.revoke(token, by) / .revoke_client(client)

    decision.decide(request: AccessRequest, rules=None) -> Permit | Refused     # pure
    decision.may_know(asker, consents, moment) -> knows((holder, kind), referred, overriding) -> bool   # localisation
    decision.may_release(filter, client, group, shielded, episodes) -> bool     # the filter, for one resource
    reasons.sentence(code, language) -> str                             # for client and privacy officer
    claims.Asking(grant, scopes, day, rules).believable(kind, role) -> bool

    relation.from_episodes(episodes, side="holder"|"asker", births=()) -> tuple[Relation, ...]
    relation.enrolment/announcement/emergency_registration/locum/code/referral/care_team(...) -> Relation
    relation.standing(relations, day, side) -> tuple[Relation, ...]     # those that hold on that day

    rules.rules_on(day) -> Rules, rules.data_groups() -> frozenset[str]

Data groups are the rows of `definitions/role_matrix.csv` (column `group`); shielded groups those of
`definitions/shielded.toml`.
"""

"""People at a node: how they log in, what the log hears of it, and the sites they come to."""

from __future__ import annotations

from collections.abc import Sequence

from babyconnect.audit.event import About, Actor, Grounds, Place, client_pseudonym, event
from babyconnect.audit.log import AuditLog
from babyconnect.settings import SettingsRefused
from babyconnect.web.client.claims import LEVELS, ClientClaims
from babyconnect.web.client.session import ClientSession, Wards
from babyconnect.web.client.site import ClientSite, Parts, nobody
from babyconnect.web.login import LoginEvent, Note
from babyconnect.web.relying_party import Issuer
from babyconnect.web.site import Chapter
from babyconnect.wiring import files
from babyconnect.wiring.link import Link, now


def noter(link: Link, log: AuditLog) -> Note:
    """Log-ins and log-outs as audit events, durable before anything comes of them."""
    key = files.secret(link.beside(link.chosen.keys.tenant_secret_file))
    own = link.party.ura.value

    async def note(happened: LoginEvent) -> object:
        return await log.append(
            event(
                happened.type,
                happened.outcome,
                now(),
                Actor(own, happened.person, happened.role),
                Place(own, client_address=happened.address, server_address=link.chosen.node.base_url),
                About(
                    pseudonym=client_pseudonym(key, happened.client) if happened.client else "",
                    resource=" ".join(filter(None, (happened.loa, happened.how))),
                ),
                reasons(happened),
            )
        )

    return note


def staff_issuer(link: Link) -> Issuer:
    login = link.chosen.login
    return Issuer(login.issuer, login.client_id, _secret(link, login.client_secret_file))


def client_site(
    link: Link, log: AuditLog, chapters: Sequence[Chapter[ClientSession]] = (), wards: Wards = nobody
) -> ClientSite:
    """The client's site of this node; only when `client_login.issuer` is set."""
    login = link.chosen.client_login
    if {login.least_assurance, *login.levels.values()} - set(LEVELS):
        raise SettingsRefused(f"{link.path}: client_login: levels are {', '.join(LEVELS)}")
    return ClientSite(
        Parts(
            party=link.party,
            base_url=link.chosen.node.base_url,
            issuer=Issuer(login.issuer, login.client_id, _secret(link, login.client_secret_file), login.scope),
            note=noter(link, log),
            now=now,
            wards=wards,
            chapters=chapters,
            claims=ClientClaims(
                login.bsn_claim, login.name_claim, login.assurance_claim, login.levels, login.least_assurance
            ),
        )
    )


def reasons(happened: LoginEvent) -> Grounds:
    return Grounds(reasons=(happened.reason,) if happened.reason else ())


def _secret(link: Link, file: str) -> str:
    return files.text(link.beside(file)) if file else ""

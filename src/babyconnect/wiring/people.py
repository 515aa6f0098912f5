"""People at a node: how they log in, what the log hears of it, and the sites they come to."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import orjson
from joserfc import jwk

from babyconnect.exchange.http1 import Http
from babyconnect.flows.break_glass import BreakGlass
from babyconnect.flows.door import Door
from babyconnect.flows.journal import About, Actor, Came, Grounds, Herself, Journal
from babyconnect.flows.looking import looking
from babyconnect.network.staff import Staff
from babyconnect.settings import SettingsRefused
from babyconnect.trust.dezi import Believed
from babyconnect.web.client.claims import ClientClaims
from babyconnect.web.client.session import ClientSession, Wards
from babyconnect.web.client.site import ClientSite, Parts, nobody
from babyconnect.web.login.assurance import LEVELS
from babyconnect.web.login.backchannel import Backchannel, HttpBackchannel
from babyconnect.web.login.claims import ClaimNames, Identify, by_claims, by_dezi
from babyconnect.web.login.dezi import Dezi, Register
from babyconnect.web.login.relying_party import Issuer
from babyconnect.web.login.routes import LoginEvent, Note
from babyconnect.web.login.smart import CareSystem
from babyconnect.web.site import Chapter
from babyconnect.web.viewer.records import ViewerSession
from babyconnect.web.viewer.site import Viewer, viewer_app
from babyconnect.wiring import consents, consulting, drawing, files
from babyconnect.wiring.link import Link, now
from babyconnect.wiring.today import own_groups, todays_clients
from babyconnect.workers.giving import Work


def noter(journal: Journal, staff: Staff | None = None) -> Note:
    """Log-ins and log-outs as audit events, durable before anything comes of them."""

    async def note(happened: LoginEvent) -> object:
        if happened.client is not None:
            herself: Herself = "representative" if happened.role == "representative" else "client"
            actor = journal.herself(happened.client, herself, happened.loa)
            about = About(pseudonym=journal.pseudonym(happened.client))
        else:
            person = Actor(journal.own.ura.value, happened.person, happened.role, "", happened.loa)
            actor = person if happened.person else journal.unknown()
            opened = journal.pseudonym(happened.about) if happened.about else ""
            about = About(pseudonym=opened, episodes=(happened.episode,) if happened.episode else ())
        noted = await journal.note(
            happened.type,
            happened.outcome,
            actor,
            dataclasses.replace(about, object=f"login/{happened.how}" if happened.how else ""),
            Grounds(reasons=(happened.reason,) if happened.reason else ()),
            Came(address=happened.address),
        )
        if staff is not None and happened.type == "login" and happened.outcome == "ok":
            await staff.keep(happened.person, happened.name)
        return noted

    return note


def staff_issuer(link: Link) -> Issuer:
    login = link.chosen.login
    secret = _secret(link, login.client_secret_file)
    return Issuer(login.issuer, login.client_id, secret, login.scope, userinfo=login.userinfo)


def identify(link: Link, backchannel: Backchannel) -> Identify:
    """By the register's verklaring where that is set, else by what the organisation's own provider says."""
    login, section = link.chosen.login, link.chosen.dezi
    if not section.jku:
        names = ClaimNames(
            role=login.role_claim, functions=login.functions_claim, ura=login.organisation_claim,
            assurance=login.assurance_claim, roles=login.roles, levels=login.levels, held=login.functions,
        )  # fmt: skip
        return by_claims(names, link.party)
    if not (section.issuers and section.userinfo and section.status):
        raise SettingsRefused(f"{link.path}: dezi: issuers, userinfo and status are needed beside jku")
    believed = Believed(frozenset(section.jku), frozenset(section.issuers), section.status)
    file = section.decryption_key_file
    decryption = jwk.import_key(orjson.loads(link.beside(file).read_bytes())) if file else None
    register = Register(section.userinfo, believed, section.status_seconds, decryption)
    return by_dezi(Dezi(register, link.party, backchannel, lambda: now().timestamp()), login.functions)


def viewer(  # noqa: PLR0917 - what it is built of
    link: Link,
    door: Door,
    http: Http,
    journal: Journal,
    chapters: Sequence[Chapter[ViewerSession]],
    glass: BreakGlass,
    staff: Staff,
    work: Work | None,
) -> Viewer:
    """The viewer of this node; only when `login.issuer` is set.  `work`: by which its workers fill screens."""
    backchannel = HttpBackchannel()
    return viewer_app(
        party=link.party,
        base_url=link.chosen.node.base_url,
        issuer=staff_issuer(link),
        identify=identify(link, backchannel),
        care_systems=[
            CareSystem(row.iss, row.client_id, _secret(link, row.client_secret_file))
            for row in link.chosen.launch.systems
        ],
        backchannel=backchannel,
        note=noter(journal, staff),
        who=staff.shown,
        chapters=chapters,
        break_glass=glass,
        viewing=drawing.viewing(link, journal.log, http),
        beside=drawing.drawn_by(work, link.pseudonyms.learn) if work else None,
        look=looking(consulting.consulting_node(link, journal.log, http, journal.key)),
        todays_clients=todays_clients(door, link.roster, now, own_groups(link.party.kind, glass.rules)),
        changes=consents.changes(link),
        now=now,
    )


def client_site(
    link: Link, journal: Journal, chapters: Sequence[Chapter[ClientSession]] = (), wards: Wards = nobody
) -> ClientSite:
    """The client's site of this node; only when `client_login.issuer` is set."""
    login = link.chosen.client_login
    if {login.least_assurance, *login.levels.values()} - set(LEVELS):
        raise SettingsRefused(f"{link.path}: client_login: levels are {', '.join(LEVELS)}")
    return ClientSite(
        Parts(
            party=link.party,
            base_url=link.chosen.node.base_url,
            issuer=Issuer(
                login.issuer, login.client_id, _secret(link, login.client_secret_file), login.scope, hint=False
            ),
            note=noter(journal),
            now=now,
            wards=wards,
            chapters=chapters,
            claims=ClientClaims(
                login.bsn_claim, login.name_claim, login.assurance_claim, login.levels, login.least_assurance
            ),
        )
    )


def _secret(link: Link, file: str) -> str:
    return files.text(link.beside(file)) if file else ""

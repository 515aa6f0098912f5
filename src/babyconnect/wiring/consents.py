"""What a node does with her consents: the pages to register them, and what follows at once from a change in one."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

import structlog

from babyconnect.birthcare.access import Asker, Consent
from babyconnect.flows.consenting import Consenting
from babyconnect.flows.journal import Journal
from babyconnect.flows.watching import Changes
from babyconnect.network.consent import resources
from babyconnect.trust.sessions import Sessions
from babyconnect.web.client.session import ClientSession
from babyconnect.web.consents import client, staff
from babyconnect.web.site import Chapter
from babyconnect.wiring.link import Link, now

_log = structlog.get_logger(__name__)


def consenting(link: Link, journal: Journal) -> Consenting:
    return Consenting(link.party, link.desk, link.codes, link.pseudonyms, journal, now)


def staff_chapter(link: Link, journal: Journal) -> Chapter[Any]:
    return staff.chapter(consenting(link, journal), link.directory.party)


def client_chapter(link: Link, journal: Journal) -> Chapter[ClientSession]:
    return client.chapter(consenting(link, journal), link.directory.party, since_login)


def since_login(session: ClientSession) -> dt.timedelta:
    return dt.timedelta(seconds=max(0.0, time.monotonic() - session.started))


def changes(link: Link) -> Changes:
    return Changes(link.pseudonyms, link.consents.changes, link.consents.now)


def end_tokens_on_less(link: Link, sessions: Sessions) -> None:
    """From now on a withdrawal or an objection ends the tokens, bound to her, of whom it is about."""

    def less(pseudonym: str, provision: Consent) -> None:
        def concerned(asker: Asker) -> bool:
            return resources.addresses(provision, asker.ura, asker.kind)

        ended = sum(sessions.revoke_client(client, concerned) for client in link.roster.named_so(pseudonym))
        if ended:
            _log.info("tokens_ended", count=ended)

    link.consents.on_less(less)

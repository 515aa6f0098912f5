"""What a node does with her consents: the register's replica, and what follows at once from a change in it."""

from __future__ import annotations

import structlog

from babyconnect.birthcare.access import Asker, Consent
from babyconnect.network.consent import resources
from babyconnect.trust.sessions import Sessions
from babyconnect.wiring.link import Link

_log = structlog.get_logger(__name__)


def end_tokens_on_less(link: Link, sessions: Sessions) -> None:
    """From now on a withdrawal or an objection ends the tokens, bound to her, of whom it is about."""

    def less(pseudonym: str, provision: Consent) -> None:
        def concerned(asker: Asker) -> bool:
            return resources.addresses(provision, asker.ura, asker.kind)

        ended = sum(sessions.revoke_client(client, concerned) for client in link.roster.named_so(pseudonym))
        if ended:
            _log.info("tokens_ended", count=ended)

    link.consents.on_less(less)

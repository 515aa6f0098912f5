"""A logged-in client: who she is, and for whom she acts (trust.md §1; representation of a child by a parent).

The BSN stands in the session only, on our side: never in a page's address, a cookie, a log or an error.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from babyconnect.birthcare.identifiers import Bsn
from babyconnect.web.client.growing import GrowingPage
from babyconnect.web.login.sessions import Session, new_handle

MOST_GROWING = 4


@dataclass(frozen=True, slots=True)
class Authority:
    """Why somebody may act for another: its kind (`parent`, `guardian`), since when, and who says so."""

    kind: str
    since: dt.date
    source: str


@dataclass(frozen=True, slots=True)
class Represented:
    """Somebody for whom the client may act, and by what authority."""

    bsn: Bsn
    name: str
    birth_date: dt.date
    authority: Authority


Wards = Callable[[Bsn, dt.date], Awaitable[Sequence[Represented]]]
"""Everybody over whom this person has authority on a day.  Whether she may act for each of them by age is decided by
`web.client.representation`, which asks again at every change."""


SinceLogin = Callable[["ClientSession"], dt.timedelta]
"""How long ago a session's log-in was."""


@dataclass(kw_only=True)
class ClientSession(Session):
    """Pages show the record of `client`; what a page says of "you" is of `subject`.  `growing`: pages by handle that
    organisations are still answering for; they end with the session, and when she acts for somebody else."""

    subject: Bsn
    display: str
    loa: str
    represents: Represented | None = None
    wards: dict[str, Bsn] = field(default_factory=dict, repr=False)
    children: dict[str, str] = field(default_factory=dict, repr=False)
    growing: dict[str, GrowingPage] = field(default_factory=dict, repr=False)

    def act_for(self, ward: Represented | None) -> None:
        """From now on the record of somebody else, or her own again.

        A form of a page that was drawn before is taken no more: what she meant for her child would be done to herself.
        """
        if (ward and ward.bsn) != (self.represents and self.represents.bsn):
            self.secret = secrets.token_bytes(32)
            self.close()
        self.represents = ward

    def keep(self, page: GrowingPage) -> str:
        """A handle for a page that still grows; the oldest goes when there are too many."""
        while len(self.growing) >= MOST_GROWING:
            self.drop(next(iter(self.growing)))
        handle = new_handle()
        self.growing[handle] = page
        return handle

    def drop(self, handle: str) -> None:
        """The page of a handle is closed, if it is still there."""
        page = self.growing.pop(handle, None)
        if page is not None:
            page.close()

    def close(self) -> None:
        for handle in list(self.growing):
            self.drop(handle)

    @property
    def client(self) -> Bsn:
        """Whose record this session is about at this moment."""
        return self.represents.bsn if self.represents else self.subject

    @property
    def authority(self) -> Authority | None:
        return self.represents.authority if self.represents else None

"""Versions of the rules of which one administrator said that they are to hold; another must say so too (four eyes)."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import msgspec

from babyconnect.trust.policies import PROPOSALS, written

MOST_WAITING = 20


class Proposal(msgspec.Struct, frozen=True):
    """From `start` on `version` is to hold ("": the program's own).  `by`: who proposed it; `digest`: of its file."""

    id: str
    start: dt.date
    version: str
    by: str
    moment: dt.datetime
    digest: str


class Proposals:
    """Kept beside the versions themselves.  A list that cannot be read is an empty one: then nothing is confirmed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def waiting(self) -> tuple[Proposal, ...]:
        try:
            return msgspec.json.decode((self._folder / PROPOSALS).read_bytes(), type=tuple[Proposal, ...])
        except (OSError, msgspec.DecodeError):
            return ()

    def find(self, id: str) -> Proposal | None:
        return next((one for one in self.waiting() if one.id == id), None)

    def add(self, one: Proposal) -> None:
        """The oldest give way: a proposal that nobody confirmed for so long was none."""
        self._keep((*self.waiting(), one)[-MOST_WAITING:])

    def remove(self, id: str) -> None:
        self._keep(tuple(one for one in self.waiting() if one.id != id))

    def _keep(self, proposals: tuple[Proposal, ...]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        written(self._folder / PROPOSALS, msgspec.json.encode(proposals))

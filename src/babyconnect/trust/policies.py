"""The versions of one node's rules of access: kept as they came, activated from a day, never changed or removed.

A folder holds `<version>.json` per version and `activations.json`: which version holds from which day, with the SHA-256
of its file.  What was never replaced is the program's own version.  A file that is gone, unreadable, changed behind
our back or past its period yields no rules: everybody is refused until somebody repairs it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from babyconnect.trust import policy
from babyconnect.trust.policy import Invalid, Policy, Problem
from babyconnect.trust.rules import NOTHING, Rules, prepared, rules_on

ACTIVATIONS = "activations.json"
PROPOSALS = "proposals.json"
LISTS = (ACTIVATIONS, PROPOSALS)
MOST_VERSIONS = 1000


class Activation(msgspec.Struct, frozen=True):
    """From `start` on `version` holds.  `by`: the opaque id of the administrator; `confirmed`: of the second, where two
    are asked; `digest`: of the version's file."""

    start: dt.date
    version: str
    by: str
    moment: dt.datetime
    digest: str
    confirmed: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """One version that is kept: its document, or why it cannot be used."""

    version: str
    found: Policy | Invalid
    digest: str


Refusal = Literal["exists", "unknown", "past", "own", "same", "unlisted"]


class Policies:
    """One folder; rules are prepared once per day.  `moved` is called when others hold from now on."""

    def __init__(self, folder: Path, moved: Callable[[], None] = lambda: None) -> None:
        self._folder, self._moved = folder, moved
        self._prepared: dict[dt.date, Rules] = {}

    def on(self, day: dt.date) -> Rules:
        """The rules of a day; NOTHING when those that were activated cannot be used."""
        found = self._prepared.get(day)
        if found is None:
            if len(self._prepared) >= 16:
                self._prepared.clear()
            found = self._prepared[day] = self._rules(day)
        return found

    def versions(self) -> tuple[Kept, ...]:
        """Every version that was uploaded, the newest name last."""
        if not self._folder.is_dir():
            return ()
        names = sorted(path.stem for path in self._folder.glob("*.json") if path.name not in LISTS)
        return tuple(self.version(name) for name in names)

    def version(self, name: str) -> Kept:
        try:
            content = self._file(name).read_bytes()
        except (OSError, ValueError):
            return Kept(name, Invalid((Problem("absent"),)), "")
        found = policy.read(content)
        if isinstance(found, Policy) and found.version != name:
            found = Invalid((Problem("another_name"),))
        return Kept(name, found, hashlib.sha256(content).hexdigest())

    def activations(self) -> tuple[Activation, ...] | None:
        """In the order in which they were made; None when the list cannot be read."""
        try:
            content = (self._folder / ACTIVATIONS).read_bytes()
        except FileNotFoundError:
            return ()
        except OSError:
            return None
        try:
            return msgspec.json.decode(content, type=tuple[Activation, ...])
        except msgspec.DecodeError:
            return None

    def add(self, content: bytes, day: dt.date) -> Policy | Invalid | Refusal:
        """Keep a new version; nothing is in force by it yet.  A version's name is used once, ever."""
        found = policy.read(content)
        if isinstance(found, Invalid):
            return found
        own = policy.built_in(day)
        if own is not None and found.version == own.version:
            return "own"
        path = self._file(found.version)
        if path.exists() or len(self.versions()) >= MOST_VERSIONS:
            return "exists"
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        written(path, content)
        return found

    def may_hold(self, version: str, start: dt.date, today: dt.date) -> Refusal | None:
        """Whether this version can be made to hold from `start` (today or later).  "" is the program's own."""
        if start < today:
            return "past"
        if self.activations() is None:
            return "unknown"
        if version:
            kept = self.version(version)
            if isinstance(kept.found, Invalid) or not _holds(kept.found, start):
                return "unknown"
        return None

    def digest(self, version: str) -> str:
        return self.version(version).digest if version else ""

    def activate(  # noqa: PLR0917 - what, from when, by whom, when, and who confirmed it
        self, version: str, start: dt.date, by: str, moment: dt.datetime, today: dt.date, confirmed: str = ""
    ) -> Refusal | None:
        """From `start` this version holds; None when that is kept."""
        made, refused = self.activations(), self.may_hold(version, start, today)
        if refused or made is None:
            return refused or "unknown"
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        listed = [*made, Activation(start, version, by, moment, self.digest(version), confirmed)]
        written(self._folder / ACTIVATIONS, msgspec.json.encode(listed))
        self.forget()
        self._moved()
        return None

    def forget(self) -> None:
        """What was prepared is made again from the folder."""
        self._prepared.clear()

    def active(self, day: dt.date) -> Activation | None:
        """What was last decided to hold on a day; None: the program's own rules."""
        made = [one for one in self.activations() or () if one.start <= day]
        return max(enumerate(made), key=lambda pair: (pair[1].start, pair[0]))[1] if made else None

    def _rules(self, day: dt.date) -> Rules:
        if self.activations() is None:
            return NOTHING
        active = self.active(day)
        if active is None or not active.version:
            return rules_on(day)
        kept = self.version(active.version)
        if isinstance(kept.found, Invalid) or kept.digest != active.digest or not _holds(kept.found, day):
            return NOTHING
        return prepared(kept.found)

    def _file(self, version: str) -> Path:
        name = f"{version}.json"
        if name != Path(name).name or name in LISTS or version.startswith("."):
            raise ValueError("a version is a plain name")
        return self._folder / name


def _holds(found: Policy, day: dt.date) -> bool:
    return found.valid_from <= day and (found.valid_to is None or day <= found.valid_to)


def written(path: Path, content: bytes) -> None:
    """Whole or not at all, and on disk when this returns."""
    draft = path.with_suffix(".draft")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

"""A page that fills in while answers come: pieces with a version each, and everybody who looks on is told.

A fragment is a piece of the page with its own id.  Each keeps the version at which it last changed, so that a screen
that has version N gets only what changed since.  Nothing of it survives `clear`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Phase = Literal["asking", "complete", "fault", "closed"]


@dataclass(frozen=True, slots=True)
class Change:
    """What a screen must replace to be at `version`; `order`: all fragments that belong to the growing part."""

    version: int
    html: Mapping[str, str]
    order: tuple[str, ...]
    phase: Phase


@dataclass
class _Fragment:
    html: str
    version: int


@dataclass(kw_only=True)
class Filling:
    """The growing part: fragments whose names begin with `sectie-`, in the order in which they were last drawn."""

    phase: Phase = "asking"
    version: int = 0
    fragments: dict[str, _Fragment] = field(default_factory=dict)
    _drawn: tuple[Phase, Mapping[str, str]] | None = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, drawn: Mapping[str, str]) -> None:
        """The page as it is now; nothing happens when that is what it was."""
        if self._drawn == (self.phase, drawn):
            # A version per answer would count the sources that refused.
            return
        self._drawn = (self.phase, drawn)
        self.version += 1
        kept = self.fragments
        self.fragments = {
            name: kept[name] if name in kept and kept[name].html == html else _Fragment(html, self.version)
            for name, html in drawn.items()
        }
        self.announce()

    def clear(self) -> None:
        """Forgets everything, and is closed."""
        self.phase = "closed"
        self.fragments, self._drawn = {}, None
        self.version += 1
        self.announce()

    def announce(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def changed(self) -> None:
        """Returns at the next announcement."""
        await self._changed.wait()

    @property
    def settled(self) -> bool:
        return self.phase != "asking"

    def html(self, name: str) -> str:
        return self.fragments[name].html

    def since(self, version: int) -> Change:
        """Everything that changed after a version."""
        newer = {name: part.html for name, part in self.fragments.items() if part.version > version}
        return Change(self.version, newer, self.order(), self.phase)

    def order(self) -> tuple[str, ...]:
        return tuple(name for name in self.fragments if name.startswith("sectie-"))

    async def beyond(self, version: int) -> None:
        """Returns when there is something newer than `version`, or nothing more will come."""
        while self.version <= version and not self.settled:
            await self.changed()

    async def end(self) -> None:
        """Returns when it is complete, or will not become so."""
        while not self.settled:
            await self.changed()

"""An opened record as text, state by state: consult, merge, view and drawing in one, in whichever process has room.

Between two processes of a node only what changed since the last state is sent.  What a record holds stays where it was
drawn, for as long as it is being drawn.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Person
from babyconnect.delivery.files import in_view
from babyconnect.delivery.view import File
from babyconnect.flows.viewing import Declared, Sources, Viewing
from babyconnect.web.rendering import Pages
from babyconnect.web.viewer.fragments import Drawer


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose record, for whom, in which language; `declared`: opened in an emergency."""

    bsn: Bsn
    person: Person
    language: str
    declared: Declared | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """One state: every piece of the page by its name, in order, what the bar over it says, and the files that may be
    asked for by what stands there."""

    fragments: Mapping[str, str]
    sources: Sources
    files: Mapping[str, File] = field(default_factory=dict)


Fill = Callable[[Wanted], AsyncIterator[Drawn]]


class Drawing:
    """Opens records in this process and draws them."""

    def __init__(self, viewing: Viewing[Any], pages: Pages) -> None:
        self._viewing, self._pages = viewing, pages

    async def open(self, wanted: Wanted) -> AsyncGenerator[Drawn, None]:
        """States of one record, the last one complete.  Whoever stops listening stops the asking."""
        drawer = Drawer(self._pages, wanted.language, wanted.bsn.value, opens=True)
        async with contextlib.aclosing(self._viewing.open(wanted.bsn, wanted.person, wanted.declared)) as states:
            async for shown in states:
                phase = "complete" if shown.complete else "asking"
                yield Drawn(drawer.fragments(shown, phase), shown.sources, in_view(shown.view))


@dataclass(frozen=True, slots=True)
class Step:
    """What differs from the state before: pieces by name, and the names of all, in order."""

    changed: dict[str, str]
    names: tuple[str, ...]
    sources: Sources
    files: dict[str, File] = field(default_factory=dict)


@dataclass
class Sending:
    """Makes steps of the states of one record."""

    _sent: dict[str, str] = field(default_factory=dict)

    def step(self, drawn: Drawn) -> Step:
        changed = {name: html for name, html in drawn.fragments.items() if self._sent.get(name) != html}
        self._sent = dict(drawn.fragments)
        return Step(changed, tuple(drawn.fragments), drawn.sources, dict(drawn.files))


@dataclass
class Receiving:
    """Makes states of the steps of one record."""

    _known: dict[str, str] = field(default_factory=dict)

    def drawn(self, step: Step) -> Drawn:
        known = {**self._known, **step.changed}
        self._known = {name: known[name] for name in step.names}
        return Drawn(self._known, step.sources, step.files)

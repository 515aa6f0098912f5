"""Answer: one interaction of the source API from the door to the bytes of a body.

What is withheld answers as if it were not there: an empty searchset, or nothing to read (domain §4, to the letter).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from babyconnect.birthcare.access import Asker
from babyconnect.flows import bundles
from babyconnect.flows.door import Bind, Door, History, Interaction, Read, Search, Session, Wire, Withheld
from babyconnect.store.contract import Form, Page, Stored

EMPTY = Page(b"", 0)


class Asked(NamedTuple):
    """Who asks what, and how it came."""

    session: Session
    interaction: Interaction
    wire: Wire


class Answered(NamedTuple):
    """A body; `stored` when it is one version of one resource; `released`: whether the door let this interaction in."""

    body: bytes
    stored: Stored | None = None
    released: bool = True


@dataclass(frozen=True, slots=True)
class ForNobody:
    """A session as it is for what was asked together with a client who was not released: it is bound to nobody, so all
    of it reads like an empty record, also where the token was bound to somebody before."""

    asker: Asker
    client: None = None
    episodes: frozenset[str] = frozenset()
    herself: None = None


async def search(door: Door, asked: Asked, base: str, self_url: str, next_url: Callable[[str], str]) -> Answered:
    """A searchset for a Search or Bind."""
    released = await _release(door, asked)
    page = released if isinstance(released, Page) else EMPTY
    links = [("self", self_url)]
    if page.next:
        links.append(("next", next_url(page.next)))
    return Answered(bundles.searchset(page, base, links, _json(asked.interaction.form)), released=page is released)


async def read(door: Door, asked: Asked) -> Answered | None:
    """One resource or version; None when there is none for this asker."""
    found = await _release(door, asked)
    if isinstance(found, Page) or not found:
        return None
    return Answered(bundles.document(found[0].content, _json(asked.interaction.form)), found[0])


async def history(door: Door, asked: Asked, base: str, self_url: str) -> Answered | None:
    """The versions of one resource; None when there is none for this asker."""
    found = await _release(door, asked)
    if isinstance(found, Page) or not found:
        return None
    return Answered(bundles.history(found, base, self_url, _json(asked.interaction.form)))


async def _release(door: Door, asked: Asked) -> Page | tuple[Stored, ...]:
    entry = await door.enter(asked.session, asked.interaction, asked.wire)
    return () if isinstance(entry, Withheld) else await entry.release()


def _json(form: Form) -> bool:
    return form.startswith("json")


__all__ = ["Answered", "Asked", "Bind", "ForNobody", "History", "Read", "Search", "Wire", "history", "read", "search"]

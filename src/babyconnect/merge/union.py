"""Sets that grow together (union-find), with a result that does not depend on the order of joining."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Generic, TypeVar

Member = TypeVar("Member", bound=Any)


class Groups(Generic[Member]):
    """Join members; `all()` gives the groups, each sorted, sorted by their first member."""

    def __init__(self, members: Iterable[Member]) -> None:
        self._parent: dict[Member, Member] = {member: member for member in members}

    def root(self, member: Member) -> Member:
        while self._parent[member] != member:
            self._parent[member] = self._parent[self._parent[member]]
            member = self._parent[member]
        return member

    def join(self, first: Member, second: Member) -> None:
        low, high = sorted((self.root(first), self.root(second)))
        self._parent[high] = low

    def all(self) -> list[list[Member]]:
        groups: dict[Member, list[Member]] = {}
        for member in sorted(self._parent):
            groups.setdefault(self.root(member), []).append(member)
        return list(groups.values())

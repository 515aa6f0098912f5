"""What is known of a place in a record before it is made."""

from __future__ import annotations

from dataclasses import dataclass, field

from babyconnect.translate.to_ada.draft import Node


@dataclass(slots=True)
class Wish:
    """What is known of a place before it is made.

    `fixed`: this concept's occurrence is that node; `led`: a concept's occurrence is the one whose reference `via`
    leads to a node; `beside`: something in that occurrence refers to the element.
    """

    fixed: dict[str, Node] = field(default_factory=dict)
    led: list[tuple[str, str, Node]] = field(default_factory=list)
    beside: list[tuple[str, Node]] = field(default_factory=list)

    def leading(self, concept: str) -> list[tuple[str, Node]]:
        return [(via, node) for within, via, node in self.led if within == concept]

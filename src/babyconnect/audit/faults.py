"""What an append comes to: a receipt, or a fault that must yield zero bytes to whoever asked (trust.md §7)."""

from __future__ import annotations

from typing import NamedTuple


class AuditFault(Exception):
    """The log could not make an event durable (or refuses since it once could not): release nothing."""


class Receipt(NamedTuple):
    """Where an event lies: its place in the chain and the chain's hash there, as hex."""

    seq: int
    hash: str

"""Publish: recognise → translate → check → identity → labels → index → store; all or nothing per input."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from babyconnect.flows.findings import Report
from babyconnect.store.contract import Writer

Index = Callable[[Mapping[str, Any]], Mapping[str, tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class Input:
    """What is published: a file or folder, or bytes that came in by the intake (`content`), with the name to show."""

    name: str
    path: Path | None = None
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class PublishingNode:
    """What publishing needs of a node.

    `secret` keys the opaque ids (32 bytes, per tenant).  `tenant`: the URN under which the source's own ids are kept
    (`urn:babyconnect:tenant:<ura>`).  `today` and `now` come from the wiring: no clock is read here.
    `bsns`: BSN per source Patient id, from `organisation.toml`.  `dates`: fixed dates for relative ones (`T` →
    2026-01-31), only of published fixtures.
    """

    writer: Writer
    secret: bytes
    tenant: str
    index: Index
    now: Callable[[], dt.datetime]
    bsns: Mapping[str, str] = field(default_factory=dict)
    dates: Mapping[str, dt.date] = field(default_factory=dict)
    limit: int = 20_000_000


async def publish(inputs: Iterable[Input], node: PublishingNode) -> Report:
    """Publish each input, whole or not at all; a refused one leaves the others unharmed."""
    raise NotImplementedError

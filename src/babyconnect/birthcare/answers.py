"""What one source answered in a consult; the merge and the screens work from these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from babyconnect.birthcare.parties import Party

Status = Literal["answered", "refused", "unreachable", "timed_out", "invalid"]


@dataclass(frozen=True, slots=True)
class SourceAnswer:
    """One source's part.  `reason` is for the operator's log and the client, never for the asker's screen.

    `resources`: plain STU3 JSON resources of this source, ids as the source gives them (unique within the source).
    `milliseconds`: from the consult's start until this answer was whole.
    `client`: the id of the Patient to which the holder bound the token (found by BSN): proof for linking where the BSN
    itself is masked or absent; "" when the source did not say.
    """

    source: Party
    status: Status
    resources: tuple[Mapping[str, Any], ...] = ()
    milliseconds: float = 0.0
    reason: str = ""
    client: str = ""


@dataclass(frozen=True, slots=True)
class LogAnswer:
    """What one holder told a client of its log about her: R4 AuditEvents, the newest first, and how many there are."""

    source: Party
    status: Status
    events: tuple[Mapping[str, Any], ...] = ()
    total: int = 0
    reason: str = ""

"""What publishing found, and what came of each input: values that a report, an OperationOutcome or a log is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["error", "warning", "information"]
Status = Literal["published", "published with warnings", "already published", "refused"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found in an input.  `text` is one sentence without a client's data; `rule` is stable and testable."""

    severity: Severity
    place: str
    rule: str
    text: str


@dataclass(frozen=True, slots=True)
class InputReport:
    """What came of one input; `client` is the opaque Patient id of the woman whose record it is ("" when refused).

    `withdrawn`: how many items were taken back that an earlier delivery held and this one, which replaces it, does not.
    """

    name: str
    status: Status
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    findings: tuple[Finding, ...] = field(default=())
    client: str = ""
    withdrawn: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a batch."""

    inputs: Sequence[InputReport]

    def exit_code(self, strict: bool = False) -> int:
        """0 when everything was kept; 1 when an input was refused, or (strict) one carries a warning."""
        refused = any(i.status == "refused" for i in self.inputs)
        warned = any(f.severity == "warning" for i in self.inputs for f in i.findings)
        return 1 if refused or (strict and warned) else 0

    def text(self) -> str:
        """A line per input and an indented line per finding, for a terminal."""
        return "\n".join(line for i in self.inputs for line in _lines(i))


def _lines(report: InputReport) -> list[str]:
    counts = ""
    if report.status.startswith("published"):
        counts = f" ({report.created} created, {report.updated} updated, {report.unchanged} unchanged)"
        counts += f", {report.withdrawn} withdrawn" if report.withdrawn else ""
    head = f"{report.name}: {report.status}{counts}"
    return [head, *(f"  {f.severity} at {f.place or '-'} [{f.rule}] {f.text}" for f in report.findings)]

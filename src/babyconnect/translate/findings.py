"""What a translation says about itself: the resources, and each thing that could not be carried over as it stood.

Nothing is lost in silence: the original is kept by the publisher, and every element that a map does not cover is named
here with its place.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["error", "warning", "information"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark about one place in the source.

    `place`: path of elements, with the occurrence where it matters (`.../kind[2]/...`).  `line`: in the source, 0 when
    unknown.  `concept`: the data element's number or "".  `rule`: a closed list of words: `unknown-transaction`,
    `unknown-concept`, `unknown-code`, `unknown-system`, `not-mapped`, `unresolved-reference`, `name-mismatch`,
    `split`, `restored`, `masked`, `incomplete`, `bad-value`, `date`, `bsn`, `no-client`, `two-clients`, `no-child`,
    `ambiguous`, `deceased`, `withheld`, `not-carried`, `size`.
    `text`: one sentence, without clinical values.
    """

    severity: Severity
    place: str
    line: int
    concept: str
    rule: str
    text: str


@dataclass(frozen=True, slots=True)
class Translated:
    """STU3 resources with source-local ids, references among them as `Type/id`, and the findings in source order."""

    resources: list[dict[str, Any]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

"""What comes of reading an export: drafts, images, findings with their places, and what was filled."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from lxml import etree

from babyconnect.translate.findings import Severity
from babyconnect.translate.ultrasound.draft import Draft
from babyconnect.translate.ultrasound.images import Image, Sight

_MOST_TOLD = 100


@dataclass(frozen=True, slots=True)
class Told:
    """A finding before it is placed.  `source`: number of the place in the export."""

    severity: Severity
    source: int
    rule: str
    text: str


@dataclass(slots=True)
class Export:
    """What came out of an export: drafts, the images they speak of, findings; `places`: where each source stands."""

    sight: Sight
    today: dt.date
    drafts: list[Draft] = field(default_factory=list)
    images: dict[str, Image] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    counted: dict[str, int] = field(default_factory=dict)
    filled: set[tuple[str, str]] = field(default_factory=set)
    lost: set[tuple[str, str]] = field(default_factory=set)
    """Rows (level, path) that say something, and those of them that could not be used."""
    places: list[tuple[etree._Element, str]] = field(default_factory=list)

    def source(self, element: etree._Element, attribute: str = "") -> int:
        self.places.append((element, attribute))
        return len(self.places) - 1

    def place(self, source: int) -> tuple[str, int]:
        """Path and line of a source."""
        element, attribute = self.places[source]
        path = str(element.getroottree().getpath(element))[:300]
        line = element.sourceline if isinstance(element.sourceline, int) else 1
        return f"{path}/@{attribute}" if attribute else path, line

    def tell(self, severity: Severity, source: int, rule: str, text: str) -> None:
        """Errors each; of the rest a hundred of a kind, since a place costs a walk and nobody reads a thousand."""
        self.counted[rule] = self.counted.get(rule, 0) + 1
        if severity == "error" or self.counted[rule] <= _MOST_TOLD:
            more = " (and more of these, not told apart)" if self.counted[rule] == _MOST_TOLD else ""
            self.told.append(Told(severity, source, rule, text + more))

"""What the screen shows: the view model of one merged record, in Dutch (domain §5, §7; design principle 4).

Templates only place these values, they decide nothing.  Texts are ready to print; every text comes from a source or
from a table in `definitions/sections`.  `moment` fields are FHIR texts for sorting and `<time datetime>`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Tone = Literal["", "info", "warning", "danger", "mourning"]


@dataclass(frozen=True, slots=True)
class Badge:
    """A source beside a value.  `kind` is the `Kind` value (for an icon); `copy`: it holds a copy of another's."""

    ura: str
    name: str
    kind: str
    copy: bool = False


@dataclass(frozen=True, slots=True)
class Flag:
    """A mark on a line or header value: `code` for style and tests, `text` for people."""

    code: str
    text: str
    tone: Tone = "info"


@dataclass(frozen=True, slots=True)
class Detail:
    """One more value of a line.  `group` is "" for what belongs to the fact.

    Other groups: `Herkomst en codes` (identifiers, codes, ties) and `Overige gegevens` (what no table knows).
    """

    label: str
    text: str
    group: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """An image or document that is asked of its source when somebody opens it.

    `key` names it on the screen.  `image`: shown in the page, else handed over as a file of this `kind`.  `ura`,
    `type`, `id`, `place`, `about`: where it lies, and whom the source said it is about.
    """

    key: str
    title: str
    image: bool
    kind: str
    when: str
    moment: str
    source: str
    ura: str
    type: str
    id: str
    place: int
    about: str


@dataclass(frozen=True, slots=True)
class Line:
    """One fact.  `id` is an HTML anchor (timeline, conflicts and gaps point to it).

    Here and below: `discreet` is hidden in shared-screen mode, `unprinted` is on no paper.
    """

    id: str
    label: str
    text: str
    when: str
    moment: str
    author: str
    sources: tuple[Badge, ...]
    details: tuple[Detail, ...] = ()
    flags: tuple[Flag, ...] = ()
    discreet: bool = False
    unprinted: bool = False
    files: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a grid: several texts where several sources measured; `items` are the anchors of the full lines."""

    text: str = ""
    items: tuple[str, ...] = ()
    flags: tuple[Flag, ...] = ()
    discreet: bool = False
    unprinted: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    head: str
    moment: str
    cells: tuple[Cell, ...]
    sources: tuple[Badge, ...] = ()
    note: str = ""
    discreet: bool = False
    unprinted: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: visits (dates × measurements) or biometry.  `columns` head the cells, `head` the rows."""

    id: str
    title: str
    head: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """A percentile at a week of gestation; `text`: what was measured, when."""

    week: float
    percentile: float
    text: str


@dataclass(frozen=True, slots=True)
class Curve:
    """One measurement over time, of one fetus, by one reference curve ("" where no source says by which)."""

    name: str
    points: tuple[Point, ...]
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Growth:
    """A picture of growth; the same numbers stand in the table of biometry.  `references`: by which reference curves
    the percentiles are, "" among them where one is not named."""

    id: str
    curves: tuple[Curve, ...]

    @property
    def references(self) -> tuple[str, ...]:
        return tuple(sorted({curve.reference for curve in self.curves}))


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence of ours in both languages of the screen."""

    nl: str
    en: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to know about a part: a warning (`source`: whose it is), a contradiction (`claims`: who says what)."""

    code: str
    tone: Tone
    title: Said
    text: Said | None = None
    source: Said | None = None
    claims: tuple[Claim, ...] = ()
    discreet: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the record.  `parts` are sub-sections (a child, a visit, a previous pregnancy), never deeper than two.

    `empty` is the sentence to show when there is nothing, or "" when the section is then left out.  `facts` and
    `notices` stand above its lines.
    """

    id: str
    title: str
    lines: tuple[Line, ...] = ()
    grids: tuple[Grid, ...] = ()
    parts: tuple[Section, ...] = ()
    growth: tuple[Growth, ...] = field(default=(), kw_only=True)
    flags: tuple[Flag, ...] = ()
    empty: str = ""
    notices: tuple[Notice, ...] = ()
    facts: tuple[Fact, ...] = ()
    discreet: bool = False
    unprinted: bool = False

    @property
    def size(self) -> int:
        return len(self.lines) + sum(part.size for part in self.parts)


@dataclass(frozen=True, slots=True)
class Fact:
    """A value in the header or summary: `code` for style and tests (`due_date`, `gestation`, `rhesus_d`, …)."""

    code: str
    label: str
    text: str
    note: str = ""
    sources: tuple[Badge, ...] = ()
    flags: tuple[Flag, ...] = ()
    items: tuple[str, ...] = ()
    discreet: bool = False


@dataclass(frozen=True, slots=True)
class Header:
    """`name` is how she wants to be called; `legal_name` is "" when the same.  `facts` in the order to show.

    `discreet` lists the codes of facts that one key hides when others look along (G/P, history).  `line` is the slim
    line that stays on the screen: how far she is, what she is allergic to, what is uncertain.
    """

    name: str
    legal_name: str
    age: str
    birth_date: str
    facts: tuple[Fact, ...]
    discreet: tuple[str, ...] = ("gravidity_parity", "previous")
    line: tuple[Flag, ...] = ()


@dataclass(frozen=True, slots=True)
class Banner:
    """A sentence above everything (a death, an unproven link); `tone` `mourning` stops every congratulation.

    `english`: the sentence in English, where it is ours or a table's.
    """

    code: str
    text: str
    tone: Tone
    items: tuple[str, ...] = ()
    english: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """One side of a conflict."""

    text: str
    when: str
    sources: tuple[Badge, ...]
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dispute:
    """A conflict as shown: what it is about, about whom, and who says what."""

    code: str
    title: str
    about: str
    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """A gap as shown.  `reason` explains the rule or the failure; `citation` is the rule's source, or ""."""

    kind: str
    code: str
    text: str
    reason: str = ""
    citation: str = ""
    source: Badge | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the timeline; `gestation` is `12+3` or ""; `item` the anchor it points to; `subject` a name or ""."""

    day: str
    moment: str
    gestation: str
    text: str
    kind: str
    item: str
    subject: str
    sources: tuple[Badge, ...]
    discreet: bool = False
    unprinted: bool = False


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One source in the bar.  `state`: answered | unreachable | timed_out | invalid | busy; never refused."""

    ura: str
    name: str
    kind: str
    state: str
    text: str
    resources: int
    milliseconds: int


@dataclass(frozen=True, slots=True)
class Tab:
    """A pregnancy to choose from."""

    id: str
    title: str
    current: bool
    note: str


@dataclass(frozen=True, slots=True)
class View:
    """The whole screen.  `withheld` is the constant line: always there, always the same (domain §4)."""

    header: Header
    banners: tuple[Banner, ...]
    summary: tuple[Fact, ...]
    disputes: tuple[Dispute, ...]
    missing: tuple[Missing, ...]
    timeline: tuple[Moment, ...]
    sections: tuple[Section, ...]
    pregnancies: tuple[Tab, ...]
    sources: tuple[SourceLine, ...]
    withheld: str
    congratulate: bool

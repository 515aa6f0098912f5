"""One medication overview: medicines over sources, what their building blocks say, what contradicts, what is warned of.

The building blocks are those of the Dutch medication process (zib2017): agreement, administration agreement, use,
dispense request, dispense, administration.  Blocks of one treatment (*medicamenteuze behandeling*) belong together, and
so do blocks about one product.  Nothing is chosen between sources: every block keeps its own.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from babyconnect.birthcare.record import Origin, Stated

Role = Literal["agreement", "administration_agreement", "use", "request", "dispense", "administration"]
State = Literal["current", "paused", "planned", "unknown", "stopped", "given"]
Topic = Literal[
    "stopped_active", "not_used", "used_not_agreed", "used_otherwise", "dose", "duplicate", "duplicate_class", "allergy"
]
Level = Literal["contraindicated", "avoid", "caution", "no_objection"]
Phase = Literal["pregnancy", "lactation"]
When = Literal["now", "upcoming", "past", "undated"]


@dataclass(frozen=True, slots=True)
class Product:
    """What a medicine is: its name, its codes (`system|code`), and the codes of its substances (its ingredients)."""

    name: str
    codes: tuple[str, ...] = ()
    substances: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dose:
    """How much: as people read it; a day's amount and its unit where the source gave them as numbers."""

    text: str = ""
    per_day: Decimal | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """One building block of one source.

    `treatment`: the id of its medicamenteuze behandeling, or "".  `start`, `end`: days of use; `stated`: FHIR text of
    when it was agreed, noted or done.  `superseded`: a later block of the same treatment took its place.
    """

    item: str
    role: Role
    origins: tuple[Origin, ...]
    product: Product
    state: State
    treatment: str = ""
    start: dt.date | None = None
    end: dt.date | None = None
    stated: str = ""
    dose: Dose = Dose()
    as_agreed: bool | None = None
    superseded: bool = False


@dataclass(frozen=True, slots=True)
class Contradiction:
    """What sources say of a medicine that cannot all be so, or what a medicine and her allergies say.

    `kind`: of `duplicate_class`, the row of `definitions/medication/kinds.csv` in which both are.
    """

    topic: Topic
    values: tuple[Stated, ...]
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of a table of warnings: a code (of ATC also the beginning of one) in a phase, and what is said of it.

    `first`, `last`: gestational days, None is open; only of the phase pregnancy.
    """

    system: str
    code: str
    phase: Phase
    first: int | None
    last: int | None
    level: Level
    nl: str
    en: str
    source: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table of warnings with its own name and version, as every warning shows them."""

    name: str
    version: str
    rules: tuple[Rule, ...]
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class Exposure:
    """A rule that speaks of a medicine as it is used: now, later in this use, or earlier in this pregnancy.

    `days`: gestational days from and until which it applies to this use, where a due date is known.
    """

    rule: Rule
    when: When
    days: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the table says of one medicine.  `unjudged`: why it says nothing (`no_code`, `not_in_table`, `no_phase`:
    neither pregnant nor lately delivered, `not_used`: not in these), or "" when it was judged: then no exposure means
    that no row speaks of this time."""

    exposures: tuple[Exposure, ...] = ()
    unjudged: str = ""


@dataclass(frozen=True, slots=True)
class Medicine:
    """One medicine of one person over all sources.  `subject` is `woman` or a `Child.id`; `items` are all item ids."""

    id: str
    subject: str
    name: str
    state: State
    blocks: tuple[Block, ...]
    start: dt.date | None
    end: dt.date | None
    contradictions: tuple[Contradiction, ...]
    judgement: Judgement
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """All medicines; which table judged them; and her allergies that could not be compared with medicines."""

    medicines: tuple[Medicine, ...] = ()
    table: str = ""
    version: str = ""
    provisional: bool = False
    uncompared: tuple[Stated, ...] = ()

"""The merged record: what many sources say about one client, as frozen values (domain §7 and §8, design principle 4).

Nothing here is thrown away or corrected.  Every `Item` keeps every source that states it; a conflict is a value beside
the facts, never instead of them; what could not be linked is in `apart`, `possibly_same` or `warnings`.  A source that
refused leaves no trace at all: the asker is told nothing but the constant line (domain §4).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from babyconnect.birthcare.parties import Party

if TYPE_CHECKING:  # its parts are made of what stands here
    from babyconnect.birthcare.medication import Overview

SourceState = Literal["answered", "unreachable", "timed_out", "invalid"]
Topic = Literal[
    "blood_group",
    "rhesus_d",
    "rhesus_c",
    "allergy",
    "due_date",
    "gravidity",
    "parity",
    "multiple_pregnancy",
    "chorionicity",
    "death",
]


@dataclass(frozen=True, slots=True, order=True)
class Origin:
    """One source's statement of a fact.  `copy`: that source itself says that another organisation made it."""

    source: Party
    reference: str
    copy: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """One fact: a resource of the source that made it, and every source that states the same.

    `id` is stable for the same input and fit for an HTML anchor; `resource` is the original's STU3 JSON and `origins`
    starts with where it comes from.  `subject` is `woman`, a `Child.id`, a fetus (`fetus-…`), or `other` (organisations
    and the like); `pregnancy` is a `Pregnancy.id` or "".  `moment` is FHIR text (possibly partial) or "".
    `profiles` are the last parts of `meta.profile`; `codes` are `system|code` of its code, its own first.
    `focus` is the item id of what it is about (a procedure, a fetus), when that is supplied.  `variant_of`: the item id
    of which a source gives a version with the same identifier but another content: both are shown.
    `others` are the texts of the origins after the first: what they add (a performer, a note) must be shown too.
    `fact` and `kind` are the rows of `definitions/merge/facts.toml` that it states or is (pregnancy, birth, …), or "".
    """

    id: str
    type: str
    resource: Mapping[str, Any]
    origins: tuple[Origin, ...]
    subject: str = "woman"
    pregnancy: str = ""
    moment: str = ""
    profiles: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    focus: str = ""
    encounter: str = ""
    variant_of: str = ""
    others: tuple[Mapping[str, Any], ...] = ()
    fact: str = ""
    kind: str = ""

    @property
    def source(self) -> Party:
        """Who holds the original, as far as the answers tell."""
        return self.origins[0].source


@dataclass(frozen=True, slots=True)
class DueDate:
    """When she is due, by the rule that was followed.

    `method`: `ivf`, `crl`, `ultrasound`, `lmp`, `stated` (a source states it without a method).  `definitive`: a source
    calls it so.  `computed`: we calculated it from another fact, so the screen says *berekend*.
    """

    date: dt.date
    method: str
    definitive: bool
    computed: bool
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Gestation:
    """Gestational age in calendar days (Europe/Amsterdam) on a date."""

    on: dt.date
    days: int

    @property
    def weeks(self) -> int:
        return self.days // 7

    def __str__(self) -> str:
        return f"{self.days // 7}+{self.days % 7}"


@dataclass(frozen=True, slots=True)
class Stated:
    """A value as sources state it: the same value of several sources is one of these."""

    text: str
    origins: tuple[Origin, ...]
    items: tuple[str, ...]
    moment: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two or more values that cannot both be true.  `scope` is the pregnancy's or child's id, or "" for the woman."""

    topic: Topic
    scope: str
    values: tuple[Stated, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that is missing and should be known.

    `kind` `source`: a named organisation gave no (whole) answer for a technical reason, `code` says which
    (unreachable, timed_out, invalid).  `kind` `check`: an expected check is absent and was not declined, `code` is the
    row of `definitions/checks/expected.csv`.  `kind` `choice`: the screening choice is `not_offered` or `unknown`.
    `kind` `medicine`: no source tells of what is advised, `code` is the row of `definitions/medication/advised.csv`.
    """

    kind: Literal["source", "check", "choice", "medicine"]
    code: str
    text: str
    pregnancy: str = ""
    source: Party | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """A screening choice: `done`, `accepted`, `declined`, `does_not_want_to_know`, `not_offered` or `unknown`."""

    code: str
    value: str
    items: tuple[str, ...] = ()
    due: bool = True


@dataclass(frozen=True, slots=True)
class Blood:
    """Blood group and rhesus, always *niet voor transfusie*.  `value` is "" unless every source agrees.

    `rhesus_certain` is False on a conflict, without a stated value, or while a source that may know is missing.
    """

    group: tuple[Stated, ...]
    rhesus_d: tuple[Stated, ...]
    rhesus_c: tuple[Stated, ...]
    rhesus_certain: bool


@dataclass(frozen=True, slots=True)
class Death:
    """`reported`: some source says so.  `disputed`: another source shows life after it, or an other moment."""

    reported: bool = False
    disputed: bool = False
    stated: tuple[Stated, ...] = ()


@dataclass(frozen=True, slots=True)
class Child:
    """One child of a pregnancy, or one that could not be linked to a pregnancy (`pregnancy` == "").

    `evidence` says why the sources' children are one (`bsn`, `identifier`, `birth_time`, `weight`, `sex`, `only_child`)
    or is empty when one source knows the child.  `mother_by`: `relatedPerson`, `partOf`, `context`, `birthDate`, "".
    `persons` and `births` are item ids.  `linked` is False when children of several sources were ambiguous.
    """

    id: str
    pregnancy: str
    name: str
    sex: str
    born: str
    persons: tuple[str, ...]
    births: tuple[str, ...]
    origins: tuple[Origin, ...]
    evidence: tuple[str, ...] = ()
    mother_by: str = ""
    linked: bool = True
    death: Death = Death()


@dataclass(frozen=True, slots=True)
class Pregnancy:
    """One pregnancy over all organisations.

    `merged_by` says why the sources' pregnancies are one (`due_date`, `last_menstruation`), empty when one source knows
    it.  `start` and `end` are the earliest and latest day of its episodes and births.  `ended` is the day it ended.
    """

    id: str
    sources: tuple[Party, ...]
    merged_by: tuple[str, ...]
    active: bool
    start: dt.date | None
    end: dt.date | None
    ended: dt.date | None
    due: DueDate | None
    gestation: Gestation | None
    gravidity: tuple[Stated, ...] = ()
    parity: tuple[Stated, ...] = ()
    multiple: tuple[Stated, ...] = ()
    chorionicity: tuple[Stated, ...] = ()
    children: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class PossiblySame:
    """Two pregnancies that may be one; shown, never merged.  `because` is a code with a text in the view."""

    first: str
    second: str
    because: str


@dataclass(frozen=True, slots=True)
class Warning_:
    """Something the reader must know about the linking itself.  `code` has its Dutch text in the view's tables."""

    code: str
    items: tuple[str, ...] = ()
    sources: tuple[Party, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """One moment on the timeline: the day, and the item it is about."""

    day: dt.date
    moment: str
    kind: str
    item: str
    pregnancy: str
    subject: str


@dataclass(frozen=True, slots=True)
class Woman:
    """The client.  `persons` are the item ids of her Patient resources, the richest first."""

    name: str
    chosen_name: str
    birth_date: dt.date | None
    age: int | None
    languages: tuple[str, ...]
    persons: tuple[str, ...]
    death: Death = Death()
    avoid_mother: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """How one source fared.  A source that refused is not in the record."""

    source: Party
    state: SourceState
    resources: int
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Apart:
    """Another person's resources, or the same woman's without proof: shown apart, never mixed in."""

    source: Party
    name: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """The whole.  `items` is in a fixed order; `current` is the id of the pregnancy to open the screen with, or ""."""

    today: dt.date
    woman: Woman | None
    pregnancies: tuple[Pregnancy, ...]
    current: str
    children: tuple[Child, ...]
    items: tuple[Item, ...]
    blood: Blood
    allergies: tuple[Stated, ...]
    conflicts: tuple[Conflict, ...]
    gaps: tuple[Gap, ...]
    possibly_same: tuple[PossiblySame, ...]
    warnings: tuple[Warning_, ...]
    timeline: tuple[Event, ...]
    sources: tuple[Answered, ...]
    apart: tuple[Apart, ...]
    duplicates_folded: int
    medication: Overview

    def counts(self) -> dict[str, int]:
        """What `babyconnect demo --check` prints under `record`."""
        return {
            "pregnancies": len(self.pregnancies),
            "children": len(self.children),
            "items": len(self.items),
            "duplicates_folded": self.duplicates_folded,
            "conflicts": len(self.conflicts),
            "gaps": len(self.gaps),
        }

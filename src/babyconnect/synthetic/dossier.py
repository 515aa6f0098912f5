"""What one organisation recorded about one pregnancy of one client: the input of the writers of formats.

Facts are named by the rows of `facts.csv`, coded values by the rows of `codes.csv`; a writer knows formats, never
medicine, and a recorder (`synthetic.recording`) knows medicine, never formats.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Literal

from babyconnect.synthetic.course import Child, Course
from babyconnect.synthetic.organisations import Organisation, Professional
from babyconnect.synthetic.people import Woman

Moment = dt.date | dt.datetime


def on_day(when: Moment) -> dt.date:
    """The day of a moment."""
    return when.date() if isinstance(when, dt.datetime) else when


Value = float | int | str | bool | dt.date | dt.datetime


@dataclass(slots=True)
class Encounter:
    """A contact; `type` is a key of codes.csv, `setting` an ActCode (AMB, HH, IMP, EMER)."""

    id: str
    when: Moment
    type: str
    setting: str
    by: Professional
    child: int = 0


@dataclass(slots=True)
class Fact:
    """One fact, `key` of facts.csv.  `fetus` or `child`: the rank it is about.  `method`: a key of codes.csv.

    `made_by`: the organisation that made it, where this one only copied it.  `laboratory`: the number under which a
    laboratory sent the same result to several organisations.
    """

    key: str
    value: Value
    when: Moment | None = None
    encounter: Encounter | None = None
    fetus: int = 0
    child: int = 0
    method: str = ""
    made_by: Organisation | None = None
    laboratory: str = ""
    note: str = ""


@dataclass(slots=True)
class Pressure:
    """A blood pressure."""

    systolic: int
    diastolic: int
    when: Moment
    encounter: Encounter | None = None


@dataclass(slots=True)
class Problem:
    """A disorder.  `about`: pregnancy, labour, child (then `child` is its rank), history."""

    id: str
    code: str
    start: dt.date | None
    about: str = "pregnancy"
    end: dt.date | None = None
    child: int = 0
    note: str = ""
    day: int = 0


@dataclass(slots=True)
class Act:
    """A procedure that was done, or not done for the reason of that code."""

    code: str
    when: Moment
    about: str = "pregnancy"
    not_done: str = ""
    child: int = 0
    by: Professional | None = None
    note: str = ""
    scan: int = 0


@dataclass(slots=True)
class Scan:
    """An ultrasound with its own facts; `code` of codes.csv."""

    code: str
    when: Moment
    facts: list[Fact]
    conclusion: str = ""


@dataclass(slots=True)
class Referral:
    """A hand-over to another organisation."""

    when: dt.date
    to: Organisation
    reason: str


@dataclass(slots=True)
class Medicine:
    """A block of the medication process; `key` is a row of medicines.csv, `noted` the day it was agreed or told.

    `treatment`: what tells the blocks of one treatment at this organisation; "" where it has no number of it.
    """

    key: str
    role: Literal["agreement", "use", "administration"]
    noted: dt.date
    start: dt.date
    end: dt.date | None = None
    taken: bool = True
    treatment: str = ""


@dataclass(slots=True)
class Dossier:
    """One organisation's record of one pregnancy (`course`), or of the woman alone (`course` is None).

    `number` is the client's number here, `episode` the episode's; both mean nothing elsewhere.  `children` are those it
    knows of; `born_here` says that it recorded the birth itself.  `hospital` is where the birth was, if in one.
    `planned`: days on which she is expected after today.  `told_by`: who told it of the birth that it did not attend.
    """

    organisation: Organisation
    woman: Woman
    course: Course | None
    number: str
    episode: str
    start: dt.date
    end: dt.date | None
    manager: Professional
    gravidity: int = 0
    parity: int = 0
    encounters: list[Encounter] = field(default_factory=list)
    pressures: list[Pressure] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    scans: list[Scan] = field(default_factory=list)
    referrals: list[Referral] = field(default_factory=list)
    children: list[Child] = field(default_factory=list)
    born_here: bool = False
    hospital: Organisation | None = None
    allergies: list[str] = field(default_factory=list)
    medicines: list[Medicine] = field(default_factory=list)
    others: list[Organisation] = field(default_factory=list)
    managers: list[tuple[Professional, dt.date]] = field(default_factory=list)
    planned: list[dt.date] = field(default_factory=list)
    told_by: Organisation | None = None
    note: str = ""

    @property
    def id(self) -> str:
        """The name of the record among this organisation's records."""
        return f"{self.number}-{self.episode}"

    def facts_of(self, *keys: str) -> list[Fact]:
        return [fact for fact in self.facts if fact.key in keys]

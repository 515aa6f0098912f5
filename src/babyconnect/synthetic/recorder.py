"""What every recorder of a pregnancy has at hand: who she is, what is true, who is there, and the dossiers opened."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from babyconnect.birthcare.parties import Role
from babyconnect.synthetic.chance import Chance
from babyconnect.synthetic.course import Course
from babyconnect.synthetic.dossier import Dossier
from babyconnect.synthetic.figures import assumption
from babyconnect.synthetic.organisations import Network, Organisation
from babyconnect.synthetic.population import Client


@dataclass(slots=True)
class Recording:
    """What is at hand while a pregnancy is being recorded.  `stated_period`: the last menstruation as she tells it."""

    client: Client
    course: Course
    network: Network
    today: dt.date
    chance: Chance
    episode: str
    stated_period: dt.date
    dossiers: list[Dossier] = field(default_factory=list)

    def has(self, flag: str) -> bool:
        return flag in self.client.woman.flags

    def happens(self, flag: str, key: str) -> bool:
        """A special case's flag, or for others chance at an assumed rate."""
        drawn = self.chance.yes(assumption(key))
        return self.has(flag) or (drawn and not self.client.woman.key)

    def open(self, organisation: Organisation, start: dt.date, end: dt.date | None, *roles: Role) -> Dossier:
        number = f"{organisation.number:02d}{self.client.woman.index:06d}"
        managers = organisation.with_role(*roles)
        dossier = Dossier(
            organisation,
            self.client.woman,
            self.course,
            number,
            self.episode,
            start,
            end if end and end <= self.today else None,
            self.chance.one(managers),
            self.course.gravidity,
            self.course.parity,
        )
        self.dossiers.append(dossier)
        return dossier

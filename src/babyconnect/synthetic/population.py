"""A region of women: the special cases first, then as many by chance as asked.

`region` yields what is true; what organisations recorded of it is `synthetic.recording`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from babyconnect import definitions
from babyconnect.birthcare.parties import Kind
from babyconnect.synthetic.chance import Chance
from babyconnect.synthetic.course import Course, draw_course
from babyconnect.synthetic.figures import assumption
from babyconnect.synthetic.labour import give_birth
from babyconnect.synthetic.organisations import Network, Organisation, published
from babyconnect.synthetic.people import Blood, Woman, draw_woman


@dataclass(slots=True)
class Client:
    """One woman with everything true about her.  `courses` in order of time; none: preconception care only.

    `consent`: all, none_recorded, objection, limited, withdrawn.  `names_shielded`: she opened the shielded
    groups of infections and genetics (HIV, NIPT) to midwives and hospitals by name.
    """

    woman: Woman
    practice: Organisation
    hospital: Organisation
    courses: list[Course] = field(default_factory=list)
    consent: str = "all"
    names_shielded: bool = True


def special_cases() -> list[dict[str, Any]]:
    return list(definitions.document("synthetic/special_cases.toml")["case"])


def region(women: int, seed: int, today: dt.date, network: Network | None = None) -> Iterator[Client]:
    """`women` clients; the same arguments give the same clients.  `women` counts the special cases."""
    chosen = network or Network(published())
    for index in range(women):
        yield client(index, women, seed, today, chosen)


def client(index: int, women: int, seed: int, today: dt.date, network: Network) -> Client:
    """The client with this index; each is drawn by herself, so any process can draw any client."""
    chance = Chance(seed, index)
    woman = draw_woman(chance, index, today)
    case = special_cases()[index] if index < len(special_cases()) else None
    practice = _practice(chance, network, case)
    hospitals = network.of_kind(Kind.HOSPITAL)
    hospital = network.hospital_of(practice)
    if case is None and not chance.yes(0.88):
        hospital = chance.weighed({h: h.weight for h in hospitals})
    woman.town = practice.town
    if case:
        _be(woman, case, today)
    found = Client(woman, practice, hospital, consent=_consent(chance, woman))
    found.names_shielded = chance.yes(assumption("consent.shielded")) or "consent_all" in woman.flags
    if case is None and chance.yes(assumption("preconception")):
        return found
    course = draw_course(chance, woman, today, case["stage"] if case else None, case["parity"] if case else None)
    _mature(woman, course)
    if course.outcome == "birth":
        give_birth(chance, woman, course, women)
    if course.parity and not woman.key and chance.yes(assumption("earlier_pregnancy_recorded")):
        found.courses.append(_earlier(chance, woman, course, women))
    found.courses.append(course)
    return found


def _practice(chance: Chance, network: Network, case: dict[str, Any] | None) -> Organisation:
    practices = network.of_kind(Kind.MIDWIFERY_PRACTICE)
    by_chance = chance.weighed({p: p.weight for p in practices})
    return (network.get(case["practice"]) if case else None) or by_chance


def _mature(woman: Woman, course: Course) -> None:
    """Nobody has three children at sixteen: her age fits the number of births."""
    youngest = 17 + 2 * course.parity
    if not woman.key and (course.last_period - woman.born).days < youngest * 365.25:
        woman.born = course.last_period - dt.timedelta(days=int(youngest * 365.25) + woman.index % 300)


def _earlier(chance: Chance, woman: Woman, later: Course, women: int) -> Course:
    """The pregnancy before; it was ordinary and is over."""
    gap = chance.number(250, 1300)
    end_before = later.last_period - dt.timedelta(days=gap)
    unflagged = replace(woman, flags=frozenset())
    course = draw_course(chance, unflagged, end_before, -1, later.parity - 1)
    course.gravidity = min(course.gravidity, later.gravidity - 1)
    give_birth(chance, unflagged, course, women)
    for child in course.children:
        child.bsn = None
    return course


def _be(woman: Woman, case: dict[str, Any], today: dt.date) -> None:
    """Makes her the special case of this row."""
    woman.key, woman.flags = case["key"], frozenset(case["flags"]) | {case["key"]}
    woman.given, woman.prefix, woman.family, woman.called = case["given"], "", case["family"], ""
    woman.born = today - dt.timedelta(days=int((case["born_years_ago"] + 0.4) * 365.25))
    has = woman.flags.__contains__
    woman.has_gp = has("gp")
    woman.secret_address = has("secret_address")
    woman.bsn = None if has("no_bsn") else woman.bsn
    woman.sex = "M" if has("male") else "F"
    if has("male"):
        woman.given, woman.called = "Sanne", case["given"]
    woman.partner = "" if has("no_partner") else (woman.partner or "Bas")
    woman.partner_family = woman.partner_family or "Kok"
    woman.blood = Blood(
        "a" if has("showcase") else "o",
        not has("rhesus_negative"),
        True,
        hepatitis_b=has("hepatitis_b"),
        known=not has("rhesus_unknown"),
    )
    woman.allergy = "antibiotica" if has("showcase") or has("showcase_born") else ""


def _consent(chance: Chance, woman: Woman) -> str:
    kinds = ("all", "none_recorded", "objection", "limited", "withdrawn")
    drawn = chance.weighed({kind: assumption(f"consent.{kind}") for kind in kinds})
    for flag, kind in (
        ("consent_all", "all"),
        ("no_consent", "none_recorded"),
        ("objection", "objection"),
        ("withdrawn", "withdrawn"),
        ("no_bsn", "none_recorded"),
    ):
        if flag in woman.flags:
            return kind
    return "none_recorded" if woman.bsn is None else drawn

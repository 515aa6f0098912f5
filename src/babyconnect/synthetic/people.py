"""Who a synthetic woman is: names, address, numbers.  Test BSNs only.

The test range is `9999xxxxx` (domain description §2).  About 9,000 numbers of it pass the eleven-check, so a region of
more women than that cannot have a number of the range for each: from there on numbers of `9998xxxxx` (then `9997…`) are
used, which `Summary.bsns_outside_test_range` counts.  Whoever needs strictly the range makes at most 8,500 women.
`9999000xx`-`999900999` is left free: published examples use numbers there.
"""

from __future__ import annotations

import datetime as dt
import functools
from dataclasses import dataclass, field

from babyconnect import definitions
from babyconnect.birthcare.identifiers import passes_eleven_check
from babyconnect.synthetic.chance import Chance
from babyconnect.synthetic.figures import assumption


@dataclass(slots=True)
class Blood:
    """What her blood is in truth; `known` is False for who arrives without any result."""

    group: str = "o"
    rhesus_d: bool = True
    rhesus_c: bool = True
    antibody: str = ""
    hepatitis_b: bool = False
    hiv: bool = False
    known: bool = True


@dataclass(slots=True)
class Woman:
    """A client.  `given` is her first name, `called` the name in use when another; `sex` is the registered one (F, M).

    `height` in cm and `weight` in kg are from before pregnancy.  `key` names the special case she is; `flags` what must
    be true of her (see `special_cases.toml`).
    """

    index: int
    given: str
    family: str
    born: dt.date
    bsn: str | None
    key: str = ""
    flags: frozenset[str] = frozenset()
    called: str = ""
    prefix: str = ""
    sex: str = "F"
    partner: str = ""
    partner_family: str = ""
    street: str = ""
    house: int = 1
    postcode: str = ""
    town: str = ""
    phone: str = ""
    language: tuple[str, str] = ("nl", "Nederlands")
    secret_address: bool = False
    blood: Blood = field(default_factory=Blood)
    allergy: str = ""
    asthma: bool = False
    smokes: bool = False
    has_gp: bool = False
    height: int = 168
    weight: int = 65

    @property
    def initials(self) -> str:
        return "".join(part[0] + "." for part in self.given.split())

    @property
    def surname(self) -> str:
        return f"{self.prefix} {self.family}".strip()

    @property
    def display(self) -> str:
        return f"{self.called or self.given} {self.surname}"


@functools.cache
def _test_numbers(prefix: str, first: int) -> tuple[str, ...]:
    return tuple(n for n in (f"{prefix}{tail:05d}" for tail in range(first, 100_000)) if passes_eleven_check(n))


@functools.cache
def _numbers() -> tuple[str, ...]:
    return _test_numbers("9999", 1000) + _test_numbers("9998", 0) + _test_numbers("9997", 0)


def woman_bsn(index: int) -> str:
    """Women take numbers from the start of the test range, each her own."""
    return _numbers()[index]


def child_bsn(index: int, women: int) -> str:
    """A mother's first child takes a number from the end of the range while women leave room, else from beyond it."""
    in_range = len(_test_numbers("9999", 1000))
    if 2 * women <= in_range:
        return _numbers()[in_range - 1 - index]
    return _numbers()[-1 - index]


def in_test_range(bsn: str) -> bool:
    return bsn.startswith("9999")


def draw_woman(chance: Chance, index: int, today: dt.date) -> Woman:
    """A woman by chance.  Her age at birth of a child is set later, with the pregnancy, from her year of birth here."""
    lists = definitions.document("synthetic/names.toml")
    age_days = int(min(45.5, max(16.5, chance.normal(31.4, 4.8))) * 365.25)
    woman = Woman(
        index,
        chance.one(lists["women"]),
        chance.one(lists["family"]),
        today - dt.timedelta(days=age_days),
        woman_bsn(index),
    )
    woman.prefix, woman.family = _split_prefix(woman.family, lists["prefixes"])
    if chance.yes(assumption("without_bsn")):
        woman.bsn = None
    if chance.yes(assumption("male_client")):
        woman.sex = "M"
    if chance.yes(assumption("chosen_name")):
        woman.called = chance.one(lists["women"])
    if not chance.yes(assumption("without_partner")):
        woman.partner, woman.partner_family = chance.one(lists["men"]), chance.one(lists["family"])
    _live_somewhere(chance, woman, lists)
    woman.blood = draw_blood(chance)
    woman.allergy = (
        chance.one(("antibiotica", "antibiotica", "latex", "jodium")) if chance.yes(assumption("allergy")) else ""
    )
    woman.asthma = chance.yes(assumption("asthma"))
    woman.height, woman.weight = chance.number(156, 182), chance.number(54, 88)
    woman.smokes = chance.yes(assumption("smoking"))
    woman.has_gp = chance.yes(assumption("own_gp_in_region"))
    return woman


def _split_prefix(family: str, prefixes: list[str]) -> tuple[str, str]:
    for prefix in prefixes:
        if family.startswith(prefix + " "):
            return prefix, family[len(prefix) + 1 :]
    return "", family


def _live_somewhere(chance: Chance, woman: Woman, lists: dict[str, list]) -> None:
    woman.street, woman.house = chance.one(lists["streets"]), chance.number(1, 240)
    woman.postcode = f"9999X{'ABCDEFGHJKLMNPRSTUVWXZ'[chance.number(0, 20)]}"
    woman.phone = f"06-0000{chance.number(0, 9999):04d}"
    woman.secret_address = chance.yes(assumption("secret_address"))
    woman.language = chance.weighed({(code, name): weight for code, name, weight in lists["languages"]})


def draw_blood(chance: Chance) -> Blood:
    a, b, ab = (assumption(f"blood_group_{group}") for group in ("a", "b", "ab"))
    group = chance.weighed({"a": a, "b": b, "ab": ab, "o": 1 - a - b - ab})
    blood = Blood(
        group, not chance.yes(assumption("rhesus_d_negative")), not chance.yes(assumption("rhesus_c_negative"))
    )
    if chance.yes(assumption("irregular_antibodies")):
        blood.antibody = "anti_c" if not blood.rhesus_c else "anti_d" if not blood.rhesus_d else "anti_k"
    blood.hepatitis_b = chance.yes(assumption("hepatitis_b_carrier"))
    blood.hiv = chance.yes(assumption("hiv_positive"))
    return blood

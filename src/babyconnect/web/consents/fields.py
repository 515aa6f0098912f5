"""The form of consent: what it asks, what came back, and her answers as they stand.

Nothing is answered beforehand: a box that is ticked already is no consent (AVG 4(11); HvJ EU C-673/17).  What each
receiver needs and the period are proposed, with the least that serves; the yes or no itself is always hers.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from babyconnect.birthcare.access import Consent
from babyconnect.birthcare.parties import Kind, Party
from babyconnect.definitions import document
from babyconnect.flows import consent_choices as choices
from babyconnect.flows.consent_choices import ANSWERS, Answer, Choice

PERIODS = ("pregnancy", "year", "open")


@dataclass(frozen=True, slots=True)
class Filled:
    """The form as it was filled in.  `missing`: nothing was answered at all."""

    choice: Choice
    period: str = PERIODS[0]

    @property
    def missing(self) -> bool:
        return not self.choice.answers and not self.choice.not_shared


def ends(now: dt.datetime) -> dict[str, dt.datetime | None]:
    """When each period on the form ends; `open`: when she takes it back."""
    table = document("consent_needs.toml")["period"]
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return {
        "pregnancy": day + dt.timedelta(days=table["pregnancy_days"]),
        "year": day + dt.timedelta(days=table["year_days"]),
        "open": None,
    }


def filled(fields: Mapping[str, str], now: dt.datetime) -> Filled:
    """What came back; anything unknown is not an answer."""
    for_all = fields.get("alles", "")
    answers: dict[Kind, Answer] = {}
    for receiver in choices.receivers():
        given = for_all or fields.get(f"antwoord-{receiver.kind.value}", "")
        answer = next((known for known in ANSWERS if known == given), None)
        if answer is not None:
            answers[receiver.kind] = answer
    not_shared = frozenset(group for group in choices.names() if fields.get(f"niet-{group}") == "1")
    period = fields.get("tot", PERIODS[0])
    period = period if period in PERIODS else PERIODS[0]
    return Filled(Choice(answers, not_shared - choices.spine(), ends(now)[period]), period)


def standing(known: Iterable[Consent], own: Party) -> Filled:
    """What she answered before stands as it was, so that answering anew undoes nothing in silence."""
    answers: dict[Kind, Answer] = {}
    not_shared: set[str] = set()
    holder = f"ura:{own.ura}"
    for consent in known:
        kind = consent.actor.removeprefix("kind:")
        if consent.holder != holder or not choices.asked_here(consent):
            continue
        if consent.actor == "*" and not consent.permit:
            not_shared |= consent.groups & set(choices.names())
        for receiver in choices.receivers():
            if receiver.kind.value == kind and consent.permit:
                answers[receiver.kind] = "needed" if consent.groups <= receiver.needs else "all"
            elif receiver.kind.value == kind and ("*" in consent.groups or consent.groups >= set(choices.names())):
                answers[receiver.kind] = "no"
    return Filled(Choice(answers, frozenset(not_shared)))


def hidden(form: Filled) -> list[tuple[str, str]]:
    """The answers as hidden fields of the next step."""
    carried: list[tuple[str, str]] = [
        (f"antwoord-{kind.value}", answer) for kind, answer in form.choice.answers.items()
    ]
    carried += [(f"niet-{group}", "1") for group in sorted(form.choice.not_shared)]
    return [*carried, ("tot", form.period)]

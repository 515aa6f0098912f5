"""Her own record as text, state by state: consult, merge, view and drawing in one, in whichever process has room.

As `web.viewer.drawing` does for staff.  Who asks, and whether she still may see it, is decided where the page is.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from dataclasses import dataclass

from babyconnect.birthcare.parties import Party
from babyconnect.birthcare.resources import HOME
from babyconnect.exchange.contract import Asking
from babyconnect.flows.own_everywhere import Answers, Consult, asked, told_of_child
from babyconnect.flows.picture import picture
from babyconnect.web.rendering import Pages

PIECES = "client/growing.html"
BAR = "bronnen"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of whom, in which language; `child`: for the child's view."""

    asking: Asking
    language: str
    child: bool = False


@dataclass(frozen=True, slots=True)
class Drawn:
    """One state: every piece of the page by its name, in order.  `interrupted`: the bar on sources as it reads when
    nothing more will come; `busy`: who is still to answer; `failed`: whether any did not; `everywhere`: whether all
    were asked; `name`: the child's."""

    fragments: Mapping[str, str]
    interrupted: str
    busy: tuple[Party, ...] = ()
    complete: bool = True
    failed: bool = False
    everywhere: bool = True
    name: str = ""


Fill = Callable[[Wanted], AsyncIterator[Drawn]]


@dataclass(frozen=True, slots=True)
class Drawing:
    """In this process.  `own`: whose site it is."""

    own: Party
    pages: Pages
    now: Callable[[], dt.datetime]
    consult: Consult

    async def open(self, wanted: Wanted) -> AsyncGenerator[Drawn, None]:
        """States of one record, the last one complete.  Whoever stops listening stops the asking."""
        async with contextlib.aclosing(asked(self.consult, wanted.asking)) as steps:
            async for answers in steps:
                yield self.drawn(answers, wanted.language, wanted.child)

    def drawn(self, answers: Answers, language: str, child: bool = False) -> Drawn:
        draw = self.pages.macros(PIECES, language)
        phase = "complete" if answers.complete else "asking"
        name, pieces = (_childs if child else self._hers)(answers, draw, phase)
        bar = {how: draw("sources", answers, how, self.own) for how in {phase, "fault"}}
        fragments = {BAR: bar[phase], **pieces}
        failed = bool(answers.failed)
        return Drawn(fragments, bar["fault"], answers.busy, answers.complete, failed, answers.everywhere, name)

    def _hers(self, answers: Answers, draw: Callable[..., str], phase: str) -> tuple[str, dict[str, str]]:
        view = picture(answers.gave, self.now().astimezone(HOME).date(), answers.busy)
        shown = [section for section in view.sections if section.lines or section.parts]
        several = len(answers.gave) > 1
        return "", {
            "kop": draw("head", view),
            "inhoudslijst": draw("contents", shown, phase),
            **{f"sectie-{section.id}": draw("part", section, several) for section in shown},
        }


def _childs(answers: Answers, draw: Callable[..., str], phase: str) -> tuple[str, dict[str, str]]:
    name, told = told_of_child(answers)
    return name, {
        "kop": draw("title", name),
        "inhoudslijst": "" if told else draw("contents", (), phase),
        **{f"sectie-{party.ura}": draw("of_child", party, lines) for party, lines in told},
    }

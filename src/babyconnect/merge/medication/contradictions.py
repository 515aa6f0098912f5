"""What sources say of one medicine that cannot all be so.  Nothing is chosen: who says what stands side by side.

A voice is what one source says of one thing: what was agreed (agreement, administration agreement) or what is used.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from babyconnect.birthcare.medication import Block, Contradiction, State
from babyconnect.birthcare.record import Stated
from babyconnect.birthcare.resources import day
from babyconnect.merge.medication.doses import differ
from babyconnect.merge.medication.products import keys_of

AGREED = ("agreement", "administration_agreement")
# The first that one of the blocks has is the state of all of them together.
RANK: tuple[State, ...] = ("current", "paused", "planned", "unknown", "stopped", "given")


@dataclass(frozen=True, slots=True)
class Voice:
    """One source's word: its state, and the blocks that make it."""

    state: State
    blocks: tuple[Block, ...]

    @property
    def until(self) -> dt.date | None:
        days = [block.end or day(block.stated) for block in self.blocks]
        return max((found for found in days if found), default=None)

    @property
    def since(self) -> dt.date | None:
        days = [block.start or day(block.stated) for block in self.blocks if block.state == self.state]
        return min((found for found in days if found), default=None)


def state_of(blocks: Sequence[Block]) -> State:
    """The state of a medicine: of its agreements and use; without these of its supply; else it was given."""
    told = [block for block in blocks if block.role in (*AGREED, "use")]
    told = told or [block for block in blocks if block.role in ("request", "dispense")] or list(blocks)
    return min((block.state for block in told), key=RANK.index)


def voices(blocks: Sequence[Block], roles: Sequence[str]) -> list[Voice]:
    """What each source says, in the order of the sources; a block that another took the place of says nothing."""
    by_source: dict[str, list[Block]] = defaultdict(list)
    for block in blocks:
        if block.role in roles and not block.superseded:
            for origin in block.origins:
                by_source[origin.source.ura.value].append(block)
    return [
        Voice(min((block.state for block in said), key=RANK.index), tuple(said))
        for _, said in sorted(by_source.items())
    ]


def contradictions(blocks: Sequence[Block]) -> tuple[Contradiction, ...]:
    """Every contradiction within one medicine."""
    agreed, used = voices(blocks, AGREED), voices(blocks, ("use",))
    return (*_stopped(agreed), *_use(agreed, used), *_doses(blocks), *_duplicates(blocks))


def _stopped(agreed: Sequence[Voice]) -> Iterator[Contradiction]:
    """Stopped at one source while it goes on at another; not a course that ended before the other began."""
    for going in (voice for voice in agreed if voice.state == "current"):
        over = [v for v in agreed if v.state == "stopped" and _overlap(v, going) and not _same_blocks(v, going)]
        if over:
            sides = [(going, "loopt nog"), *((voice, "gestopt") for voice in over)]
            yield Contradiction("stopped_active", tuple(stated(text, voice.blocks, text) for voice, text in sides))
            return


def _same_blocks(one: Voice, other: Voice) -> bool:
    return {block.item for block in one.blocks} == {block.item for block in other.blocks}


def _overlap(over: Voice, going: Voice) -> bool:
    return over.until is None or going.since is None or over.until >= going.since


def _use(agreed: Sequence[Voice], used: Sequence[Voice]) -> Iterator[Contradiction]:
    """What was agreed against what she uses, where the one that was said last is about the other."""
    current, not_used = _of(agreed, "current"), _of(used, "stopped")
    if current and (late := [b for b in not_used if _after(b, current)]):
        yield Contradiction("not_used", (stated("afgesproken", current), stated("gebruikt zij niet", late, "not")))
    in_use, ended = _of(used, "current"), _of(agreed, "stopped")
    if not current and ended and (late := [b for b in in_use if _later_than_end(b, ended)]):
        yield Contradiction(
            "used_not_agreed", (stated("afspraak gestopt", ended), stated("gebruikt zij nog", late, "use"))
        )
    if otherwise := [block for block in in_use if block.as_agreed is False]:
        sides = [stated("afgesproken", current)] if current else []
        yield Contradiction("used_otherwise", (*sides, stated("gebruikt zij anders dan afgesproken", otherwise, "use")))


def _of(found: Sequence[Voice], state: State) -> list[Block]:
    return [block for voice in found for block in voice.blocks if voice.state == state and block.state == state]


def _after(block: Block, agreed: Sequence[Block]) -> bool:
    """Whether she was heard after what is agreed now began; without days nobody can tell, so it counts."""
    heard = day(block.stated)
    began = [found for b in agreed if (found := b.start or day(b.stated))]
    return heard is None or not began or heard >= min(began)


def _later_than_end(block: Block, ended: Sequence[Block]) -> bool:
    heard = day(block.stated)
    ends = [found for b in ended if (found := b.end or day(b.stated))]
    return heard is None or not ends or heard > max(ends)


def _doses(blocks: Sequence[Block]) -> Iterator[Contradiction]:
    """Another dose for the same product or treatment, told by different sources, both going on."""
    told = [b for b in blocks if b.state == "current" and b.role in (*AGREED, "use") and not b.superseded]
    apart = [block for block in told if any(_other_dose(block, other) for other in told)]
    if apart:
        by_text: dict[str, list[Block]] = defaultdict(list)
        for block in apart:
            by_text[block.dose.text or f"{block.dose.per_day} {block.dose.unit} per dag"].append(block)
        yield Contradiction("dose", tuple(stated(text, found, text) for text, found in sorted(by_text.items())))


def _other_dose(one: Block, other: Block) -> bool:
    return differ(one.dose, other.dose) and _comparable(one, other) and _sources(one).isdisjoint(_sources(other))


def _comparable(one: Block, other: Block) -> bool:
    """One treatment, or one product; of another strength (other product codes, the same ATC) the numbers differ anyway,
    unless both tell an amount a day in a unit of mass."""
    if one.treatment and one.treatment == other.treatment:
        return True
    mass = {"mg", "g", "ug", "mcg", "[iU]", "mmol"}
    if one.dose.unit in mass and one.dose.unit == other.dose.unit:
        return True
    mine, theirs = fine_codes(one), fine_codes(other)
    return bool(mine & theirs) or not mine or not theirs


def fine_codes(block: Block) -> set[str]:
    """The codes of its product that tell its strength."""
    return {key for key in keys_of(block.product) if not key.startswith(("http://www.whocc.no/atc|", "name|"))}


def _sources(block: Block) -> set[str]:
    return {origin.source.ura.value for origin in block.origins}


def _duplicates(blocks: Sequence[Block]) -> Iterator[Contradiction]:
    """Two treatments of the same substance going on at once, each under its own number."""
    going: Mapping[str, list[Block]] = defaultdict(list)
    for block in blocks:
        if block.state == "current" and block.role in AGREED and block.treatment:
            going[block.treatment].append(block)
    if len(going) > 1:
        values = [stated(_named(found), found, treatment) for treatment, found in sorted(going.items())]
        yield Contradiction("duplicate", tuple(values))


def _named(found: Sequence[Block]) -> str:
    """The product, with its dose where it is told."""
    names = sorted({", ".join(filter(None, (b.product.name, b.dose.text))) for b in found})
    return names[0]


def stated(text: str, blocks: Sequence[Block], value: str = "") -> Stated:
    """What these blocks say together, with everyone who says it."""
    return Stated(
        text=text,
        origins=tuple(sorted({origin for block in blocks for origin in block.origins})),
        items=tuple(sorted({block.item for block in blocks})),
        moment=max((block.stated for block in blocks), default=""),
        value=value or text,
    )

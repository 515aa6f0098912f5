"""Whoever asks the index as an emergency who keeps her is told of at each of them, also when it asks nobody."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from babyconnect.audit.accounts import accounts
from babyconnect.audit.faults import AuditFault
from babyconnect.audit.patterns import hits, shares
from babyconnect.audit.reading import Entry
from babyconnect.birthcare.access import EMERGENCY_SCOPE, Asker, Consent, Emergency, Purpose, Relation
from babyconnect.birthcare.parties import Role
from babyconnect.flows.break_glass import BreakGlass
from babyconnect.flows.journal import Journal
from babyconnect.network.contract import RegionFault
from babyconnect.network.emergencies import Emergencies
from babyconnect.network.sought.client import SoughtClient
from babyconnect.trust.rules import rules_on
from babyconnect.wiring.hearing import hear
from tests.federation import region
from tests.federation.region import GP, HOSPITAL, KRAAM, PRACTICE, give
from tests.federation.test_consent_register import herself
from tests.federation.test_regional_services import registered
from tests.spec.trust.test_breaking_the_glass import Log

REFERENCE, TRACE = "ab" * 12, f"00-{'1' * 32}-{'2' * 16}-01"


def emergency(reference: str = REFERENCE, party: Any = HOSPITAL) -> Asker:
    today = region.now().date()
    return Asker(
        *(party.ura, party.kind, "uzi:1", Role.GYNAECOLOGIST, Purpose.EMERGENCY),
        (Relation("break_glass", reference, today),),
        scopes=frozenset({EMERGENCY_SCOPE}),
        emergency=Emergency("unconscious"),
    )


class Holder:
    """One organisation's book and journal, with one client of hers."""

    def __init__(self, folder: Path, federation: Any, party: Any, pseudonym: str, client: str = "client-1") -> None:
        self.log = Log()
        self.book = Emergencies(folder / f"{party.ura}.sqlite")
        journal = Journal(party, self.log, b"k" * 32, region.now)
        known = {pseudonym: (client,)} if client else {}
        self.glass = BreakGlass(journal, self.book, rules_on, 60, named=lambda name: known.get(name, ()))
        self.searches = SoughtClient(federation[party].region)

    async def hear(self) -> int:
        return await hear(self.searches, self.glass)

    def accounts(self) -> list[Any]:
        return accounts([Entry(number, "h", event) for number, event in enumerate(self.log.events)])


@pytest.fixture
async def she(federation: Any) -> str:
    return await registered(federation, PRACTICE, KRAAM)


async def searched(federation: Any, she: str, who: Asker | None = None, party: Any = HOSPITAL) -> int:
    return len((await federation[party].localisation.localise(she, who or emergency(), TRACE)).located)


async def test_each_that_keeps_her_has_it_in_its_log_and_queue_and_is_to_tell_her(federation, she, tmp_path) -> None:
    assert await searched(federation, she) == 2, "where she said nothing an emergency opens the index"
    for party in (PRACTICE, KRAAM):
        holder = Holder(tmp_path, federation, party, she)
        assert await holder.hear() == 1
        (event,) = holder.log.of("breakglass.sought")
        assert event["actor"]["organisation"] == HOSPITAL.ura.value and event["actor"]["person"] == "uzi:1"
        assert (event["client"], event["purpose"], event["reasons"]) == ("client-1", "BTG", ["unconscious"])
        (item,) = holder.book.queue()
        assert (item.other, item.id, item.reason, item.located) == (HOSPITAL.ura.value, REFERENCE, "unconscious", True)
        assert {notice.recipient for notice in holder.book.unsent()} == {"client", "holder"}
        assert await holder.hear() == 0, "once"
        holder.book.close()


async def test_also_whom_she_does_not_let_it_know_of_is_told(federation, she, tmp_path) -> None:
    await give(federation[PRACTICE], she, Consent("", False, "*", f"ura:{KRAAM.ura}"), herself())
    assert await searched(federation, she) == 1
    holder = Holder(tmp_path, federation, KRAAM, she)
    assert await holder.hear() == 1
    holder.book.close()


async def test_who_does_not_keep_her_hears_nothing_and_nobody_takes_note_for_another(federation, she) -> None:
    await searched(federation, she)
    assert await SoughtClient(federation[GP].region).waiting() == ()
    (waiting,) = await SoughtClient(federation[KRAAM].region).waiting()
    await SoughtClient(federation[GP].region).taken([waiting.number])
    assert await SoughtClient(federation[KRAAM].region).waiting() == (waiting,)


async def test_an_ordinary_localisation_tells_nobody(federation, she) -> None:
    usual = replace(emergency(), purpose=Purpose.TREATMENT, emergency=None)
    await searched(federation, she, usual)
    assert await SoughtClient(federation[KRAAM].region).waiting() == ()


@pytest.mark.parametrize(
    "change", [{"emergency": Emergency("curious")}, {"role": Role.SONOGRAPHER}, {"scopes": frozenset()}], ids=str
)
async def test_nor_does_what_is_no_emergency_and_opens_nothing(federation, she, change) -> None:
    assert await searched(federation, she, replace(emergency(), **change)) == 0
    assert await SoughtClient(federation[KRAAM].region).waiting() == ()


async def test_the_asker_itself_hears_of_a_search_that_nobody_there_declared(federation, she, tmp_path) -> None:
    """Whoever uses its key past its own screens is seen by its own privacy officer."""
    await searched(federation, she)
    own = Holder(tmp_path, federation, HOSPITAL, she, client="")
    assert await own.hear() == 1
    (item,) = own.book.queue()
    assert (item.other, item.client) == (HOSPITAL.ura.value, "")
    assert {notice.recipient for notice in own.book.unsent()} == {"holder"}
    own.book.close()


async def test_without_a_log_it_is_not_taken_note_of_and_told_again(federation, she, tmp_path) -> None:
    await searched(federation, she)
    holder = Holder(tmp_path, federation, KRAAM, she)
    holder.log.broken = True
    assert await holder.hear() == 0 and holder.book.queue() == ()
    with pytest.raises(AuditFault):
        await holder.glass.sought((await holder.searches.waiting())[0])
    holder.log.broken = False
    assert await holder.hear() == 1
    holder.book.close()


async def test_it_is_noted_before_the_index_answers(federation, she, monkeypatch) -> None:
    async def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(federation.state.sought, "note", full)
    with pytest.raises(RegionFault):
        await searched(federation, she)


async def test_as_much_is_written_where_nobody_keeps_her(federation, she) -> None:
    """Or time would tell whether somebody does whom she does not let it know of."""
    await searched(federation, "q" * 43)
    (told,) = await SoughtClient(federation[HOSPITAL].region).waiting()
    assert told.pseudonym == "q" * 43


async def test_nobody_fills_the_queues_of_others(federation, she) -> None:
    federation.state.sought._table = {**federation.state.sought._table, "most": 6}
    for number in range(2):
        await searched(federation, she, emergency(f"reference-{number}"))
    with pytest.raises(RegionFault, match="429"):
        await searched(federation, she, emergency("reference-9"))
    await searched(federation, she, emergency("reference-9", GP), GP)


async def test_searches_alone_raise_the_alarm_and_with_the_look_that_follows_they_are_one(federation, she, tmp_path):
    holder = Holder(tmp_path, federation, KRAAM, she)
    for number in range(3):
        trace = f"00-{number + 1:032x}-{'2' * 16}-01"
        await federation[HOSPITAL].localisation.localise(she, emergency(f"reference-{number}"), trace)
    await holder.hear()
    (share,) = shares(holder.accounts())
    assert (share.emergencies, share.consults, share.alarm) == (3, 3, True)
    assert "breakglass_share" in {hit.pattern for hit in hits(holder.accounts(), region.now())}
    look = dict(holder.log.events[0]) | {"type": "search", "basis": "emergency"}
    holder.log.events.append(look)
    (share,) = shares(holder.accounts())
    assert (share.emergencies, share.consults) == (3, 3)
    holder.book.close()


async def test_what_was_searched_for_and_then_asked_is_one_item_that_says_so(federation, she, tmp_path) -> None:
    from tests.spec.trust.test_breaking_the_glass import asker, happening

    await searched(federation, she)
    holder = Holder(tmp_path, federation, KRAAM, she)
    await holder.hear()
    who = replace(asker(REFERENCE), ura=HOSPITAL.ura)
    assert holder.glass.declared(who, "client-1") is None, "its minutes count from its first answer"
    later = region.now() + dt.timedelta(minutes=5)
    await holder.glass.answered(happening(who, at=later))
    (item,) = holder.book.queue()
    assert (item.located, item.opened) == (False, later)
    assert holder.glass.declared(who, "client-1") == later
    assert len(holder.book.unsent()) == 2
    holder.book.close()


async def test_one_reference_for_two_clients_tells_both(federation, tmp_path) -> None:
    names = [await registered(federation, KRAAM), "r" * 43]
    await federation[KRAAM].localisation.register(names[1], "xis", region.now() + dt.timedelta(days=9))
    for name in names:
        await searched(federation, name)
    holder = Holder(tmp_path, federation, KRAAM, names[0])
    holder.glass = replace(holder.glass, named=lambda name: (f"client-{names.index(name)}",))
    assert await holder.hear() == 2
    assert {item.client for item in holder.book.queue()} == {"client-0", "client-1"}
    holder.book.close()


async def test_a_confirmed_emergency_finds_against_an_objection_who_opted_in_and_nobody_else(federation, she) -> None:
    """Domain §4: not overridden, unless the holder opted in, and with a second confirmation."""
    await give(federation[PRACTICE], she, Consent("", False, "*"), herself())
    federation.state.index._overriding = frozenset({KRAAM.ura})
    once, twice = emergency(), replace(emergency("twice-" + REFERENCE), emergency=Emergency("unconscious", True))
    assert await searched(federation, she, once) == 0
    (found,) = (await federation[HOSPITAL].localisation.localise(she, twice, TRACE)).located
    assert found.holder == KRAAM.ura
    usual = replace(emergency(), purpose=Purpose.TREATMENT, emergency=None)
    assert await searched(federation, she, usual) == 0

"""Who looked, over all organisations: what holders tell, how it is put together, what is said when one is silent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from babyconnect.audit import told
from babyconnect.audit.accounts import Account
from babyconnect.birthcare.access import LoggedIn, Purpose
from babyconnect.birthcare.answers import LogAnswer, Status
from babyconnect.birthcare.identifiers import Bsn, Ura
from babyconnect.birthcare.parties import Kind, Party, Person, Role
from babyconnect.exchange.contract import Asking
from babyconnect.flows.journal import Actor, Came
from babyconnect.flows.oversight import Question
from babyconnect.flows.own_looks import Look, Looks, OwnLooks, folded
from babyconnect.network.contract import RegionFault
from tests.spec.privacy.stage import Office
from tests.spec.viewer.stage import BSN, OWN

HOSPITAL = Party(Ura("90000002"), "Ziekenhuis Oostpoort", Kind.HOSPITAL)
ECHO = Party(Ura("90000003"), "Echocentrum Zicht", Kind.ULTRASOUND_CENTRE)
HERSELF = Actor(OWN.ura.value, "pseudonym", "client")
TRACE = "0" * 31 + "1"


def look(seq: int = 1, **changes: Any) -> Account:
    made = Account(seq, "2026-11-20T10:00:00Z", "2026-11-20T10:00:01Z", "access", {"search"}, "90000002", "dezi-1")
    return replace(made, **{"role": "gynaecologist", "purpose": "TREAT", "outcome": "ok", "trace": TRACE, **changes})


def asking() -> Asking:
    person = Person("pseudonym", "client", Role.CLIENT, "substantial")
    return Asking(person, Purpose.OWN_RECORD, Bsn(BSN), logged_in=LoggedIn("region-pseudonym-1", 1))


codes = st.from_regex(r"[a-z][a-z_]{0,20}", fullmatch=True)
accounts = st.builds(
    look,
    seq=st.integers(1, 10**9),
    bases=st.sets(codes), reasons=st.sets(codes), types=st.sets(st.sampled_from(["Observation", "Patient"])),
    asked=st.sets(st.from_regex(r"[0-9]{8}", fullmatch=True)), kinds=st.sets(codes, min_size=1),
    role=st.sampled_from(["", "midwife", "client"]), responsible=st.sampled_from(["", "dezi-2"]),
    purpose=st.sampled_from(["", "TREAT", "BTG", "PATRQT"]), outcome=st.sampled_from(["ok", "refused", "fault"]),
    group=st.sampled_from(["access", "consent", "log"]), trace=st.sampled_from(["", TRACE]),
)  # fmt: skip


@given(accounts)
def test_a_look_comes_over_whole_but_for_its_number_and_every_name_of_hers(one: Account) -> None:
    named = replace(one, clients={"client-1", "pseudonym-1"}, objects={"token/1"})
    (back,) = told.read([told.told(named, HOSPITAL.ura.value)])
    kept = ("first", "last", "group", "kinds", "organisation", "person", "role", "responsible", "purpose", "outcome",
            "trace", "bases", "reasons", "types", "asked")  # fmt: skip
    assert all(getattr(back, name) == getattr(one, name) for name in kept)
    assert (back.seq, back.clients, back.objects, back.loa) == (0, set(), set(), "")


WRONG: list[Any] = [
    {}, {"resourceType": "Patient"}, "text", None,
    {**told.told(look(), "90000002"), "outcome": "12"},
    {**told.told(look(), "90000002"), "agent": []},
    {**told.told(look(person="<script>alert(1)</script>" * 20), "90000002")},
    {**told.told(look(reasons={"<img src=x>"}), "90000002")},
    {**told.told(look(asked={"999900730"}), "90000002")},
]  # fmt: skip


@pytest.mark.parametrize("sent", WRONG)
def test_what_is_no_look_is_refused_whole(sent: Any) -> None:
    with pytest.raises(ValueError, match="not a look"):
        told.read([told.told(look(), "90000002"), sent])


def test_one_look_at_many_holders_is_one_line_that_names_them() -> None:
    there, elsewhere = look(types={"Observation"}), look(outcome="refused", types={"Patient"}, seq=0)
    (one,) = folded([Look(there, (OWN,)), Look(elsewhere, (HOSPITAL,))])
    assert one.holders == (OWN, HOSPITAL) and one.account.asked == {OWN.ura.value, HOSPITAL.ura.value}
    assert (one.account.seq, one.account.outcome, one.account.types) == (1, "ok", {"Observation", "Patient"})


def test_looks_of_different_organisations_or_without_a_trace_stay_apart() -> None:
    found = [look(), look(organisation="90000003"), look(trace=""), look(trace=""), look(group="consent")]
    assert len(folded([Look(one, (OWN,)) for one in found])) == 5


def test_a_holder_that_tells_of_a_trace_on_another_day_moves_no_line_of_ours() -> None:
    ours, theirs = look(), look(first="2020-01-01T00:00:00Z", last="2020-01-01T00:00:00Z")
    found = folded([Look(ours, (OWN,)), Look(theirs, (HOSPITAL,))])
    assert [(one.account.first, one.holders) for one in found] == [(ours.first, (OWN,)), (theirs.first, (HOSPITAL,))]


class Others:
    """Other organisations and their logs."""

    def __init__(self, answers: dict[Party, LogAnswer], region: bool = True) -> None:
        self.answers, self.region, self.periods = answers, region, list[dict[str, str]]()

    async def holders(self, asking: Asking, trace: str) -> Sequence[Party]:
        if not self.region:
            raise RegionFault("away")
        return tuple(self.answers)

    async def read(self, party: Party, asking: Asking, trace: str, period: dict[str, str]) -> LogAnswer:
        self.periods.append(period)
        return self.answers[party]


def answered(party: Party, *looks: Account, status: Status = "answered") -> LogAnswer:
    events = tuple(told.told(one, party.ura.value) for one in looks)
    return LogAnswer(party, status, events, len(events))


async def asked(folder: Path, others: Others, question: Question = Question()) -> tuple[Looks, list[tuple[str, str]]]:  # noqa: B008
    office = Office(folder)
    office.happened("client.bind", bsn=BSN, person="dezi-1")
    made = await OwnLooks(OWN, office.oversight, others.holders, others.read).of(
        Bsn(BSN), HERSELF, question, Came(f"00-{TRACE}-{'0' * 15}1-01"), asking()
    )
    read = office.logged(types=frozenset({"log.read"}))
    office.log.close()
    return made, [(entry.event.get("object", ""), entry.event["outcome"]) for entry in read]


async def test_all_logs_are_put_together_and_both_the_asking_and_each_answer_is_logged(tmp_path: Path) -> None:
    others = Others({HOSPITAL: answered(HOSPITAL, look()), ECHO: answered(ECHO, look(person="dezi-9", trace=""))})
    looks, read = await asked(tmp_path, others)
    assert {one.account.person for one in looks.found} == {"dezi-1", "dezi-9", HERSELF.person}
    assert (looks.answered, looks.failed, looks.everywhere) == ((OWN, HOSPITAL, ECHO), (), True)
    assert read == [("", "ok"), (f"holder/{HOSPITAL.ura}", "ok"), (f"holder/{ECHO.ura}", "ok")]


@pytest.mark.parametrize("status", ["unreachable", "timed_out", "invalid", "refused"])
async def test_a_log_that_does_not_come_is_named_and_the_others_still_are_there(tmp_path: Path, status: Status) -> None:
    looks, read = await asked(tmp_path, Others({HOSPITAL: answered(HOSPITAL, status=status), ECHO: answered(ECHO)}))
    assert [one.source for one in looks.failed] == [HOSPITAL] and looks.answered == (OWN, ECHO)
    assert (f"holder/{HOSPITAL.ura}", "refused" if status == "refused" else "fault") in read


async def test_a_holder_that_sends_rubbish_counts_as_one_that_did_not_answer(tmp_path: Path) -> None:
    rubbish = LogAnswer(HOSPITAL, "answered", ({"resourceType": "Patient"},), 1)
    looks, _ = await asked(tmp_path, Others({HOSPITAL: rubbish}))
    assert [(one.source, one.status) for one in looks.failed] == [(HOSPITAL, "invalid")]


async def test_when_the_region_is_away_only_this_log_is_shown_and_it_does_not_say_that_it_is_all(
    tmp_path: Path,
) -> None:
    looks, _ = await asked(tmp_path, Others({HOSPITAL: answered(HOSPITAL)}, region=False))
    assert (looks.everywhere, looks.answered) == (False, (OWN,)) and looks.found


async def test_a_log_of_which_only_the_newest_came_is_named_and_the_period_goes_along(tmp_path: Path) -> None:
    others = Others({HOSPITAL: replace(answered(HOSPITAL, look()), total=900)})
    since = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
    looks, _ = await asked(tmp_path, others, Question(since=since))
    assert looks.cut == (HOSPITAL,) and others.periods == [{"ge": "2026-11-01T00:00:00+00:00"}]

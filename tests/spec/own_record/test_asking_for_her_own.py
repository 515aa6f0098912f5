"""A client asks a holder for her own from another organisation's portal: who vouches, what is shown, what is logged."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from babyconnect.birthcare.access import Channel, Purpose
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Role
from babyconnect.flows.registers import Ward
from babyconnect.trust.authority import Authority, Standing
from babyconnect.trust.disclosure import Choice, Disclosure
from tests.spec.own_record.stage import (
    BSN,
    PARTNER,
    PORTAL,
    SCOPE,
    UNLISTED,
    UNLISTED_KEY,
    Holder,
    claim,
    found,
    holder,
    in_region,
)
from tests.spec.shielding.stage import CHILDS, HERS, NOW, SECRET

CHILD = "999990019"


@pytest.fixture
async def there(tmp_path: Path) -> AsyncIterator[Holder]:
    made = await holder(tmp_path)
    yield made
    made.roster.close()
    made.custody.close()
    made.audit.close()


async def with_authority(there: Holder, standing: Standing = Standing.PARENT, born: str = "2026-09-01") -> None:
    (client,) = there.roster.clients(Bsn(BSN))
    row = Authority(
        there.id("Patient", "KIND") if standing else "", there.registers.handle(Bsn(PARTNER)), standing,
        "recognition", dt.date(2026, 9, 1), dt.date.fromisoformat(born), NOW,
    )  # fmt: skip
    await there.registers.record_authority(Ward(client, "Bo", Bsn(CHILD), row))


# --- who is believed


async def test_a_listed_portal_gets_her_own_record_without_a_consent_or_a_treatment_relationship(there: Holder) -> None:
    token = await there.token()
    (patient,) = found(await there.find(token))
    assert patient["name"][0]["family"] == HERS
    everything = await there.everything(token)
    assert HERS.encode() in everything and b"Observation/" in everything
    (look,) = [entry.event for entry in there.events(types=frozenset({"client.bind"}))]
    actor = {"organisation": PORTAL.ura.value, "person": "portal-pseudonym-1", "role": "client", "loa": "substantial"}
    assert (look["actor"], look["purpose"], look["outcome"]) == (actor, "PATRQT", "ok")


UNBELIEVED: dict[str, tuple[dict[str, Any], str]] = {
    "a log-in three hours ago": ({"ago": dt.timedelta(hours=3)}, "login_too_old"),
    "a log-in in an hour from now": ({"ago": dt.timedelta(hours=-1)}, "login_too_old"),
    "a log-in that proved little": ({"loa": "low"}, "scope_missing"),
    "a screen that no client has": ({"channel": Channel.PROFESSIONAL_VIEWER}, "channel_not_offered"),
    "no client at all": ({"logged_in": None}, "claims_malformed"),
    "a professional's role": ({"role": Role.GYNAECOLOGIST}, "claims_malformed"),
    "another purpose": ({"purpose": Purpose.TREATMENT}, "role_not_believable"),
    "an emergency": ({"purpose": Purpose.EMERGENCY}, "role_not_believable"),
}


@pytest.mark.parametrize("case", UNBELIEVED)
async def test_no_token_is_given_for(there: Holder, case: str) -> None:
    changes, reason = UNBELIEVED[case]
    answer = await there.token_request(claim(scopes=(SCOPE,), **changes), scope=SCOPE)
    assert answer.status in (400, 401) and b"access_token" not in answer.body
    (refused,) = [entry.event for entry in there.events(types=frozenset({"token.issue"}))]
    assert (refused["outcome"], refused["reasons"]) == ("refused", [reason])


async def test_an_organisation_that_is_not_listed_is_not_believed_that_she_is_logged_in(there: Holder) -> None:
    answer = await there.token_request(claim(party=UNLISTED), UNLISTED_KEY)
    assert answer.status == 401
    (refused,) = [entry.event for entry in there.events(types=frozenset({"token.issue"}))]
    assert refused["reasons"] == ["portal_not_listed"]


async def test_a_professional_gets_no_claims_of_a_client_nor_her_scope(there: Holder) -> None:
    treating = claim(role=Role.GYNAECOLOGIST, purpose=Purpose.TREATMENT)
    assert (await there.token_request(treating)).status == 401
    answer = await there.token_request(claim(role=Role.GYNAECOLOGIST, purpose=Purpose.TREATMENT, logged_in=None,
                                             scopes=(SCOPE,)))  # fmt: skip
    assert answer.json() == {"error": "invalid_scope"}


async def test_a_token_for_one_woman_opens_nobody_elses_record_whatever_number_is_sent(there: Holder) -> None:
    token = await there.token(claim(subject=in_region(PARTNER)))
    assert found(await there.find(token)) == []
    assert HERS.encode() not in await there.everything(token)
    assert there.looks[0].decision.reasons == ("not_who_logged_in",)


async def test_a_bound_token_is_bound_for_good(there: Holder) -> None:
    token = await there.token()
    assert found(await there.find(token)) and found(await there.find(token))
    assert found(await there.find(token, PARTNER)) == []
    assert HERS.encode() in await there.everything(token)


async def test_while_nobody_can_say_whose_pseudonym_it_is_nothing_is_answered(there: Holder) -> None:
    there.region_away = True
    answer = await there.find(await there.token())
    assert answer.status == 500 and HERS.encode() not in answer.body


# --- what is shown


async def test_no_number_and_nothing_about_safety_leaves_unless_its_author_chose_so(there: Holder) -> None:
    token = await there.token()
    first = (await there.find(token)).body
    everything = first + await there.everything(token)
    assert BSN.encode() not in everything and SECRET.encode() not in everything
    (client,) = there.roster.clients(Bsn(BSN))
    item = f"Condition/{there.id('Condition', 'GEWELD')}"
    await there.registers.choose(client, Disclosure(item, Choice.SHOW, "Besproken", dt.date(2027, 3, 1), "mw", NOW))
    assert SECRET.encode() in await there.everything(token)
    assert SECRET.encode() in await _all(there, claim(channel=Channel.EXPORT))


async def _all(there: Holder, said: Any) -> bytes:
    token = await there.token(said)
    await there.find(token)
    return await there.everything(token)


async def test_only_what_is_current_can_be_read_and_nothing_before_the_token_is_bound(there: Holder) -> None:
    token, patient = await there.token(), there.id("Patient", "JAMILA")
    assert found(await there.get(token, "/fhir/stu3/Observation")) == []
    await there.find(token)
    assert (await there.get(token, f"/fhir/stu3/Patient/{patient}")).status == 200
    for old in ("/_history", "/_history/1"):
        assert (await there.get(token, f"/fhir/stu3/Patient/{patient}{old}")).status == 404


async def test_a_girl_below_twelve_does_not_open_her_own_record_here_either(there: Holder) -> None:
    (client,) = there.roster.clients(Bsn(BSN))
    row = Authority(client, "somebody", Standing.PARENT, "recognition", dt.date(2020, 1, 1), dt.date(2016, 1, 1), NOW)
    await there.registers.record_authority(Ward(client, "Zij", Bsn(BSN), row))
    assert found(await there.find(await there.token())) == []


# --- on behalf of a child


async def test_who_has_authority_sees_the_childs_view_and_no_fact_of_the_mother(there: Holder) -> None:
    await with_authority(there)
    token = await there.token(claim(PARTNER, role=Role.REPRESENTATIVE))
    (child,) = found(await there.find(token, CHILD, PARTNER))
    everything = await there.everything(token)
    assert b"3500" in everything and CHILDS.encode() in everything
    assert HERS.encode() not in everything and BSN.encode() not in everything
    assert child["name"][0]["family"] == CHILDS


@pytest.mark.parametrize("standing", [Standing.SUSPENDED, Standing.NONE])
async def test_without_authority_now_there_is_nothing(there: Holder, standing: Standing) -> None:
    await with_authority(there, standing)
    token = await there.token(claim(PARTNER, role=Role.REPRESENTATIVE))
    assert found(await there.find(token, CHILD, PARTNER)) == []
    assert b"3500" not in await there.everything(token)


async def test_authority_that_ends_works_at_once_for_a_token_already_given(there: Holder) -> None:
    await with_authority(there)
    token = await there.token(claim(PARTNER, role=Role.REPRESENTATIVE))
    await there.find(token, CHILD, PARTNER)
    assert b"3500" in await there.everything(token)
    await with_authority(there, Standing.SUSPENDED)
    assert b"3500" not in await there.everything(token)


async def test_from_twelve_on_a_parent_sees_nothing(there: Holder) -> None:
    await with_authority(there, born="2014-01-01")
    token = await there.token(claim(PARTNER, role=Role.REPRESENTATIVE))
    await there.find(token, CHILD, PARTNER)
    assert b"3500" not in await there.everything(token)


async def test_a_parent_names_herself_or_nothing_is_answered(there: Holder) -> None:
    await with_authority(there)
    token = await there.token(claim(PARTNER, role=Role.REPRESENTATIVE))
    assert found(await there.find(token, CHILD)) == []
    assert found(await there.find(token, CHILD, BSN)) == []
    as_client = await there.token(claim(PARTNER))
    assert found(await there.find(as_client, CHILD, PARTNER)) == []


async def test_no_number_of_hers_or_the_childs_is_in_the_log_or_may_be_in_an_address(there: Holder) -> None:
    await with_authority(there)
    token = await there.token(claim(PARTNER, role=Role.REPRESENTATIVE))
    await there.find(token, CHILD, PARTNER)
    await there.everything(token)
    kept = b"".join(one.read_bytes() for one in there.folder.rglob("log/**/*") if one.is_file())
    assert kept and not any(number.encode() in kept for number in (BSN, PARTNER, CHILD))
    named = f"_has:RelatedPerson:patient:identifier=http://fhir.nl/fhir/NamingSystem/bsn|{PARTNER}"
    assert (await there.get(token, f"/fhir/stu3/Patient?{named}")).status == 400


async def test_a_professional_asks_on_nobodys_behalf(there: Holder) -> None:
    await with_authority(there)
    treating = claim(role=Role.GYNAECOLOGIST, purpose=Purpose.TREATMENT, logged_in=None)
    assert (await there.find(await there.token(treating), CHILD, PARTNER)).status == 400


# --- who looked


async def test_she_reads_who_looked_and_her_reading_is_in_the_log_first(there: Holder) -> None:
    token = await there.token()
    await there.find(token)
    events = found(await there.get(token, "/fhir/r4/AuditEvent"))
    assert [event["resourceType"] for event in events] and {event["outcome"] for event in events} == {"0"}
    text = repr(events)
    assert BSN not in text and there.journal.pseudonym(Bsn(BSN)) not in text
    (read,) = [entry.event for entry in there.events(types=frozenset({"log.read"}))]
    assert read["actor"]["organisation"] == PORTAL.ura.value and read["actor"]["role"] == "client"


async def test_reading_the_log_is_told_as_that_and_not_also_as_a_look_at_her_record(there: Holder) -> None:
    token, trace = await there.token(), {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}
    await there.find(token, **trace)
    (reading,) = found(await there.get(token, "/fhir/r4/AuditEvent", **trace))
    assert reading["subtype"][0]["code"] == "log.read"


async def test_also_where_nothing_of_hers_is_kept_any_more(there: Holder) -> None:
    token = await there.token(claim(PARTNER))
    assert found(await there.find(token, PARTNER)) == []
    (reading,) = found(await there.get(token, "/fhir/r4/AuditEvent"))
    assert reading["subtype"][0]["code"] == "log.read"


async def test_the_period_narrows_and_what_is_no_period_is_refused(there: Holder) -> None:
    token = await there.token()
    await there.find(token)
    later = "/fhir/r4/AuditEvent?date=ge2027-01-01T00:00:00%2B01:00"
    assert found(await there.get(token, later)) == []
    assert found(await there.get(token, "/fhir/r4/AuditEvent?date=lt2027-01-01T00:00:00Z"))
    for wrong in ("date=2026", "date=ge2026-13-01T00:00:00Z", "patient=x", "date=ge2026-01-01T00:00:00Z&" * 2):
        assert (await there.get(token, f"/fhir/r4/AuditEvent?{wrong.rstrip('&')}")).status == 400


async def test_who_is_too_young_to_look_into_her_own_record_reads_no_log_either(there: Holder) -> None:
    (client,) = there.roster.clients(Bsn(BSN))
    token = await there.token()
    await there.find(token)
    row = Authority(
        client, there.registers.handle(Bsn(PARTNER)), Standing.PARENT,
        "recognition", dt.date(2026, 1, 1), dt.date(2016, 1, 1), NOW,
    )  # fmt: skip
    await there.registers.record_authority(Ward(client, "Bo", Bsn(BSN), row))
    assert found(await there.get(token, "/fhir/r4/AuditEvent")) == []


async def test_a_token_that_proved_nobody_reads_no_log_and_a_stranger_none_at_all(there: Holder) -> None:
    unbound = await there.token()
    assert found(await there.get(unbound, "/fhir/r4/AuditEvent")) == []
    mixed_up = await there.token(claim(subject=in_region(PARTNER)))
    await there.find(mixed_up)
    assert found(await there.get(mixed_up, "/fhir/r4/AuditEvent")) == []
    assert not there.events(types=frozenset({"log.read"}))
    assert (await there.request("GET", "/fhir/r4/AuditEvent", {})).status == 401
    assert (await there.get(unbound, "/fhir/r4/Patient")).status == 404

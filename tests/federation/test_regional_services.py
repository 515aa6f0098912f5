"""The regional services over HTTP, as the nodes of a region use them."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import replace
from urllib.parse import quote

import orjson
import pytest

from babyconnect.birthcare.access import Asker, Consent, Purpose, Relation
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Party, Role
from babyconnect.definitions import document
from babyconnect.network.asker import to_claims
from babyconnect.network.contract import ConsentRefused, ConsentsUnknown, RegionFault
from babyconnect.trust import keys
from tests.federation import region
from tests.federation.region import GP, HOSPITAL, KRAAM, PRACTICE, following, give, take_back

BSN = Bsn("999900730")
SOON = region.now() + dt.timedelta(days=200)
HERE = Consent("", True, "*", f"ura:{HOSPITAL.ura}")
"""Yes to everybody, about what the hospital keeps."""


def asker(party: Party, role: Role = Role.MIDWIFE) -> Asker:
    return Asker(party.ura, party.kind, "person-1", role, Purpose.TREATMENT, (Relation("episode", "e1"),))


async def registered(federation, *parties: Party) -> str:
    pseudonym = await federation[PRACTICE].pseudonyms.of(BSN)
    for party in parties:
        await federation[party].localisation.register(pseudonym, "xis", SOON)
    return pseudonym


async def kept(federation) -> str:
    """Her pseudonym; every organisation keeps her."""
    return await registered(federation, *region.PARTIES)


async def located(federation, pseudonym: str, party: Party = PRACTICE, role: Role = Role.MIDWIFE) -> list[Party]:
    found = (await federation[party].localisation.localise(pseudonym, asker(party, role))).located
    return [federation[party].directory.party(one.holder) for one in found]


# --- directory


async def test_every_node_knows_parties_endpoints_and_keys_of_all_others(federation):
    directory = federation[GP].directory
    assert list(directory.parties()) == sorted(region.PARTIES)
    assert directory.endpoint(HOSPITAL.ura).batch is True
    assert directory.keys(HOSPITAL.ura) == keys.jwks(federation[HOSPITAL].key)


async def test_a_rotated_key_reaches_the_replica_at_its_next_refresh(federation):
    fresh = keys.generate()
    await federation.state.directory.put(region.entry(HOSPITAL, fresh))
    await federation[GP].directory.refresh()
    assert federation[GP].directory.keys(HOSPITAL.ura) == keys.jwks(fresh)


async def test_an_organisation_that_left_has_no_keys_and_no_endpoint_any_more(federation):
    entry = region.entry(HOSPITAL, federation[HOSPITAL].key)
    await federation.state.directory.put(replace(entry, active=False))
    directory = federation[GP].directory
    await directory.refresh()
    assert directory.party(HOSPITAL.ura) is None
    assert directory.endpoint(HOSPITAL.ura) is None
    assert directory.keys(HOSPITAL.ura) == {"keys": []}
    with pytest.raises(RegionFault, match="401"):
        await federation[HOSPITAL].directory.refresh()


async def test_publishing_the_same_entry_again_makes_no_new_version(federation):
    assert not await federation.state.directory.put(region.entry(HOSPITAL, federation[HOSPITAL].key))


async def test_a_directory_of_many_pages_is_loaded_whole(federation):
    from babyconnect.birthcare.identifiers import Ura

    for number in range(250):
        party = replace(GP, ura=Ura(f"{number + 1000:08}"))
        federation.state.directory.put_now(region.entry(party, federation[GP].key))
    await federation[GP].directory.load()
    assert len(federation[GP].directory.parties()) == 254


# --- who may speak at all


async def test_a_request_without_signature_is_refused_with_a_valid_outcome(federation):
    response = await federation.http.send("GET", f"{federation.base}/fhir/r4/Organization", {})
    body = orjson.loads(response.body)
    assert response.status == 401
    assert body["resourceType"] == "OperationOutcome"
    assert body["issue"][0]["code"] == "login"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/fhir/r4/Patient", 404),
        ("GET", "/fhir/r4/List/a/b", 404),
        ("POST", "/fhir/r4/Organization", 405),
        ("GET", "/fhir/r4/List/_search", 405),
        ("PUT", "/fhir/r4/List/a", 405),
    ],
)
async def test_what_is_not_served_is_a_valid_outcome_too(federation, method, path, status):
    response = await federation.http.send(method, federation.base + path, {})
    assert response.status == status
    assert orjson.loads(response.body)["resourceType"] == "OperationOutcome"


async def test_the_region_counts_its_answers_also_those_that_a_fault_ended(federation):
    pseudonym = await registered(federation, HOSPITAL)
    federation.log.broken = True
    with pytest.raises(RegionFault, match="500"):
        await located(federation, pseudonym)
    text = (await federation.http.send("GET", f"{federation.base}/metrics", {})).body.decode()
    assert 'region_requests_total{service="localisation",status="500"} 1.0' in text
    assert "region_pointers 1.0" in text


async def test_a_pointer_that_is_entered_for_longer_is_told_with_its_new_term(federation):
    pseudonym = await registered(federation, HOSPITAL)
    table, at = document("network.toml")["localisation"], federation[HOSPITAL]
    query = {
        "subject:identifier": f"{table['subject_system']}|{pseudonym}",
        "code": f"{table['code_system']}|{table['code']}",
    }

    async def term() -> str:
        claims = to_claims(asker(HOSPITAL))
        _, bundle = await at.region.send("POST", "/fhir/r4/List/_search", form=query, claims=claims)
        (found,) = bundle["entry"]
        return str(found["resource"]["extension"][1]["valueInstant"])

    before = await term()
    await at.localisation.register(pseudonym, "xis", SOON + dt.timedelta(days=3))
    assert await term() > before


async def test_a_key_that_the_directory_does_not_know_is_refused(federation):
    stranger = region.node(GP, keys.generate(), federation.base, federation.http)
    with pytest.raises(RegionFault, match="401"):
        await stranger.directory.load()


async def test_a_signature_does_not_fit_another_body_and_cannot_be_used_twice(federation):
    from babyconnect.network.signed import digest

    node = federation[GP]
    token = node.region._sign(region.NAME, {"htm": "GET", "htu": "/fhir/r4/Endpoint", "digest": digest(b"")})
    statuses = []
    for method, path, body in (
        ("POST", "/fhir/r4/List/_search", b"x=1"),
        ("GET", "/fhir/r4/Endpoint", b""),
        ("GET", "/fhir/r4/Endpoint", b""),
    ):
        headers = {"Authorization": f"Bearer {token}"}
        response = await federation.http.send(method, federation.base + path, headers, body)
        statuses.append(response.status)
    assert statuses[0] == 401
    assert 401 in statuses[1:]


# --- pseudonyms


async def test_two_organisations_get_the_same_pseudonym_for_one_bsn_and_it_does_not_contain_it(federation):
    first = await federation[PRACTICE].pseudonyms.of(BSN)
    assert first == await federation[HOSPITAL].pseudonyms.of(BSN)
    assert BSN.value not in first
    assert first != await federation[HOSPITAL].pseudonyms.of(Bsn("999990019"))


async def test_many_bsns_at_once_give_the_same_pseudonyms_as_one_by_one(federation):
    bsns = [BSN, Bsn("999990019"), Bsn("999911120")]
    many = await federation[PRACTICE].pseudonyms.of_all(bsns)
    assert list(many) == [await federation[HOSPITAL].pseudonyms.of(bsn) for bsn in bsns]


async def test_the_region_is_shown_something_else_at_each_request_for_the_same_bsn(federation):
    seen: list[bytes] = []
    evaluate = federation.state.pseudonyms.evaluate

    async def watching(points):
        seen.extend(points)
        return await evaluate(points)

    federation.state.pseudonyms.evaluate = watching
    for party in (PRACTICE, HOSPITAL, GP):
        await federation[party].pseudonyms.of(BSN)
    assert len(set(seen)) == 3


# --- localisation


async def test_she_is_found_at_the_organisations_she_lets_this_asker_know_of(federation):
    pseudonym = await registered(federation, HOSPITAL, KRAAM)
    await give(federation[HOSPITAL], pseudonym, Consent("", True, "kind:midwifery_practice", f"ura:{HOSPITAL.ura}"))
    assert await located(federation, pseudonym) == [HOSPITAL]


async def test_without_her_consent_and_for_an_unknown_client_the_answer_is_the_same(federation):
    pseudonym = await registered(federation, HOSPITAL, KRAAM)
    unknown = await federation[PRACTICE].pseudonyms.of(Bsn("999990019"))
    assert await located(federation, pseudonym) == await located(federation, unknown) == []


async def test_an_objection_against_one_asker_hides_everything_from_that_asker_alone(federation):
    pseudonym = await registered(federation, HOSPITAL)
    await give(federation[HOSPITAL], pseudonym, HERE)
    await give(federation[PRACTICE], pseudonym, Consent("", False, f"ura:{KRAAM.ura}"))
    assert await located(federation, pseudonym, KRAAM, Role.MATERNITY_CARER) == []
    assert await located(federation, pseudonym) == [HOSPITAL]


async def test_an_organisation_cannot_register_another(federation):
    pseudonym = await registered(federation)
    mine = federation[PRACTICE].localisation
    mine._own = HOSPITAL
    with pytest.raises(RegionFault, match="403"):
        await mine.register(pseudonym, "xis", SOON)
    assert [(e.action, e.outcome) for e in federation.log.events][-1] == ("register", "refused")


async def test_registering_twice_is_registering_once(federation):
    pseudonym = await registered(federation, HOSPITAL, HOSPITAL)
    assert federation.state.index.count() == 1
    assert len(federation.state.index.own(pseudonym, HOSPITAL.ura)) == 1


async def test_a_pointer_whose_time_is_over_is_not_told_and_then_removed(federation):
    pseudonym = await registered(federation)
    await give(federation[HOSPITAL], pseudonym, HERE)
    await federation[HOSPITAL].localisation.register(pseudonym, "xis", region.now() + dt.timedelta(milliseconds=300))
    assert await located(federation, pseudonym) == [HOSPITAL]
    async with asyncio.timeout(5):
        while await located(federation, pseudonym):
            await asyncio.sleep(0.05)
    assert await federation.state.index.drop_expired() == 1


async def test_no_pointer_is_kept_longer_than_the_longest_term(federation):
    pseudonym = await registered(federation)
    await federation[HOSPITAL].localisation.register(pseudonym, "xis", region.now() + dt.timedelta(days=36500))
    ((_, kept),) = federation.state.index.own(pseudonym, HOSPITAL.ura)
    assert kept.until < region.now() + dt.timedelta(days=731)


async def test_unregistering_removes_ones_own_pointer_and_nobody_elses(federation):
    pseudonym = await registered(federation, HOSPITAL, KRAAM)
    await federation[HOSPITAL].localisation.unregister(pseudonym)
    assert federation.state.index.own(pseudonym, HOSPITAL.ura) == []
    assert len(federation.state.index.own(pseudonym, KRAAM.ura)) == 1


async def test_a_list_without_code_or_with_content_is_refused(federation):
    from babyconnect.network.contract import Registration
    from babyconnect.network.localisation.resources import to_list

    good = to_list(Registration("p" * 43, HOSPITAL.ura, HOSPITAL.kind, "xis", SOON))
    for bad in (
        {k: v for k, v in good.items() if k != "code"},
        {**good, "entry": [{"item": {"display": "zwanger"}}]},
        {**good, "extension": good["extension"][:1]},
        {**good, "subject": {"reference": "Patient/1"}},
        {"resourceType": "Patient"},
        {**good, "extension": "x"},
    ):
        status, body = await federation[HOSPITAL].region.send("POST", "/fhir/r4/List", bad)
        assert (status, body["resourceType"]) == (422, "OperationOutcome")


async def test_an_unknown_search_parameter_is_refused_not_ignored(federation):
    status, body = await federation[GP].region.send("POST", "/fhir/r4/List/_search", form={"patient": "x"})
    assert (status, body["issue"][0]["code"]) == (400, "not-supported")


async def test_the_region_logs_who_localised_whom_and_without_log_there_is_no_answer(federation):
    pseudonym = await registered(federation, HOSPITAL)
    await located(federation, pseudonym)
    event = federation.log.events[-1]
    assert (event.action, event.organisation, event.person, event.role) == (
        "localise",
        "00000001",
        "person-1",
        "midwife",
    )
    assert event.pseudonym == pseudonym
    federation.log.broken = True
    with pytest.raises(RegionFault, match="500"):
        await located(federation, pseudonym)


async def test_many_pointers_are_registered_at_once_and_each_is_logged(federation):
    pseudonyms = await federation[HOSPITAL].pseudonyms.of_all([BSN, Bsn("999990019"), Bsn("999911120")])
    await federation[HOSPITAL].localisation.register_all([(p, SOON) for p in pseudonyms], "xis")
    await federation[HOSPITAL].localisation.register_all([(p, SOON) for p in pseudonyms], "xis")
    assert federation.state.index.count() == 3
    assert {e.pseudonym for e in federation.log.events if e.action == "register"} == set(pseudonyms)


async def test_a_transaction_is_refused_whole_when_one_entry_is_bad(federation):
    from babyconnect.network.contract import Registration
    from babyconnect.network.localisation.resources import to_list

    good = to_list(Registration("p" * 43, HOSPITAL.ura, HOSPITAL.kind, "xis", SOON))
    other = to_list(Registration("p" * 43, KRAAM.ura, KRAAM.kind, "xis", SOON))
    for bad in ({"resourceType": "List"}, other, {"resourceType": "Consent"}):
        with pytest.raises(RegionFault):
            await federation[HOSPITAL].region.transaction([good, bad])
    assert federation.state.index.count() == 0


async def test_consents_recorded_together_are_in_force_together(federation):
    pseudonym = await kept(federation)
    given = [(pseudonym, HERE), (pseudonym, Consent("", False, "kind:hospital"))]
    ids = await federation[HOSPITAL].desk.record_all(given)
    assert {c.id: c.permit for c in await federation[HOSPITAL].consents.of(pseudonym)} == dict(
        zip(ids, (True, False), strict=True)
    )


RUBBISH = [
    b"", b"[]", b"null", b"{", b"\xff", b'{"resourceType":"List"}', b'{"resourceType":[]}',
    b'{"resourceType":"List","subject":[],"code":7,"extension":{}}', b'{"resourceType":"Consent","provision":[]}',
    b'{"resourceType":"Bundle","type":"transaction","entry":[[]]}', b'{"blinded_input":[1]}',
    b'{"recipient_organization":"ura:00000999","blinded_input":["AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]}',
    b"[" * 5000,
]  # fmt: skip


async def test_no_rubbish_makes_the_region_fail(federation):
    from babyconnect.api.region_routes import ROUTES
    from babyconnect.network.signed import digest

    node = federation[GP]
    for method, path, _, _ in ROUTES:
        for body in RUBBISH if method != "GET" else [b""]:
            target = path.replace("{id}", "x'; --")
            claims = {"htm": method, "htu": target, "digest": digest(body)}
            headers = {"Authorization": f"Bearer {node.region._sign(region.NAME, claims)}"}
            answer = await federation.http.send(method, federation.base + quote(target), headers, body)
            assert answer.status < 500, (method, path, body, answer.body)


# --- consent


async def test_nobody_records_a_yes_about_the_records_of_another(federation):
    pseudonym = await registered(federation, HOSPITAL)
    for holder in ("*", "kind:hospital", f"ura:{HOSPITAL.ura}"):
        with pytest.raises(ConsentRefused, match="403"):
            await give(federation[PRACTICE], pseudonym, Consent("", True, f"ura:{PRACTICE.ura}", holder))
    with pytest.raises(RegionFault):
        await federation[PRACTICE].desk.record_all([(pseudonym, Consent("", False, "*")), (pseudonym, HERE)])
    assert await federation[HOSPITAL].consents.of(pseudonym) == ()
    assert [(e.action, e.outcome) for e in federation.log.events][-2] == ("consent", "refused")


async def test_an_objection_is_lifted_only_where_it_was_recorded(federation):
    pseudonym = await kept(federation)
    id = await give(federation[PRACTICE], pseudonym, Consent("", False, "*"))
    with pytest.raises(ConsentRefused, match="403"):
        await take_back(federation[KRAAM], id)
    assert len(await federation[HOSPITAL].consents.of(pseudonym)) == 1
    await take_back(federation[PRACTICE], id)
    assert await federation[HOSPITAL].consents.of(pseudonym) == ()


async def test_what_is_recorded_at_one_organisation_holds_at_another_at_once(federation):
    pseudonym = await kept(federation)
    federation[HOSPITAL].consents.start()
    assert await federation[HOSPITAL].consents.of(pseudonym) == ()
    here = f"ura:{HOSPITAL.ura}"
    given = Consent("", True, "kind:midwifery_practice", here, frozenset({"delivery", "child"}), end=SOON)
    id = await give(federation[HOSPITAL], pseudonym, given)
    async with asyncio.timeout(10):
        while not (found := await federation[HOSPITAL].consents.of(pseudonym)):
            await asyncio.sleep(0.01)
    (one,) = found
    assert (one.id, one.permit, one.actor, one.groups) == (id, True, given.actor, given.groups)
    assert abs(one.end - SOON) < dt.timedelta(milliseconds=1)


async def test_a_withdrawal_is_in_force_at_the_holder_within_a_second(federation):
    pseudonym = await kept(federation)
    id = await give(federation[HOSPITAL], pseudonym, HERE)
    replica = await following(federation[HOSPITAL])
    assert len(await replica.of(pseudonym)) == 1
    await take_back(federation[GP], id)
    async with asyncio.timeout(10):
        while await replica.of(pseudonym):
            await asyncio.sleep(0.005)


async def test_a_holder_is_told_only_provisions_about_its_own_records(federation):
    pseudonym = await kept(federation)
    await give(federation[PRACTICE], pseudonym, Consent("", False, "*", f"ura:{KRAAM.ura}"))
    await give(federation[PRACTICE], pseudonym, Consent("", False, "*", "kind:hospital"))
    (told,) = await federation[HOSPITAL].consents.of(pseudonym)
    assert told.holder == "kind:hospital"
    assert await federation[GP].consents.of(pseudonym) == ()


async def test_a_silent_register_means_unknown_not_allowed(federation):
    pseudonym = await kept(federation)
    await give(federation[HOSPITAL], pseudonym, HERE)
    replica = await following(federation[HOSPITAL])
    assert len(await replica.of(pseudonym)) == 1
    replica._region.base = "http://127.0.0.1:1"
    await asyncio.sleep(1.5)  # the poll that was under way may still confirm, for one lease
    with pytest.raises(ConsentsUnknown):
        await replica.of(pseudonym)


async def test_a_register_that_starts_again_makes_replicas_begin_anew(federation):
    pseudonym = await kept(federation)
    replica = await following(federation[HOSPITAL])
    await give(federation[HOSPITAL], pseudonym, HERE)
    assert len(await replica.of(pseudonym)) == 1
    federation.state.consents.epoch, federation.state.consents._interest = "another", {}
    id = await give(federation[PRACTICE], pseudonym, Consent("", False, "*"))
    async with asyncio.timeout(10):
        while id not in {c.id for c in await replica.of(pseudonym)}:
            await asyncio.sleep(0.01)


async def test_the_history_of_a_consent_is_kept(federation):
    pseudonym = await kept(federation)
    id = await give(federation[HOSPITAL], pseudonym, HERE)
    await take_back(federation[GP], id)
    status, bundle = await federation[HOSPITAL].region.send("GET", f"/fhir/r4/Consent/{id}/_history")
    assert (status, [e["resource"]["status"] for e in bundle["entry"]]) == (200, ["inactive", "active"])

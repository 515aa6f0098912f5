"""Nothing leaves without a decision and its log; what is withheld looks like what is not there."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt

import pytest

from babyconnect.audit import AuditFault
from babyconnect.birthcare.access import Consent, Permit, Refused, Relation
from babyconnect.birthcare.identifiers import Ura
from babyconnect.birthcare.parties import Kind, Party, Person, Role
from babyconnect.flows.door import Wire
from babyconnect.flows.door_events import as_event
from tests.spec.api.conftest import ANNA, BEA, NOBODY
from tests.support.asgi import Response
from tests.support.material import episode, observation, woman
from tests.support.node import HOLDER, HOSPITAL, Node

OBSERVATIONS = "/Observation?context=EpisodeOfCare/anna-episode"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def comparable(answer: Response) -> tuple[int, dict[str, str], bytes]:
    return answer.status, answer.headers, answer.body


async def test_a_client_without_consent_and_a_client_who_is_unknown_look_the_same(node: Node) -> None:
    refused, unknown = await node.find(BEA, node.token()), await node.find(NOBODY, node.token())
    assert comparable(refused) == comparable(unknown)
    assert refused.json()["total"] == 0 and "entry" not in refused.json()


async def test_everything_asked_after_a_refusal_is_empty_in_the_same_way(node: Node) -> None:
    refused, unknown = node.token(), node.token()
    await node.find(BEA, refused)
    await node.find(NOBODY, unknown)
    searches = ("/Patient", "/EpisodeOfCare", OBSERVATIONS)
    for url in (*searches, "/Patient/bea", "/Observation/b1", "/Observation/b1/_history"):
        assert comparable(await node.get(url, refused)) == comparable(await node.get(url, unknown))


async def test_a_token_that_is_not_bound_to_anybody_sees_nobody(node: Node) -> None:
    token = node.token()
    assert (await node.get("/Patient", token)).json()["total"] == 0
    assert (await node.get("/Patient/anna", token)).status == 404


async def test_a_token_for_one_woman_never_opens_another(node: Node, token: str) -> None:
    node.consents["bea"] = (Consent(id="c2", permit=True, actor="*"),)
    assert (await node.find(BEA, token)).json()["total"] == 0
    assert (await node.get("/Observation/b1", token)).status == 404
    assert (await node.get("/Patient", token)).json()["entry"][0]["resource"]["id"] == "anna"


async def test_two_bindings_at_once_end_in_one_client(node: Node) -> None:
    node.consents["bea"] = (Consent(id="c2", permit=True, actor="*"),)
    token = node.token()
    answers = await asyncio.gather(node.find(ANNA, token), node.find(BEA, token))
    assert sorted(answer.json()["total"] for answer in answers) == [0, 1]


async def test_a_consent_that_was_withdrawn_a_moment_ago_counts(node: Node, token: str) -> None:
    assert (await node.get(OBSERVATIONS, token)).json()["total"] == 5
    node.consents["anna"] = ()
    assert (await node.get(OBSERVATIONS, token)).json()["total"] == 0


async def test_an_objection_that_was_recorded_a_moment_ago_counts(node: Node, token: str) -> None:
    objection = Consent(id="no", permit=False, actor=f"ura:{HOSPITAL.ura}", groups=frozenset({"prenatal_checks"}))
    node.consents["anna"] += (objection,)
    bundle = (await node.get(OBSERVATIONS, token)).json()
    assert bundle["total"] == 0 and "entry" not in bundle


async def test_what_is_shielded_and_what_does_not_exist_are_one_answer(node: Node, token: str) -> None:
    shielded = await node.get("/Observation/secret", token)
    absent = await node.get("/Observation/nothing", token)
    assert comparable(shielded) == comparable(absent) and absent.status == 404


async def test_a_consent_that_names_a_shielded_group_opens_it(node: Node, token: str) -> None:
    named = Consent(id="c3", permit=True, actor=f"ura:{HOSPITAL.ura}", groups=frozenset({"safety"}))
    node.consents["anna"] += (named,)
    assert (await node.get("/Observation/secret", token)).status == 200


async def test_an_asker_without_a_treatment_relationship_finds_nobody(node: Node) -> None:
    assert (await node.find(ANNA, node.token(relations=()))).json()["total"] == 0


async def test_a_holder_without_a_relationship_of_its_own_gives_nothing(node: Node) -> None:
    await node.publish(episode("anna", status="entered-in-error", organization="practice", manager="midwife"))
    assert (await node.find(ANNA, node.token())).json()["total"] == 0


async def test_a_role_that_the_organisation_cannot_have_finds_nobody(node: Node) -> None:
    assert (await node.find(ANNA, node.token(role=Role.MATERNITY_CARER))).json()["total"] == 0


async def test_two_bearers_of_one_bsn_are_nobody(node: Node) -> None:
    await node.publish(woman("anna-again", ANNA), episode("anna-again"))
    node.consents["anna-again"] = node.consents["anna"]
    assert (await node.find(ANNA, node.token())).json()["total"] == 0


async def test_an_identifier_of_the_child_leads_to_the_mothers_record(node: Node) -> None:
    await node.publish(dataclasses.replace(woman("child", NOBODY), client="anna"))
    token = node.token()
    assert (await node.find(NOBODY, token)).json()["entry"][0]["resource"]["id"] == "child"
    assert (await node.get("/Patient", token)).json()["total"] == 2


async def test_an_episode_that_began_after_binding_is_not_in_the_token(node: Node, token: str) -> None:
    await node.publish(
        episode("anna", id="next"), observation("anna", "later", "EpisodeOfCare/next", episodes={"next"})
    )
    node.now += dt.timedelta(seconds=5)
    assert (await node.get("/Observation/later", token)).status == 404
    fresh = node.token()
    await node.find(ANNA, fresh)
    assert (await node.get("/Observation/later", fresh)).status == 200


@pytest.mark.parametrize("fault", [AuditFault("disk"), OSError("disk"), RuntimeError("anything")])
@pytest.mark.parametrize(
    "url", ["/Patient", OBSERVATIONS, "/Patient/anna", "/Patient/anna/_history", "/Patient/anna/_history/1"]
)
async def test_a_fault_in_the_log_yields_no_byte_of_content(node: Node, token: str, url: str, fault: Exception) -> None:
    allowed = await node.get(url, token)
    node.log_fault = fault
    answer = await node.get(url, token)
    assert allowed.status == 200 and answer.status in (500, 503)
    for word in (b"anna", b"Patient", b"Observation", b"Bundle", b"De Vries", b"disk"):
        assert word not in answer.body


async def test_a_fault_in_the_log_yields_nothing_in_a_batch_and_in_finding_her(node: Node, token: str) -> None:
    node.log_fault = AuditFault("disk")
    assert (await node.find(ANNA, node.token())).status == 503
    content = '{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Patient"}}]}'
    answer = await node.post("/", content, token, **{"content-type": "application/fhir+json"})
    assert answer.status == 503 and b"De Vries" not in answer.body


async def test_nothing_is_read_before_the_log_has_it(node: Node, token: str) -> None:
    """The event is durable first: when reading fails after it, the log still tells of the attempt."""
    before = len(node.log)
    reader = node.door._reader
    seen: list[int] = []

    class Watched:
        def __getattr__(self, name: str) -> object:
            if name in ("search", "read", "history"):
                seen.append(len(node.log))
            return getattr(reader, name)

    node.door._reader = Watched()  # type: ignore[assignment]
    for url in ("/Patient", "/Patient/anna", "/Patient/anna/_history"):
        await node.get(url, token)
    assert seen == [before + 1, before + 2, before + 3]


async def test_every_interaction_is_one_event_with_its_outcome_and_reasons(node: Node) -> None:
    token = node.token()
    await node.find(ANNA, token)
    await node.get(OBSERVATIONS, token, traceparent=TRACE)
    await node.find(BEA, node.token())
    bound, searched, refused = node.log
    assert [isinstance(h.decision, Permit) for h in node.log] == [True, True, False]
    assert searched.wire.trace == TRACE and searched.client == "anna" and bound.client == "anna"
    assert isinstance(refused.decision, Refused) and refused.decision.reasons == ("no_legal_basis",)


async def test_the_event_tells_who_whom_and_why_and_never_a_bsn_or_a_value(node: Node) -> None:
    token = node.token()
    await node.find(ANNA, token)
    await node.get("/Observation?code=http://snomed.info/sct|86406008", token, traceparent=TRACE)
    bound, searched = (as_event(happening, HOLDER, "node-1") for happening in node.log)
    assert (bound["type"], bound["outcome"], searched["type"]) == ("client.bind", "ok", "search")
    assert searched["actor"] == {
        "organisation": "00000002",
        "person": "person-1",
        "role": "gynaecologist",
        "loa": "low",
    }
    assert searched["client"] == "anna" and searched["basis"] == "explicit" and searched["trace"] == TRACE
    assert ANNA not in str(bound) and "86406008" not in str(searched)


@pytest.mark.parametrize("sent", ["", "00-xyz", "00-" + "0" * 32 + "-" + "1" * 16 + "-01", TRACE + "; DROP", "ÿ" * 55])
async def test_an_unusable_trace_is_replaced(node: Node, token: str, sent: str) -> None:
    await node.get("/Patient", token, traceparent=sent)
    trace = node.log[-1].wire.trace
    assert trace != sent and len(trace) == 55


async def test_the_holders_own_list_is_logged_before_it_is_shown(node: Node) -> None:
    person = Person("p1", "A. Verloskundige", Role.MIDWIFE)
    assert [c.id for c in await node.door.clients(person, Wire(TRACE))] == ["anna", "bea"]
    assert as_event(node.log[-1], HOLDER, "node-1")["reasons"] == ["own_list"]
    node.log_fault = AuditFault("disk")
    with pytest.raises(AuditFault):
        await node.door.clients(person, Wire(TRACE))


async def test_own_staff_reads_the_own_record_without_a_consent_about_exchange(node: Node) -> None:
    node.consents.clear()
    own = node.token(role=Role.MIDWIFE, party=HOLDER)
    assert (await node.find(BEA, own)).json()["total"] == 1
    assert (await node.get("/Observation", own)).json()["total"] == 1


async def test_a_party_of_another_kind_sees_what_its_role_may(node: Node) -> None:
    scans = Party(Ura("00000003"), "Echocentrum", Kind.ULTRASOUND_CENTRE)
    node.consents["anna"] = (Consent(id="c", permit=True, actor="*"),)
    token = node.token(
        role=Role.SONOGRAPHER, party=scans, relations=(Relation("episode", "EpisodeOfCare/x", dt.date(2026, 1, 1)),)
    )
    await node.find(ANNA, token)
    assert (await node.get("/EpisodeOfCare", token)).json()["total"] == 1
    assert (await node.get(OBSERVATIONS, token)).json()["total"] == 0  # no prenatal checks for a sonographer

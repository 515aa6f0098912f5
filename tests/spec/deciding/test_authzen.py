"""The decision as AuthZEN (OpenID Authorization API 1.0): single, batch, refused, logged; never a yes by mistake."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from babyconnect.api.access import MANY, METADATA, ONE, Access
from babyconnect.api.http import trace_of
from babyconnect.audit.faults import AuditFault
from babyconnect.network.contract import ConsentsUnknown
from tests.attacks.test_what_the_log_takes import BAD, GOOD
from tests.spec.viewer.stage import HOSPITAL, OWN
from tests.support.asgi import Response, ask

from .office import CLIENT, TODAY, Office

SECRET = "geheim-van-het-eigen-systeem"
SUBJECT = {
    "type": "user",
    "id": "uzi:1",
    "properties": {
        "organization_ura": HOSPITAL.ura.value,
        "organization_kind": "hospital",
        "user_role": "gynaecologist",
        "treatment_relation": [{"basis": "episode", "evidence": "EpisodeOfCare/x", "start": str(TODAY)}],
    },
}
HER = {"type": "Patient", "id": CLIENT}
READ = {"name": "read"}
QUESTION = {"subject": SUBJECT, "action": READ, "resource": HER}


def one(group: str, **labels: Any) -> dict[str, Any]:
    return {"type": "Observation", "id": "o1", "properties": {"client": CLIENT, "group": group, **labels}}


@pytest.fixture
async def access(office: Office) -> Access:
    await office.keep_her()
    return Access(office.evaluator, "http://node.test", hashlib.sha256(SECRET.encode()).digest())


async def post(access: Access, body: Any, path: str = ONE, secret: str = SECRET, **headers: str) -> Response:
    sent = {"authorization": f"Bearer {secret}", "content-type": "application/json", **headers}
    return await ask(access, "POST", path, sent, body if isinstance(body, bytes) else json.dumps(body).encode())


async def test_the_decision_comes_with_reasons_basis_version_and_filter_and_is_logged(
    access: Access, office: Office
) -> None:
    answer = await post(access, QUESTION)
    said = answer.json()
    assert answer.status == 200 and said["decision"] is True
    assert said["context"]["legal_basis"] == "explicit" and said["context"]["reasons"] == ["explicit_consent"]
    assert "history" in said["context"]["filter"]["groups"] and said["context"]["rules"]
    (event,) = office.log.of("decide")
    assert (event["outcome"], event["client"], event["basis"]) == ("ok", CLIENT, "explicit")
    assert event["actor"]["organisation"] == HOSPITAL.ura.value


async def test_about_one_resource_it_says_what_the_filter_says(access: Access) -> None:
    for resource, allowed in [
        (one("history"), True),
        (one("history", shielded=["safety"]), False),
        (one("unheard-of"), False),
        (one("history", episodes=["another"]), False),
        ({**HER, "id": "client-2"}, False),
    ]:
        assert (await post(access, {**QUESTION, "resource": resource})).json()["decision"] is allowed


async def test_a_batch_is_answered_in_order_with_defaults_and_each_is_logged(access: Access, office: Office) -> None:
    asked = {"subject": SUBJECT, "action": READ, "evaluations": [{"resource": one(g)} for g in ("child", "x", "ctg")]}
    answer = (await post(access, asked, MANY)).json()
    assert [part["decision"] for part in answer["evaluations"]] == [True, False, True]
    assert len(office.log.of("decide")) == 3


@pytest.mark.parametrize(
    ("semantic", "decisions"),
    [
        ("execute_all", [True, False, True]),
        ("deny_on_first_deny", [True, False]),
        ("permit_on_first_permit", [True]),
    ],
)
async def test_a_batch_stops_where_its_semantics_say(access: Access, semantic: str, decisions: list[bool]) -> None:
    asked = {
        **{"subject": SUBJECT, "action": READ, "options": {"evaluations_semantic": semantic}},
        "evaluations": [{"resource": one(group)} for group in ("child", "x", "ctg")],
    }
    answer = (await post(access, asked, MANY)).json()
    assert [part["decision"] for part in answer["evaluations"]] == decisions


async def test_a_part_that_cannot_be_read_is_a_no_of_its_own(access: Access) -> None:
    asked = {**QUESTION, "evaluations": [{}, {"subject": {"type": "user"}}, {"action": {"name": "write"}}]}
    answer = (await post(access, asked, MANY)).json()
    assert [part["decision"] for part in answer["evaluations"]] == [True, False, False]
    assert answer["evaluations"][1]["context"]["error"]["status"] == 400


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"subject": {**SUBJECT, "type": "machine"}}, 400),
        ({"subject": {**SUBJECT, "properties": {**SUBJECT["properties"], "user_role": "king"}}}, 400),  # type: ignore[dict-item]
        ({"action": {"name": "delete"}}, 400),
        ({"resource": None}, 400),
        ({"context": {"purpose_of_use": "MARKETING"}}, 400),
        ({"context": []}, 400),
    ],
)
async def test_what_is_not_known_is_no_decision(access: Access, change: dict[str, Any], status: int) -> None:
    answer = await post(access, {**QUESTION, **change})
    assert answer.status == status and "decision" not in answer.json()


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"\xff", b'{"evaluations": []}'])
async def test_rubbish_is_no_decision(access: Access, body: bytes) -> None:
    assert (await post(access, body, MANY)).status == 400


async def test_without_the_secret_nothing_is_said(access: Access, office: Office) -> None:
    assert (await post(access, QUESTION, secret="geraden")).status == 401
    bare = await ask(access, "POST", ONE, {"content-type": "application/json"}, b"{}")
    assert bare.status == 401 and office.log.events == []


async def test_when_the_log_or_the_register_is_away_there_is_no_decision(access: Access, office: Office) -> None:
    async def away(*asked: Any) -> Any:
        raise ConsentsUnknown("nobody can say")

    office.consents = away  # type: ignore[method-assign]
    assert (await post(access, QUESTION)).status == 503

    async def full(event: Any) -> Any:
        raise AuditFault("disk full")

    del office.consents
    office.log.append = full  # type: ignore[method-assign]
    assert (await post(access, QUESTION)).status == 503


async def test_her_objection_and_an_unproved_code_say_no_with_reasons(access: Access, office: Office) -> None:
    code = {"treatment_relation": [{"basis": "code", "evidence": "c1", "start": str(TODAY)}]}
    subject = {**SUBJECT, "properties": {**SUBJECT["properties"], **code}}  # type: ignore[dict-item]
    said = (await post(access, {**QUESTION, "subject": subject})).json()
    assert said["decision"] is False and said["context"]["reasons"] == ["evidence_unverified"]


async def test_where_to_ask_is_published(access: Access) -> None:
    answer = (await ask(access, "GET", METADATA)).json()
    assert answer["access_evaluations_endpoint"] == f"http://node.test{MANY}"
    assert OWN.name not in str(answer)


@pytest.mark.parametrize("sent", [text for text in BAD if text.isprintable() and text.isascii()])
async def test_what_is_no_traceparent_is_neither_logged_nor_answered(access: Access, office: Office, sent: str) -> None:
    answer = await post(access, {**QUESTION, "resource": one("child")}, traceparent=sent)
    (event,) = office.log.of("decide")
    assert answer.status == 200 and trace_of(event["trace"]) and event["trace"] != sent
    assert len(sent) < 5 or sent not in str(dict(answer.headers)) + str(office.log.events)


async def test_an_honest_trace_is_the_one_that_is_logged_there(access: Access, office: Office) -> None:
    await post(access, {**QUESTION, "resource": one("child")}, traceparent=GOOD)
    (event,) = office.log.of("decide")
    assert event["trace"] == GOOD

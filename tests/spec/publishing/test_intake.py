"""`POST /intake`: a source system hands in a record with its own token; the answer tells what `publish` would print."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import pytest

from babyconnect.api.intake import Intake
from babyconnect.audit import AuditFault
from babyconnect.flows.findings import Report
from babyconnect.flows.publish import Input, publish, withdraw
from babyconnect.trust.rules import data_groups
from tests.spec.publishing.records import Node, bundle, record, weight
from tests.support.asgi import Response, ask

TOKEN = "a-token-of-the-source-system"


class Desk:
    """A node's intake, and what it logged."""

    def __init__(self, limit: int = 1_000_000) -> None:
        self.node = Node()
        self.events: list[Mapping[str, Any]] = []
        self.fails = False

        async def take(given: Input) -> Report:
            return await publish([given], self.node.node)

        async def audit(event: Mapping[str, Any]) -> None:
            if self.fails:
                raise AuditFault("the disk is full")
            self.events.append(event)

        async def back(type_name: str, source_id: str) -> object | None:
            return await withdraw(self.node.node, type_name, source_id)

        self.app = Intake(hashlib.sha256(TOKEN.encode()).hexdigest(), take, audit, limit, back)

    async def post(self, content: bytes, token: str | None = TOKEN, **headers: str) -> Response:
        authorisation = {"authorization": f"Bearer {token}"} if token is not None else {}
        return await ask(self.app, "POST", "/intake", {**authorisation, **headers}, content)


def texts(response: Response) -> list[tuple[str, str]]:
    return [(issue["severity"], issue["code"]) for issue in response.json()["issue"]]


async def test_a_good_record_is_published_and_logged() -> None:
    desk = Desk()

    response = await desk.post(bundle(*record()))

    assert (response.status, texts(response)) == (200, [("information", "informational")])
    assert len(desk.node.kept) == 6
    (event,) = desk.events
    assert (event["type"], event["outcome"], event["count"]) == ("publish", "ok", 6)
    assert event["client"] == desk.node.kept["Patient/JAMILA"]["id"]


async def test_a_warning_is_told_and_the_record_kept() -> None:
    desk = Desk()

    response = await desk.post(bundle(*record(), weight("X", context="Encounter/WEG")))

    assert response.status == 200
    assert ("warning", "incomplete") in texts(response)


async def test_a_refused_record_is_told_with_place_and_rule_and_logged() -> None:
    desk = Desk()

    response = await desk.post(bundle(*record()[1:]))

    issue = response.json()["issue"][0]
    assert (response.status, issue["severity"], issue["code"]) == (422, "error", "business-rule")
    assert issue["details"]["coding"][0]["code"] == "no-client"
    assert issue["diagnostics"].startswith("intake: Bundle.entry[0]")
    assert (desk.events[0]["outcome"], desk.events[0]["reasons"]) == ("refused", ["no-client"])
    assert desk.node.empty


@pytest.mark.parametrize("token", [None, "", "another", TOKEN + "x", TOKEN.upper()])
async def test_without_the_right_token_nothing_is_read(token: str | None) -> None:
    desk = Desk()

    response = await desk.post(bundle(*record()), token)

    assert response.status == 401
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert desk.node.empty


async def test_a_body_over_the_limit_is_refused_by_its_announced_length() -> None:
    response = await Desk(limit=100).post(bundle(*record()))

    assert (response.status, texts(response)) == (413, [("error", "too-long")])


async def test_a_body_that_lies_about_its_length_is_refused_when_it_passes_the_limit() -> None:
    response = await Desk(limit=100).post(bundle(*record()), **{"content-length": "10"})

    assert response.status == 413


async def test_a_content_type_of_another_kind_is_refused() -> None:
    response = await Desk().post(bundle(*record()), **{"content-type": "text/html"})

    assert response.status == 415


async def test_only_post_is_taken() -> None:
    response = await ask(Desk().app, "GET", "/intake", {"authorization": f"Bearer {TOKEN}"})

    assert (response.status, response.headers["allow"]) == (405, "POST")


async def test_without_a_configured_token_intake_is_closed() -> None:
    desk = Desk()
    desk.app = Intake("", desk.app.publish, desk.app.audit)

    assert (await desk.post(bundle(*record()), "")).status == 404
    assert desk.node.empty


async def test_when_the_log_fails_the_source_is_asked_to_send_again_and_then_it_is_logged() -> None:
    desk = Desk()
    desk.fails = True
    failed = await desk.post(bundle(*record()))
    desk.fails = False

    again = await desk.post(bundle(*record()))

    assert (failed.status, again.status) == (503, 200)
    assert "already published" in again.json()["issue"][0]["diagnostics"]
    assert len(desk.events) == 1


async def test_two_authorization_headers_are_refused_whichever_is_right() -> None:
    desk = Desk()
    right, wrong = (b"authorization", f"Bearer {TOKEN}".encode()), (b"authorization", b"Bearer other")
    for headers in ([right, wrong], [wrong, right]):
        scope = {
            "type": "http", "method": "POST", "path": "/intake", "query_string": b"", "headers": headers,
            "client": ("127.0.0.1", 1),
        }  # fmt: skip
        sent: list[Mapping[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": bundle(*record()), "more_body": False}

        async def send(message: Mapping[str, Any], sent: list[Mapping[str, Any]] = sent) -> None:
            sent.append(message)

        await desk.app(scope, receive, send)
        assert sent[0]["status"] == 400
    assert not desk.node.kept


async def test_an_unexpected_fault_is_an_outcome_and_a_line_in_the_log_without_its_text(
    capsys: pytest.CaptureFixture[str],
) -> None:
    desk = Desk()

    async def breaks(_: Input) -> Report:
        raise RuntimeError("999901023 could not be kept")

    desk.app = Intake(hashlib.sha256(TOKEN.encode()).hexdigest(), breaks, desk.app.audit)

    response = await desk.post(bundle(*record()))

    assert (response.status, texts(response)) == (500, [("error", "exception")])
    (event,) = desk.events
    assert event["outcome"] == "fault"
    logged = capsys.readouterr()
    assert "intake_fault" in logged.out + logged.err
    assert "RuntimeError" in logged.out + logged.err
    assert "999901023" not in logged.out + logged.err + response.body.decode()


async def test_a_fault_on_the_record_itself_is_a_fault_too_and_not_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: Any) -> Any:
        raise RuntimeError("999901023 could not be understood")

    monkeypatch.setattr("babyconnect.flows.inputs.recognise", breaks)
    desk = Desk()

    response = await desk.post(bundle(*record()))

    assert (response.status, texts(response)) == (500, [("error", "exception")])
    assert [event["outcome"] for event in desk.events] == ["fault"]
    assert "999901023" not in response.body.decode()
    assert desk.node.empty


async def test_what_a_source_takes_back_is_shown_to_nobody_and_kept() -> None:
    desk = Desk()
    await desk.post(bundle(*record()))
    before = desk.node.publication("Observation/W")

    response = await ask(desk.app, "DELETE", "/intake/Observation/W", {"authorization": f"Bearer {TOKEN}"})

    assert response.status == 200
    after = desk.node.publication("Observation/W")
    assert after.group not in data_groups() and after.resource == before.resource
    assert len(desk.node.store.versions["Observation", after.id]) == 2 and desk.node.store.originals
    assert desk.events[-1]["type"] == "delete"


@pytest.mark.parametrize(
    ("method", "path", "token", "status"),
    [
        ("DELETE", "/intake/Observation/NEVER", TOKEN, 404),
        ("DELETE", "/intake/Patient/JAMILA", TOKEN, 404),
        ("DELETE", "/intake/Observation/W", "another", 401),
        ("POST", "/intake/Observation/W", TOKEN, 405),
        ("DELETE", "/intake", TOKEN, 405),
        ("DELETE", "/intake/Observation/../W", TOKEN, 404),
    ],
)
async def test_taking_back_what_is_not_there_a_client_or_without_the_token_does_nothing(
    method: str, path: str, token: str, status: int
) -> None:
    desk = Desk()
    await desk.post(bundle(*record()))

    response = await ask(desk.app, method, path, {"authorization": f"Bearer {token}"})

    assert response.status == status
    assert all(len(versions) == 1 for versions in desk.node.store.versions.values())


async def test_nothing_is_taken_back_that_the_log_does_not_know() -> None:
    desk = Desk()
    await desk.post(bundle(*record()))
    desk.fails = True

    response = await ask(desk.app, "DELETE", "/intake/Observation/W", {"authorization": f"Bearer {TOKEN}"})

    assert response.status == 503 and desk.node.publication("Observation/W").group in data_groups()

"""What a node tells of itself: whether it is well, and how much and how fast, by part; nobody is in it."""

from __future__ import annotations

import aiohttp
import pytest

from babyconnect.api.asgi import Receive, Scope, Send
from babyconnect.api.health import Counts, Measured
from tests.federation.serving import free_port, serving
from tests.support.asgi import ask


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["path"] == "/viewer/fault":
        raise RuntimeError
    await send({"type": "http.response.start", "status": 404 if "absent" in scope["path"] else 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def test_requests_are_counted_by_part_and_status_and_by_nothing_else() -> None:
    port = free_port()
    async with serving(Measured(app, dict), port) as base, aiohttp.ClientSession() as session:

        async def asked(path: str) -> str:
            async with session.get(base + path) as answer:
                return await answer.text()

        for path in ("/fhir/stu3/Patient/1", "/fhir/stu3/Patient/2?code=secret", "/fhir/stu3/absent", "/elsewhere"):
            await asked(path)
        await asked("/viewer/fault")
        told = await asked("/metrics")
    counted = [line for line in told.splitlines() if line.startswith("node_requests_total{")]
    assert counted == [
        'node_requests_total{part="/fhir",status="200"} 2.0',
        'node_requests_total{part="/fhir",status="404"} 1.0',
        'node_requests_total{part="/viewer",status="500"} 1.0',
        'node_requests_total{part="other",status="200"} 1.0',
    ]
    assert 'node_seconds_bucket{le="+Inf",part="/fhir"} 3.0' in told
    assert "Patient" not in told
    assert "secret" not in told


async def test_durations_add_up_over_the_buckets() -> None:
    node = Measured(app, dict, counts := Counts())
    for seconds in (0.0005, 0.001, 0.3, 9.0):
        counts.count("/fhir", 200, seconds)
    told = (await ask(node, "GET", "/metrics")).body.decode()
    for bound, below in (("0.001", 2), ("0.25", 2), ("0.5", 3), ("5.0", 3), ("+Inf", 4)):
        assert f'node_seconds_bucket{{le="{bound}",part="/fhir"}} {below}.0' in told
    assert 'node_seconds_sum{part="/fhir"} 9.3015' in told


@pytest.mark.parametrize(("state", "status"), [("ok", 200), ("degraded", 200), ("log_refuses", 503)])
async def test_a_node_that_is_not_well_says_so_by_its_status(state: str, status: int) -> None:
    answered = await ask(Measured(app, lambda: {"status": state}), "GET", "/health")
    assert (answered.status, answered.json()["status"]) == (status, state)


async def test_how_things_stand_is_a_figure_at_every_look() -> None:
    now = {("outbox", "unregister"): 2.0, ("wrong", "revocations_outdated"): 1.0}
    node = Measured(app, dict, stands=lambda: now)
    told = (await ask(node, "GET", "/metrics")).body.decode()
    assert 'node_outbox{what="unregister"} 2.0' in told and 'node_wrong{what="revocations_outdated"} 1.0' in told
    now.clear()
    assert "node_wrong{" not in (await ask(node, "GET", "/metrics")).body.decode()

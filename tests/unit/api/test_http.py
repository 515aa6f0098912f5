"""Requests are read within limits of size and time, and answered in the form that was asked."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from babyconnect.api import http
from babyconnect.api.outcomes import OUTCOMES, Refusal, operation_outcome


def request(*messages: dict[str, Any], headers: dict[str, str] | None = None) -> http.Request:
    waiting = list(messages)

    async def receive() -> dict[str, Any]:
        if not waiting:
            await asyncio.Event().wait()
        return waiting.pop(0)

    return http.Request("POST", "/", "", headers or {}, {}, receive)


def part(content: bytes, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": content, "more_body": more}


async def test_a_body_comes_in_parts() -> None:
    assert await http.body(request(part(b"ab", True), part(b"cd")), 4) == b"abcd"


async def test_a_body_is_refused_as_soon_as_it_is_too_large() -> None:
    assert await http.body(request(part(b"abc", True), part(b"de", True)), 4) == Refusal("too_large")
    assert await http.body(request(headers={"content-length": "5"}), 4) == Refusal("too_large")


@pytest.mark.parametrize("length", ["x", "-1", "1e3", ""])
async def test_a_length_that_is_no_number_is_refused(length: str) -> None:
    assert await http.body(request(part(b"a"), headers={"content-length": length}), 4) == Refusal("too_large")


async def test_a_body_that_dawdles_is_refused() -> None:
    assert await http.body(request(part(b"a", True)), 4, seconds=0.01) == Refusal("too_slow")


async def test_an_asker_who_hangs_up_is_not_understood() -> None:
    assert await http.body(request({"type": "http.disconnect"}), 4) == Refusal("not_understood")


@pytest.mark.parametrize(
    ("accept", "format", "expected"),
    [
        ("", None, True),
        ("*/*", None, True),
        ("application/fhir+xml", None, False),
        ("application/fhir+json;fhirVersion=3.0", None, True),
        ("text/html, application/fhir+xml;q=0.9, */*;q=0.1", None, False),
        ("application/fhir+json;q=0.2, application/fhir+xml;q=0.8", None, False),
        ("application/fhir+xml", "json", True),
        ("text/html", "application/fhir xml", False),
        ("text/html", None, Refusal("not_acceptable")),
        ("application/fhir+json;q=0", None, Refusal("not_acceptable")),
        ("application/fhir+json;q=x", None, Refusal("not_acceptable")),
        ("*/*", "ttl", Refusal("not_acceptable")),
    ],
)
def test_the_form_follows_format_then_accept(accept: str, format: str | None, expected: object) -> None:
    assert http.form(accept, format) == expected


@pytest.mark.parametrize("name", OUTCOMES)
def test_every_refusal_is_an_operation_outcome_in_both_forms(name: str) -> None:
    assert operation_outcome(Refusal(name, "a <detail>"), True).startswith(b'{"resourceType":"OperationOutcome"')
    assert b"a &lt;detail&gt;" in operation_outcome(Refusal(name, "a <detail>"), False)

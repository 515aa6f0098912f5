"""Asking one source: what is sent, what is believed, and what each way to go wrong is called."""

from __future__ import annotations

import asyncio
import time
from urllib.parse import parse_qs

import orjson
import pytest

from babyconnect.birthcare.access import Purpose, Relation
from babyconnect.birthcare.answers import SourceAnswer
from babyconnect.birthcare.identifiers import BSN_SYSTEM, Bsn
from babyconnect.birthcare.parties import Person, Role
from babyconnect.exchange.ask import Exchange, new_trace, new_traceparent
from babyconnect.exchange.contract import Asking
from babyconnect.exchange.http1 import Http
from tests.federation.serving import free_port
from tests.federation.sources import BSN, FHIR, FakeSource, Reply, at, bundle, everywhere, record, silent, truthful

ASKING = Asking(Person("p1", "Anna", Role.MIDWIFE), Purpose.TREATMENT, BSN, (Relation("episode", "e"),))
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def form(asking, source):
    return {"grant_type": "client_credentials", "client_assertion": "signed-for-" + source.party.ura.value}


@pytest.fixture
async def exchange():
    """Patient, so that a busy machine changes no outcome."""
    http = Http()
    yield Exchange(http, form, deadline=30)
    http.close()


@pytest.fixture
async def hurried():
    http = Http()
    yield Exchange(http, form, deadline=0.5)
    http.close()


async def answer(exchange: Exchange, source: FakeSource, asking: Asking = ASKING) -> SourceAnswer:
    return await exchange.ask(source.source, asking, TRACE, time.monotonic())


def ids(found: SourceAnswer) -> set[str]:
    return {r["id"] for r in found.resources}


# --- a source that answers


async def test_a_source_that_takes_batches_is_asked_in_three_requests(exchange):
    async with FakeSource().serve() as source:
        found = await answer(exchange, source)
    assert (found.status, found.client, found.reason) == ("answered", "w1", "")
    assert ids(found) == {r["id"] for r in record()}
    assert [one.target for one in source.seen] == ["/oauth/token", "/fhir/stu3/Patient/_search", "/fhir/stu3"]


async def test_a_source_without_batches_is_asked_the_published_searches_for_her_episode(exchange):
    async with FakeSource(batch=False).serve() as source:
        found = await answer(exchange, source)
    assert found.status == "answered"
    assert ids(found) == {r["id"] for r in record()}
    assert "Observation?context=EpisodeOfCare/e1" in source.asked
    assert "Observation?context:Encounter.episodeofcare=EpisodeOfCare/e1" in source.asked
    assert "Encounter?episodeofcare=EpisodeOfCare/e1&_include=Encounter:practitioner" in source.asked
    assert "Coverage" in source.asked


async def test_without_an_episode_nothing_is_asked_by_episode(exchange):
    alone = record()[:1]
    async with FakeSource(batch=False, resources=alone).serve() as source:
        found = await answer(exchange, source)
    assert found.status == "answered"
    assert not [url for url in source.asked if "EpisodeOfCare/" in url]


async def test_the_bsn_is_in_the_body_of_one_request_and_in_no_address_or_header(exchange):
    async with FakeSource(batch=False).serve() as source:
        await answer(exchange, source)
    bearing = [one for one in source.seen if BSN.value.encode() in one.body]
    assert [one.target for one in bearing] == ["/fhir/stu3/Patient/_search"]
    assert parse_qs(bearing[0].body.decode()) == {"identifier": [f"{BSN_SYSTEM}|{BSN.value}"]}
    assert not any(BSN.value in one.target + str(one.headers) for one in source.seen)


async def test_every_request_carries_the_same_trace(exchange):
    async with FakeSource().serve() as source:
        await answer(exchange, source)
    assert {one.headers["traceparent"] for one in source.seen} == {TRACE}


async def test_decimals_keep_their_digits(exchange):
    weight = {"resourceType": "Observation", "id": "o9", "subject": {"reference": "Patient/w1"}}
    body = bundle([weight]).replace(b'"id":"o9"', b'"id":"o9","valueQuantity":{"value":7.10}')
    async with FakeSource(at("/Observation", Reply(body)), batch=False).serve() as source:
        found = await answer(exchange, source)
    (kept,) = [r for r in found.resources if r["id"] == "o9"]
    assert str(kept["valueQuantity"]["value"]) == "7.10"


async def test_pages_are_followed_to_the_end(exchange):
    async def paged(source, seen):
        if "_after=1" in seen.target:
            more = {"resourceType": "Observation", "id": "o2", "subject": {"reference": "Patient/w1"}}
            return Reply(bundle([more]))
        if seen.target.startswith("/fhir/stu3/Observation?context="):
            following = {"relation": "next", "url": f"{source.base}/fhir/stu3/Observation?_after=1"}
            return Reply(bundle([record()[2]], link=[following]))
        return await truthful(source, seen)

    async with FakeSource(paged, batch=False).serve() as source:
        found = await answer(exchange, source)
    assert {"o1", "o2"} <= ids(found)


async def test_pages_of_a_batch_are_followed_too(exchange):
    async def paged(source, seen):
        if "_after=1" in seen.target:
            more = {"resourceType": "Observation", "id": "o2", "subject": {"reference": "Patient/w1"}}
            return Reply(bundle([more]))
        reply = await truthful(source, seen)
        if seen.target == "/fhir/stu3":
            content = orjson.loads(reply.body)
            following = {"relation": "next", "url": f"{source.base}/fhir/stu3/Observation?_after=1"}
            content["entry"][4]["resource"]["link"] = [following]
            return Reply(orjson.dumps(content))
        return reply

    async with FakeSource(paged).serve() as source:
        found = await answer(exchange, source)
    assert {"o1", "o2"} <= ids(found)


async def test_a_type_that_a_source_does_not_have_is_no_fault(exchange):
    missing = Reply(b'{"resourceType":"OperationOutcome"}', 404)
    async with FakeSource(at("/AllergyIntolerance", missing), batch=False).serve() as source:
        assert (await answer(exchange, source)).status == "answered"


async def test_a_refused_required_search_makes_the_whole_answer_unusable(exchange):
    missing = Reply(b'{"resourceType":"OperationOutcome"}', 404)
    async with FakeSource(at("/Observation", missing), batch=False).serve() as source:
        found = await answer(exchange, source)
    assert (found.status, found.resources) == ("invalid", ())


async def test_opening_the_same_record_again_needs_no_new_token_and_another_client_does(exchange):
    async with FakeSource().serve() as source:
        await answer(exchange, source)
        await answer(exchange, source)
        other = Asking(ASKING.person, ASKING.purpose, Bsn("999990019"), ASKING.relations)
        await answer(exchange, source, other)
    assert [one.target for one in source.seen].count("/oauth/token") == 2


async def test_a_token_that_is_not_believed_any_more_is_replaced_once(exchange):
    revoked: set[str] = set()

    async def revoking(source, seen):
        if seen.headers.get("authorization") in revoked:
            return Reply(b"{}", 401)
        return await truthful(source, seen)

    async with FakeSource(revoking).serve() as source:
        await answer(exchange, source)
        revoked.add("Bearer t1")
        assert (await answer(exchange, source)).status == "answered"


async def test_a_kept_connection_that_dies_when_it_is_used_again_is_opened_anew(exchange):
    async def hangs_up_once(source, seen):
        return None if len(source.seen) == 4 else await truthful(source, seen)

    async with FakeSource(hangs_up_once).serve() as source:
        assert (await answer(exchange, source)).status == "answered"
        assert source.connections == 1
        assert (await answer(exchange, source)).status == "answered"
        assert source.connections == 2


# --- a source that refuses


async def test_nothing_released_reads_as_refused_whether_she_is_unknown_or_withheld(exchange):
    async with FakeSource(resources=[]).serve() as source:
        found = await answer(exchange, source)
    assert (found.status, found.resources, found.client) == ("refused", (), "")


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_no_token_is_a_refusal(exchange, status):
    async with FakeSource(at("/oauth/token", Reply(b'{"error":"invalid_client"}', status))).serve() as source:
        assert (await answer(exchange, source)).status == "refused"


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refusal_after_the_token_is_a_refusal(exchange, status):
    async with FakeSource(at("/Patient/_search", Reply(b"{}", status))).serve() as source:
        assert (await answer(exchange, source)).status == "refused"


# --- a source that cannot be reached, or not in time


async def test_a_refused_connection_is_unreachable(exchange):
    source = FakeSource()
    source.base = f"http://127.0.0.1:{free_port()}"
    assert (await answer(exchange, source)).status == "unreachable"


async def test_hanging_up_is_unreachable(exchange):
    async with FakeSource(everywhere(None)).serve() as source:
        assert (await answer(exchange, source)).status == "unreachable"


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_a_source_that_says_it_is_too_busy_is_unreachable(exchange, status):
    async with FakeSource(everywhere(Reply(b"", status))).serve() as source:
        assert (await answer(exchange, source)).status == "unreachable"


async def test_a_busy_source_that_says_when_to_come_back_is_asked_again(exchange):
    async def busy_once(source, seen):
        if len(source.seen) == 1:
            return Reply(b"", 429, headers={"Retry-After": "0"})
        return await truthful(source, seen)

    async with FakeSource(busy_once).serve() as source:
        assert (await answer(exchange, source)).status == "answered"


async def test_a_half_open_connection_times_out_at_the_deadline(hurried):
    async with FakeSource(silent).serve() as source:
        began = time.monotonic()
        found = await answer(hurried, source)
    assert found.status == "timed_out"
    assert 0.4 < time.monotonic() - began < 3


async def test_an_answer_that_drips_times_out_at_the_deadline(hurried):
    async def dripping(source, seen):
        await asyncio.sleep(0.2)
        return await truthful(source, seen)

    async with FakeSource(dripping, batch=False).serve() as source:
        assert (await answer(hurried, source)).status == "timed_out"


# --- a source that answers rubbish

OTHER = {"resourceType": "Observation", "id": "x", "subject": {"reference": "Patient/somebody-else"}}
OTHER_WOMAN = {"resourceType": "Patient", "id": "w9", "identifier": [{"system": BSN_SYSTEM, "value": "999990019"}]}


def with_woman(inside: bytes) -> bytes:
    """A sound answer but for what stands in an element of hers."""
    woman = b'{"resourceType":"Patient","id":"w1","x":' + inside + b"}"
    return b'{"resourceType":"Bundle","type":"searchset","entry":[{"resource":' + woman + b"}]}"


DEEP = with_woman(b"[" * 500 + b"]" * 500)
BOTTOMLESS = with_woman(b"[" * 100_000 + b"]" * 100_000)
FAILING = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}

RUBBISH = {
    "a page of HTML": Reply(b"<html><body>Log in</body></html>", type="text/html"),
    "HTML that says it is FHIR": Reply(b"<html></html>"),
    "FHIR with the wrong content type": Reply(bundle(record()[:1]), type="text/plain"),
    "truncated JSON": Reply(bundle(record())[:-20]),
    "an empty body": Reply(b""),
    "ten megabytes of nonsense": Reply(b"x" * 10_000_000),
    "ten megabytes of white space": Reply(b" " * 10_000_000),
    "JSON that is no resource": Reply(b"[1,2,3]"),
    "another resource": Reply(b'{"resourceType":"Patient"}'),
    "another kind of Bundle": Reply(bundle([], type="document")),
    "entries that are no list": Reply(b'{"resourceType":"Bundle","type":"searchset","entry":{}}'),
    "an entry without a resource": Reply(b'{"resourceType":"Bundle","type":"searchset","entry":[{}]}'),
    "a resource without an id": Reply(bundle([{"resourceType": "Patient"}])),
    "a reported error": Reply(bundle([FAILING])),
    "JSON nested too deep": Reply(DEEP),
    "JSON without a bottom": Reply(BOTTOMLESS),
    "another woman": Reply(bundle([OTHER_WOMAN])),
    "two women": Reply(bundle([record()[0], {"resourceType": "Patient", "id": "w2"}])),
    "not UTF-8": Reply(with_woman(b'"\xff"')),
    "a number without end": Reply(with_woman(b"1." + b"9" * 5000)),
    "a number that would fill the memory": Reply(with_woman(b"1.5e999999999")),
    "an internal error": Reply(b"", 500),
    "a redirect": Reply(b"", 302, headers={"Location": "http://127.0.0.1:1/elsewhere"}),
    "no HTTP": Reply(raw=b"SSH-2.0-OpenSSH_9.6\r\n\r\n"),
    "less than it announced": Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}"),
    "a malformed length": Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}"),
    "two lengths": Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x"),
    "length and chunks": Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}"),
    "a malformed chunk": Reply(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"),
    "a head without end": Reply(raw=b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000),
    "compression": Reply(bundle(record()[:1]), headers={"Content-Encoding": "gzip"}),
    "an announced gigabyte": Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n{"),
}


@pytest.mark.parametrize("what", RUBBISH)
async def test_rubbish_instead_of_her_is_called_invalid(exchange, what):
    async with FakeSource(at("/Patient/_search", RUBBISH[what])).serve() as source:
        found = await answer(exchange, source)
    expected = "unreachable" if what == "less than it announced" else "invalid"
    assert (found.status, found.resources) == (expected, ())


@pytest.mark.parametrize("what", [w for w in RUBBISH if "wom" not in w and w != "less than it announced"])
async def test_rubbish_in_a_search_is_called_invalid(exchange, what):
    async with FakeSource(at("/Observation", RUBBISH[what]), batch=False).serve() as source:
        found = await answer(exchange, source)
    assert (found.status, found.resources) == ("invalid", ())


@pytest.mark.parametrize("batch", [True, False])
@pytest.mark.parametrize("strange", [OTHER, OTHER_WOMAN])
async def test_a_resource_of_another_client_spoils_the_whole_answer(exchange, batch, strange):
    async with FakeSource(batch=batch, resources=[*record(), strange]).serve() as source:
        found = await answer(exchange, source)
    assert (found.status, found.resources) == ("invalid", ())
    assert "another client" in found.reason


async def test_a_person_without_any_link_to_her_is_left_out_and_that_is_said(exchange):
    async with FakeSource(resources=[*record(), {"resourceType": "Patient", "id": "who"}]).serve() as source:
        found = await answer(exchange, source)
    assert found.status == "answered"
    assert "who" not in ids(found)
    assert "left out" in found.reason


async def test_a_batch_answered_in_part_is_invalid(exchange):
    async def partly(source, seen):
        reply = await truthful(source, seen)
        if seen.target == "/fhir/stu3":
            content = orjson.loads(reply.body)
            content["entry"].pop()
            return Reply(orjson.dumps(content))
        return reply

    async with FakeSource(partly).serve() as source:
        assert (await answer(exchange, source)).status == "invalid"


async def test_the_token_is_not_carried_to_another_place_by_a_link(exchange):
    async with FakeSource().serve() as elsewhere:
        following = {"relation": "next", "url": f"{elsewhere.base}/fhir/stu3/Observation"}
        reply = Reply(bundle([record()[2]], link=[following]))
        async with FakeSource(at("/Observation", reply), batch=False).serve() as source:
            assert (await answer(exchange, source)).status == "invalid"
    assert elsewhere.seen == []


async def test_pages_without_end_are_not_followed_for_ever(exchange):
    async def endless(source, seen):
        if seen.target.startswith("/fhir/stu3/Observation"):
            url = f"{source.base}/fhir/stu3/Observation?_after={len(source.seen)}"
            return Reply(bundle([], link=[{"relation": "next", "url": url}]))
        return await truthful(source, seen)

    async with FakeSource(endless, batch=False).serve() as source:
        assert (await answer(exchange, source)).status == "invalid"
        assert len(source.seen) < 200


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'{"access_token":"x"}', b'{"access_token":"a\\r\\nX: y","token_type":"Bearer"}', b"<html>"],
)
async def test_a_token_endpoint_that_answers_rubbish_is_invalid(exchange, body):
    async with FakeSource(at("/oauth/token", Reply(body, type="application/json"))).serve() as source:
        assert (await answer(exchange, source)).status == "invalid"


async def test_reasons_and_answers_in_text_show_no_bsn(exchange):
    for what in RUBBISH.values():
        async with FakeSource(at("/Patient/_search", what)).serve() as source:
            found = await answer(exchange, source)
        assert BSN.value not in found.reason
    assert BSN.value not in repr(ASKING)


async def test_chunked_answers_are_read_whole(exchange):
    body = bundle(record()[:1])
    chunks = b"".join(
        f"{len(body[i : i + 50]):x}\r\n".encode() + body[i : i + 50] + b"\r\n" for i in range(0, len(body), 50)
    )
    wire = f"HTTP/1.1 200 OK\r\nContent-Type: {FHIR}\r\nTransfer-Encoding: chunked\r\n\r\n".encode() + chunks
    async with FakeSource(at("/Patient/_search", Reply(raw=wire + b"0\r\n\r\n"))).serve() as source:
        assert (await answer(exchange, source)).status == "answered"


async def test_a_cancelled_question_leaves_no_connection_that_could_answer_another(exchange):
    async with FakeSource(silent).serve() as source:
        task = asyncio.create_task(answer(exchange, source))
        while not source.seen:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not any(exchange._http._idle.values())


def test_every_trace_is_new():
    trace = new_trace()
    assert new_traceparent(trace) != new_traceparent(trace)
    assert new_traceparent(trace).split("-")[1] == trace

"""A source that takes her search within the batch is asked in two requests; one that does not after all, in three."""

from __future__ import annotations

import orjson
import pytest

from babyconnect.birthcare.identifiers import BSN_SYSTEM
from babyconnect.exchange.ask import Exchange
from babyconnect.exchange.http1 import Http
from tests.federation.sources import BSN, FakeSource, Reply, Seen, at, bundle, record, truthful
from tests.federation.test_one_source import answer, form, ids

TOKEN, FIND, BATCH = "/oauth/token", "/fhir/stu3/Patient/_search", "/fhir/stu3"
REFUSED = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "not-supported"}]}


@pytest.fixture
async def exchange():
    http = Http()
    yield Exchange(http, form, deadline=30)
    http.close()


def asked(source: FakeSource) -> list[str]:
    return [one.target for one in source.seen]


def first_is(entry: dict | None):
    """Truthful, but for the first entry of a batch that looks for her (None: it is left out)."""

    async def handle(source: FakeSource, seen: Seen) -> Reply | None:
        reply = await truthful(source, seen)
        if seen.target != BATCH or reply is None or b"Parameters" not in seen.body:
            return reply
        content = orjson.loads(reply.body)
        content["entry"][:1] = [] if entry is None else [entry]
        return Reply(orjson.dumps(content))

    return handle


async def test_she_is_found_and_searched_in_one_request_with_her_number_in_its_body(exchange):
    async with FakeSource(finds=True).serve() as source:
        found = await answer(exchange, source)
    assert (found.status, found.client, ids(found)) == ("answered", "w1", {r["id"] for r in record()})
    assert asked(source) == [TOKEN, BATCH]
    first, *rest = orjson.loads(source.seen[1].body)["entry"]
    assert first["request"] == {"method": "POST", "url": "Patient/_search"}
    assert first["resource"]["parameter"] == [{"name": "identifier", "valueString": f"{BSN_SYSTEM}|{BSN.value}"}]
    assert BSN.value not in str(rest) + str([(one.target, one.headers) for one in source.seen])


async def test_both_ways_give_the_same_answer(exchange):
    async with FakeSource(finds=True).serve() as one, FakeSource(number=2).serve() as other:
        once, apart = await answer(exchange, one), await answer(exchange, other)
    assert (once.status, once.client, once.resources) == (apart.status, apart.client, apart.resources)


async def test_a_source_that_takes_no_batch_is_not_asked_in_one(exchange):
    async with FakeSource(finds=True, batch=False).serve() as source:
        assert (await answer(exchange, source)).status == "answered"
    assert BATCH not in asked(source)


@pytest.mark.parametrize("status", ["400", "404", "405", "422 Unprocessable", "501"])
async def test_a_source_whose_batch_refuses_the_search_after_all_is_asked_apart(exchange, status):
    handle = first_is({"resource": REFUSED, "response": {"status": status}})
    async with FakeSource(handle, finds=True).serve() as source:
        found = await answer(exchange, source)
    assert (found.status, ids(found)) == ("answered", {r["id"] for r in record()})
    assert asked(source) == [TOKEN, BATCH, FIND, BATCH]


@pytest.mark.parametrize("status", [400, 415, 422])
async def test_a_source_that_refuses_the_whole_batch_for_it_is_asked_apart(exchange, status):
    async def handle(source: FakeSource, seen: Seen) -> Reply | None:
        if seen.target == BATCH and b"Parameters" in seen.body:
            return Reply(orjson.dumps(REFUSED), status)
        return await truthful(source, seen)

    async with FakeSource(handle, finds=True).serve() as source:
        assert (await answer(exchange, source)).status == "answered"
    assert asked(source) == [TOKEN, BATCH, FIND, BATCH]


async def test_a_holder_that_releases_nothing_is_one_that_refuses_whatever_else_it_sends(exchange):
    nobody = {"resource": orjson.loads(bundle([])), "response": {"status": "200"}}
    async with FakeSource(first_is(nobody), finds=True).serve() as source:
        found = await answer(exchange, source)
    assert (found.status, found.reason, found.resources) == ("refused", "the holder releases nothing", ())
    assert asked(source) == [TOKEN, BATCH]


OTHER = {"resourceType": "Patient", "id": "w2", "identifier": [{"system": BSN_SYSTEM, "value": "999901552"}]}


@pytest.mark.parametrize(
    "entry",
    [
        {"resource": orjson.loads(bundle([OTHER])), "response": {"status": "200"}},
        {"resource": orjson.loads(bundle([record()[0], OTHER])), "response": {"status": "200"}},
        {"resource": REFUSED, "response": {"status": "200"}},
        {"resource": REFUSED, "response": {"status": "500"}},
        {"response": {"status": "200"}},
        {"resource": record()[0], "response": {"status": "200"}},
        None,
    ],
)
async def test_another_client_two_clients_or_no_answer_to_the_search_spoil_everything(exchange, entry):
    async with FakeSource(first_is(entry), finds=True).serve() as source:
        found = await answer(exchange, source)
    assert (found.status, found.resources) == ("invalid", ())


async def test_an_empty_batch_is_invalid(exchange):
    empty = Reply(orjson.dumps({"resourceType": "Bundle", "type": "batch-response"}))
    async with FakeSource(at(BATCH, empty), finds=True).serve() as source:
        assert (await answer(exchange, source)).status == "invalid"


async def test_a_token_that_was_kept_and_is_not_believed_any_more_is_replaced_once(exchange):
    async def handle(source: FakeSource, seen: Seen) -> Reply | None:
        if seen.target == BATCH and seen.headers["authorization"] == "Bearer t1" and len(source.seen) > 2:
            return Reply(orjson.dumps(REFUSED), 401)
        return await truthful(source, seen)

    async with FakeSource(handle, finds=True).serve() as source:
        assert (await answer(exchange, source)).status == "answered"
        assert (await answer(exchange, source)).status == "answered"
    assert asked(source) == [TOKEN, BATCH, BATCH, TOKEN, BATCH]


async def test_a_new_token_that_is_not_believed_is_a_refusal_and_no_reason_to_ask_again(exchange):
    async with FakeSource(at(BATCH, Reply(orjson.dumps(REFUSED), 401)), finds=True).serve() as source:
        assert (await answer(exchange, source)).status == "refused"
    assert asked(source) == [TOKEN, BATCH]

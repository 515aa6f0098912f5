"""Looking at one file of a source: the token, the decision and the log of a consult, and nothing shown without them."""

from __future__ import annotations

import base64
from dataclasses import replace

import orjson
import pytest

from babyconnect.birthcare.access import Purpose, Relation
from babyconnect.birthcare.parties import Party
from babyconnect.exchange.contract import Asking, Item
from babyconnect.flows.consult import consult
from babyconnect.flows.looking import Seen, Unseen, Wanted, look
from babyconnect.trust import jose
from tests.federation.region import GP, HOSPITAL, PRACTICE
from tests.federation.sources import BSN, FHIR, FakeSource, Reply, truthful
from tests.federation.sources import Seen as Request
from tests.federation.test_consult import ANNA, world  # noqa: F401 - the fixture

# ruff: noqa: F811
from tests.support.ultrasound import png

ASKING = Asking(ANNA, Purpose.TREATMENT, BSN)
ABOUT = "Patient/w1"
BINARY = Item("Binary", "b1", ABOUT)


def wanted(party: Party = HOSPITAL, item: Item = BINARY, place: int = 0) -> Wanted:
    return Wanted(party.ura, item, place)


def binary(content: bytes = png(), about: str = ABOUT, id: str = "b1") -> bytes:
    return orjson.dumps({
        "resourceType": "Binary", "id": id, "contentType": "image/png", "securityContext": {"reference": about},
        "content": base64.b64encode(content).decode(),
    })  # fmt: skip


def gives(body: bytes, status: int = 200, bound: bool = True):
    """A holder that gives files to a token that was bound to her, as ours does; `bound`: whether that is asked."""
    tokens: set[str] = set()

    async def handle(source: FakeSource, seen: Request) -> Reply | None:
        token = seen.headers.get("authorization", "")
        if seen.target.endswith("/Patient/_search"):
            tokens.add(token)
        if "/Binary/" in seen.target or "/DocumentReference/" in seen.target:
            return Reply(body, status, FHIR) if token in tokens or not bound else Reply(b"{}", 404)
        return await truthful(source, seen)

    return handle


async def test_a_file_is_what_the_source_has_now_and_the_look_is_logged_with_the_sources_trace(world) -> None:
    source = world.sources[HOSPITAL]
    source.handle = gives(binary())
    seen = await look(ASKING, wanted(), world.node)
    assert isinstance(seen, Seen) and seen.content == png() and seen.how.type == "image/png"
    [event] = world.events
    assert (event.source, event.status, event.resources, event.item) == (HOSPITAL, "answered", 1, "Binary/b1")
    assert {one.headers["traceparent"].split("-")[1] for one in source.seen} == {event.traceparent.split("-")[1]}
    assert BSN.value not in "".join(one.target for one in source.seen)


async def test_the_token_of_the_consult_serves_for_its_files(world) -> None:
    source = world.sources[HOSPITAL]
    source.handle = gives(binary())
    async for _ in consult(ASKING, world.node):
        pass
    source.seen.clear()
    assert isinstance(await look(ASKING, wanted(), world.node), Seen)
    assert [one.target for one in source.seen] == ["/fhir/stu3/Binary/b1"]


async def test_a_file_within_its_document_is_the_one_that_the_screen_named(world) -> None:
    files = [{"contentType": "text/plain", "data": base64.b64encode(text).decode()} for text in (b"een", b"twee")]
    body = {"resourceType": "DocumentReference", "id": "d1", "subject": {"reference": ABOUT}, "status": "current",
            "content": [{"attachment": one} for one in files]}  # fmt: skip
    world.sources[HOSPITAL].handle = gives(orjson.dumps(body))
    item = Item("DocumentReference", "d1", ABOUT)
    seen = await look(ASKING, wanted(item=item, place=1), world.node)
    assert isinstance(seen, Seen) and seen.content == b"twee" and not seen.how.inline
    assert await look(ASKING, wanted(item=item, place=2), world.node) == Unseen("type")


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"{}", 404, "refused"),
        (b"{}", 403, "refused"),
        (b"{}", 410, "refused"),
        (b"{}", 500, "invalid"),
        (b"<html>", 200, "invalid"),
        (binary(about="Patient/another"), 200, "invalid"),
        (binary(id="b2"), 200, "invalid"),
        (binary(b"<svg onload='alert(1)'/>"), 200, "type"),
        (orjson.dumps({"resourceType": "Binary", "id": "b1", "content": "geen base64"}), 200, "type"),
    ],
)
async def test_what_is_refused_or_not_hers_or_no_image_is_not_shown_and_is_logged(
    world, body: bytes, status: int, reason: str
) -> None:
    world.sources[HOSPITAL].handle = gives(body, status)
    assert await look(ASKING, wanted(), world.node) == Unseen(reason)
    ours = [event for event in world.events if event.item]
    assert len(ours) == 1 and ours[0].item == "Binary/b1"


async def test_when_the_log_is_full_nothing_is_shown(world) -> None:
    world.log_is_full_after = 0
    world.sources[HOSPITAL].handle = gives(binary())
    with pytest.raises(OSError, match="no space"):
        await look(ASKING, wanted(), world.node)


async def test_whom_the_directory_does_not_know_is_asked_nothing(world) -> None:
    stranger = replace(wanted(), holder=replace(GP.ura, value="00009999"))
    assert await look(ASKING, stranger, world.node) == Unseen("unreachable")
    assert world.events == []


async def test_with_our_own_evidence_a_source_is_asked_by_it(world) -> None:
    source = world.sources[PRACTICE]
    source.handle = gives(binary())
    assert isinstance(await look(ASKING, wanted(PRACTICE), world.node), Seen)
    sent = source.seen[0].body.decode()
    claims = jose.unverified(sent.partition("client_assertion=")[2].partition("&")[0])
    assert [one["basis"] for one in claims["treatment_relation"]] == [Relation("episode", "x").basis]

"""A request to the region that goes wrong: what is tried again, what is a fault, and that nothing else comes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import pytest

from babyconnect.exchange.http1 import Answer, Rubbish, Unreachable
from babyconnect.network.contract import RegionFault
from babyconnect.network.signed import AT_ONCE, Region

OK = Answer(200, {}, b'{"resourceType":"Bundle"}')
CLOSED = Unreachable("the connection was lost", early=True)


class Played:
    """Answers, or faults, in this order; the last for ever."""

    def __init__(self, *outcomes: Answer | Exception) -> None:
        self.outcomes = list(outcomes)
        self.tokens: list[str] = []
        self.owners: set[str] = set()

    async def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"", *, owner: str = ""
    ) -> Answer:
        self.tokens.append(headers["Authorization"])
        self.owners.add(owner)
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def region(played: object) -> Region:
    numbers = iter(range(1000))
    sign: Callable[..., str] = lambda audience, claims: f"signature-{next(numbers)}"  # noqa: E731
    return Region("http://region.test/", "ura:00000999", sign, played)  # type: ignore[arg-type]


async def test_a_read_over_a_connection_that_had_died_is_made_again_and_signed_again() -> None:
    played = Played(CLOSED, OK)
    assert (await region(played).send("GET", "/x"))[0] == 200
    assert played.tokens == ["Bearer signature-0", "Bearer signature-1"]
    assert played.owners == {"ura:00000999"}


async def test_what_changes_something_is_never_sent_twice_by_itself() -> None:
    played = Played(CLOSED, OK)
    with pytest.raises(RegionFault, match="unreachable"):
        await region(played).send("POST", "/x", {})
    assert len(played.tokens) == 1


@pytest.mark.parametrize("fault", [Unreachable("no connection"), Rubbish("no HTTP"), OSError(5, "io")])
async def test_whatever_goes_wrong_on_the_way_is_a_fault_of_the_region(fault: Exception) -> None:
    with pytest.raises(RegionFault, match=type(fault).__name__):
        await region(Played(fault)).send("GET", "/x")


@pytest.mark.parametrize("answer", [Answer(302, {}, b""), Answer(500, {}, b"{}"), Answer(200, {}, b"<html>")])
async def test_redirects_failures_and_rubbish_are_faults(answer: Answer) -> None:
    with pytest.raises(RegionFault):
        await region(Played(answer)).send("GET", "/x")


async def test_a_busy_region_is_waited_for_within_the_callers_patience() -> None:
    busy = Answer(503, {"retry-after": "0"}, b"")
    assert (await region(Played(busy, OK)).send("POST", "/x", {}))[0] == 200
    with pytest.raises(RegionFault, match="busy"):
        await region(Played(Answer(429, {"retry-after": "60"}, b""))).send("POST", "/x", {})


async def test_a_region_that_hangs_is_given_up_after_the_callers_patience() -> None:
    class Hanging:
        async def send(self, *said: object, **more: object) -> Answer:
            await asyncio.Event().wait()
            return OK

    with pytest.raises(RegionFault, match="TimeoutError"):
        await region(Hanging()).send("GET", "/x", patience=0.01)


async def test_so_many_requests_are_under_way_at_once_and_no_more() -> None:
    inside = most = 0

    class Counting:
        async def send(self, *said: object, **more: object) -> Answer:
            nonlocal inside, most
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1
            return OK

    asked = region(Counting())
    await asyncio.gather(*(asked.send("GET", "/x") for _ in range(3 * AT_ONCE)))
    assert most == AT_ONCE

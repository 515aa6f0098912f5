"""Messages between two processes: whole and in order, however the system cuts them."""

from __future__ import annotations

import asyncio
import itertools
import struct

from hypothesis import given
from hypothesis import strategies as st

from babyconnect.workers.channel import Channel


def heard_of(pieces: list[bytes]) -> list[bytes]:
    async def hear() -> list[bytes]:
        heard: list[bytes] = []
        channel = Channel(heard.append, lambda: None)
        for piece in pieces:
            channel.data_received(piece)
        return heard

    return asyncio.run(hear())


def written(messages: list[bytes]) -> bytes:
    return b"".join(struct.pack("<I", len(message)) + message for message in messages)


@given(st.lists(st.binary(max_size=40), max_size=12), st.lists(st.integers(0, 400), max_size=30))
def test_every_message_is_heard_once_and_in_order_in_every_cutting(messages: list[bytes], places: list[int]) -> None:
    content = written(messages)
    cuts = sorted({0, len(content), *(place for place in places if place < len(content))})
    assert heard_of([content[a:b] for a, b in itertools.pairwise(cuts)]) == messages


def test_a_message_of_tens_of_megabytes_is_not_gone_through_anew_for_each_of_its_pieces() -> None:
    # Gone through anew, these 10,000 pieces would be 200 GB of copying.
    large = bytes(40_000_000)
    content = written([large, b"after"])
    assert heard_of([content[at : at + 4_000] for at in range(0, len(content), 4_000)]) == [large, b"after"]

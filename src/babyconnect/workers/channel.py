"""Messages between two processes of one node, over a pair of sockets that only they have.

A message is its length and its bytes.  What one turn of the loop says goes out in one write.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable

_LENGTH = struct.Struct("<I")


class Channel(asyncio.Protocol):
    """`heard` is called with each message, `lost` once, when the other process is gone."""

    def __init__(self, heard: Callable[[bytes], None], lost: Callable[[], None]) -> None:
        self._heard, self._lost = heard, lost
        self._held = bytearray()
        self._needed = 0
        self._saying: list[bytes] = []
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self.open = True

    async def begin(self, own: socket.socket) -> None:
        """Speak and listen over this end of the pair."""
        own.setblocking(False)
        await self._loop.create_unix_connection(lambda: self, sock=own)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        if self._held:
            self._held += data
            if len(self._held) < self._needed:  # a large message comes in many pieces: it is looked at when it is whole
                return
            data = bytes(self._held)
            self._held.clear()
        at, end = 0, len(data)
        self._needed = 4
        while end - at >= 4:
            (length,) = _LENGTH.unpack_from(data, at)
            if end - at - 4 < length:
                self._needed = 4 + length
                break
            at += 4 + length
            self._heard(data[at - length : at])
        if at < end:
            self._held += data[at:]

    def connection_lost(self, fault: Exception | None) -> None:
        self.open = False
        self._lost()

    def say(self, message: bytes) -> None:
        """To the other process, in order; to one that is gone, nothing."""
        if not self._saying:
            self._loop.call_soon(self._flush)
        self._saying += (_LENGTH.pack(len(message)), message)

    def _flush(self) -> None:
        said, self._saying = self._saying, []
        if self.open and self._transport is not None:
            self._transport.write(b"".join(said))

    def close(self) -> None:
        if self._transport is not None:
            self._flush()
            self._transport.close()

"""A raw relay: sockets joined in pairs, `PORT UPSTREAM_PORT`. It reads no HTTP.

Every byte goes from one `asyncio.Protocol` to the other, which is the least that a streamed event
can cost in Python.
"""

from __future__ import annotations

import asyncio
import sys
from typing import cast

import uvloop


class _Side(asyncio.Protocol):
    """One of two connections. What comes before the other is open waits for it."""

    __slots__ = ("_early", "_transport", "other")

    def __init__(self, other: _Side | None = None) -> None:
        self.other = other
        self._early = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not registered as asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        if self._early:
            self._transport.write(self._early)

    def write(self, data: bytes) -> None:
        if self._transport is None:
            self._early += data
        else:
            self._transport.write(data)

    def data_received(self, data: bytes) -> None:
        assert self.other is not None
        self.other.write(data)

    def pause_writing(self) -> None:
        if self.other is not None and self.other._transport is not None:
            self.other._transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and self.other._transport is not None:
            self.other._transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        other, self.other = self.other, None
        if other is not None and other._transport is not None:
            other._transport.abort()


class _Client(_Side):
    """The side that was accepted: it dials the other one."""

    __slots__ = ("_dialling", "_port")

    def __init__(self, port: int) -> None:
        super().__init__(_Side(self))
        self._port = port

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._dialling = asyncio.get_running_loop().create_task(self._dial())

    async def _dial(self) -> None:
        side = self.other
        if side is not None:
            loop = asyncio.get_running_loop()
            transport, _ = await loop.create_connection(lambda: side, "127.0.0.1", self._port)
            if self.other is None:
                # The client left meanwhile.
                transport.abort()


async def _serve(port: int, upstream: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Client(upstream), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1]), int(sys.argv[2])))

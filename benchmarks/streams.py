"""Many event streams at once: opened one after another, counted, and left in the middle."""

from __future__ import annotations

import asyncio
from typing import NamedTuple, Self, cast

from benchmarks.target import numbered


class Seen(NamedTuple):
    """What has arrived on all streams so far."""

    events: int
    packets: int


class Streams:
    """`number` streams that each answer the same request. Open while the block lasts."""

    def __init__(self, port: int, request: bytes, number: int, *, over_seconds: float) -> None:
        self._port = port
        self._request = request
        self._number = number
        self._pause = over_seconds / number
        self._open: list[_Stream] = []
        self.events = 0
        self.packets = 0
        self.broken: str | None = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number in range(self._number):
            # Spread out, so that their events are too.
            await asyncio.sleep(max(0.0, began + number * self._pause - loop.time()))
            _, stream = await loop.create_connection(lambda: _Stream(self), "127.0.0.1", self._port)
            self._open.append(stream)
            stream.transport.write(numbered(self._request))
        return self

    async def __aexit__(self, *exc: object) -> None:
        for stream in self._open:
            stream.transport.abort()
        # The other side is to notice before it is asked for anything else.
        await asyncio.sleep(0.5)

    @property
    def seen(self) -> Seen:
        """So far. Raises ConnectionError once a stream has broken."""
        if self.broken is not None:
            raise ConnectionError(f"A stream broke: {self.broken}")
        return Seen(self.events, self.packets)

    async def all_began(self, timeout: float = 30.0) -> None:
        """Wait until every stream has brought something. Raises TimeoutError."""
        async with asyncio.timeout(timeout):
            while not all(stream.began for stream in self._open):
                _ = self.seen
                await asyncio.sleep(0.05)


class _Stream(asyncio.Protocol):
    __slots__ = ("_all", "began", "transport")

    def __init__(self, streams: Streams) -> None:
        self._all = streams
        self.began = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        events = data.count(b"data: {")
        if events:
            self.began = True
            self._all.events += events
            self._all.packets += 1
        elif not self.began and data[9:12] != b"200":
            self._all.broken = data[:2000].decode(errors="replace")

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.transport.is_closing():
            self._all.broken = str(exc)

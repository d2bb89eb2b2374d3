"""Copies of the first bytes of a request's and its response's body, for LOG_BODIES.

A `Downstream` around the real one, which neither delays nor changes what passes.
"""

from __future__ import annotations

from collections.abc import Awaitable

from proxy.downstream import Downstream, Outlet, ResponseHead
from proxy.headers import RawHeaders


class Copy:
    """The first `room` bytes of a body, and how many there were in all."""

    __slots__ = ("_room", "content", "size")

    def __init__(self, room: int) -> None:
        self._room = room
        self.content = bytearray()
        self.size = 0

    def take(self, data: bytes) -> None:
        """Bytes that pass."""
        self.size += len(data)
        left = self._room - len(self.content)
        if left > 0:
            self.content += data[:left]

    @property
    def whole(self) -> bool:
        """Whether nothing of what passed is missing."""
        return self.size == len(self.content)


class BodyCopies:
    """A `Downstream`, whose methods it documents, and copies of what the client sent and gets."""

    __slots__ = ("_downstream", "head", "request", "response", "response_head")

    def __init__(self, downstream: Downstream, room: int) -> None:
        self._downstream = downstream
        self.head = downstream.head
        self.request = Copy(room)
        self.response = Copy(room)
        self.response_head: ResponseHead | None = None

    @property
    def started(self) -> bool:
        return self._downstream.started

    @property
    def trailers(self) -> RawHeaders:
        return self._downstream.trailers

    def take_arrived(self) -> bytes | None:
        arrived = self._downstream.take_arrived()
        if arrived is not None:
            self.request.take(arrived)
        return arrived

    async def read(self) -> bytes:
        piece = await self._downstream.read()
        self.request.take(piece)
        return piece

    def keep_pace(self, *, wanted: bool) -> None:
        self._downstream.keep_pace(wanted=wanted)

    def drop_body(self) -> None:
        self._downstream.drop_body()

    def inform(self, status: int, reason: bytes, headers: RawHeaders) -> None:
        self._downstream.inform(status, reason, headers)

    def start(self, head: ResponseHead) -> None:
        self.response_head = head
        self._downstream.start(head)

    def flush(self) -> None:
        self._downstream.flush()

    def write(self, data: bytes) -> bool:
        self.response.take(data)
        return self._downstream.write(data)

    def outlet(self) -> Outlet | None:
        return None

    async def drain(self) -> None:
        await self._downstream.drain()

    def finish(
        self, data: bytes = b"", trailers: RawHeaders | None = None
    ) -> Awaitable[None] | None:
        self.response.take(data)
        return self._downstream.finish(data, trailers)

    def abort(self) -> None:
        self._downstream.abort()

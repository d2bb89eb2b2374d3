"""The beginnings of one request's two bodies, copied as they pass, for whoever debugs a client.

Only where LOG_BODIES asks for it. A `Downstream` around the real one: what goes through it is
neither held up nor changed, and no more than the first bytes of each body are kept.
"""

from __future__ import annotations

from proxy.downstream import Downstream, ResponseHead
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
    """Passes everything on, and keeps copies: the bodies as the client sent and gets them."""

    __slots__ = ("_downstream", "head", "request", "response", "response_head")

    def __init__(self, downstream: Downstream, room: int) -> None:
        self._downstream = downstream
        self.head = downstream.head
        self.request = Copy(room)
        self.response = Copy(room)
        self.response_head: ResponseHead | None = None

    @property
    def started(self) -> bool:
        """As `Downstream` says."""
        return self._downstream.started

    @property
    def trailers(self) -> RawHeaders:
        """As `Downstream` says."""
        return self._downstream.trailers

    async def read(self) -> bytes:
        """As `Downstream` says."""
        piece = await self._downstream.read()
        self.request.take(piece)
        return piece

    def keep_pace(self, *, wanted: bool) -> None:
        """As `Downstream` says."""
        self._downstream.keep_pace(wanted=wanted)

    def inform(self, status: int, reason: bytes, headers: RawHeaders) -> None:
        """As `Downstream` says."""
        self._downstream.inform(status, reason, headers)

    def start(self, head: ResponseHead) -> None:
        """As `Downstream` says."""
        self.response_head = head
        self._downstream.start(head)

    def flush(self) -> None:
        """As `Downstream` says."""
        self._downstream.flush()

    def write(self, data: bytes) -> bool:
        """As `Downstream` says."""
        self.response.take(data)
        return self._downstream.write(data)

    async def drain(self) -> None:
        """As `Downstream` says."""
        await self._downstream.drain()

    async def finish(self, data: bytes = b"", trailers: RawHeaders | None = None) -> None:
        """As `Downstream` says."""
        self.response.take(data)
        await self._downstream.finish(data, trailers)

    def abort(self) -> None:
        """As `Downstream` says."""
        self._downstream.abort()

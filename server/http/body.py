"""The body of one request, taken from what its connection has received."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from proxy import errors
from server.http.chunked import ChunkedBody
from server.http.faults import Fields, FramingError
from server.http.pace import Pace

if TYPE_CHECKING:
    from server.http.connection import ClientConnection

#: Seconds without a byte of a body that is waited for.
BODY_STALL: Final = 30.0
#: A body up to this size is taken at once where all of it has arrived.
ARRIVED_MAX_BYTES: Final = 32 * 1024
#: Pieces of a body that one turn of the loop takes from what has arrived already.
_TAKEN_IN_A_ROW_MAX: Final = 64
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


class RequestBody:
    """Reads up to `max_bytes`. `length` is None for a chunked body.

    `ended` is true once all of it was taken; what comes behind it is then the next request.
    """

    __slots__ = (
        "_chunks", "_connection", "_left", "_pace", "_paced", "_size", "_taken_in_a_row",
        "awaits_continue", "ended", "max_bytes", "trailers",
    )  # fmt: skip

    def __init__(
        self,
        connection: ClientConnection,
        length: int | None,
        *,
        awaits_continue: bool,
        max_bytes: int,
    ) -> None:
        self._connection = connection
        self.max_bytes = max_bytes
        self._chunks = ChunkedBody() if length is None else None
        self._left = self._size = length or 0
        #: What the body's rate is held against, from the first wait for it.
        self._pace: Pace | None = None
        self._paced = False
        self._taken_in_a_row = 0
        #: Whether the client holds the body back until it is asked for it.
        self.awaits_continue = awaits_continue
        self.ended = False
        self.trailers: Fields = []

    def keep_pace(self, *, wanted: bool) -> None:
        """Hold the client to BODY_LEAST_RATE from now on, or no longer."""
        self._paced = wanted
        if not wanted:
            self._pace = None

    def take_arrived(self) -> bytes | None:
        """The whole body, where it is short and has come with the head; else it is to be read.

        Raises errors.RequestTooLarge.
        """
        received = self._connection.received
        if (
            self._chunks is not None
            or self.awaits_continue
            or self._left > ARRIVED_MAX_BYTES
            or len(received) < self._left
        ):
            return None
        return self.take()

    async def read(self) -> bytes:
        """The next piece, b"" at the end.

        Raises errors.InvalidRequest, errors.RequestTimeout, errors.RequestTooLarge.
        """
        if self.ended:
            return b""
        if self.awaits_continue:
            self.awaits_continue = False
            self._connection.write(_CONTINUE)
        piece = self.take()
        self._taken_in_a_row += 1
        if self._taken_in_a_row >= _TAKEN_IN_A_ROW_MAX:
            # A buffer full of chunks of one byte would be a turn of the loop of a second.
            self._taken_in_a_row = 0
            await asyncio.sleep(0)
        while not piece and not self.ended:
            self._taken_in_a_row = 0
            await self._wait()
            piece = self.take()
        if self._pace is not None:
            self._pace.taken += len(piece)
        self._connection.resume_reading()
        return piece

    def drop_arrived(self) -> None:
        """Drop the body, unread, where all of it is here already: then it is at its end."""
        received = self._connection.received
        if self._chunks is None and not self.awaits_continue and len(received) >= self._left:
            del received[: self._left]
            self._left = 0
            self.ended = True

    def take(self) -> bytes:
        """What has arrived, without waiting; b"" if nothing has, or at the end."""
        received = self._connection.received
        if self._chunks is not None:
            piece = self._take_chunk(self._chunks, received)
        else:
            self._check_size()
            piece = bytes(received[: self._left])
            del received[: len(piece)]
            self._left -= len(piece)
            self.ended = not self._left
        return piece

    def _take_chunk(self, chunks: ChunkedBody, received: bytearray) -> bytes:
        try:
            piece = chunks.take(received)
        except FramingError as error:
            # Where this body ends is unknown, so nothing after it may be read.
            raise errors.InvalidRequest(str(error)) from error
        self._size += len(piece)
        self._check_size()
        if chunks.ended:
            self.trailers = chunks.trailers
            self.ended = True
        return piece

    def _check_size(self) -> None:
        if self._size > self.max_bytes:
            raise errors.RequestTooLarge("The request body is too large.")

    async def _wait(self) -> None:
        """Wait for more bytes, and no longer than the client may take."""
        connection = self._connection
        now = connection.loop.time
        if self._paced and self._pace is None:
            # Only now: most bodies come with their heads and are never waited for.
            rate = connection.context.settings.body_least_rate
            self._pace = Pace(rate, now()) if rate else None
        pace = self._pace
        patience = BODY_STALL if pace is None else min(BODY_STALL, pace.left(now()))
        if await connection.receive_more(patience):
            return
        if pace is not None and patience < BODY_STALL and pace.left(now()):
            # It has sent enough, and is asked about the next span.
            return
        slow = "stalled" if pace is None or patience == BODY_STALL else "comes too slowly"
        raise errors.RequestTimeout(f"The request body {slow}.")

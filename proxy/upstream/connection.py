"""One connection to an upstream: its transport, its deadlines, one exchange at a time.

What arrives is handed at once to the task that `pump`s. Otherwise it waits in a short queue, and a
full queue pauses reading, so that a slow client slows its own upstream only. `response` parses
bytes.
"""

from __future__ import annotations

import asyncio
import select
from collections.abc import Callable
from typing import Final, cast

from proxy.driving import Waiter
from proxy.headers import RawHeaders
from proxy.sockets import reset_on_close
from proxy.upstream.errors import ConnectionLost, ProtocolViolation, TimedOut, UpstreamError
from proxy.upstream.heads import UpstreamHead
from proxy.upstream.response import PIECE_BYTES, ResponseReader
from proxy.upstream.source import Take
from proxy.upstream.timeouts import Timeouts
from proxy.upstream.transport_end import was_cut

#: More than this waiting for the client stops reading from the upstream.
HIGH_WATER: Final = 256 * 1024
_NEVER: Final = float("inf")


class UpstreamConnection(asyncio.Protocol):
    """A transport and the state of one exchange at a time.

    `begin` starts an exchange; `write` and `drain` send the request, `upload` is the task that
    sends a long one. What is taken of the response is `source.ResponseSource`'s.
    """

    __slots__ = (
        "_error", "_first_byte", "_loop", "_paused", "_poll", "_response", "_surplus", "_take",
        "_timeouts", "_unsent", "_usual_first_byte", "_waiter", "_writable", "deadline", "ended",
        "give_back", "idle_since", "idle_timeout", "received", "transport", "upload", "written",
    )  # fmt: skip

    def __init__(self, loop: asyncio.AbstractEventLoop, timeouts: Timeouts) -> None:
        self._loop = loop
        self._timeouts = timeouts
        self._response = ResponseReader()
        self._waiter: Waiter[bool] | None = None
        self._take: Take | None = None
        self._writable: asyncio.Event | None = None
        self._poll: select.poll | None = None
        self._paused = False
        self._surplus = False
        self._error: UpstreamError | None = None
        self.transport: asyncio.Transport | None = None
        #: Since when, and for how many seconds it may idle, as far as the upstream said.
        self.idle_since = 0.0
        self.idle_timeout = _NEVER
        #: The pool's, for a connection of one.
        self.give_back: Callable[[UpstreamConnection], None] = UpstreamConnection.close
        self._unsent = 0
        self._first_byte = self._usual_first_byte = timeouts.first_byte
        self.upload: asyncio.Future[None] | None = None
        self.received = False
        self.written = 0
        self.deadline = _NEVER
        #: Whether the whole response has been received and taken. It is asked with each event.
        self.ended = False

    # The exchange

    def begin(self, method: str) -> None:
        """Get ready for a request and its response."""
        response = self._response
        response.head_only = method == "HEAD"
        response.trailers = []

    def answer_within(self, seconds: float) -> None:
        """Wait for this answer no longer than that, where others are waited for longer."""
        self._first_byte = min(seconds, self._first_byte)

    @property
    def usable(self) -> bool:
        """Whether a request may be written: as far as we know, the connection lives."""
        return self.transport is not None and not self.transport.is_closing() and not self._error

    def takes(self, method: str) -> bool:
        """Get ready for another request and its response, where the connection lives as far as we
        know, and the kernel holds no input that the event loop has not read yet.

        That would be its end, or bytes that answer no request, which would pass for the answer to
        this one. What comes after this look cannot be told from the answer.
        """
        transport, poll = self.transport, self._poll
        if transport is None or transport.is_closing() or self._error is not None:
            return False
        if poll is not None and poll.poll(0):
            return False
        response = self._response
        response.head_only = method == "HEAD"
        response.trailers = []
        return True

    def write(self, data: bytes) -> None:
        """Send request bytes. Raises ConnectionLost once the connection is gone."""
        if self._error is not None:
            raise self._error.anew()
        if self.transport is None or self.transport.is_closing():
            raise ConnectionLost("The upstream closed the connection.")
        self.written += len(data)
        if not self.received:
            self.deadline = self._loop.time() + self._first_byte
        self.transport.write(data)

    async def drain(self) -> None:
        """Wait while the upstream is slower than we are."""
        if self._writable is not None:
            await self._writable.wait()
            if self._error is not None:
                raise self._error.anew()

    async def head(self) -> UpstreamHead:
        """The next response head: interim ones (1xx) first, then the final one.

        Raises what broke the response, also where a malformed one began with a good head.
        """
        heads = self._response.heads
        while not heads:
            if self._error is not None:
                raise self._error.anew()
            self._waiter = Waiter()
            try:
                await self._waiter
            finally:
                self._waiter = None
        if isinstance(self._error, ProtocolViolation):
            raise self._error.anew()
        return heads.pop(0)

    @property
    def is_waiting(self) -> bool:
        """Whether neither body bytes nor their end are here yet."""
        return not self._response.chunks and not self._response.complete

    async def pump(self, take: Take) -> None:
        """Hand body bytes to `take` as they come, until the end or until it wants no more.

        It is called where they arrive, without a step of our coroutine in between. Raises what
        broke the response, and what `take` raises.
        """
        response = self._response
        while not response.chunks or take(self._taken()):
            if response.complete:
                return
            if self._error is not None:
                raise self._error.anew()
            self._take = take
            self._waiter = Waiter()
            try:
                # False where `take` wanted no more.
                if not await self._waiter:
                    return
            finally:
                self._take = self._waiter = None

    def take_rest(self) -> bytes | None:
        """All that is left of the body, where it is no more than a piece and has arrived whole."""
        response = self._response
        if not response.complete or self._paused or response.queued > PIECE_BYTES:
            return None
        self.ended = True
        return response.take()

    def _taken(self) -> bytes:
        response = self._response
        data = response.take()
        self.ended = response.complete and not response.chunks
        if self._paused:
            self._resume()
        return data

    @property
    def trailers(self) -> RawHeaders:
        """The fields behind a chunked body, from the response's end to the next exchange."""
        return self._response.trailers

    def is_reusable(self) -> bool:
        """Whether the exchange ended so cleanly that another one may follow."""
        # A property would take more than a call.
        response, transport = self._response, self.transport
        return (
            response.complete
            and response.keep_alive
            and not response.unread
            and not self._surplus
            and self._error is None
            and self._writable is None
            and transport is not None
            and not transport.is_closing()
        )

    def becomes_idle(self) -> bool:
        """Get ready for another exchange, where the last one `is_reusable`."""
        if not self.is_reusable():
            return False
        response = self._response
        response.reset()
        self._unsent = self.written = 0
        self._first_byte = self._usual_first_byte
        self.received = self.ended = False
        self.deadline = _NEVER
        self.idle_since = self._loop.time()
        self.idle_timeout = response.idle_timeout
        return True

    def release(self) -> None:
        """Give the connection back: to be used again where its exchange ended cleanly.

        Not where the request was never sent whole, since the rest of it would still be expected.
        """
        if (upload := self.upload) is not None:
            self.upload = None
            if not upload.done():
                upload.cancel()
                self.close()
            elif upload.cancelled() or upload.exception() is not None:
                self.close()
        self.give_back(self)

    def close(self) -> None:
        """Drop the connection at once."""
        if self.written and not self._response.complete:
            self._reset_on_close()
        if self._error is None:
            self._error = ConnectionLost("The connection was closed.")
        self._abort()

    def check_deadline(self, now: float) -> None:
        """Fail the exchange whose upstream has been silent for too long."""
        if self._error is not None or self._response.complete:
            return
        if not self.received and self._is_sending():
            self.deadline = now + self._first_byte
        elif now >= self.deadline:
            what = "go on" if self.received else "begin to answer"
            self._reset_on_close()
            self._fail(TimedOut(f"The upstream did not {what} in time."))

    def _is_sending(self) -> bool:
        """Whether the request moved since we last looked, or the client keeps us waiting for it."""
        if self.transport is None:
            return False
        before, self._unsent = self._unsent, self.transport.get_write_buffer_size()
        uploading = self.upload is not None and not self.upload.done()
        return self._unsent != before or (uploading and not self._unsent)

    def _wake(self) -> None:
        """Let the waiting request go on. It may do all that is left of it meanwhile, and another
        one may begin here: nothing that belongs to the exchange may follow in our caller."""
        if self._waiter is not None:
            self._waiter.wake(True)

    def _fail(self, error: UpstreamError) -> None:
        """Break the exchange, unless its response is whole, and drop the connection."""
        if self._error is None and not self._response.complete:
            self._error = error
        if self._writable is not None:
            self._writable.set()
        self._abort()
        self._wake()

    def _reset_on_close(self) -> None:
        """Make the close a reset: a plain end would reach the upstream only behind all of the
        request that it has not read yet."""
        if self.usable and self.transport is not None:
            reset_on_close(self.transport)

    def _abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    def _resume(self) -> None:
        if self._response.unread and self._error is None:
            self._loop.call_soon(self._read_on)
            return
        self._paused = False
        self.deadline = self._loop.time() + self._timeouts.idle
        if self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not registered as asyncio's.
        self.transport = cast(asyncio.Transport, transport)
        self._poll = select.poll()
        self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def data_received(self, data: bytes) -> None:
        response = self._response
        if not self.written or response.complete:
            # Bytes outside an exchange answer no request: the connection cannot be used again.
            self._surplus = True
            if not self.written:
                self.close()
            return
        self.received = True
        take, waiter = self._take, self._waiter
        if take is None or waiter is None or waiter.done or self._paused:
            self._read(data)
            return
        # The usual event of a stream: in as few steps as there can be.
        try:
            piece = response.read_on(data)
        except ProtocolViolation as violation:
            self._fail(violation.anew())
            return
        if not piece:
            self._has_read()
            return
        self.deadline = self._loop.time() + self._timeouts.idle
        try:
            if take(piece):
                return
        except Exception as exc:  # noqa: BLE001
            # It is raised in the pumping request, not in the transport that called us.
            self._take = None
            waiter.fail(exc)
        else:
            self._take = None
            waiter.wake(False)

    def _read(self, data: bytes) -> None:
        """Parse bytes of the response, as many as a turn allows, and wake the waiting task."""
        try:
            self._response.feed(data)
        except ProtocolViolation as violation:
            self._fail(violation.anew())
            return
        if self._response.complete and not self._paused:
            # The usual answer: as `_wake` does, without a step for it.
            self.deadline = _NEVER
            self.ended = not self._response.chunks
            if self._waiter is not None:
                self._waiter.wake(True)
        else:
            self._has_read()

    def _has_read(self) -> None:
        response = self._response
        complete = response.complete
        if complete:
            self.deadline = _NEVER
            self.ended = not response.chunks
        elif response.queued > HIGH_WATER or response.unread:
            self._pause()
        else:
            self.deadline = self._loop.time() + self._timeouts.idle
        if self._paused and not response.chunks:
            # No chunk is there to be taken, so `_taken` will not resume reading.
            self._resume()
        if complete or self._take is None:
            self._wake()
        elif response.chunks and self._waiter is not None and not self._waiter.done:
            self._hand_on(self._take, self._waiter)

    def _read_on(self) -> None:
        """Parse, in a turn of its own, what the last turn had no time for."""
        response = self._response
        if response.unread and self._error is None and not response.complete:
            self._read(b"")
        elif self._paused and not response.chunks:
            self._resume()

    def _hand_on(self, take: Take, waiter: Waiter[bool]) -> None:
        """Give what has arrived to `take`; wake the pumping request where it wants no more."""
        try:
            if take(self._taken()):
                return
        except Exception as exc:  # noqa: BLE001
            # It is raised in the pumping request, not in the transport that called us.
            self._take = None
            waiter.fail(exc)
        else:
            self._take = None
            waiter.wake(False)

    def _pause(self) -> None:
        self.deadline = _NEVER
        if not self._paused and self.transport is not None and not self.transport.is_closing():
            self._paused = True
            self.transport.pause_reading()

    def eof_received(self) -> None:
        # Not a close, which would first wait for the upstream to take the rest of a request.
        self._abort()

    def connection_lost(self, exc: Exception | None) -> None:
        while self._response.unread and self._error is None and not self._response.complete:
            self._read(b"")
        if self._error is None and exc is None and not was_cut(self.transport):
            self.ended = self._response.end() and not self._response.chunks
        self.transport = self._poll = None
        self._response.close()
        self._fail(ConnectionLost("The upstream closed the connection."))

    def pause_writing(self) -> None:
        self._writable = asyncio.Event()

    def resume_writing(self) -> None:
        if self._writable is not None:
            self._writable.set()
            self._writable = None

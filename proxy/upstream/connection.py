"""One connection to an upstream: its transport, its deadlines, one exchange at a time.

What arrives is handed at once to the task that `pump`s. Otherwise it waits in a short queue, and a
full queue pauses reading, so that a slow client slows its own upstream only. `response` parses
bytes.

The usual exchange takes a way of its own: its request is one message, and its answer comes whole in
one packet, with a head like one that came before. Nothing of it is queued then, and nothing has to
be made ready for the next one. Whatever else happens takes the connection off that way, for as long
as the exchange lasts (`_is_unusual`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from proxy.driving import Waiter
from proxy.headers import RawHeaders
from proxy.upstream.errors import ConnectionLost, ProtocolViolation, TimedOut, UpstreamError
from proxy.upstream.heads import Arrived, UpstreamHead
from proxy.upstream.response import PIECE_BYTES, ResponseReader
from proxy.upstream.sending import (
    ASKED,
    IDLE_SECONDS,
    NEVER,
    NEW,
    READ,
    WHOLE,
    Sending,
)  # fmt: skip
from proxy.upstream.source import Take, Through
from proxy.upstream.timeouts import Timeouts
from proxy.upstream.transport_end import was_cut

#: More than this waiting for the client stops reading from the upstream.
HIGH_WATER: Final = 256 * 1024
#: So many of one origin are kept idle.
IDLE_MAX_PER_ORIGIN: Final = 256


class HeadTaker(Protocol):
    """What is told of a response's head, once: a `Waiter`, say."""

    @property
    def done(self) -> bool:
        """Whether it waits no longer."""
        ...

    def wake(self, value: UpstreamHead) -> None:
        """It has come."""
        ...

    def fail(self, error: BaseException) -> None:
        """None will come."""
        ...


class UpstreamConnection(Sending):
    """A transport and the state of one exchange at a time.

    `begin` starts an exchange; `write` and `drain` send the request, `upload` is the task that
    sends a long one. What is taken of the response is `source.ResponseSource`'s.
    """

    __slots__ = (
        "_head_waiter", "_passed", "_paused", "_response", "_surplus", "_take", "_through",
        "_waiter", "_ways", "ended", "give_back", "home",
    )  # fmt: skip

    def __init__(self, loop: asyncio.AbstractEventLoop, timeouts: Timeouts) -> None:
        super().__init__(loop, timeouts)
        #: What the response is read from: one that came whole at once, or the reader.
        self._response: ResponseReader | Arrived = self._reader
        self._head_waiter: HeadTaker | None = None
        self._waiter: Waiter[bool] | None = None
        self._take: Take | None = None
        #: What packets may pass through that are whole chunks, and whether the next one may.
        self._ways: Through | None = None
        self._through: Through | None = None
        #: What had passed so when the deadline was last looked at, which is a few times a second.
        self._passed = 0
        self._paused = False
        self._surplus = False
        #: Whether the whole response has been received and taken. It is asked with each event.
        self.ended = False
        #: The pool's, for a connection of one: what takes it back, and those of its origin that
        #: idle, among which it does so itself; None where it is not to be kept.
        self.give_back: Callable[[UpstreamConnection], None] = UpstreamConnection.close
        self.home: list[UpstreamConnection] | None = None

    # The exchange

    def head(self) -> Awaitable[UpstreamHead]:
        """The next response head: interim ones (1xx) first, then the final one.

        It raises what broke the response, also where a malformed one began with a good head.
        """
        waiter: Waiter[UpstreamHead] = Waiter()
        self._head_waiter = waiter
        if self._stage != ASKED:
            self._give_head(waiter)
        return waiter

    def will_tell(self, taker: HeadTaker) -> bool:
        """Have `taker` told of the next head, where nothing of the response is here yet."""
        if self._stage != ASKED:
            return False
        self._head_waiter = taker
        return True

    def _give_head(self, waiter: HeadTaker) -> None:
        response, heads, error = self._response, self._reader.heads, self._error
        if isinstance(response, Arrived):
            # It was given to one that was cancelled.
            self._head_waiter = None
            waiter.wake(response.head)
        elif error is not None and (not heads or isinstance(error, ProtocolViolation)):
            self._head_waiter = None
            waiter.fail(error.anew())
        elif heads:
            self._head_waiter = None
            waiter.wake(heads.pop(0))

    @property
    def is_waiting(self) -> bool:
        """Whether neither body bytes nor their end are here yet."""
        return not self._response.chunks and not self._response.complete

    async def pump(self, take: Take, through: Through | None = None) -> None:
        """Hand body bytes to `take` as they come, until the end or until it wants no more; packets
        that are whole chunks to `through`, where it wants them.

        It is called where they arrive, without a step of our coroutine in between. Raises what
        broke the response, and what `take` raises.
        """
        response = self._response
        while not response.chunks or take(self._taken()):
            if response.complete:
                return
            if self._error is not None:
                raise self._error.anew()
            self._take, self._ways = take, through
            self._waiter = Waiter()
            try:
                # False where `take` wanted no more.
                if not await self._waiter:
                    return
            finally:
                self._take = self._waiter = self._ways = self._through = None

    def take_rest(self) -> bytes | None:
        """All that is left of the body, where it is no more than a piece and has arrived whole."""
        response = self._response
        if isinstance(response, Arrived):
            # No packet is larger than a piece.
            self.ended = True
            body, response.body = response.body, b""
            return body
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
            and not self._paused
            and self._error is None
            and self._writable is None
            and transport is not None
            and not transport.is_closing()
        )

    def becomes_idle(self) -> bool:
        """Idle with the others of its origin, where the last exchange `is_reusable`."""
        home = self.home
        if home is None or len(home) >= IDLE_MAX_PER_ORIGIN or not self.is_reusable():
            return False
        reader = self._reader
        reader.reset()
        self._stage, self._response = NEW, reader
        self._unsent = 0
        self._first_byte = self._timeouts.first_byte
        self.ended = False
        self.deadline = NEVER
        self.idle_since = self._loop.time()
        self.idles_for = min(IDLE_SECONDS, reader.idle_timeout)
        home.append(self)
        return True

    def release(self) -> None:
        """Give the connection back: to be used again where its exchange ended cleanly.

        Not where the request was never sent whole, since the rest of it would still be expected.
        """
        home = self.home
        if self._stage == WHOLE and home is not None and len(home) < IDLE_MAX_PER_ORIGIN:
            # As `becomes_idle`, which finds nothing else to make ready.
            self._stage, self._response = NEW, self._reader
            self.ended = False
            self.idle_since = self._loop.time()
            home.append(self)
            return
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
        if self._stage != NEW and not self._response.complete:
            self._reset_on_close()
        if self._error is None:
            self._error = ConnectionLost("The connection was closed.")
        self._abort()

    def check_deadline(self, now: float) -> None:
        """Fail the exchange whose upstream has been silent for too long."""
        ways = self._ways
        if ways is not None and ways.passed != self._passed:
            # As of most streams that are open.
            self._passed = ways.passed
            self.deadline = now + self._timeouts.idle
            return
        if self._stage == NEW or self._error is not None or self._response.complete:
            return
        if not self.received and self._is_sending():
            self._is_unusual()
            self.deadline = now + self._first_byte
        elif now >= self.deadline:
            what = "go on" if self.received else "begin to answer"
            self._reset_on_close()
            self._fail(TimedOut(f"The upstream did not {what} in time."))

    def _wake(self) -> None:
        """Let the waiting request go on. It may do all that is left of it meanwhile, and another
        one may begin here: nothing that belongs to the exchange may follow in our caller."""
        head_waiter = self._head_waiter
        if head_waiter is not None and not head_waiter.done:
            self._give_head(head_waiter)
        elif self._waiter is not None:
            self._waiter.wake(True)

    def _fail(self, error: UpstreamError) -> None:
        """Break the exchange, unless its response is whole, and drop the connection."""
        if self._error is None and not self._response.complete:
            self._error = error
        if self._writable is not None:
            self._writable.set()
        self._abort()
        self._wake()

    def _resume(self) -> None:
        if self._response.unread and self._error is None:
            self._loop.call_soon(self._read_on)
            return
        self._paused = False
        self.deadline = self._loop.time() + self._timeouts.idle
        if self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()

    # asyncio.Protocol

    def data_received(self, data: bytes) -> None:
        through = self._through
        if through is not None:
            # The usual event of a stream, whose deadline is moved when that is looked at.
            wants_more = through.take(data)
            if wants_more:
                return
            self._through = None
            if wants_more is False:
                self.deadline = self._loop.time() + self._timeouts.idle
                self._take_no_more()
                return
        if self._stage == ASKED and (head_waiter := self._head_waiter) is not None:
            arrived = self._reader.likely.read(data)
            if arrived is not None and arrived.complete and arrived.body:
                # The usual answer.
                self._stage, self._response, self._head_waiter = WHOLE, arrived, None
                self.deadline = NEVER
                head_waiter.wake(arrived.head)
            else:
                self._receive(data, arrived)
            return
        take, waiter = self._take, self._waiter
        if take is None or waiter is None or waiter.resume is None or self._paused:
            self._receive(data)
            return
        self._pass_on(data, take, waiter)

    def _pass_on(self, data: bytes, take: Take, waiter: Waiter[bool]) -> None:
        """Hand on a piece that comes alone, in as few steps as there can be."""
        reader = self._reader
        try:
            piece = reader.read_on(data)
        except ProtocolViolation as violation:
            self._fail(violation.anew())
            return
        if not piece:
            self._has_read()
            return
        self.deadline = self._loop.time() + self._timeouts.idle
        try:
            wants_more = take(piece)
        except Exception as exc:  # noqa: BLE001
            # It is raised in the pumping request, not in the transport that called us.
            self._take = None
            waiter.fail(exc)
            return
        ways = self._ways
        if not wants_more:
            self._take_no_more()
        elif ways is not None and reader.is_between_chunks(data) and ways.is_ready():
            self._through = ways

    def _take_no_more(self) -> None:
        """The pumping request has enough just now."""
        self._take = None
        if self._waiter is not None:
            self._waiter.wake(False)

    def _receive(self, data: bytes, arrived: Arrived | None = None) -> None:
        if self._stage == NEW:
            # Bytes outside an exchange answer no request.
            self.close()
        elif self._response.complete:
            # Nor do these: the connection cannot be used again.
            self._surplus = True
            self._is_unusual()
        else:
            self._stage = READ
            self._read(data, arrived)

    def _read(self, data: bytes, arrived: Arrived | None = None) -> None:
        """Parse bytes of the response, as many as a turn allows, and wake the waiting task."""
        try:
            self._reader.feed(data, arrived)
        except ProtocolViolation as violation:
            self._fail(violation.anew())
        else:
            self._has_read()

    def _has_read(self) -> None:
        response = self._response
        complete = response.complete
        if complete:
            self.deadline = NEVER
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
            self._take_no_more()

    def _pause(self) -> None:
        self.deadline = NEVER
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
        self.transport = None
        self._reader.close()
        self._fail(ConnectionLost("The upstream closed the connection."))

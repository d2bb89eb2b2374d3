"""A client's connection: its transport, how much of its input is kept, and its end.

`http.StrictHttp` reads and answers the messages on it.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Any, Final

from sanic.http import Stage
from sanic.server.protocols.http_protocol import HttpProtocol

from server.context import WorkerContext
from server.http.connection import StrictHttp
from server.http.connections import Connection, Connections
from server.http.disconnect import has_left
from server.http.turned_away import turn_away

KEEP_ALIVE_IDLE: Final = 75.0
_LEAST_CHECK: Final = 1.0
_RECEIVE_WINDOW: Final = 64 * 1024
#: Seconds between two looks for a client that may have left while its upload is held back.
_LOOK_EVERY: Final = 0.4
#: A stalled reader is looked at so many times within its time, and no more often than this.
_LOOKS: Final = 4
_LEAST_LOOK: Final = 0.05
#: SO_LINGER with no time to linger: closing sends a reset.
_RESET: Final = struct.pack("ii", 1, 0)


class StrictProtocol(HttpProtocol):
    """Sanic's server protocol around `StrictHttp`."""

    HTTP_CLASS = StrictHttp
    __touchup__ = ()  # type: ignore[assignment]  # Nothing of ours is to be rewritten.
    __slots__ = (
        "_look", "_progress_at", "_reading_paused", "_stall", "_unsent", "_write_timeout",
        "clients", "context", "direct", "waits_in",
    )  # fmt: skip

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._reading_paused = False
        self._look: asyncio.TimerHandle | None = None
        #: What serves `DIRECT_PREFIX` past Sanic's request, router and signals.
        self.context: WorkerContext = self.app.ctx
        self.direct: Callable[[StrictHttp], Awaitable[None]] | None = self.context.direct
        self.clients: Connections = self.context.connections
        self.waits_in: dict[Connection, None] | None = None
        self._write_timeout: float = self.context.settings.client_write_timeout
        self._stall: asyncio.TimerHandle | None = None
        self._unsent = 0
        self._progress_at = 0.0

    def connection_made(self, transport: Any) -> None:
        """Let the client in, where there is room."""
        peer = transport.get_extra_info("peername")
        refused = self.clients.admit(self, peer[0] if isinstance(peer, tuple) else "")
        if refused is not None:
            turn_away(transport, self.clients.turned_away)
            return
        super().connection_made(transport)  # type: ignore[no-untyped-call]

    def connection_lost(self, exc: Exception | None) -> None:
        """End its task, and let another client have its place."""
        self.clients.leave(self)
        super().connection_lost(exc)  # type: ignore[no-untyped-call]
        # Each holds us until it is due: a flood of connections would be collected all at once.
        for timer in (self._callback_check_timeouts, self._look, self._stall):
            if timer is not None:
                timer.cancel()
        self.transport = None

    def write(self, data: bytes) -> None:
        """Send bytes, unless the connection is gone."""
        if self.transport is not None:
            self.transport.write(data)

    def abort(self) -> None:
        """Close at once; what has not been sent yet is dropped."""
        super().abort()  # type: ignore[no-untyped-call]

    def reset(self) -> None:
        """Close by a TCP reset, where a plain end would pass for the end of an answer."""
        if self.transport is not None and not self.transport.is_closing():
            # uvloop shows a socket that takes no options, so they are set on a copy.
            descriptor = self.transport.get_extra_info("socket").fileno()
            with socket.fromfd(descriptor, socket.AF_INET, socket.SOCK_STREAM) as copy:
                copy.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.abort()

    def close(self, timeout: float | None = None) -> None:
        """Close once everything has been sent; a client that does not read it has its time."""
        if self.transport is None or self.transport.is_closing():
            return
        timer: asyncio.TimerHandle | None = self._callback_check_timeouts
        if timer is not None:
            timer.cancel()
        self.transport.close()
        if self.unsent:
            self._watch_reader()

    def begin_idling(self, *, known: bool) -> None:
        """The time between requests starts when one has been answered, however long that took."""
        self._time = self.loop.time()
        self.clients.rests(self, known=known)

    # A client that does not read

    @property
    def unsent(self) -> int:
        """Bytes that the client has not taken from us yet, those in the kernel not counted."""
        return 0 if self.transport is None else self.transport.get_write_buffer_size()

    def pause_writing(self) -> None:
        """More is unsent than we like: from now on the client must make progress."""
        super().pause_writing()  # type: ignore[no-untyped-call]
        self._watch_reader()

    def resume_writing(self) -> None:
        """The client keeps up again."""
        self._unsent = 0
        super().resume_writing()  # type: ignore[no-untyped-call]

    def _watch_reader(self) -> None:
        # Not once for each pause: a stream to a client that is a little slow has thousands.
        self._unsent = self.unsent
        self._progress_at = self.loop.time()
        if self._stall is None:
            self._look_again()

    def _look_again(self) -> None:
        wait = max(_LEAST_LOOK, self._write_timeout / _LOOKS)
        self._stall = self.loop.call_later(wait, self._look_at_reader)

    def _look_at_reader(self) -> None:
        self._stall = None
        unsent, now = self.unsent, self.loop.time()
        if not unsent or not self._unsent:
            return
        if unsent < self._unsent:
            self._unsent, self._progress_at = unsent, now
        elif now - self._progress_at >= self._write_timeout:
            self.clients.drop(self, "unread")
            return
        self._look_again()

    # Time and input

    def check_timeouts(self) -> None:
        """Close a connection that has been idle between requests for too long.

        Heads and bodies have deadlines of their own, and a response may take as long as it likes:
        Sanic's own timers would cut a stream that pauses.
        """
        if self._task is None or self._http is None:
            return
        idle = self.loop.time() - self._time
        if self._http.stage is Stage.IDLE and idle >= KEEP_ALIVE_IDLE:
            # What a slow client has not read yet still arrives.
            self.close()
            return
        self._callback_check_timeouts = self.loop.call_later(
            max(_LEAST_CHECK, KEEP_ALIVE_IDLE - idle), self.check_timeouts
        )

    def data_received(self, data: bytes) -> None:
        """Keep what came for the connection's task, as much as it has room for."""
        self.recv_buffer += data
        self._time = self.loop.time()
        if len(self.recv_buffer) >= _RECEIVE_WINDOW and not self._reading_paused:
            self._reading_paused = True
            if self.transport is not None:
                self.transport.pause_reading()
            if self._look is None:
                self._look = self.loop.call_later(_LOOK_EVERY, self._look_for_departure)
        self._data_received.set()

    def _look_for_departure(self) -> None:
        """While reading is paused, the transport does not notice that the client has left."""
        self._look = None
        if not self._reading_paused or self.transport is None or self.transport.is_closing():
            return
        if has_left(self.transport):
            self.abort()
        else:
            self._look = self.loop.call_later(_LOOK_EVERY, self._look_for_departure)

    def resume_if_drained(self) -> None:
        """Read on once the buffer has room."""
        if self._reading_paused and len(self.recv_buffer) < _RECEIVE_WINDOW:
            self._reading_paused = False
            if self.transport is not None:
                self.transport.resume_reading()

    async def receive_more(self) -> None:
        """Wait until more bytes have been added to `recv_buffer`."""
        self.resume_if_drained()
        self._data_received.clear()
        await self._data_received.wait()

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

from server.departure import has_left
from server.http import StrictHttp

KEEP_ALIVE_IDLE: Final = 75.0
_LEAST_CHECK: Final = 1.0
_RECEIVE_WINDOW: Final = 64 * 1024
#: Seconds between two looks for a client that may have left while its upload is held back.
_LOOK_EVERY: Final = 0.4
#: SO_LINGER with no time to linger: closing sends a reset.
_RESET: Final = struct.pack("ii", 1, 0)


class StrictProtocol(HttpProtocol):
    """Sanic's server protocol around `StrictHttp`."""

    HTTP_CLASS = StrictHttp
    __touchup__ = ()  # type: ignore[assignment]  # Nothing of ours is to be rewritten.
    __slots__ = ("_look", "_reading_paused", "direct")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._reading_paused = False
        self._look: asyncio.TimerHandle | None = None
        #: What serves `DIRECT_PREFIX` past Sanic's request, router and signals.
        self.direct: Callable[[StrictHttp], Awaitable[None]] | None = getattr(
            self.app.ctx, "direct", None
        )

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

    def begin_idling(self) -> None:
        """The time between requests starts when one has been answered, however long that took."""
        self._time = self.loop.time()

    def check_timeouts(self) -> None:
        """Close a connection that has been idle between requests for too long.

        Heads and bodies have deadlines of their own, and a response may take as long as it likes:
        Sanic's own timers would cut a stream that pauses.
        """
        if self._task is None or self._http is None:
            return
        idle = self.loop.time() - self._time
        if self._http.stage is Stage.IDLE and idle >= KEEP_ALIVE_IDLE:
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

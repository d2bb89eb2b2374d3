"""Idle connections by origin, and the clock that watches all of them."""

from __future__ import annotations

import asyncio
import ssl

from proxy import beat
from proxy.driving import in_a_task
from proxy.upstream.connection import UpstreamConnection
from proxy.upstream.dialing import dial, tls_context
from proxy.upstream.target import Origin
from proxy.upstream.timeouts import Timeouts


class Pool:
    """Hands out connections, the most recently used first, and takes them back.

    At most `most` are open, as far as idle ones can make way for others.

    One task looks at every connection's deadline a few times a second: a timer per request would
    cost more than the request's bytes.
    """

    def __init__(
        self, timeouts: Timeouts, tls: ssl.SSLContext | None = None, *, most: int | None = None
    ) -> None:
        self._timeouts = timeouts
        self._most = most
        self._tls = tls or tls_context()
        #: A connection goes back to the list of its origin by itself, so that lists stay for as
        #: long as any of their connections is open.
        self._idle: dict[Origin, list[UpstreamConnection]] = {}
        self._open: dict[UpstreamConnection, Origin] = {}
        self._clock: asyncio.Task[None] | None = None
        self._closed = False

    def open(self) -> None:
        """Start the clock, in the running loop."""
        loop = asyncio.get_running_loop()
        self._clock = loop.create_task(self._watch(), name="upstream-clock")

    async def close(self) -> None:
        """Stop the clock and drop every connection; what is released later is dropped, too."""
        self._closed = True
        if self._clock is not None:
            self._clock.cancel()
            await asyncio.gather(self._clock, return_exceptions=True)
        for connection in list(self._open):
            connection.close()
        self._open.clear()
        # They know their lists.
        for idle in self._idle.values():
            idle.clear()
        self._idle.clear()

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._open)

    @property
    def busy(self) -> list[UpstreamConnection]:
        """Those that are in use."""
        idle = {connection for waiting in self._idle.values() for connection in waiting}
        return [connection for connection in self._open if connection not in idle]

    async def acquire(
        self, origin: Origin, method: str, *, fresh: bool = False
    ) -> UpstreamConnection:
        """A connection ready for a request: an idle one, or a new one where `fresh` or there is
        none. Raises ConnectFailed or ConnectTimedOut."""
        connection = None if fresh else self.take(origin, method)
        if connection is None:
            # A dial has a time limit of asyncio's.
            await in_a_task()
            self._make_room()
            connection = await dial(origin, self._timeouts, self._tls)
            connection.begin(method)
            connection.give_back = self.release
            if not self._closed:
                connection.home = self._idle.setdefault(origin, [])
                self._open[connection] = origin
        return connection

    def _make_room(self) -> None:
        """Close the longest idle connection where as many are open as descriptors allow."""
        if self._most is None or self.connections < self._most:
            return
        waiting = (idle for idle in self._idle.values() if idle)
        idle = min(waiting, key=lambda idle: idle[0].idle_since, default=None)
        if idle is not None:
            self._drop(idle.pop(0))

    def take(self, origin: Origin, method: str, message: bytes = b"") -> UpstreamConnection | None:
        """An idle connection, ready for a request, where there is one. A `message` is all of the
        request, and has been sent then."""
        idle = self._idle.get(origin)
        while idle:
            connection = idle.pop()
            if connection.takes(method, message):
                return connection
            self._drop(connection)
        return None

    def release(self, connection: UpstreamConnection) -> None:
        """Take a connection back: kept when its exchange ended cleanly, closed otherwise."""
        if not connection.becomes_idle():
            self._drop(connection)

    def _drop(self, connection: UpstreamConnection) -> None:
        self._open.pop(connection, None)
        connection.close()

    async def _watch(self) -> None:
        shortest = min(self._timeouts.first_byte, self._timeouts.idle)
        interval = min(1.0, max(0.05, shortest / 8))
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await beat.pause(interval)
            # If this task ran late, data may be unread: cap `now`, so that a loop stall cannot
            # expire deadlines.
            now = min(loop.time(), before + 2 * interval)
            for connection in list(self._open):
                connection.check_deadline(now)
            self._retire_idle(now)

    def _retire_idle(self, now: float) -> None:
        for idle in self._idle.values():
            for connection in [one for one in idle if not one.may_idle(now)]:
                idle.remove(connection)
                self._drop(connection)
        in_use = set(self._open.values())
        for origin in self._idle.keys() - in_use:
            del self._idle[origin]

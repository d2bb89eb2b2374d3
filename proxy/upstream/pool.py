"""Idle connections by origin, and the clock that watches all of them."""

from __future__ import annotations

import asyncio
import ssl
from typing import Final

from proxy.driving import in_a_task
from proxy.upstream.connection import UpstreamConnection
from proxy.upstream.dialing import dial, tls_context
from proxy.upstream.target import Origin
from proxy.upstream.timeouts import Timeouts

IDLE_SECONDS: Final = 30.0
IDLE_MAX_PER_ORIGIN: Final = 256


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
        self._idle: dict[Origin, list[UpstreamConnection]] = {}
        self._busy: dict[UpstreamConnection, Origin] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._clock: asyncio.Task[None] | None = None
        self._closed = False

    def open(self) -> None:
        """Start the clock, in the running loop."""
        self._loop = asyncio.get_running_loop()
        self._clock = self._loop.create_task(self._watch(), name="upstream-clock")

    async def close(self) -> None:
        """Stop the clock and drop every connection; what is released later is dropped, too."""
        self._closed = True
        if self._clock is not None:
            self._clock.cancel()
            await asyncio.gather(self._clock, return_exceptions=True)
        for connection in [*self._busy, *(c for idle in self._idle.values() for c in idle)]:
            connection.close()
        self._idle.clear()

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._busy) + sum(map(len, self._idle.values()))

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
            connection.give_back = self.release
            connection.begin(method)
            self._busy[connection] = origin
        return connection

    def _make_room(self) -> None:
        """Close the longest idle connection where as many are open as descriptors allow."""
        if self._most is None or self.connections < self._most:
            return
        waiting = (idle for idle in self._idle.values() if idle)
        idle = min(waiting, key=lambda idle: idle[0].idle_since, default=None)
        if idle is not None:
            idle.pop(0).close()
            self._idle = {origin: rest for origin, rest in self._idle.items() if rest}

    def take(self, origin: Origin, method: str) -> UpstreamConnection | None:
        """An idle connection, ready for a request, where there is one."""
        idle = self._idle.get(origin)
        if not idle:
            return None
        # Each look for the running loop is a system call.
        now = (self._loop or asyncio.get_running_loop()).time()
        while idle:
            connection = idle.pop()
            age = now - connection.idle_since
            # As `_may_idle`, without a call for it.
            if age < IDLE_SECONDS and age < connection.idle_timeout and connection.takes(method):
                self._busy[connection] = origin
                return connection
            connection.close()
        return None

    def release(self, connection: UpstreamConnection) -> None:
        """Take a connection back: kept when its exchange ended cleanly, closed otherwise."""
        origin = self._busy.pop(connection, None)
        if origin is None or self._closed:
            connection.close()
            return
        idle = self._idle.get(origin)
        if idle is None:
            idle = self._idle[origin] = []
        if len(idle) < IDLE_MAX_PER_ORIGIN and connection.becomes_idle():
            idle.append(connection)
        else:
            connection.close()

    async def _watch(self) -> None:
        shortest = min(self._timeouts.first_byte, self._timeouts.idle)
        interval = min(1.0, max(0.05, shortest / 8))
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(interval)
            # If this task ran late, data may be unread: cap `now`, so that a loop stall cannot
            # expire deadlines.
            now = min(loop.time(), before + 2 * interval)
            for connection in list(self._busy):
                connection.check_deadline(now)
            self._retire_idle(now)

    def _retire_idle(self, now: float) -> None:
        for origin, idle in list(self._idle.items()):
            kept = []
            for connection in idle:
                if _may_idle(connection, now - connection.idle_since):
                    kept.append(connection)
                else:
                    connection.close()
            if kept:
                self._idle[origin] = kept
            else:
                del self._idle[origin]


def _may_idle(connection: UpstreamConnection, age: float) -> bool:
    return age < IDLE_SECONDS and age < connection.idle_timeout and connection.usable

"""Load at a constant rate, whatever the answers do, and how long each took from when it was due.

A generator that waits for an answer before it asks again leaves out exactly the requests that
would have waited (coordinated omission). No event loop, because their timers are a millisecond
coarse; `select` waits for microseconds.
"""

from __future__ import annotations

import select
import socket
from collections import deque
from time import perf_counter
from typing import Final, NamedTuple

from benchmarks.target import body_began, is_whole, numbered

_MOST_CONNECTIONS: Final = 256
_GIVE_UP_SECONDS: Final = 10.0


class Taken(NamedTuple):
    """Seconds from due to the first byte of the body and to the last, one per request."""

    first_byte: list[float]
    whole: list[float]


class _Pending:
    """A request on its way."""

    __slots__ = ("due", "received", "started")

    def __init__(self, due: float) -> None:
        self.due = due
        self.received = b""
        self.started = False


def run(port: int, request: bytes, rate: float, seconds: float, connections: int) -> Taken:
    """`rate` requests a second for `seconds`. Raises BadAnswer, or TimeoutError."""
    with _Generator(port, request, connections) as generator:
        return generator.run(rate, seconds)


class _Generator:
    def __init__(self, port: int, request: bytes, connections: int) -> None:
        self._port = port
        self._request = request
        self._sockets: dict[int, socket.socket] = {}
        self._idle: list[int] = []
        self._busy: dict[int, _Pending] = {}
        self._late: deque[float] = deque()
        self._taken = Taken([], [])
        for _ in range(connections):
            self._connect()

    def __enter__(self) -> _Generator:
        return self

    def __exit__(self, *exc: object) -> None:
        for sock in self._sockets.values():
            sock.close()

    def _connect(self) -> None:
        sock = socket.create_connection(("127.0.0.1", self._port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sockets[sock.fileno()] = sock
        self._idle.append(sock.fileno())

    def run(self, rate: float, seconds: float) -> Taken:
        interval = 1 / rate
        begin = due = perf_counter() + 0.01
        end = begin + seconds
        while due < end or self._busy:
            now = perf_counter()
            while due <= now and due < end:
                self._send(due)
                due += interval
            if now > end + _GIVE_UP_SECONDS:
                raise TimeoutError(f"{len(self._busy)} requests were never answered")
            wait = max(0.0, due - perf_counter()) if due < end else 1.0
            for descriptor in select.select(list(self._busy), (), (), wait)[0]:
                self._receive(descriptor)
        return self._taken

    def _send(self, due: float) -> None:
        if not self._idle and len(self._sockets) < _MOST_CONNECTIONS:
            self._connect()
        if not self._idle:
            self._late.append(due)
            return
        descriptor = self._idle.pop()
        self._busy[descriptor] = _Pending(due)
        self._sockets[descriptor].sendall(numbered(self._request))

    def _receive(self, descriptor: int) -> None:
        pending = self._busy[descriptor]
        data = self._sockets[descriptor].recv(65_536)
        now = perf_counter()
        if not data:
            raise ConnectionError("The connection was closed before the answer's end.")
        pending.received += data
        if not pending.started and body_began(pending.received):
            pending.started = True
            self._taken.first_byte.append(now - pending.due)
        if is_whole(pending.received):
            self._taken.whole.append(now - pending.due)
            del self._busy[descriptor]
            self._idle.append(descriptor)
            if self._late:
                self._send(self._late.popleft())

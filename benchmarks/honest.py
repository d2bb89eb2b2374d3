"""An honest client: short requests at a steady rate, whatever becomes of them.

As in `open_loop`, time is counted from when each request was due; but a request that fails, or is
not answered in time, is a finding here and not the end of the run.
"""

from __future__ import annotations

import select
import socket
from contextlib import suppress
from time import perf_counter
from typing import Final, NamedTuple, Self

from benchmarks.target import BadAnswer, is_whole, numbered

#: Seconds after which a request counts as one that failed.
PATIENCE: Final = 10.0
_MOST_CONNECTIONS: Final = 64


class Seen(NamedTuple):
    """Seconds that each answered request took, and how many were not answered with a 200."""

    taken: list[float]
    failed: int


class HonestClient:
    """Keeps its connections from one `run` to the next, as an application does."""

    def __init__(self, port: int, request: bytes) -> None:
        self._port = port
        self._request = request
        self._idle: list[socket.socket] = []
        self._busy: dict[socket.socket, tuple[float, bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        for sock in (*self._idle, *self._busy):
            sock.close()

    def run(self, rate: float, seconds: float) -> Seen:
        """`rate` requests a second for `seconds`, and what became of them."""
        taken: list[float] = []
        failed = 0
        due = perf_counter() + 0.01
        end = due + seconds
        while due < end or self._busy:
            now = perf_counter()
            while due <= now and due < end:
                failed += not self._send(due)
                due += 1 / rate
            for sock in [sock for sock, (since, _) in self._busy.items() if now > since + PATIENCE]:
                failed += 1
                self._drop(sock)
            wait = max(0.0, due - perf_counter()) if due < end else 0.5
            for sock in select.select(list(self._busy), (), (), wait)[0]:
                since, _ = self._busy[sock]
                answered = self._receive(sock)
                if answered is None:
                    continue
                if answered:
                    taken.append(perf_counter() - since)
                failed += not answered
        return Seen(taken, failed)

    def _send(self, due: float) -> bool:
        if len(self._busy) >= _MOST_CONNECTIONS:
            return False
        try:
            if self._idle:
                sock = self._idle.pop()
            else:
                sock = socket.create_connection(("127.0.0.1", self._port), timeout=PATIENCE)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.sendall(numbered(self._request))
        except OSError:
            return False
        self._busy[sock] = (due, b"")
        return True

    def _receive(self, sock: socket.socket) -> bool | None:
        """Whether a request was answered with a 200; None where its answer is not whole yet."""
        since, received = self._busy[sock]
        data = b""
        with suppress(OSError):
            data = sock.recv(65_536)
        try:
            whole = is_whole(received + data)
        except BadAnswer:
            self._drop(sock)
            return False
        if whole:
            del self._busy[sock]
            self._idle.append(sock)
            return True
        if not data:
            self._drop(sock)
            return False
        self._busy[sock] = (since, received + data)
        return None

    def _drop(self, sock: socket.socket) -> None:
        del self._busy[sock]
        sock.close()

"""As much load as the other side takes: so many connections, each waiting for its answer.

A protocol of a few lines on uvloop, because a general client would cost more than what it is to
measure. Right for what a request costs, wrong for how long one takes (`open_loop`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple, Self, cast

from benchmarks.target import SERVED, BadAnswer, closes, is_whole, numbered


class Count(NamedTuple):
    """What was answered, and in how many seconds."""

    requests: int
    seconds: float


class ClosedLoop:
    """Connections that go through the same requests in turn, each from a place of its own."""

    def __init__(
        self,
        port: int,
        requests: Sequence[bytes],
        connections: int,
        statuses: tuple[bytes, ...] = SERVED,
    ) -> None:
        self._port = port
        self.statuses = statuses
        self._requests = requests
        self._wanted = connections
        self._clients: list[_Client] = []
        self.running = False
        self.finished = 0
        self._busy = 0
        self._idle = asyncio.Event()
        self._failure: Exception | None = None
        self._dialling: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        for number in range(self._wanted):
            first = number * len(self._requests) // self._wanted
            client = _Client(self, self._requests, first)
            await self._connect(client)
            self._clients.append(client)
        return self

    async def _connect(self, client: _Client) -> None:
        loop = asyncio.get_running_loop()
        await loop.create_connection(partial(_itself, client), "127.0.0.1", self._port)

    async def __aexit__(self, *exc: object) -> None:
        self.running = False
        for client in self._clients:
            client.transport.close()

    async def run(self, seconds: float) -> Count:
        """Load for so long, then until the last answer is there. Raises BadAnswer."""
        loop = asyncio.get_running_loop()
        self.running = True
        self._idle.clear()
        self._busy = len(self._clients)
        before, began = self.finished, loop.time()
        for client in self._clients:
            client.send()
        loop.call_later(seconds, self._stop)
        await self._idle.wait()
        if self._failure is not None:
            raise self._failure
        return Count(self.finished - before, loop.time() - began)

    def answered(self, client: _Client, answer: bytes) -> None:
        """Count an answer and go on; a refusal may have closed the connection."""
        self.finished += 1
        if closes(answer):
            client.leave()
            task = asyncio.get_running_loop().create_task(self._go_on_anew(client))
            self._dialling.add(task)
            task.add_done_callback(self._dialling.discard)
        else:
            self._go_on(client)

    async def _go_on_anew(self, client: _Client) -> None:
        try:
            await self._connect(client)
        except OSError as error:
            self.fail(error)
            return
        self._go_on(client)

    def _go_on(self, client: _Client) -> None:
        if self.running:
            client.send()
        else:
            self._rest()

    def _stop(self) -> None:
        self.running = False

    def _rest(self) -> None:
        """A connection has its answer and sends no further request."""
        self._busy -= 1
        if not self._busy:
            self._idle.set()

    def fail(self, error: Exception) -> None:
        """Give up: an answer was not what it should be."""
        if self.running or self._busy:
            self._failure = self._failure or error
            self.running = False
            self._idle.set()


class _Client(asyncio.Protocol):
    __slots__ = ("_load", "_next", "_received", "_requests", "transport")

    def __init__(self, load: ClosedLoop, requests: Sequence[bytes], first: int) -> None:
        self._load = load
        self._requests = requests
        self._next = first
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def send(self) -> None:
        self.transport.write(numbered(self._requests[self._next]))
        self._next += 1
        if self._next == len(self._requests):
            self._next = 0

    def data_received(self, data: bytes) -> None:
        if self._received:
            data = self._received + data
        try:
            whole = is_whole(data, self._load.statuses)
        except BadAnswer as error:
            self._load.fail(error)
            return
        if not whole:
            self._received = data
            return
        self._received = b""
        self._load.answered(self, data)

    def leave(self) -> None:
        """Close the connection, whose end is then none of our business."""
        self.transport.set_protocol(asyncio.Protocol())
        self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._load.fail(BadAnswer(f"The connection was closed ({exc})."))


def _itself(client: _Client) -> _Client:
    return client

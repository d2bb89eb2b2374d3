"""Exchanges on a connection over a transport of memory, in the usual way and in the general one."""

from __future__ import annotations

import asyncio
import socket
from asyncio import events
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, cast

from proxy.driving import Driven
from proxy.upstream.alike import UNLIKE
from proxy.upstream.connection import UpstreamConnection
from proxy.upstream.errors import UpstreamError
from proxy.upstream.timeouts import Timeouts
from tests.proxy.upstream.test_alike import WHOLE, forget, usual

TIMEOUTS = Timeouts(10.0, 100.0, 50.0)
REQUEST = b"POST /v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"


class Loop:
    """A clock that the test moves, and calls that wait for the next turn."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.calls: list[tuple[Callable[..., object], tuple[Any, ...]]] = []

    def time(self) -> float:
        return self.now

    def call_soon(self, callback: Callable[..., object], *args: Any, **_: Any) -> None:
        self.calls.append((callback, args))

    def turn(self) -> None:
        calls, self.calls = self.calls, []
        for callback, args in calls:
            callback(*args)


class Transport:
    """Keeps what is written, and can be told what to say of itself."""

    def __init__(self, loop: Loop, sock: socket.socket) -> None:
        self._loop, self._sock = loop, sock
        self.connection: UpstreamConnection
        self.written: list[bytes] = []
        self.buffered = 0
        self.closing = self.is_paused = self.is_full = False

    def get_extra_info(self, name: str) -> object:
        return self._sock if name == "socket" else None

    def get_write_buffer_size(self) -> int:
        return self.buffered

    def is_closing(self) -> bool:
        return self.closing

    def write(self, data: bytes) -> None:
        self.written.append(data)
        if self.is_full:
            self.connection.pause_writing()

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False

    def abort(self) -> None:
        if not self.closing:
            self.closing = True
            self._loop.call_soon(self.connection.connection_lost, None)


class Exchange:
    """A request on a connection over a transport of memory, and all that can be seen of it."""

    def __init__(self, sock: socket.socket, *, general: bool) -> None:
        self.loop = Loop()
        self.transport = Transport(self.loop, sock)
        self.connection = UpstreamConnection(cast(asyncio.AbstractEventLoop, self.loop), TIMEOUTS)
        self.transport.connection = self.connection
        self.connection.connection_made(cast(asyncio.Transport, self.transport))
        self.home: list[UpstreamConnection] = []
        self.connection.home = self.home
        self.connection.give_back = self._give_back
        self.seen: list[object] = []
        self._general = general
        self._driven: Driven | None = None

    def _give_back(self, connection: UpstreamConnection) -> None:
        if not connection.becomes_idle():
            connection.close()

    def ask(self, method: str, *, takes_rest: bool, holds: bool) -> bool:
        """Send a request, as the data path does, and wait for what answers it; whether it could be
        sent."""
        connection = self.connection
        if self._general:
            forget()
            connection._reader._alike, connection._reader.likely = [], UNLIKE
        if not self.is_idle:
            connection.begin(method)
            connection.write(REQUEST)
        else:
            self.home.clear()
            taken = connection.takes(method, b"" if self._general else REQUEST)
            self.seen.append(taken)
            if not taken:
                return False
            if self._general:
                connection.write(REQUEST)
        self.wait(takes_rest=takes_rest, holds=holds)
        self.note()
        return True

    def wait(self, *, takes_rest: bool = True, holds: bool = False) -> None:
        """Wait for what answers a request that has been sent."""
        request = self._request(takes_rest=takes_rest, holds=holds)
        self._driven = Driven()
        self._driven.drive(request)

    def receive(self, data: bytes) -> object:
        """The first that is seen of an answer which comes to a request that has been sent."""
        self.seen.clear()
        self.wait()
        self.connection.data_received(data)
        return cast(tuple[object, ...], self.seen[0])[0]

    async def _request(self, *, takes_rest: bool, holds: bool) -> None:
        connection, body, seen = self.connection, b"", self.seen

        def take(data: bytes) -> bool:
            nonlocal body
            body += data
            return True

        try:
            while (head := await connection.head()).status < 200:
                seen.append(("interim", head.status, head.headers))
            seen.append((head.status, head.reason, head.headers, head.content_length))
            seen.append((head.until_close, head.read(), head.block or head.read().block))
            rest = connection.take_rest() if takes_rest else None
            if rest is None:
                while not connection.ended:
                    await connection.pump(take)
            seen.append(("body", body if rest is None else rest, connection.trailers))
        except UpstreamError as error:
            seen.append((type(error), str(error)))
        except asyncio.CancelledError:
            seen.append("cancelled")
        finally:
            self.note()
            if not holds:
                self.release()

    def release(self) -> None:
        self.connection.release()
        self.note()

    def cancel(self) -> None:
        assert self._driven is not None
        self._driven.cancel()

    def note(self) -> None:
        """All that is said of the connection."""
        one = self.connection
        self.seen.append((
            one.ended, one.written, one.received, one.is_reusable(), one.usable, self.is_idle,
            one.is_waiting, one._paused, one._error and (type(one._error), str(one._error)),
            one.deadline - self.loop.now, one.idles_for, len(one.trailers), self.transport.closing,
            self.transport.is_paused, list(self.transport.written), one._unsent, one._first_byte,
        ))  # fmt: skip

    @property
    def is_idle(self) -> bool:
        return bool(self.home)


def _end(exchange: Exchange) -> None:
    if exchange.connection.transport is not None:
        exchange.connection.eof_received()


def _lose(exchange: Exchange) -> None:
    if exchange.connection.transport is not None:
        exchange.transport.closing = True
        exchange.connection.connection_lost(None)


def _is_full(exchange: Exchange) -> None:
    # Nothing fills an idle connection's buffer.
    if exchange.connection.written:
        exchange.connection.pause_writing()


def _is_late(exchange: Exchange) -> None:
    exchange.loop.now += 30.0
    exchange.connection.check_deadline(exchange.loop.now)


def _is_buffered(exchange: Exchange) -> None:
    exchange.transport.buffered = 7
    exchange.connection.check_deadline(exchange.loop.now)


def _buffer_is_empty(exchange: Exchange) -> None:
    exchange.transport.buffered = 0


#: What can happen to a connection beside bytes that arrive.
HAPPENINGS: Final[dict[str, Callable[[Exchange], None]]] = {
    "turn": lambda exchange: exchange.loop.turn(),
    "end": _end,
    "lost": _lose,
    "close": lambda exchange: exchange.connection.close(),
    "full": _is_full,
    "drained": lambda exchange: exchange.connection.resume_writing(),
    "late": _is_late,
    "buffered": _is_buffered,
    "buffer is empty": _buffer_is_empty,
    "cancelled": lambda exchange: exchange.cancel(),
    "released": lambda exchange: exchange.release(),
}


def happen(exchange: Exchange, what: str | bytes) -> None:
    if isinstance(what, str):
        HAPPENINGS[what](exchange)
    elif what and not exchange.transport.closing:
        exchange.connection.data_received(what)
    exchange.note()


@contextmanager
def running(exchange: Exchange) -> Iterator[None]:
    """Its loop is the running one."""
    events._set_running_loop(cast(asyncio.AbstractEventLoop, exchange.loop))
    try:
        yield
    finally:
        events._set_running_loop(None)


def taught(sock: socket.socket, *, general: bool = False) -> Exchange:
    """A connection whose reader knows what heads are like, of two kinds; or one that has read the
    same in the general way, and knows of none."""
    forget()
    exchange = Exchange(sock, general=general)
    for kind in (lambda number: WHOLE % (number % 10, 5), usual):
        for number in range(15):
            exchange.ask("POST", takes_rest=True, holds=False)
            exchange.connection.data_received(kind(number) + b"hello")
            assert exchange.is_idle
    exchange.transport.written.clear()
    exchange.seen.clear()
    assert (exchange.connection._reader.likely is UNLIKE) == general
    return exchange


def seen(
    sock: socket.socket,
    exchanges: Sequence[Sequence[str | bytes]],
    *,
    general: bool,
    method: str,
    takes_rest: bool,
) -> list[object]:
    """All that is seen of some exchanges, one after the other."""
    exchange = taught(sock, general=general)
    with running(exchange):
        for number, happenings in enumerate(exchanges):
            if number and not exchange.is_idle:
                break
            if not exchange.ask(method, takes_rest=takes_rest, holds="released" in happenings):
                break
            for what in happenings:
                happen(exchange, what)
            happen(exchange, "turn")
            happen(exchange, "turn")
            exchange.cancel()
            happen(exchange, "turn")
    return exchange.seen

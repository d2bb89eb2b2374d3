"""Connections that only read: with SQLite's write-ahead log no reader waits behind a writer.

Each statement sees all that was committed before it began, by this process or another. What
requests wait for has a connection of its own, so that it waits behind no long query either.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from contextvars import ContextVar
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar
from urllib.parse import quote

import aiosqlite

T = TypeVar("T")
P = ParamSpec("P")

#: How many connections read for all callers, and for requests alone. Each is a thread.
_SIZE: Final = 2
_SIZE_FOR_REQUESTS: Final = 1

_INTERRUPT_AGAIN_SECONDS: Final = 0.02

_for_requests: ContextVar[bool] = ContextVar("for_requests", default=False)


def for_requests(method: Callable[P, Awaitable[T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Decorate what a request of `/v1` waits for: it reads on connections kept for that."""

    @wraps(method)
    async def reading(*args: P.args, **kwargs: P.kwargs) -> T:
        token = _for_requests.set(True)
        try:
            return await method(*args, **kwargs)
        finally:
            _for_requests.reset(token)

    return reading


def only_reads(query: str) -> bool:
    """Whether a reader may run it: where this is wrong, SQLite refuses."""
    return query.startswith(("SELECT", "WITH"))


class NoReader(Exception):
    """No further connection could be opened."""


class Readers:
    """The readers of one database file."""

    def __init__(self, path: str, *, busy_timeout_ms: int) -> None:
        self._everybody = _Lane(_SIZE, path, busy_timeout_ms)
        self._requests = _Lane(_SIZE_FOR_REQUESTS, path, busy_timeout_ms)

    async def read(self, query: str, values: Iterable[Any] | None) -> Sequence[sqlite3.Row]:
        """All rows. Raises NoReader, sqlite3.Error."""
        lane = self._requests if _for_requests.get() else self._everybody
        return await lane.read(query, values)

    async def close(self) -> None:
        """Stop what is being read, and close all connections; they are opened again when needed."""
        await self._everybody.close()
        await self._requests.close()


class _Lane:
    """Up to `size` connections, opened when they are needed."""

    def __init__(self, size: int, path: str, busy_timeout_ms: int) -> None:
        self._uri = f"file:{quote(path)}?mode=rw"
        self._busy_timeout_ms = busy_timeout_ms
        self._turns = asyncio.Semaphore(size)
        # With what each reads.
        self._open: dict[aiosqlite.Connection, asyncio.Future[Any] | None] = {}
        self._idle: list[aiosqlite.Connection] = []

    async def read(self, query: str, values: Iterable[Any] | None) -> Sequence[sqlite3.Row]:
        await self._turns.acquire()
        # A task: the caller may be cancelled, the thread cannot, and no other query may have the
        # connection before the thread is done with it.
        reading = asyncio.create_task(self._read(query, values))
        reading.add_done_callback(self._done)
        try:
            return await asyncio.shield(reading)
        except asyncio.CancelledError:
            reading.cancel()
            raise

    def _done(self, reading: asyncio.Task[Any]) -> None:
        self._turns.release()
        if not reading.cancelled():
            # Read, so that asyncio does not report an error whose caller was cancelled.
            reading.exception()

    async def _read(self, query: str, values: Iterable[Any] | None) -> Sequence[sqlite3.Row]:
        connection = self._idle.pop() if self._idle else await self._connect()
        fetching = asyncio.ensure_future(connection.execute_fetchall(query, values))
        self._open[connection] = fetching
        try:
            return list(await asyncio.shield(fetching))
        except asyncio.CancelledError:
            await _interrupt(connection, fetching)
            fetching.exception()
            raise
        finally:
            if connection in self._open:
                self._open[connection] = None
                self._idle.append(connection)

    async def _connect(self) -> aiosqlite.Connection:
        # Not created where it is missing: an empty database would look like an answer.
        connecting = aiosqlite.connect(self._uri, uri=True, isolation_level=None)
        try:
            connection = await connecting
        except sqlite3.Error as exc:
            raise NoReader from exc
        try:
            connection.row_factory = sqlite3.Row
            await connection.execute(f"PRAGMA busy_timeout={self._busy_timeout_ms}")
            await connection.execute("PRAGMA query_only=ON")
        except BaseException:
            connection.stop()
            raise
        self._open[connection] = None
        return connection

    async def close(self) -> None:
        self._idle.clear()
        while self._open:
            connection, reading = self._open.popitem()
            if reading is not None:
                await _interrupt(connection, reading)
            await connection.close()


async def _interrupt(connection: aiosqlite.Connection, reading: asyncio.Future[Any]) -> None:
    """Stop what the connection reads. Raises nothing: `reading` has the error."""
    # Again and again: SQLite stops only a statement that has begun, and its thread may be late.
    while not reading.done():
        await connection.interrupt()
        await asyncio.wait((reading,), timeout=_INTERRUPT_AGAIN_SECONDS)

"""A few connections to PostgreSQL, kept while they are used.

asyncpg's own pool costs as much as the statement itself: a task, two timers and, to reset the
session, a second round trip for each use. Nothing that runs here changes a session.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

import asyncpg

from config import Database
from models.db.database import postgres_address
from models.db.sessions import guard, watched

_CLOSE_TIMEOUT_S: Final = 2.0
#: After the server took no further connection, those that there are must do for so long.
_REFUSED_S: Final = 1.0
#: A connection that was not used for so long is closed, for others to have it; all but one.
_IDLE_S: Final = 10.0


#: What a server that cannot be used just now makes asyncpg raise.
UNAVAILABLE: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)

#: Lends a connection of another pool.
Loan = Callable[[], AbstractAsyncContextManager[Any]]


class NotSent(Exception):
    """No connection could be had: whatever the statement was, it did not happen."""


class Connections:
    """Up to `size` of them, opened when they are needed. Times are in seconds.

    `loan` lends one where the server takes none of ours.
    """

    def __init__(
        self,
        database: Database,
        *,
        size: int,
        connect_timeout: float,
        command_timeout: float,
        loan: Loan | None = None,
    ) -> None:
        self._pooled = database.pgbouncer
        self._arguments = postgres_address(database) | {
            "timeout": connect_timeout,
            "command_timeout": command_timeout,
            "server_settings": {"application_name": "llm-proxy limits"},
        }
        self._size = size
        self._connect_timeout = connect_timeout
        self._loan = loan
        # The last one used is taken first: after a quiet time the others may be cut by something
        # in between. With the time since when each is idle.
        self._idle: list[tuple[Any, float]] = []
        self._open = 0
        self._refused_until = 0.0
        self._turns: deque[asyncio.Future[None]] = deque()

    @property
    def usable(self) -> int:
        """How many statements may be under way at once."""
        if asyncio.get_running_loop().time() < self._refused_until:
            return max(1, min(self._open, self._size))
        return self._size

    async def fetch(self, statement: str, *arguments: object) -> list[Any]:
        """The rows of one statement.

        Raises NotSent, or one of UNAVAILABLE, after which it may have happened or not.
        """
        try:
            connection = await self._take()
        except _TooMany as exc:
            if self._loan is None:
                raise
            return await self._fetch_on_loan(self._loan, exc, statement, *arguments)
        try:
            rows: list[Any] = await connection.fetch(statement, *arguments)
        except asyncpg.ReadOnlySQLTransactionError:
            # For as long as this session lives, it would refuse to write.
            self._discard(connection)
            raise
        except (asyncpg.PostgresError, asyncpg.InterfaceError):
            # The server's answer, or none: asyncpg knows which, and closes in the second case.
            self._give(connection)
            raise
        except BaseException:
            # Given up on in the middle: it may still be busy.
            self._discard(connection)
            raise
        self._give(connection)
        return rows

    async def _fetch_on_loan(
        self, loan: Loan, refused: NotSent, statement: str, *arguments: object
    ) -> list[Any]:
        lent = loan()
        try:
            async with asyncio.timeout(self._connect_timeout):
                connection = await lent.__aenter__()
        except Exception as exc:
            raise refused from exc
        try:
            rows: list[Any] = await connection.fetch(statement, *arguments)
            return rows
        finally:
            await lent.__aexit__(None, None, None)

    async def _take(self) -> Any:
        while True:
            while self._idle:
                connection, _ = self._idle.pop()
                if not connection.is_closed():
                    return connection
                self._open -= 1
            if self._open < self.usable:
                return await self._add()
            turn = asyncio.get_running_loop().create_future()
            self._turns.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._wake()
                raise

    async def _add(self) -> Any:
        """Open one more, or wait for another where the server takes no more."""
        self._open += 1
        try:
            return await self._connect()
        except _TooMany:
            self._open -= 1
            self._refused_until = asyncio.get_running_loop().time() + _REFUSED_S
            if not self._open:
                self._wake()
                raise
            return await self._take()
        except BaseException:
            self._open -= 1
            self._wake()
            raise

    def _give(self, connection: Any) -> None:
        if connection.is_closed():
            self._open -= 1
        else:
            self._idle.append((connection, asyncio.get_running_loop().time()))
        self._wake()

    def _discard(self, connection: Any) -> None:
        connection.terminate()
        self._open -= 1
        self._wake()

    def _wake(self) -> None:
        while self._turns:
            turn = self._turns.popleft()
            if not turn.done():
                turn.set_result(None)
                return

    async def probe(self) -> None:
        """Return where the server answers, on a connection beside the others.

        Raises NotSent or one of UNAVAILABLE.
        """
        connection = await self._connect()
        try:
            await connection.fetch("SELECT 1")
        finally:
            connection.terminate()

    async def _connect(self) -> Any:
        try:
            connection = await asyncpg.connect(**self._arguments)
            await (watched if self._pooled else guard)(connection)
        except asyncpg.InsufficientResourcesError as exc:
            raise _TooMany(reason(exc)) from exc
        except UNAVAILABLE as exc:
            raise NotSent(reason(exc)) from exc
        return connection

    async def close_idle(self) -> None:
        """Close what was not used for a while, but one."""
        before = asyncio.get_running_loop().time() - _IDLE_S
        while len(self._idle) > 1 and self._idle[0][1] < before:
            connection, _ = self._idle.pop(0)
            self._open -= 1
            await _close(connection)

    def abandon(self) -> None:
        """Let go of a server that does not answer, without a goodbye."""
        idle, self._idle = self._idle, []
        for connection, _ in idle:
            self._open -= 1
            connection.terminate()

    async def close(self) -> None:
        """Say goodbye to the server, once nothing is under way."""
        idle, self._idle = self._idle, []
        self._open -= len(idle)
        await asyncio.gather(*(_close(connection) for connection, _ in idle))


class _TooMany(NotSent):
    """The server takes no further connection."""


async def _close(connection: Any) -> None:
    try:
        await connection.close(timeout=_CLOSE_TIMEOUT_S)
    except UNAVAILABLE:
        connection.terminate()


def was_not_carried_out(error: BaseException) -> bool:
    """Whether a statement that ended so certainly changed nothing."""
    return isinstance(error, NotSent) or (
        isinstance(error, asyncpg.PostgresError)
        # The connection ended, and it is not known how far it came.
        and not isinstance(
            error, asyncpg.PostgresConnectionError | asyncpg.OperatorInterventionError
        )
    )


def reason(error: BaseException) -> str:
    """The error in words; some have only a name."""
    return str(error) or type(error).__name__

"""A few connections to PostgreSQL, kept for good.

asyncpg's own pool costs as much as the statement itself: a task, two timers and, to reset the
session, a second round trip for each use. Nothing that runs here changes a session.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import asyncpg

from config import Database
from models.database import postgres_address
from models.sessions import guard

_CLOSE_TIMEOUT_S: Final = 2.0


#: What a server that cannot be used just now makes asyncpg raise.
UNAVAILABLE: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)


class NotSent(Exception):
    """No connection could be had: whatever the statement was, it did not happen."""


class Connections:
    """Up to `size` of them, opened when they are needed. Times are in seconds."""

    def __init__(
        self, database: Database, *, size: int, connect_timeout: float, command_timeout: float
    ) -> None:
        self._arguments = postgres_address(database) | {
            "timeout": connect_timeout,
            "command_timeout": command_timeout,
            "server_settings": {"application_name": "llm-proxy limits"},
        }
        self._free = asyncio.Semaphore(size)
        self._idle: list[Any] = []

    async def fetch(self, statement: str, *arguments: object) -> list[Any]:
        """The rows of one statement.

        Raises NotSent, or one of UNAVAILABLE, after which it may have happened or not.
        """
        await self.turn()
        return await self.fetch_in_turn(statement, *arguments)

    async def turn(self) -> None:
        """Wait until a connection is free, which is for the next `fetch_in_turn` then."""
        await self._free.acquire()

    def pass_turn(self) -> None:
        """Leave the turn that was had to somebody else."""
        self._free.release()

    @property
    def busy(self) -> bool:
        """Whether a turn has to be waited for."""
        return self._free.locked()

    async def fetch_in_turn(self, statement: str, *arguments: object) -> list[Any]:
        """As `fetch`, for who has had its `turn`."""
        try:
            return await self._fetch(statement, *arguments)
        finally:
            self._free.release()

    async def _fetch(self, statement: str, *arguments: object) -> list[Any]:
        # The last one used: after a quiet time the others may be cut by something in between.
        connection = self._idle.pop() if self._idle else None
        if connection is None or connection.is_closed():
            connection = await self._connect()
        try:
            rows: list[Any] = await connection.fetch(statement, *arguments)
        except asyncpg.ReadOnlySQLTransactionError:
            # For as long as this session lives, it would refuse to write.
            connection.terminate()
            raise
        except (asyncpg.PostgresError, asyncpg.InterfaceError):
            # The server's answer, or none: asyncpg knows which, and closes in the second case.
            self._idle.append(connection)
            raise
        except BaseException:
            # Given up on in the middle: it may still be busy.
            connection.terminate()
            raise
        self._idle.append(connection)
        return rows

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
            await guard(connection)
        except UNAVAILABLE as exc:
            raise NotSent(reason(exc)) from exc
        return connection

    def abandon(self) -> None:
        """Let go of a server that does not answer, without a goodbye."""
        idle, self._idle = self._idle, []
        for connection in idle:
            connection.terminate()

    async def close(self) -> None:
        """Say goodbye to the server, once nothing is under way."""
        idle, self._idle = self._idle, []
        await asyncio.gather(
            *(connection.close(timeout=_CLOSE_TIMEOUT_S) for connection in idle),
            return_exceptions=True,
        )


def reason(error: BaseException) -> str:
    """The error in words; some have only a name."""
    return str(error) or type(error).__name__

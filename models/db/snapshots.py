"""Reading a database as it is at one moment, for as long as that takes, while others write."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import quote

import asyncpg

from models.db.database import postgres_address
from models.db.postgres import translated
from models.db.sessions import watch

if TYPE_CHECKING:
    from config import Database

_BATCH: Final = 500


class Snapshot(Protocol):
    """A database that stands still."""

    def rows(self, query: str) -> AsyncIterator[tuple[Any, ...]]:
        """What `query` finds, row by row. One at a time."""
        ...


@asynccontextmanager
async def snapshot(database: "Database") -> AsyncIterator[Snapshot]:
    """`database` as it is now. Blocks no writer. Raises DatabaseUnavailable."""
    if database.dialect == "sqlite":
        async with _sqlite(database) as found:
            yield found
    else:
        async with _postgres(database) as found:
            yield found


class _Sqlite:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def rows(self, query: str) -> AsyncIterator[tuple[Any, ...]]:
        cursor = await asyncio.to_thread(self._connection.execute, query)
        while batch := await asyncio.to_thread(cursor.fetchmany, _BATCH):
            for row in batch:
                yield row


@asynccontextmanager
async def _sqlite(database: "Database") -> AsyncIterator[Snapshot]:
    # A connection of its own: the models' would begin a transaction that keeps writers out.
    connection = sqlite3.connect(
        f"file:{quote(str(database.path))}?mode=ro",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        connection.execute("BEGIN")
        # The moment is that of the first read.
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
        yield _Sqlite(connection)
    finally:
        connection.close()


class _Postgres:
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def rows(self, query: str) -> AsyncIterator[tuple[Any, ...]]:
        with translated():
            async for record in self._connection.cursor(query, prefetch=_BATCH):
                yield tuple(record)


@asynccontextmanager
async def _postgres(database: "Database") -> AsyncIterator[Snapshot]:
    with translated():
        connection = await asyncpg.connect(**postgres_address(database))
    watch(connection)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            # The moment is that of the first statement behind BEGIN.
            with translated():
                await connection.execute("SELECT 1")
            yield _Postgres(connection)
    finally:
        await connection.close()

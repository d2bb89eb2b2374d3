"""Transactions on SQLite that run in the database's thread from their beginning to their commit.

Otherwise each statement is handed to the thread and its result back, which takes longer than most
statements do, and has the event loop turn in between.
"""

import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from contextvars import copy_context
from typing import Any, Final, TypeVar

import aiosqlite
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionWrapper
from tortoise.connection import get_connections

from models.db.giving_way import Way, give_way, gives

T = TypeVar("T")

#: About as many values are bound between two times that the thread gives way.
_VALUES: Final = 500


class ApartTransaction(SqliteTransactionWrapper):
    """The client as seen inside such a transaction: nothing that it does is waited for."""

    def __init__(self, client: SqliteClient, connection: sqlite3.Connection) -> None:
        super().__init__(client)
        self._opened = connection

    async def execute_query(
        self, query: str, values: list[Any] | None = None
    ) -> tuple[int, Sequence[Any]]:
        changes = self._opened.total_changes
        rows = self._opened.execute(query, values or ()).fetchall()
        give_way()
        return (self._opened.total_changes - changes) or len(rows), rows

    async def execute_query_dict(
        self, query: str, values: list[Any] | None = None
    ) -> list[dict[str, Any]]:
        return list(map(dict, self._opened.execute(query, values or ())))

    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        at_once = max(1, _VALUES // len(values[0])) if values else 1
        for start in range(0, len(values), at_once):
            self._opened.executemany(query, values[start : start + at_once])
            give_way()

    async def execute_insert(self, query: str, values: list[Any]) -> int:
        return self._opened.execute(query, values).lastrowid or 0


async def transact(
    client: SqliteClient, opened: aiosqlite.Connection, way: Way, work: Callable[[], Awaitable[T]]
) -> T:
    """Run `work` in a transaction, in the thread of `opened`, which is the client's.

    `work` waits for nothing but the database. Raises sqlite3.Error, and what `work` raises.
    """
    context = copy_context()

    def transact_here() -> T:
        connection = opened._conn
        gives(way)
        get_connections().set(client.connection_name, ApartTransaction(client, connection))
        connection.execute("BEGIN IMMEDIATE")
        try:
            result = _finished(work())
            connection.execute("COMMIT")
        except BaseException:
            # A commit that failed (a full disk) leaves the transaction open on the connection.
            connection.rollback()
            raise
        return result

    result: T = await opened._execute(context.run, transact_here)  # type: ignore[no-untyped-call]
    return result


def _finished(work: Awaitable[T]) -> T:
    """What `work` comes to, without a loop."""
    steps = work.__await__()
    try:
        next(steps)
    except StopIteration as end:
        result: T = end.value
        return result
    raise RuntimeError("a transaction in the database's thread waits for something else")

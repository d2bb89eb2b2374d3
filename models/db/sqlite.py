"""Tortoise's SQLite engine with six changes; Tortoise loads it by this module's name.

Transactions begin IMMEDIATE: a deferred one that reads and then writes fails at once with
"database is locked" when another process writes in between, whatever the busy timeout.
Scripts run statement by statement: `sqlite3.executescript` commits first, which would leave a
failed migration half done. A connection is open with all of its settings or not at all, also where
several processes open a new file at once. Errors that mean "not now" become `DatabaseUnavailable`.
Outside transactions, what only reads has connections of its own (`sqlite_readers`). A transaction
can be handed to the thread as a whole (`sqlite_apart`).
"""

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TypeVar

from tortoise.backends.base.client import TransactionalDBClient, TransactionContext
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionWrapper
from tortoise.connection import get_connections
from tortoise.exceptions import OperationalError, TransactionManagementError

from models.db.giving_way import Way
from models.db.sqlite_apart import transact
from models.db.sqlite_commits import Commits
from models.db.sqlite_readers import NoReader, Readers, only_reads
from models.errors import (
    DatabaseBlocked,
    DatabaseDamaged,
    DatabaseNotOpened,
    DatabaseReadOnly,
    DatabaseUnavailable,
)

T = TypeVar("T")

_UNAVAILABLE: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_READONLY,
    }
)
_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_BETWEEN_TRIES_S: Final = 0.02

# A value that sqlite3 does not know by its type alone it asks for how it is to be stored, which
# makes and drops an exception; a None too, and half of a request's columns are that. Of this
# function of C, all of whose answers are None, it learns so in a third of the steps.
_ALWAYS_NONE: Final[dict[None, None]] = {}
sqlite3.register_adapter(type(None), _ALWAYS_NONE.get)


class Client(SqliteClient):
    """One connection that writes, shared by the process, on which transactions take turns; and
    some that only read."""

    def __init__(self, file_path: str, **kwargs: Any) -> None:
        super().__init__(file_path, **kwargs)
        self._way = Way()
        self._readers = Readers(file_path, busy_timeout_ms=self.pragmas["busy_timeout"])
        self._commits = Commits(file_path)

    async def create_connection(self, with_db: bool) -> None:
        deadline = time.monotonic() + self.pragmas["busy_timeout"] / 1000
        with _translated():
            _create_private(Path(self.filename))
            while True:
                try:
                    await self._connect_wholly(with_db)
                except sqlite3.OperationalError as exc:
                    # Of several that switch a new file to WAL, SQLite has some not even wait.
                    if _code(exc) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                        raise
                else:
                    return
                await asyncio.sleep(_BETWEEN_TRIES_S)

    async def _connect_wholly(self, with_db: bool) -> None:
        try:
            await super().create_connection(with_db)
        except BaseException:
            # Settings that it still lacks, foreign keys among them, would be missed unseen.
            await asyncio.shield(self.close())
            raise

    async def execute_insert(self, query: str, values: list[Any]) -> int:
        with _translated():
            return int(await super().execute_insert(query, values))

    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        with _translated():
            await super().execute_many(query, values)

    async def execute_query(
        self, query: str, values: list[Any] | None = None
    ) -> tuple[int, Sequence[dict[str, Any]]]:
        with _translated():
            if (found := await self._read(query, values)) is not None:
                return len(found), found
            affected, rows = await super().execute_query(query, values)
            return affected, rows

    async def execute_query_dict(
        self, query: str, values: list[Any] | None = None
    ) -> list[dict[str, Any]]:
        with _translated():
            if (found := await self._read(query, values)) is not None:
                return [dict(row) for row in found]
            rows: list[dict[str, Any]] = await super().execute_query_dict(query, values)
            return rows

    async def _read(self, query: str, values: list[Any] | None) -> Sequence[Any] | None:
        """What it finds; None where the connection that writes must be asked."""
        if not only_reads(query):
            return None
        if self._connection is None:
            # It makes the file, and has it log writes ahead.
            async with self.acquire_connection():
                pass
        try:
            return await self._readers.read(query.replace("\x00", "'||CHAR(0)||'"), values)
        except NoReader:
            # No file descriptor is left, for instance: then it waits behind writers.
            return None
        except sqlite3.OperationalError as exc:
            raise OperationalError(exc) from exc

    def version(self) -> tuple[int, int] | None:
        """As `database.version`."""
        return self._commits.version()

    async def close(self) -> None:
        # First, so that the one that may write is the last and moves the log into the file.
        self._commits.close()
        await self._readers.close()
        await super().close()

    def _in_transaction(self) -> TransactionContext:
        return _ImmediateTransaction(Transaction(self), self._lock)

    async def transact_apart(self, work: Callable[[], Awaitable[T]]) -> T:
        """Run `work` in a transaction, all of it in the thread (`sqlite_apart`)."""
        with _translated():
            async with self.acquire_connection() as opened:
                return await transact(self, opened, self._way, work)


class Transaction(SqliteTransactionWrapper):
    """The client as seen inside a transaction."""

    async def begin(self) -> None:
        with _translated():
            await self._connection.execute("BEGIN IMMEDIATE")

    async def commit(self) -> None:
        with _translated():
            await super().commit()

    async def execute_script(self, query: str) -> None:
        for statement in statements(query):
            await self.execute_query(statement)


class _ImmediateTransaction(TransactionContext):
    """Tortoise's own context keeps its lock when BEGIN fails or is cancelled; this one does not."""

    __slots__ = ("_lock", "_token", "_transaction")

    def __init__(self, transaction: Transaction, lock: asyncio.Lock) -> None:
        self._transaction = transaction
        self._lock = lock

    async def __aenter__(self) -> TransactionalDBClient:
        transaction = self._transaction
        await self._lock.acquire()
        try:
            if (opened := transaction._parent._connection) is None:
                await transaction._parent.create_connection(with_db=True)
                opened = transaction._parent._connection
            transaction._connection = opened
            await transaction.begin()
        except BaseException:
            await self._abandon()
            raise
        self._token = get_connections().set(transaction.connection_name, transaction)
        return transaction

    async def _abandon(self) -> None:
        # The thread works in order: a rollback queued now runs after a BEGIN that was cancelled.
        try:
            if self._transaction._connection is not None:
                await asyncio.shield(self._transaction._connection.rollback())
        finally:
            self._lock.release()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        transaction = self._transaction
        try:
            if kind is None:
                await transaction.commit()
            elif not issubclass(kind, TransactionManagementError):
                await transaction.rollback()
        except BaseException:
            # A commit that failed (a full disk) leaves the transaction open on the connection.
            await asyncio.shield(transaction._connection.rollback())
            raise
        finally:
            get_connections().reset(self._token)
            self._lock.release()


def _create_private(path: Path) -> None:
    """The file, and its directory, for our user only; SQLite's other files take after it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise DatabaseNotOpened(exc.strerror or str(exc)) from exc
    except sqlite3.OperationalError as exc:
        if _code(exc) in _UNAVAILABLE:
            raise _unavailable(exc) from exc
        raise
    except sqlite3.DatabaseError as exc:
        if _code(exc) in _DAMAGED:
            raise DatabaseDamaged(str(exc)) from exc
        raise
    except OperationalError as exc:
        cause = exc.args[0] if exc.args else None
        if isinstance(cause, sqlite3.OperationalError) and _code(cause) in _UNAVAILABLE:
            raise _unavailable(cause) from exc
        raise


def _unavailable(error: sqlite3.OperationalError) -> DatabaseUnavailable:
    match _code(error):
        case sqlite3.SQLITE_CANTOPEN:
            return DatabaseNotOpened(str(error))
        case sqlite3.SQLITE_READONLY:
            return DatabaseReadOnly(str(error))
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return DatabaseBlocked(str(error))
        case _:
            return DatabaseUnavailable(str(error))


def _code(error: sqlite3.DatabaseError) -> int | None:
    # The low byte is the primary result code; the rest tells variants of it apart.
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def statements(script: str) -> Iterator[str]:
    """Split `script` at the semicolons that end a statement, as SQLite itself sees it."""
    pending = ""
    for piece in script.split(";"):
        pending += piece + ";"
        if sqlite3.complete_statement(pending):
            if pending.strip(" \t\r\n;"):
                yield pending
            pending = ""
    if pending.strip(" \t\r\n;"):
        yield pending


client_class = Client

"""Tortoise's asyncpg engine with six changes; Tortoise loads it by this module's name.

Everything that means "the server is away" becomes `DatabaseUnavailable`, a BEGIN that fails gives
its connection back to the pool, and closing does not wait ten seconds for a server that hangs.
Sessions are bounded (`models.db.sessions`), and one that takes no writes ends with the first
refusal: it would refuse them for as long as it lives. A server that is silent is not waited for
(`models.db.silence`).
"""

import asyncio
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from types import TracebackType
from typing import Any, Final

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import (
    PoolConnectionWrapper,
    TransactionalDBClient,
    TransactionContext,
)
from tortoise.connection import get_connections
from tortoise.exceptions import DBConnectionError, TransactionManagementError

from models.db import sessions
from models.db.silence import Silence
from models.errors import (
    DatabaseBlocked,
    DatabaseReadOnly,
    DatabaseUnavailable,
    TooManyConnections,
)

_UNAVAILABLE: Final = (
    OSError,
    TimeoutError,
    DBConnectionError,
    asyncpg.PostgresConnectionError,
    asyncpg.InternalClientError,
    asyncpg.InterfaceError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    # Of a database that is closed, or gone, while it is restored.
    asyncpg.ObjectNotInPrerequisiteStateError,
    asyncpg.InvalidCatalogNameError,
)


#: To say goodbye to a server that answers.
_CLOSE_TIMEOUT_S: Final = 1.0
#: How long a server that keeps us waiting has to take one more connection: as long as for another.
_ANSWER_TIMEOUT_S: Final = 5.0


class Client(AsyncpgDBClient):
    """A small pool of connections, opened on first use and reopened after an outage.

    `bounded_transactions` bounds each transaction instead of each session: behind a transaction
    pooler, which hands sessions on.
    """

    def __init__(
        self, *, bounded_transactions: bool = False, pooled: bool = False, **credentials: Any
    ) -> None:
        super().__init__(**credentials)
        self.bounded_transactions = bounded_transactions
        #: Whether a pooler stands between, which hands sessions on.
        self.pooled = pooled
        self.silence = Silence(self._ask, self._cut)
        #: Not so what may take any time, as a migration may.
        self._impatient = credentials.get("command_timeout") is not None

    def waiting(self) -> AbstractContextManager[None]:
        """Around whatever waits for the server: until it is found to be silent."""
        return self.silence.waiting() if self._impatient else nullcontext()

    async def create_connection(self, with_db: bool) -> None:
        with translated():
            await super().create_connection(with_db)

    async def _translate_exceptions(self, func: Any, *args: Any, **kwargs: Any) -> Any:
        with translated(), self.waiting():
            result = await super()._translate_exceptions(func, *args, **kwargs)
        self.silence.answered()
        return result

    async def _ask(self) -> None:
        connection = await asyncpg.connect(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            database=self.database,
            ssl=self.extra.get("ssl"),
            timeout=_ANSWER_TIMEOUT_S,
            server_settings=self.server_settings,
        )
        connection.terminate()

    def _cut(self) -> None:
        # As if the server had: whoever waits hears of it, and gives the connection back. To
        # cancel a statement would be to ask the silent server.
        for holder in () if self._pool is None else self._pool._holders:
            if holder._in_use is not None and holder._con is not None:
                holder._con._transport.abort()

    async def _close(self) -> None:
        self.silence.close()
        pool, self._pool = self._pool, None
        if pool is not None:
            with suppress(TimeoutError):
                # Cut off, it terminates its connections.
                async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                    await pool.close()

    def acquire_connection(self) -> PoolConnectionWrapper[Any]:
        return _PooledConnection(self, self._pool_init_lock)

    def _in_transaction(self) -> TransactionContext:
        return _PooledTransaction(Transaction(self))


class Transaction(TransactionWrapper):
    """The client as seen inside a transaction."""

    _parent: Client

    async def _translate_exceptions(self, func: Any, *args: Any, **kwargs: Any) -> Any:
        with translated(), self._parent.waiting():
            result = await super()._translate_exceptions(func, *args, **kwargs)
        self._parent.silence.answered()
        return result

    async def begin(self) -> None:
        await super().begin()
        if self._parent.bounded_transactions:
            with translated(), self._parent.waiting():
                await self._connection.execute(sessions.bounds())

    async def commit(self) -> None:
        with translated(), self._parent.waiting():
            await super().commit()

    async def rollback(self) -> None:
        with translated(), self._parent.waiting():
            await super().rollback()


class _PooledConnection(PoolConnectionWrapper[Any]):
    __slots__ = ()

    async def __aenter__(self) -> Any:
        self.connection = await _acquire(self.client)  # type: ignore[arg-type]
        return self.connection

    async def __aexit__(self, kind: Any, error: Any, trace: Any) -> None:
        if isinstance(error, asyncpg.ReadOnlySQLTransactionError) and self.connection is not None:
            self.connection.terminate()
        await super().__aexit__(kind, error, trace)


class _PooledTransaction(TransactionContext):
    __slots__ = ("_token", "_transaction")

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def __aenter__(self) -> TransactionalDBClient:
        transaction = self._transaction
        with translated(), transaction._parent.waiting():
            transaction._connection = await _acquire(transaction._parent)
        try:
            await transaction.begin()
        except BaseException:
            await self._release()
            raise
        self._token = get_connections().set(transaction.connection_name, transaction)
        return transaction

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        transaction = self._transaction
        try:
            with translated():
                if kind is None:
                    await transaction.commit()
                elif isinstance(error, DatabaseReadOnly) or _went_silent(error):
                    # To say ROLLBACK to a silent server would take as long again.
                    transaction._connection.terminate()
                elif not (
                    issubclass(kind, TransactionManagementError)
                    or transaction._connection.is_closed()
                ):
                    await transaction.rollback()
        finally:
            get_connections().reset(self._token)
            await self._release()

    async def _release(self) -> None:
        pool = self._transaction._parent._pool
        if pool is not None:
            await pool.release(self._transaction._connection)


def _went_silent(error: BaseException | None) -> bool:
    return isinstance(error, DatabaseUnavailable) and isinstance(error.__cause__, TimeoutError)


async def _acquire(client: Client) -> Any:
    """A connection of the pool; a new one for one whose session takes no writes, perhaps for
    want of knowing better."""
    async with client.silence.acquiring():
        pool = await _pool(client)
        connection = await pool.acquire()
        if sessions.was_read_only(connection):
            connection.terminate()
            await pool.release(connection)
            connection = await pool.acquire()
        return connection


async def _pool(client: Client) -> Any:
    if client._pool is None:
        async with client._pool_init_lock:
            if client._pool is None:
                await client.create_connection(with_db=True)
    return client._pool


@contextmanager
def translated() -> Iterator[None]:
    """Raise `DatabaseUnavailable` for whatever says that the server cannot be reached now."""
    try:
        yield
    except asyncpg.ReadOnlySQLTransactionError as exc:
        raise DatabaseReadOnly(str(exc)) from exc
    except asyncpg.TooManyConnectionsError as exc:
        raise TooManyConnections(str(exc)) from exc
    except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError) as exc:
        raise DatabaseBlocked(str(exc)) from exc
    except TransactionManagementError as exc:
        # Tortoise's name for a whole class of the server's answers.
        cause = exc.__cause__
        if isinstance(cause, asyncpg.ReadOnlySQLTransactionError):
            raise DatabaseReadOnly(str(cause)) from exc
        if isinstance(cause, asyncpg.IdleInTransactionSessionTimeoutError):
            raise DatabaseUnavailable(str(cause)) from exc
        raise
    except _UNAVAILABLE as exc:
        if isinstance(exc, ValueError):
            # asyncpg's InterfaceError for an argument of the wrong type: our mistake.
            raise
        raise DatabaseUnavailable(_said(exc)) from exc


def _said(error: Exception) -> str:
    """In the words of the system, where asyncio has words of its own for a number of errno."""
    if isinstance(error, OSError) and (error.errno or 0) > 0 and not error.filename:
        return os.strerror(error.errno or 0)
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return said or type(error).__name__


client_class = Client

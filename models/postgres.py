"""Tortoise's asyncpg engine with three changes; Tortoise loads it by this module's name.

Everything that means "the server is away" becomes `DatabaseUnavailable`, a BEGIN that fails gives
its connection back to the pool, and closing does not wait ten seconds for a server that hangs.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Final

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import TransactionalDBClient, TransactionContext
from tortoise.connection import get_connections
from tortoise.exceptions import DBConnectionError, TransactionManagementError

from models.errors import DatabaseUnavailable

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
    asyncpg.ReadOnlySQLTransactionError,
    # Of a database that is closed, or gone, while somebody restores it.
    asyncpg.ObjectNotInPrerequisiteStateError,
    asyncpg.InvalidCatalogNameError,
)


#: To say goodbye to a server that answers.
_CLOSE_TIMEOUT_S: Final = 1.0


class Client(AsyncpgDBClient):
    """A small pool of connections, opened on first use and reopened after an outage."""

    async def create_connection(self, with_db: bool) -> None:
        with translated():
            await super().create_connection(with_db)

    async def _translate_exceptions(self, func: Any, *args: Any, **kwargs: Any) -> Any:
        with translated():
            return await super()._translate_exceptions(func, *args, **kwargs)

    async def _close(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            with suppress(TimeoutError):
                # Cut off, it terminates its connections.
                async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                    await pool.close()

    def _in_transaction(self) -> TransactionContext:
        return _PooledTransaction(Transaction(self))


class Transaction(TransactionWrapper):
    """The client as seen inside a transaction."""

    async def _translate_exceptions(self, func: Any, *args: Any, **kwargs: Any) -> Any:
        with translated():
            return await super()._translate_exceptions(func, *args, **kwargs)

    async def commit(self) -> None:
        with translated():
            await super().commit()


class _PooledTransaction(TransactionContext):
    __slots__ = ("_token", "_transaction")

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def __aenter__(self) -> TransactionalDBClient:
        transaction = self._transaction
        with translated():
            pool = await _pool(transaction._parent)
            transaction._connection = await pool.acquire()
        try:
            await transaction.begin()
        except BaseException:
            await pool.release(transaction._connection)
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
                elif not (
                    issubclass(kind, TransactionManagementError)
                    or transaction._connection.is_closed()
                ):
                    await transaction.rollback()
        finally:
            get_connections().reset(self._token)
            if transaction._parent._pool is not None:
                await transaction._parent._pool.release(transaction._connection)


async def _pool(client: AsyncpgDBClient) -> Any:
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
    except _UNAVAILABLE as exc:
        if isinstance(exc, ValueError):
            # asyncpg's InterfaceError for an argument of the wrong type: our mistake.
            raise
        raise DatabaseUnavailable(str(exc) or type(exc).__name__) from exc


client_class = Client

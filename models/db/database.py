"""The way into the database: connecting, and the transactions that everything writes in.

Tortoise's app label is the dialect, because Aerich looks for `migrations/<app>/`; the connection
has the same name, because Tortoise caches statements by connection name alone.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, ParamSpec, TypeVar, cast

from tortoise import Model
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import TortoiseContext, require_context
from tortoise.transactions import in_transaction

from config.authorities import trusting_those_of
from models.errors import DatabaseUnavailable

if TYPE_CHECKING:
    from config import Database
    from models.db.sqlite import Client

T = TypeVar("T")
P = ParamSpec("P")

_BUSY_TIMEOUT_MS: Final = 10_000
_CONNECT_TIMEOUT_S: Final = 5
_COMMAND_TIMEOUT_S: Final = 30
#: Of a command, or of a worker without a setting for it.
_CONNECTIONS: Final = 5
#: A connection that was not used for so long is closed, for others to have it; all but one.
_IDLE_S: Final = 30.0

# Callbacks to run once the transaction around the current code has committed; None outside one.
_after_commit: ContextVar[list[Callable[[], None]] | None] = ContextVar(
    "after_commit", default=None
)
_running: set[asyncio.Task[Any]] = set()
_context: TortoiseContext | None = None


def tortoise_config(
    database: "Database",
    *,
    command_timeout: float | None = _COMMAND_TIMEOUT_S,
    bounded: bool = True,
    connections: int = _CONNECTIONS,
) -> dict[str, Any]:
    """Tortoise's configuration for `database`; `command_timeout` (seconds) is PostgreSQL's.

    Where transactions are not `bounded`, a session may wait, and have others wait, for ever. At
    most `connections` are open at once.
    """
    if database.dialect == "sqlite":
        connection = {"engine": "models.db.sqlite", "credentials": _sqlite_credentials(database)}
    else:
        credentials = _postgres_credentials(database, bounded=bounded)
        credentials |= {"command_timeout": command_timeout, "maxsize": connections}
        connection = {"engine": "models.db.postgres", "credentials": credentials}
    return {
        "connections": {database.dialect: connection},
        "apps": {
            database.dialect: {
                "models": ["models"],
                "default_connection": database.dialect,
            }
        },
        "use_tz": True,
        "timezone": "UTC",
    }


def _sqlite_credentials(database: "Database") -> dict[str, Any]:
    return {
        "file_path": str(database.path),
        # First, since switching to WAL may itself have to wait for another process.
        "busy_timeout": _BUSY_TIMEOUT_MS,
        # Of a new file, and so before its first write; one that is there keeps its own. A row of
        # the request log goes into many indexes: half as many pages are a tenth less work.
        "page_size": 8192,
        "journal_mode": "WAL",
        "synchronous": "NORMAL",
        "foreign_keys": "ON",
        # An erased upstream key must not linger in free pages.
        "secure_delete": "ON",
        "journal_size_limit": 64 * 1024 * 1024,
    }


def _postgres_credentials(database: "Database", *, bounded: bool) -> dict[str, Any]:
    from models.db import sessions  # noqa: PLC0415  (it imports this module)

    credentials = postgres_address(database) | {
        "minsize": 1,
        "max_inactive_connection_lifetime": _IDLE_S,
        "timeout": _CONNECT_TIMEOUT_S,
        "application_name": "llm-proxy",
    }
    if database.pgbouncer:
        # The pooler sets sessions back, and hands them on: nothing may be set in one.
        credentials |= {"init": sessions.watched, "reset": sessions.no_reset}
        return credentials | {"pooled": True, "bounded_transactions": bounded}
    if bounded:
        credentials |= {"init": sessions.guard, "reset": sessions.no_reset}
    return credentials


def postgres_address(database: "Database") -> dict[str, Any]:
    """What `asyncpg.connect` needs to reach `database`, for those who do without Tortoise."""
    address = {
        "host": database.host,
        "port": database.port,
        "user": database.user,
        "password": database.password,
        "database": database.database,
        "ssl": _tls(database.sslmode, database.sslrootcert),
    }
    if database.pgbouncer:
        # A named statement would be in a session that the next transaction does not get.
        address["statement_cache_size"] = 0
    return address


def _tls(sslmode: str | None, sslrootcert: Path | str | None) -> bool | str | ssl.SSLContext:
    """What libpq's `sslmode` means to asyncpg.

    https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION
    """
    mode = sslmode or "prefer"
    if mode == "disable":
        return False
    if mode in {"allow", "prefer"}:
        return mode
    cafile = None if sslrootcert is None or str(sslrootcert) == "system" else str(sslrootcert)
    context = trusting_those_of(cafile)
    context.check_hostname = mode == "verify-full"
    if mode == "require" and cafile is None:
        context.verify_mode = ssl.CERT_NONE
    return context


async def connect(database: "Database", *, connections: int = _CONNECTIONS) -> None:
    """Make the models usable from every task of this process.

    SQLite is opened now; PostgreSQL on first use, since it may be away while we start. At most
    `connections` to it are open at once.
    Raises DatabaseUnavailable when the SQLite file cannot be opened.
    """
    global _context  # noqa: PLW0603  (Tortoise's own state is as global)
    adopt_models(database.dialect)
    context = TortoiseContext()
    with context:
        config = tortoise_config(database, connections=connections)
        await context.init(config=config, _enable_global_fallback=True)
    _context = context
    if database.dialect == "sqlite":
        try:
            await connection().execute_query("SELECT 1")
        except DatabaseUnavailable:
            await disconnect()
            raise


async def disconnect(*, within: float | None = None) -> None:
    """Let transactions whose caller has gone finish, then close.

    After `within` seconds they are cut off, as a database that hangs would have us wait for ever.
    """
    global _context  # noqa: PLW0603
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            while _running:
                await asyncio.wait(_running)
    if _context is not None:
        await _context.close_connections()
        _context = None


@asynccontextmanager
async def open_database(database: "Database") -> AsyncIterator[None]:
    """The models, for as long as the block runs: for commands and other short-lived processes."""
    await connect(database)
    try:
        yield
    finally:
        await disconnect()


def adopt_models(label: str) -> None:
    """Let a process that used one dialect use the other: Tortoise never relabels a model.

    Every model that was imported is relabelled, Aerich's as well.
    """
    found: list[type[Model]] = Model.__subclasses__()
    for model in found:
        model._meta.app = label
        found += model.__subclasses__()


def connection() -> BaseDBAsyncClient:
    """The connection for raw SQL; inside a transaction, that transaction's."""
    # As `get_connections` does, which imports its module each time: some 8,000 instructions.
    connections = require_context().connections
    (name,) = connections.db_config
    return connections.get(name)


def version() -> object:
    """Another value after each commit to the database; None where only the database can say that.

    For SQLite, outside transactions.
    """
    return None if dialect() == "postgres" else cast("Client", connection()).version()


def dialect() -> Literal["sqlite", "postgres"]:
    """Which of the two SQLs to write."""
    (name,) = require_context().connections.db_config
    return "sqlite" if name == "sqlite" else "postgres"


async def run_in_transaction(work: Callable[[], Awaitable[T]]) -> T:
    """Run `work` in a transaction of its own task, which cancelling the caller does not touch.

    Cancelled during BEGIN, Tortoise would deadlock SQLite for good and leak an asyncpg
    connection; and a client that hangs up must not leave a change half known. Within another
    transaction, `work` becomes part of that. Raises DatabaseUnavailable.
    """
    return await _in_own_task(_transact, work)


async def run_apart(work: Callable[[], Awaitable[T]]) -> T:
    """As `run_in_transaction`; on SQLite in the database's thread, from beginning to commit.

    For what takes many statements and has nothing else to wait for. Raises DatabaseUnavailable.
    """
    return await _in_own_task(_transact if dialect() == "postgres" else _transact_apart, work)


async def _in_own_task(
    transact: Callable[[Callable[[], Awaitable[T]]], Coroutine[Any, Any, T]],
    work: Callable[[], Awaitable[T]],
) -> T:
    if _after_commit.get() is not None:
        return await work()
    task = asyncio.create_task(_with_callbacks(transact, work))
    _running.add(task)
    task.add_done_callback(_retire)
    return await asyncio.shield(task)


async def _transact(work: Callable[[], Awaitable[T]]) -> T:
    async with in_transaction():
        return await work()


async def _transact_apart(work: Callable[[], Awaitable[T]]) -> T:
    from models.db.sqlite import Client  # noqa: PLC0415  (only where it is in use)

    return await cast(Client, connection()).transact_apart(work)


async def _with_callbacks(
    transact: Callable[[Callable[[], Awaitable[T]]], Coroutine[Any, Any, T]],
    work: Callable[[], Awaitable[T]],
) -> T:
    callbacks: list[Callable[[], None]] = []
    token = _after_commit.set(callbacks)
    try:
        result = await transact(work)
    finally:
        _after_commit.reset(token)
    for callback in callbacks:
        callback()
    return result


def _retire(task: asyncio.Task[Any]) -> None:
    _running.discard(task)
    if not task.cancelled():
        # Read, so that asyncio does not report an error whose caller was cancelled.
        task.exception()


def in_one_transaction(method: Callable[P, Awaitable[T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Decorate a domain method: all that it writes is committed together, or not at all."""

    @wraps(method)
    async def transacting(*args: P.args, **kwargs: P.kwargs) -> T:
        return await run_in_transaction(lambda: method(*args, **kwargs))

    return transacting


async def unhurried() -> None:
    """Let the transaction around the current code take its time, and wait for any lock."""
    if dialect() == "postgres":
        await connection().execute_query(
            "SELECT set_config('idle_in_transaction_session_timeout', '0', true),"
            " set_config('lock_timeout', '0', true)"
        )


async def give_up_on_locks_after(seconds: float) -> None:
    """Bound each wait for a lock in the transaction around the current code."""
    if dialect() == "postgres":
        await connection().execute_query(
            "SELECT set_config('lock_timeout', $1, true)", [str(round(seconds * 1000))]
        )


def after_commit(callback: Callable[[], None]) -> None:
    """Call `callback` once the transaction around the current code has committed."""
    callbacks = _after_commit.get()
    if callbacks is None:
        raise RuntimeError("after_commit() belongs inside run_in_transaction()")
    callbacks.append(callback)

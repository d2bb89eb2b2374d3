"""One migration at a time, whichever process runs it, and each whole or not at all.

Aerich looks for pending files, and only then begins a transaction: two release steps at once would
both find the same file and run it twice. So its upgrades and downgrades run under a lock of the
database's own kind. Plain `aerich` gets the same by `guard_aerich`, when it imports our settings.

On PostgreSQL the release before goes on meanwhile, and its transactions take tables in other orders
than a migration does: one that a deadlock has ended is begun again.
"""

import asyncio
import fcntl
import os
import pkgutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import aerich.cli
from aerich import Command
from asyncclick import ClickException
from tortoise import Tortoise
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError, OperationalError

from models.errors import DatabaseBlocked

#: An arbitrary number, the same in every release: "llmproxy" as a 64-bit integer.
_ADVISORY_LOCK: Final = 0x6C6C6D70726F7879
#: Deadlocks in one upgrade: under load every second try may end in one, a second after it began.
_DEADLOCKS_MAX: Final = 30
#: Before the next try, in seconds: what the other side waited for comes first.
_PAUSE_S: Final = 0.1


def guard_aerich() -> None:
    """Make the `aerich` command that runs in this process use `LockedCommand`."""
    vars(aerich.cli)["Command"] = LockedCommand


class LockedCommand(Command):
    """Aerich's commands, taking turns. The app's name is the dialect."""

    async def upgrade(self, run_in_transaction: bool = True, fake: bool = False) -> list[str]:
        async with self._turn():
            pending = await self.heads()
            for left in reversed(range(_DEADLOCKS_MAX)):
                try:
                    await super().upgrade(run_in_transaction, fake)
                    break
                except DatabaseBlocked:
                    if self.app == "sqlite" or not left:
                        raise
                    await asyncio.sleep(_PAUSE_S)
            return pending

    async def downgrade(self, version: int, delete: bool, fake: bool = False) -> list[str]:
        async with self._turn():
            return await super().downgrade(version, delete, fake)

    async def heads(self) -> list[str]:
        try:
            return await super().heads()
        except OperationalError:
            # Aerich's own table comes with the first migration: all of them are pending.
            return await self.history()

    async def migrate(
        self,
        name: str = "update",
        empty: bool = False,
        no_input: bool = False,
        offline: bool = False,
    ) -> Any:
        # Aerich compares the models with what was applied last, not with the last file.
        if not offline and await self.heads():
            raise ClickException("The database is behind. Run `aerich upgrade` first.")
        return await super().migrate(name, empty, no_input, offline)

    async def _upgrade(
        self,
        conn: BaseDBAsyncClient,
        version_file: str,
        fake: bool = False,
        version_module: pkgutil.ModuleInfo | None = None,
    ) -> None:
        await super()._upgrade(conn, version_file, fake, version_module)
        if self.app == "sqlite":
            await _refuse_dangling_references(conn)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self.app == "sqlite":
            path = self.tortoise_config["connections"]["sqlite"]["credentials"]["file_path"]
            async with _file_lock(path), _without_foreign_keys():
                yield
        else:
            async with _advisory_lock():
                yield


@asynccontextmanager
async def _file_lock(path: str) -> AsyncIterator[None]:
    # A file of its own: SQLite locks the database file, and our closing it would drop those.
    lock = os.open(f"{path}.migrating", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


@asynccontextmanager
async def _without_foreign_keys() -> AsyncIterator[None]:
    """Rebuilding a table drops it, which with foreign keys on empties the tables that refer to it.

    And the rebuilt one cannot take its name while a trigger of another table speaks of the one that
    is gone, unless a rename leaves triggers alone.

    https://www.sqlite.org/lang_altertable.html#otheralter step 1; the check is its step 10.
    """
    connection = Tortoise.get_connection("sqlite")
    await connection.execute_query("PRAGMA foreign_keys=OFF")
    await connection.execute_query("PRAGMA legacy_alter_table=ON")
    try:
        yield
    finally:
        await connection.execute_query("PRAGMA legacy_alter_table=OFF")
        await connection.execute_query("PRAGMA foreign_keys=ON")


async def _refuse_dangling_references(transaction: BaseDBAsyncClient) -> None:
    dangling = await transaction.execute_query_dict("PRAGMA foreign_key_check")
    if dangling:
        tables = sorted({str(row["table"]) for row in dangling})
        raise IntegrityError(f"the migration leaves dangling references in {tables}")


@asynccontextmanager
async def _advisory_lock() -> AsyncIterator[None]:
    client = Tortoise.get_connection("postgres")
    # One connection of the pool is kept for it throughout.
    async with client.acquire_connection() as session:
        if getattr(client, "pooled", False):
            async with session.transaction():
                # A pooler hands a session on when its transaction ends, so the lock is that one's.
                await session.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
                await session.execute("SELECT pg_advisory_xact_lock($1)", _ADVISORY_LOCK)
                yield
            return
        await session.execute("SELECT pg_advisory_lock($1)", _ADVISORY_LOCK)
        try:
            yield
        finally:
            await session.execute("SELECT pg_advisory_unlock($1)", _ADVISORY_LOCK)

"""The limits' file of one machine: its schema, the version of that, and its counters.

The workers' engine (`sqlite`) has the file open all the time; what is here opens it for a moment.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import quote

from models.db.backup import claim, put_aside
from proxy.limits.budget_tables import SCHEMA as BUDGETS_SCHEMA
from proxy.limits.records import Counter, Used
from proxy.limits.store import LimitsUnavailable, NewerSchema

T = TypeVar("T")

#: In the file's `user_version`. Raised only by a change that the release before cannot work with:
#: an added table or column leaves it, since that release must go on after a rollback. 0 are files
#: from before there was a version, which are of the same form.
VERSION: Final = 1

_BUSY_SECONDS: Final = 10.0
# Small pages, because every commit writes whole ones. `used` belongs to the quota of this epoch.
# `spent` is what was taken from the rate's bucket and has not run back in yet, as of `at`, Unix
# time: 0 is a full bucket, whatever the rate is. `held` are the slots that a worker's requests
# have, which only that worker writes; for moments it says more, and never less.
_SCHEMA: Final = (
    "PRAGMA page_size = 1024",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA wal_autocheckpoint = 0",
    """CREATE TABLE IF NOT EXISTS counter (
        key TEXT PRIMARY KEY, epoch INTEGER NOT NULL, used INTEGER NOT NULL,
        spent REAL NOT NULL, at REAL NOT NULL
    ) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS slot (
        key TEXT, worker TEXT, held INTEGER NOT NULL, PRIMARY KEY (key, worker)
    ) WITHOUT ROWID""",
    *BUDGETS_SCHEMA,
)


def prepare(connection: sqlite3.Connection) -> None:
    """Make what the file lacks. Raises NewerSchema, sqlite3.DatabaseError."""
    version = _check_version(connection)
    for statement in _SCHEMA:
        connection.execute(statement)
    if version != VERSION:
        connection.execute(f"PRAGMA user_version = {VERSION}")


def _check_version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise NewerSchema(
            f"limits.db has schema version {version} and this release knows {VERSION}:"
            " a newer release made it. Start that one, or restore a backup of this one."
        )
    return version


class SqliteRecords:
    """What the file at `path` says. Where there is no file, nothing was counted."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def check(self) -> None:
        """Raise NewerSchema where a newer release made the file."""
        try:
            await self._read(lambda _: None, None)
        except NewerSchema:
            raise
        except LimitsUnavailable:
            # It may pass, and shows to the worker that opens the file.
            return

    async def used(self, key: str) -> Used | None:
        """What is used of one quota; None where none was ever asked about."""

        def read(file: sqlite3.Connection) -> Used | None:
            query = "SELECT epoch, used FROM counter WHERE key = ?"
            row = file.execute(query, (key,)).fetchone()
            return None if row is None else Used(*row)

        return await self._read(read, None)

    async def dump(self) -> Sequence[Counter]:
        """All counters, of one moment."""

        def read(file: sqlite3.Connection) -> list[Counter]:
            query = "SELECT key, epoch, used, spent, at FROM counter"
            return [Counter(*row) for row in file.execute(query)]

        return await self._read(read, [])

    async def load(self, counters: Iterable[Counter]) -> None:
        """Put a new file in the place of this one, which stays beside it under another name.

        Raises models.db.backup.InUse where any process has it open.
        """
        await asyncio.to_thread(self._load, list(counters))

    def _load(self, counters: list[Counter]) -> None:
        claim(self._path)
        put_aside(self._path)
        self._path.touch(mode=0o600)
        with closing(sqlite3.connect(self._path, isolation_level=None)) as file:
            prepare(file)
            file.execute("BEGIN")
            insert = "INSERT INTO counter (key, epoch, used, spent, at) VALUES (?, ?, ?, ?, ?)"
            file.executemany(insert, counters)
            file.execute("COMMIT")

    async def forget(self, keys: Iterable[str]) -> None:
        """Remove their counters."""
        await asyncio.to_thread(self._forget, list(keys))

    def _forget(self, keys: list[str]) -> None:
        if not self._path.exists():
            return
        try:
            with closing(sqlite3.connect(self._path, timeout=_BUSY_SECONDS)) as file, file:
                _check_version(file)
                file.executemany("DELETE FROM counter WHERE key = ?", [(key,) for key in keys])
        except sqlite3.DatabaseError as exc:
            raise LimitsUnavailable(str(exc)) from exc

    async def _read(self, read: Callable[[sqlite3.Connection], T], nothing: T) -> T:
        return await asyncio.to_thread(self._read_file, read, nothing)

    def _read_file(self, read: Callable[[sqlite3.Connection], T], nothing: T) -> T:
        if not self._path.exists():
            return nothing
        try:
            try:
                return self._read_as("ro", read)
            except sqlite3.OperationalError as exc:
                if exc.sqlite_errorcode & 0xFF != sqlite3.SQLITE_READONLY:
                    raise
                # Whoever made it was killed meanwhile: what that left has to be rolled back first.
                return self._read_as("rw", read)
        except sqlite3.DatabaseError as exc:
            raise LimitsUnavailable(str(exc)) from exc

    def _read_as(self, mode: str, read: Callable[[sqlite3.Connection], T]) -> T:
        location = f"file:{quote(str(self._path.absolute()))}?mode={mode}"
        with closing(sqlite3.connect(location, uri=True, timeout=_BUSY_SECONDS)) as file:
            _check_version(file)
            return read(file)

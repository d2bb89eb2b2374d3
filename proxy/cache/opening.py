"""The file of answers, as one worker has it open: made, found broken, and made anew.

Several workers have it open at once. One that finds it broken takes its name away, under a lock on
the directory; the others see at their next look that what they have open has no name any more.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Literal

PAGE_BYTES: Final = 4096
_VERSION: Final = 2
_BUSY_SECONDS: Final = 2.0
# What was removed is overwritten. What a power failure breaks is made anew, so that nothing waits
# for the disk.
_SETTINGS: Final = ("secure_delete = ON", "synchronous = OFF", "temp_store = MEMORY")
_SCHEMA: Final = (
    """CREATE TABLE IF NOT EXISTS answer (
        id INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB UNIQUE, project TEXT NOT NULL,
        epoch INTEGER NOT NULL, about BLOB NOT NULL, size INTEGER NOT NULL, born REAL NOT NULL,
        expires REAL NOT NULL, asked REAL NOT NULL, cost_nanos INTEGER, seal BLOB,
        state INTEGER NOT NULL
    )""",
    "CREATE INDEX IF NOT EXISTS answer_asked ON answer (asked)",
    """CREATE TABLE IF NOT EXISTS block (
        answer INTEGER NOT NULL, number INTEGER NOT NULL, data BLOB NOT NULL,
        PRIMARY KEY (answer, number)
    )""",
    f"PRAGMA user_version = {_VERSION}",
)
_BROKEN: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class OtherVersion(sqlite3.DatabaseError):
    """Another release made the file, or another configuration, and it has to be made anew."""


class NotAsWritten(sqlite3.DatabaseError):
    """The file can be read, and says something else than was written into it."""


def is_broken(error: sqlite3.DatabaseError) -> bool:
    """Whether the file has to be made anew."""
    code = getattr(error, "sqlite_errorcode", 0)
    return isinstance(error, OtherVersion | NotAsWritten) or code & 0xFF in _BROKEN


class OpenFile:
    """At most `max_pages` of `PAGE_BYTES`, and a log beside it that is written back from
    `log_bytes` on."""

    def __init__(self, path: Path, max_pages: int, log_bytes: int) -> None:
        self._path = path
        self._log = f"{path}-wal"
        self._max_pages = max_pages
        self._log_bytes = log_bytes
        self._connection: sqlite3.Connection | None = None
        self._opened: os.stat_result | None = None

    def connection(self) -> sqlite3.Connection:
        """The file, opened and made where that has to be. Raises OSError, sqlite3.Error."""
        if self._connection is None or not self._has_name():
            return self._open()
        return self._connection

    def bound_log(self) -> None:
        """Write the log back, and cut it, before it is long. Raises sqlite3.Error."""
        self._write_back(self._log_bytes)

    def empty_log(self) -> None:
        """The same whatever it has, as it has what was removed. Raises sqlite3.Error."""
        self._write_back(0)

    def _write_back(self, longest: int) -> None:
        try:
            # It is asked for at each write, and a Path would take twice as long to answer.
            size = os.stat(self._log).st_size  # noqa: PTH116
        except OSError:
            return
        if size > longest and self._connection is not None:
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def remove(self) -> None:
        """Take its name away, unless another worker has done so. Raises OSError."""
        self.close()
        with self._alone():
            if self._opened is None or self._has_name():
                for suffix in ("", "-wal", "-shm"):
                    self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)

    def close(self) -> None:
        """Close it; it is opened again where it is wanted."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()

    def _has_name(self) -> bool:
        try:
            # It is asked for at each call, as above.
            named = os.stat(self._path)  # noqa: PTH116
        except OSError:
            return False
        return self._opened is not None and os.path.samestat(named, self._opened)

    def _open(self) -> sqlite3.Connection:
        self.close()
        self._opened = None
        with self._alone():
            self._path.touch(mode=0o600)
            self._opened = self._path.stat()
            file = sqlite3.connect(
                self._path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            try:
                self._prepare(file)
            except BaseException:
                file.close()
                raise
        self._connection = file
        return file

    def _prepare(self, file: sqlite3.Connection) -> None:
        version = file.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, _VERSION):
            raise OtherVersion(f"it has version {version}")
        if file.execute("PRAGMA page_count").fetchone()[0] > self._max_pages:
            raise OtherVersion("it is larger than CACHE_MAX_BYTES allows now")
        file.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        file.execute("PRAGMA journal_mode = WAL")
        for setting in _SETTINGS:
            file.execute(f"PRAGMA {setting}")
        file.execute("PRAGMA wal_autocheckpoint = 0")
        file.execute(f"PRAGMA max_page_count = {self._max_pages}")
        for statement in _SCHEMA:
            file.execute(statement)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One worker at a time makes the file, or takes its name away."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory = os.open(self._path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(directory, fcntl.LOCK_EX)
            yield
        finally:
            os.close(directory)


@contextmanager
def transaction(
    file: sqlite3.Connection, kind: Literal["DEFERRED", "IMMEDIATE"] = "IMMEDIATE"
) -> Iterator[None]:
    """All of the block, or nothing."""
    file.execute(f"BEGIN {kind}")
    try:
        yield
    except BaseException:
        with suppress(sqlite3.Error):
            file.execute("ROLLBACK")
        raise
    file.execute("COMMIT")

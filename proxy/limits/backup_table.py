"""The limits' counters in a backup of the database, in a table of their own: any engine's."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import Final

from proxy.limits.records import Counter, LimitRecords

#: In files that operators keep, and that the release before must be able to restore.
_TABLE: Final = "backup_limit_counter"


class LimitsInBackup:
    """A companion of the database, as `models.db.backup` wants it. Blocks."""

    def __init__(self, records: LimitRecords) -> None:
        self._records = records

    def save(self, copy: sqlite3.Connection) -> None:
        """Write what is used now into a copy of the database. Raises LimitsUnavailable."""
        counters = asyncio.run(self._records.dump())
        copy.execute(f"DROP TABLE IF EXISTS {_TABLE}")
        copy.execute(
            f"CREATE TABLE {_TABLE} (key TEXT PRIMARY KEY, epoch INTEGER NOT NULL,"
            " used INTEGER NOT NULL, spent REAL NOT NULL, at REAL NOT NULL) WITHOUT ROWID"
        )
        copy.executemany(f"INSERT INTO {_TABLE} VALUES (?, ?, ?, ?, ?)", counters)  # noqa: S608

    def restore(self, copy: sqlite3.Connection) -> None:
        """Put the counters of a copy in the place of those that there are, and drop its table."""
        found = copy.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (_TABLE,)).fetchone()
        counters: list[Counter] = []
        if found is not None:
            rows = copy.execute(f"SELECT key, epoch, used, spent, at FROM {_TABLE}")  # noqa: S608
            counters = [Counter(*row) for row in rows]
        asyncio.run(self._records.load(counters))
        if found is not None:
            copy.execute(f"DROP TABLE {_TABLE}")

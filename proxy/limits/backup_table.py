"""The limits' counters in a backup of the database, in tables of their own: any engine's."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Sequence
from typing import Final

from proxy.limits.records import (
    BudgetCounter,
    BudgetDump,
    BudgetHold,
    Counter,
    LimitRecords,
)

#: In files that operators keep, and that the release before must be able to restore.
_TABLE: Final = "backup_limit_counter"
#: Of budgets, which the release before leaves where they are.
_BUDGETS: Final = {
    "backup_limit_budget": BudgetCounter._fields,
    "backup_limit_hold": BudgetHold._fields,
    "backup_limit_position": ("journal", "position"),
}


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
        _save_budgets(copy, asyncio.run(self._records.dump_budgets()))

    def restore(self, copy: sqlite3.Connection) -> None:
        """Put the counters of a copy in the place of those that there are, and drop its table."""
        found = copy.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (_TABLE,)).fetchone()
        counters: list[Counter] = []
        if found is not None:
            rows = copy.execute(f"SELECT key, epoch, used, spent, at FROM {_TABLE}")  # noqa: S608
            counters = [Counter(*row) for row in rows]
        asyncio.run(self._records.load(counters))
        asyncio.run(self._records.load_budgets(_saved_budgets(copy)))
        for table in (_TABLE, *_BUDGETS):
            copy.execute(f"DROP TABLE IF EXISTS {table}")


def _save_budgets(copy: sqlite3.Connection, dump: BudgetDump) -> None:
    rows: tuple[Sequence[Sequence[object]], ...] = (
        dump.counters,
        [(*hold[:3], *map(json.dumps, hold[3:])) for hold in dump.holds],
        [*dump.positions.items()],
    )
    for (table, columns), some in zip(_BUDGETS.items(), rows, strict=True):
        copy.execute(f"DROP TABLE IF EXISTS {table}")
        copy.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
        places = ", ".join("?" * len(columns))
        copy.executemany(f"INSERT INTO {table} VALUES ({places})", some)  # noqa: S608


def _saved_budgets(copy: sqlite3.Connection) -> BudgetDump:
    """Nothing where the release before made the backup."""
    found = copy.execute("SELECT 1 FROM sqlite_master WHERE name = 'backup_limit_budget'")
    if found.fetchone() is None:
        return BudgetDump([], [], {})
    holds = [
        BudgetHold(request, at, bool(final), *(tuple(json.loads(text)) for text in lists))
        for request, at, final, *lists in copy.execute("SELECT * FROM backup_limit_hold")
    ]
    counters = [BudgetCounter(*row) for row in copy.execute("SELECT * FROM backup_limit_budget")]
    return BudgetDump(
        counters, holds, dict(copy.execute("SELECT * FROM backup_limit_position").fetchall())
    )

"""What the limits' file says of budgets, beside the counters that `sqlite_file` knows."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from models.errors import DatabaseUnavailable
from proxy.limits.bases import used_before
from proxy.limits.budget_tables import read, written
from proxy.limits.budgets import Allowance, needs_base, use_of, window_of
from proxy.limits.records import BudgetCounter, BudgetDump, BudgetHold, BudgetUse, WindowUse
from proxy.limits.sqlite_file import SqliteRecords, prepare
from proxy.limits.store import LimitsUnavailable

_BUSY_SECONDS: Final = 10.0
_MICRO: Final = 1_000_000
_IS_BUCKET: Final = "(key LIKE '%|minute||%' OR key LIKE '%|hour||%')"
_MOST_USED: Final = (
    "SELECT key, start, spent, held, amount FROM budget"  # noqa: S608
    f" WHERE NOT {_IS_BUCKET} AND amount > 0 AND (until IS NULL OR until > ?)"
    " ORDER BY CAST(spent + held AS REAL) / amount DESC, key LIMIT ? OFFSET ?"
)
_COLUMNS: Final = "key, start, until, spent, held, at, amount, alerts, alerted, matches"


class SqliteBudgetRecords(SqliteRecords):
    """What the file at `path` says; hour counters are those of the models' database."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        super().__init__(path)
        self._file = path
        self._clock = clock

    async def budgets(self, allowances: Sequence[Allowance]) -> Mapping[str, BudgetUse]:
        """As `LimitRecords` says."""
        now = int(self._clock() * _MICRO)
        windows = {one.key: window_of(one.period, one.zone, now) for one in allowances}

        def read_sums(file: sqlite3.Connection) -> dict[str, tuple[int, int, int]]:
            if not _has_budgets(file):
                return {}
            query = "SELECT spent, held, at FROM budget WHERE key = ? AND start = ?"
            found: dict[str, tuple[int, int, int]] = {}
            for key, (start, _) in windows.items():
                for row in file.execute(query, (key, start)):
                    found[key] = row
            return found

        nothing: dict[str, tuple[int, int, int]] = {}
        found = await self._read(read_sums, nothing)
        uses = {}
        for one in allowances:
            start, until = windows[one.key]
            row = found.get(one.key)
            if row is None:
                spent = await _before(one, start, until) if needs_base(one, start) else 0
                row = spent, 0, now
            uses[one.key] = BudgetUse(*use_of(one, row, until, now))
        return uses

    async def most_used(self, limit: int, offset: int = 0) -> Sequence[WindowUse]:
        """As `LimitRecords` says."""
        now = int(self._clock() * _MICRO)

        def read_uses(file: sqlite3.Connection) -> list[WindowUse]:
            if not _has_budgets(file):
                return []
            return [WindowUse(*row) for row in file.execute(_MOST_USED, (now, limit, offset))]

        nothing: list[WindowUse] = []
        return await self._read(read_uses, nothing)

    async def reset_budgets(self, keys: Iterable[str]) -> None:
        """As `LimitRecords` says."""
        await asyncio.to_thread(self._write, _reset, [*keys])

    async def dump_budgets(self) -> BudgetDump:
        """As `LimitRecords` says."""
        return await self._read(_dumped, BudgetDump([], [], {}))

    async def load_budgets(self, dump: BudgetDump) -> None:
        """As `LimitRecords` says."""
        await asyncio.to_thread(self._write, _loaded, dump)

    async def add_budgets(self, counters: Iterable[BudgetCounter]) -> None:
        """As `LimitRecords` says."""
        await asyncio.to_thread(self._write, _added, [*counters])

    async def forget(self, keys: Iterable[str]) -> None:
        """As `LimitRecords` says."""
        forgotten = [*keys]
        await super().forget(forgotten)
        if self._file.exists():
            await asyncio.to_thread(self._write, _forgotten, forgotten)

    def _write(self, work: Callable[..., None], what: object) -> None:
        try:
            self._file.touch(mode=0o600)
            with closing(sqlite3.connect(self._file, timeout=_BUSY_SECONDS)) as file:
                file.isolation_level = None
                prepare(file)
                file.execute("BEGIN IMMEDIATE")
                work(file, what)
                file.execute("COMMIT")
        except sqlite3.DatabaseError as exc:
            raise LimitsUnavailable(str(exc)) from exc


async def _before(allowance: Allowance, start: int, until: int | None) -> int:
    try:
        return await used_before(allowance, start, until)
    except DatabaseUnavailable as exc:
        raise LimitsUnavailable(str(exc)) from exc


def _has_budgets(file: sqlite3.Connection) -> bool:
    """Whether there are their tables; a file of the release before has none."""
    query = "SELECT 1 FROM sqlite_master WHERE name = 'budget_hold'"
    return file.execute(query).fetchone() is not None


def _reset(file: sqlite3.Connection, keys: Sequence[str]) -> None:
    # What is held of a bucket is part of its level.
    for key in keys:
        file.execute("UPDATE budget SET alerted = 0, spent = 0 WHERE key = ? AND until > 0", (key,))
        file.execute(
            "UPDATE budget SET alerted = 0, spent ="  # noqa: S608
            f" CASE WHEN {_IS_BUCKET} THEN held ELSE 0 END"
            " WHERE key = ? AND until IS NULL",
            (key,),
        )


def _dumped(file: sqlite3.Connection) -> BudgetDump:
    if not _has_budgets(file):
        return BudgetDump([], [], {})
    file.execute("BEGIN")
    rows = [*file.execute(f"SELECT id, {_COLUMNS} FROM budget")]  # noqa: S608
    windows = {row[0]: (row[1], row[2]) for row in rows}
    holds = []
    for request, at, final, text in file.execute(
        "SELECT request, at, final, budgets FROM budget_hold"
    ):
        pairs = [(windows[budget], amount) for budget, amount in read(text) if budget in windows]
        holds.append(
            BudgetHold(
                request,
                at,
                bool(final),
                tuple(key for (key, _), _ in pairs),
                tuple(start for (_, start), _ in pairs),
                tuple(amount for _, amount in pairs),
            )
        )
    positions = dict(file.execute("SELECT journal, position FROM budget_position"))
    file.execute("COMMIT")
    return BudgetDump([BudgetCounter(*row[1:]) for row in rows], holds, positions)


def _loaded(file: sqlite3.Connection, dump: BudgetDump) -> None:
    for table in ("budget", "budget_hold", "budget_worker", "budget_position", "budget_alert"):
        file.execute(f"DELETE FROM {table}")  # noqa: S608
    ids = {}
    for row in dump.counters:
        insert = f"INSERT INTO budget ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
        ids[row.key, row.start] = file.execute(insert, row).lastrowid or 0
    # Whose they were is gone: they end with the entries that may still come, or as a dead worker's.
    file.execute("INSERT INTO budget_worker (id, worker) VALUES (0, 'restored')")
    file.executemany(
        "INSERT INTO budget_hold (request, worker, at, final, budgets) VALUES (?, 0, ?, ?, ?)",
        [
            (
                hold.request,
                hold.at,
                hold.final,
                written(
                    (ids[window], amount)
                    for window, amount in zip(
                        zip(hold.keys, hold.starts, strict=True), hold.amounts, strict=True
                    )
                ),
            )
            for hold in dump.holds
        ],
    )
    file.executemany(
        "INSERT INTO budget_position (journal, position) VALUES (?, ?)", dump.positions.items()
    )


def _added(file: sqlite3.Connection, counters: Sequence[BudgetCounter]) -> None:
    file.executemany(
        f"INSERT OR IGNORE INTO budget ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
        counters,
    )


def _forgotten(file: sqlite3.Connection, keys: Sequence[str]) -> None:
    # The character behind the one that ends a subject in a budget's key.
    file.executemany(
        "DELETE FROM budget WHERE key >= ? AND key < ?", [(f"{key}|", f"{key}}}") for key in keys]
    )

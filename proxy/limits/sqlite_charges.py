"""Charges in the limits' file: one transaction for a batch of entries and the position behind it.

Used from a thread, on a connection of its own beside the workers' decisions, which wait for it as
for those of another worker.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from models.budget_alerts import Reached
from models.entry import Entry
from proxy.limits.budget_tables import read
from proxy.limits.budgets import Allowance, bucket_us, parts_of
from proxy.limits.charging import (
    Charged,
    Hold,
    Sums,
    Window,
    charge_entries,
    end_unheard,
    subjects_of,
)
from proxy.limits.sqlite_file import prepare
from proxy.limits.store import LimitsUnavailable

_BUSY_SECONDS: Final = 10.0
_MICRO: Final = 1_000_000
#: Values in one statement.
_MANY: Final = 500

_COLUMNS: Final = "id, key, start, until, spent, held, at, amount, alerts, alerted, matches"
_MOVE: Final = "REPLACE INTO budget_position (journal, position) VALUES (?, ?)"
_WRITE: Final = "UPDATE budget SET spent = ?, held = ?, at = ?, alerted = ? WHERE id = ?"
_ALERT: Final = (
    "INSERT OR IGNORE INTO budget_alert (key, start, share, amount, spent, at)"
    " VALUES (?, ?, ?, ?, ?, ?)"
)
_MAKE: Final = (
    "INSERT OR IGNORE INTO budget (key, start, until, spent, held, at, amount, alerts, matches)"
    " VALUES (?, ?, ?, ?, 0, ?, ?, ?, ?)"
)


class SqliteCharges:
    """Charges in the file at `path`. Everything blocks, and raises LimitsUnavailable."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._turn = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        #: Whether shares may be in the file of which nobody was told, as one is that died before.
        self.may_have_reached = True

    def close(self) -> None:
        """Let go of the file."""
        with self._turn:
            self._let_go()

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def _transaction(self, begin: str = "BEGIN IMMEDIATE") -> Iterator[sqlite3.Connection]:
        with self._turn:
            try:
                if self._connection is None:
                    self._connection = self._opened()
                self._connection.execute(begin)
                yield self._connection
                self._connection.execute("COMMIT")
            except sqlite3.DatabaseError as exc:
                self._let_go()
                raise LimitsUnavailable(str(exc)) from exc
            except BaseException:
                self._let_go()
                raise

    def _opened(self) -> sqlite3.Connection:
        self._path.touch(mode=0o600)
        connection = sqlite3.connect(
            self._path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    @property
    def _now_us(self) -> int:
        return int(self._clock() * _MICRO)

    # Of the journal's sink

    def positions(self, journals: Iterable[str]) -> Mapping[str, int]:
        """How far each journal was charged; those of which nothing was are left out."""
        with self._transaction("BEGIN") as file:
            found = {}
            for journal in journals:
                query = "SELECT position FROM budget_position WHERE journal = ?"
                for (position,) in file.execute(query, (journal,)):
                    found[journal] = int(position)
            return found

    def take(self, journal: str, start: int, end: int, entries: Sequence[Entry]) -> int:
        """Charge a range of a journal, once; the position that holds then."""
        with self._transaction() as file:
            query = "SELECT position FROM budget_position WHERE journal = ?"
            row = file.execute(query, (journal,)).fetchone()
            if row is not None and row[0] != start:
                return int(row[0])
            if entries and file.execute("SELECT EXISTS (SELECT 1 FROM budget)").fetchone()[0]:
                self._charge(file, entries)
            file.execute(_MOVE, (journal, end))
            return end

    def _charge(self, file: sqlite3.Connection, entries: Sequence[Entry]) -> None:
        found = {
            request: (bool(final), read(budgets))
            for request, final, budgets in _among(
                file,
                "SELECT request, final, budgets FROM budget_hold WHERE request",
                [entry.id for entry in entries],
            )
        }
        times = [entry.at_us for entry in entries]
        rows = _Rows(file)
        rows.of_ids({budget for _, pairs in found.values() for budget, _ in pairs})
        rows.of_subjects(subjects_of(entries), min(times), max(times))
        now = self._now_us
        charged = charge_entries(entries, rows.holds(found), rows.sums, now)
        self._write(file, rows, charged, now)

    def _write(self, file: sqlite3.Connection, rows: _Rows, charged: Charged, now: int) -> None:
        rows.write()
        file.executemany(
            "DELETE FROM budget_hold WHERE request = ?", [(request,) for request in charged.ended]
        )
        if charged.reached:
            file.executemany(_ALERT, [(*share, now) for share in charged.reached])
            self.may_have_reached = True

    # Of shares that were reached

    def due(self) -> list[Reached]:
        """Shares that were reached and that are still to be told."""
        with self._transaction("BEGIN") as file:
            query = "SELECT key, start, share, amount, spent FROM budget_alert"
            return [Reached(*row) for row in file.execute(query)]

    def told(self, reached: Iterable[Reached]) -> None:
        """They are."""
        with self._transaction() as file:
            file.executemany(
                "DELETE FROM budget_alert WHERE key = ? AND start = ? AND share = ?",
                [share[:3] for share in reached],
            )
            found = file.execute("SELECT EXISTS (SELECT 1 FROM budget_alert)").fetchone()
            self.may_have_reached = bool(found[0])

    # Of windows that begin with what was used before

    def make(self, windows: Iterable[tuple[Allowance, int, int | None, int]]) -> None:
        """Make windows, with what was spent of each, where they are not there yet."""
        now = self._now_us
        with self._transaction() as file:
            file.executemany(
                _MAKE,
                [
                    (
                        allowance.key,
                        start,
                        until,
                        spent,
                        now,
                        allowance.amount,
                        " ".join(map(str, allowance.alerts)),
                        allowance.match,
                    )
                    for allowance, start, until, spent in windows
                ],
            )

    # Of workers that died

    def holders(self) -> list[tuple[str, float | None]]:
        """Workers whose requests hold something, and when each was found dead (Unix time)."""
        # Decisions are not kept waiting for it.
        with self._transaction("BEGIN") as file:
            query = (
                "SELECT worker, died_at FROM budget_worker w"
                " WHERE id IN (SELECT worker FROM budget_hold)"
            )
            return [(worker, died) for worker, died in file.execute(query)]

    def found_dead(self, worker: str) -> None:
        """From now on it counts as dead."""
        with self._transaction() as file:
            file.execute(
                "UPDATE budget_worker SET died_at = ? WHERE worker = ? AND died_at IS NULL",
                (int(self._clock()), worker),
            )

    def end_holds(self, worker: str, *, keep: bool) -> None:
        """Charge what a dead worker's requests hold; `keep` the rows for entries that may come."""
        with self._transaction() as file:
            query = (
                "SELECT request, final, budgets FROM budget_hold"
                " WHERE worker = (SELECT id FROM budget_worker WHERE worker = ?)"
            )
            found = {
                request: (bool(final), read(budgets))
                for request, final, budgets in file.execute(query, (worker,))
            }
            rows = _Rows(file)
            rows.of_ids({budget for _, pairs in found.values() for budget, _ in pairs})
            now = self._now_us
            reached = end_unheard(rows.holds(found).values(), rows.sums, now)
            self._write(file, rows, Charged([] if keep else [*found], reached), now)
            if keep:
                file.executemany(
                    "UPDATE budget_hold SET final = 1 WHERE request = ?",
                    [(request,) for request in found],
                )
            else:
                file.execute("DELETE FROM budget_worker WHERE worker = ?", (worker,))

    def clean(self, before_us: int) -> None:
        """Remove windows that ended before, and holds of requests that began before."""
        with self._transaction() as file:
            file.execute("DELETE FROM budget WHERE until < ?", (before_us,))
            file.execute("DELETE FROM budget_hold WHERE final = 1 AND at < ?", (before_us,))


class _Rows:
    """Rows of `budget` in a transaction."""

    def __init__(self, file: sqlite3.Connection) -> None:
        self._file = file
        self._ids: dict[int, Sums] = {}
        self.sums: dict[Window, Sums] = {}

    def of_ids(self, ids: Iterable[int]) -> None:
        """Those that requests hold something of."""
        for row in _among(self._file, f"SELECT {_COLUMNS} FROM budget WHERE id", [*ids]):  # noqa: S608
            self._add(row)

    def of_subjects(self, subjects: Iterable[str], first_us: int, last_us: int) -> None:
        """Those of tokens and projects, of a time."""
        query = (
            f"SELECT {_COLUMNS} FROM budget WHERE key >= ? AND key < ?"  # noqa: S608
            " AND start <= ? AND (until IS NULL OR until > ?)"
        )
        for subject in subjects:
            # The character behind the one that ends a subject in a key.
            for row in self._file.execute(
                query, (f"{subject}|", f"{subject}}}", last_us, first_us)
            ):
                self._add(row)

    def _add(self, row: Sequence[Any]) -> None:
        number, key, start, until, spent, held, at, amount, alerts, alerted, matches = row
        if number in self._ids:
            return
        sums = Sums((key, start), until, bucket_us(parts_of(key).period))
        sums.spent, sums.held, sums.at, sums.amount = spent, held, at, amount
        sums.alerts = tuple(map(int, alerts.split()))
        sums.alerted, sums.matches = alerted, matches
        self._ids[number] = self.sums[key, start] = sums

    def holds(self, found: Mapping[str, tuple[bool, list[tuple[int, int]]]]) -> dict[str, Hold]:
        """Holds by their windows; of one that was removed nothing is left."""
        holds = {}
        for request, (final, pairs) in found.items():
            amounts = {}
            for number, amount in pairs:
                if (row := self._ids.get(number)) is not None:
                    amounts[row.key, row.start] = amount
            holds[request] = Hold(final, amounts)
        return holds

    def write(self) -> None:
        """Write those that were changed."""
        self._file.executemany(
            _WRITE,
            [
                (row.spent, row.held, row.at, row.alerted, number)
                for number, row in self._ids.items()
                if row.changed
            ],
        )


def _among(file: sqlite3.Connection, query: str, values: Sequence[Any]) -> Iterator[Any]:
    """What a query that ends in a column finds for these values of it."""
    for start in range(0, len(values), _MANY):
        some = values[start : start + _MANY]
        yield from file.execute(f"{query} IN ({', '.join('?' * len(some))})", some)

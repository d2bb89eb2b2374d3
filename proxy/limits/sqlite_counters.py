"""What the limits' file holds, as one worker's transactions read and write it.

Rows are kept between transactions: SQLite's `data_version` says whether another connection has
committed since, as it does to SQLite's own cache. A worker that is alone never reads a row twice.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable
from typing import Final

from proxy.limits.decision import Row
from proxy.limits.store import LimitsUnavailable

# The other worker's transaction takes some 20 µs and a try 5.
_TRIES: Final = 8
#: Counters that are kept, some 300 bytes each with its key.
_KEPT_MAX: Final = 10_000
#: No claim has this key.
_PROBE_KEY: Final = ""

_VERSION: Final = "PRAGMA data_version"
_READ_COUNTER: Final = "SELECT epoch, used, spent, at FROM counter WHERE key = ?"
_WRITE_COUNTER: Final = "REPLACE INTO counter (key, epoch, used, spent, at) VALUES (?, ?, ?, ?, ?)"
_READ_SLOTS: Final = "SELECT worker, held FROM slot WHERE key = ? AND worker <> ?"
_WRITE_SLOT: Final = "REPLACE INTO slot (key, worker, held) VALUES (?, ?, ?)"
_DROP_SLOT: Final = "DELETE FROM slot WHERE key = ? AND worker = ?"
_DROP_WORKER: Final = "DELETE FROM slot WHERE worker = ?"


class Counters:
    """Counters and slots, on `connection`, which has no other user; `worker` names our own slots.

    All but `begin` and `roll_back` belongs into a transaction, and raises sqlite3.Error.
    """

    def __init__(self, connection: sqlite3.Connection, worker: str) -> None:
        self._connection = connection
        self._execute = connection.cursor().execute
        self._worker = worker
        #: Another one where another connection has committed since.
        self.version = -1
        self._rows: dict[str, Row] = {}
        # Those of the transaction under way.
        self._asked: dict[str, Row] = {}
        self._elsewhere: dict[str, dict[str, int]] = {}
        # What our own rows of slots say, as far as we know that they are there.
        self._told: dict[str, int] = {}

    @property
    def changes(self) -> int:
        """Rows changed so far, those of transactions that were rolled back included."""
        return self._connection.total_changes

    def begin(self) -> bool:
        """Begin a transaction; False where another process has one. Raises LimitsUnavailable."""
        for _ in range(_TRIES):
            try:
                self._execute("BEGIN IMMEDIATE")
            except sqlite3.DatabaseError as exc:
                if not _is_busy(exc):
                    raise LimitsUnavailable(str(exc)) from exc
                # On a machine with few cores the other process may be waiting for ours.
                time.sleep(0)
            else:
                (version,) = self._execute(_VERSION).fetchone()
                kept = len(self._rows) + len(self._elsewhere) + len(self._told)
                if version != self.version or kept > _KEPT_MAX:
                    self.version = version
                    self._forget()
                return True
        return False

    def _forget(self) -> None:
        self._rows.clear()
        self._elsewhere.clear()
        self._told.clear()

    def commit(self) -> None:
        """Write the counters that were changed, and commit."""
        for key, row in self._asked.items():
            if row.changed:
                self._execute(_WRITE_COUNTER, (key, row.epoch, row.used, row.bucket_level, row.at))
                row.changed = False
        self._execute("COMMIT")
        self._asked.clear()

    def roll_back(self) -> None:
        """End a transaction that failed: left open, it would keep every worker out."""
        self._forget()
        self._asked.clear()
        if self._connection.in_transaction:
            self._connection.rollback()

    def counter(self, key: str) -> Row:
        """A counter's row, a new one where there is none."""
        row = self._asked.get(key)
        if row is None:
            row = self._rows.get(key)
            if row is None:
                found = self._execute(_READ_COUNTER, (key,)).fetchone()
                row = self._rows[key] = Row(*found) if found is not None else Row()
            self._asked[key] = row
        return row

    def refund(self, key: str, epoch: int, count: int) -> None:
        """Give back what was taken of a quota, unless it was set anew."""
        row = self.counter(key)
        if row.epoch == epoch:
            row.used, row.changed = max(0, row.used - count), True

    def slots_elsewhere(self, key: str) -> dict[str, int]:
        """Slots of other workers, by worker."""
        held = self._elsewhere.get(key)
        if held is None:
            found: Iterable[tuple[str, int]] = self._execute(_READ_SLOTS, (key, self._worker))
            held = self._elsewhere[key] = dict(found)
        return held

    def drop_worker(self, worker: str) -> None:
        """Free all slots of a worker that is dead."""
        self._execute(_DROP_WORKER, (worker,))
        self._elsewhere.clear()

    def write_slots(self, key: str, held: int) -> None:
        """Say how many slots of `key` this worker's requests hold, unless it says so already.

        Mostly as many ended as were let in.
        """
        if not held:
            self._told.pop(key, None)
            self._execute(_DROP_SLOT, (key, self._worker))
        elif self._told.get(key) != held:
            self._execute(_WRITE_SLOT, (key, self._worker, held))
            self._told[key] = held

    def slots_told(self, key: str) -> int:
        """How many its row says, at the least."""
        return self._told.get(key, 0)

    def probe(self) -> None:
        """Write a row that means nothing."""
        self._execute(_WRITE_SLOT, (_PROBE_KEY, self._worker, 0))


def _is_busy(error: sqlite3.DatabaseError) -> bool:
    # The low byte is the primary result code; the rest tells variants of it apart.
    code = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)

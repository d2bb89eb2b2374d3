"""Budgets in the limits' file, as one worker's transactions read and write them.

As with counters, rows are kept between transactions until another connection commits: another
worker's decisions, or the journal's sink.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

from proxy.limits.budget_tables import listed, written
from proxy.limits.budgets import (
    Allowance,
    BudgetClaim,
    BudgetState,
    bucket_us,
    needs_base,
    run_back,
    window_of,
)

#: Budgets that are kept, some 500 bytes each with its key.
_KEPT_MAX: Final = 10_000

_READ: Final = (
    "SELECT id, spent, held, at, amount, alerts, matches FROM budget WHERE key = ? AND start = ?"
)
_MAKE: Final = (
    "INSERT INTO budget (key, start, until, spent, held, at, amount, alerts, matches)"
    " VALUES (?, ?, ?, 0, 0, ?, ?, ?, ?)"
)
_WRITE: Final = "UPDATE budget SET spent = ?, held = ?, at = ? WHERE id = ?"
_WRITE_RULE: Final = "UPDATE budget SET amount = ?, alerts = ?, matches = ? WHERE id = ?"
_HOLD: Final = (
    "INSERT INTO budget_hold (request, worker, at, final, budgets) VALUES (?, ?, ?, 0, ?)"
)
_TELL: Final = "UPDATE budget_hold SET final = 1, budgets = ? WHERE request = ? AND final = 0"
_DROP: Final = "DELETE FROM budget_hold WHERE request = ? AND final = 0"
_READ_BY_ID: Final = "SELECT key, start, until, spent, held, at, amount FROM budget WHERE id = ?"
#: The end of a window that never ends: no time is later.
_NEVER: Final = 2**63


class Row:
    """The sums of one window. Its allowance is the one that was claimed last."""

    __slots__ = (
        "allowance",
        "amount",
        "at",
        "bucket",
        "changed",
        "held",
        "id",
        "spent",
        "start",
        "until",
    )

    def __init__(
        self, numbers: tuple[int, int, int, int, int], bucket: int, start: int, until: int | None
    ):
        self.id, self.spent, self.held, self.at, self.amount = numbers
        self.bucket = bucket
        self.start = start
        self.until = _NEVER if until is None else until
        self.changed = False
        self.allowance: Allowance | None = None

    @property
    def level(self) -> int:
        """What is taken of the amount. A bucket's level has what is held in it."""
        return self.spent if self.bucket else self.spent + self.held

    def run_back(self, now_us: int) -> None:
        """Of a bucket: what has run back in since is no longer in its level."""
        self.spent, self.at = run_back(self.spent, self.at, now_us, self.amount, self.bucket)


class Budgets:
    """Budgets and holds, on a `connection` that has no other user.

    Where it `has_bases`, a window in which something may have been spent before its budget was
    added is made elsewhere. All but `tell`, `drop` and `roll_back` belongs into a transaction, and
    raises sqlite3.Error.
    """

    def __init__(self, connection: sqlite3.Connection, worker: str, *, has_bases: bool) -> None:
        cursor = connection.cursor()
        self._execute = cursor.execute
        self._execute_many = cursor.executemany
        self._has_bases = has_bases
        self._worker_id: int | None = None
        self._worker = worker
        self._version = -1
        self._rows: dict[tuple[str, int], Row] = {}
        self._by_id: dict[int, Row] = {}
        # By budget, the window that a request was last about.
        self._current: dict[str, Row] = {}
        # Those that the transaction under way has changed.
        self._changed: list[Row] = []
        # What our running requests hold: ids of budgets and amounts.
        self._holds: dict[str, list[tuple[int, int]]] = {}
        self._taken: list[str] = []
        # What is still to be written of requests that have ended; None: the request never began.
        self._told: dict[str, Sequence[int] | None] = {}

    @property
    def is_told(self) -> bool:
        """Whether there is nothing to write of requests that have ended."""
        return not self._told

    def tell(self, request_id: str, charges: Sequence[int]) -> None:
        """A request has ended, and will be charged this: an amount for each of its budgets."""
        if request_id in self._holds:
            self._told[request_id] = charges

    def drop(self, request_id: str) -> None:
        """What a request took is given back: no entry will come of it."""
        if request_id in self._holds:
            self._told[request_id] = None

    def begin(self, version: int, now_us: int) -> None:
        """A transaction has begun; `version` says whether another connection has committed."""
        if version != self._version or len(self._rows) > _KEPT_MAX:
            self._version = version
            self._forget_rows()
        for request_id, charges in self._told.items():
            self._write_told(request_id, charges, now_us)

    def _write_told(self, request_id: str, charges: Sequence[int] | None, now_us: int) -> None:
        holds = self._holds[request_id]
        if charges is None:
            charges = (0,) * len(holds)
            done = self._execute(_DROP, (request_id,)).rowcount
        else:
            pairs = zip([budget for budget, _ in holds], charges, strict=True)
            done = self._execute(_TELL, (written(pairs), request_id)).rowcount
        if not done:
            # Its entry came first, or it was taken for dead.
            return
        for (budget, hold), charge in zip(holds, charges, strict=True):
            if (row := self._by_id.get(budget) or self._read_by_id(budget)) is None:
                continue
            row.held -= hold
            if row.bucket:
                row.run_back(now_us)
                row.spent = max(0, row.spent + charge - hold)
            else:
                row.spent += charge
            self._change(row)

    def _read_by_id(self, budget: int) -> Row | None:
        found = self._execute(_READ_BY_ID, (budget,)).fetchone()
        if found is None:
            return None
        key, start, end, spent, held, at, amount = found
        if (row := self._rows.get((key, start))) is None:
            # Its allowance is not known here: only sums are written.
            period = key.split("|", 3)[2]
            numbers = budget, spent, held, at, amount
            row = self._keep(key, Row(numbers, bucket_us(period), start, end))
        return row

    def look(
        self, claims: tuple[BudgetClaim, ...], now_us: int
    ) -> tuple[list[Row], bool, tuple[Allowance, ...]]:
        """The row of each, whether all have room, and those that have to be made first."""
        rows = []
        fits = True
        missing: tuple[Allowance, ...] = ()
        for allowance, hold in claims:
            row = self._current.get(allowance.key)
            if (
                row is None
                or not row.start <= now_us < row.until
                or (row.allowance is not allowance and row.allowance != allowance)
            ):
                row = self._row(allowance, now_us)
                if row is None:
                    missing += (allowance,)
                    continue
            if row.bucket:
                if now_us < row.at:
                    # The clock was set back: unless this is written, the bucket stands still.
                    self._change(row)
                row.run_back(now_us)
            if row.level + hold > allowance.amount and allowance.hard:
                fits = False
            rows.append(row)
        return rows, fits, missing

    def _row(self, allowance: Allowance, now_us: int) -> Row | None:
        """The row of the window that is now; None where it has to be made elsewhere."""
        row = self._find_row(allowance, now_us)
        if row is not None:
            self._current[allowance.key] = row
        return row

    def _find_row(self, allowance: Allowance, now_us: int) -> Row | None:
        key, amount, bucket = allowance.key, allowance.amount, bucket_us(allowance.period)
        start, end = window_of(allowance.period, allowance.zone, now_us)
        row = self._rows.get((key, start))
        if row is None:
            rule = (amount, listed(allowance.alerts), allowance.match)
            found = self._execute(_READ, (key, start)).fetchone()
            if found is None:
                if self._has_bases and needs_base(allowance, start):
                    return None
                made = self._execute(_MAKE, (key, start, end, now_us, *rule)).lastrowid
                row = Row((made or 0, 0, 0, now_us, amount), bucket, start, end)
                row.allowance = allowance
                return self._keep(key, row)
            row = self._keep(key, Row(found[:5], bucket, start, end))
            if found[4:] == rule:
                row.allowance = allowance
                return row
        if bucket and amount < row.amount:
            # Lowered: an empty bucket fills within its time.
            row.run_back(now_us)
            row.spent = min(row.spent, amount)
            self._change(row)
        row.amount, row.allowance = amount, allowance
        rule = (amount, listed(allowance.alerts), allowance.match)
        self._execute(_WRITE_RULE, (*rule, row.id))
        return row

    def _keep(self, key: str, row: Row) -> Row:
        self._rows[key, row.start] = self._by_id[row.id] = row
        return row

    def states(self, claims: tuple[BudgetClaim, ...], rows: list[Row]) -> list[BudgetState]:
        """What was counted of each."""
        return [
            BudgetState(claim, row.spent, row.held, None if row.until == _NEVER else row.until)
            for claim, row in zip(claims, rows, strict=True)
        ]

    def take(
        self, request_id: str, claims: tuple[BudgetClaim, ...], rows: list[Row], now_us: int
    ) -> tuple[int, ...]:
        """Take every hold; what is left of each budget."""
        left = []
        holds = []
        for (allowance, hold), row in zip(claims, rows, strict=True):
            left.append(allowance.amount - row.level - hold)
            holds.append((row.id, hold))
            if hold:
                row.held += hold
                if row.bucket:
                    row.spent += hold
                self._change(row)
        if self._worker_id is None:
            self._worker_id = self._name_ourselves()
        self._execute(_HOLD, (request_id, self._worker_id, now_us, written(holds)))
        self._holds[request_id] = holds
        self._taken.append(request_id)
        return tuple(left)

    def _name_ourselves(self) -> int:
        self._execute("INSERT OR IGNORE INTO budget_worker (worker) VALUES (?)", (self._worker,))
        found = self._execute("SELECT id FROM budget_worker WHERE worker = ?", (self._worker,))
        return int(found.fetchone()[0])

    def _change(self, row: Row) -> None:
        if not row.changed:
            row.changed = True
            self._changed.append(row)

    def write(self) -> None:
        """Write the sums that were changed, before the commit."""
        if self._changed:
            self._execute_many(_WRITE, [(r.spent, r.held, r.at, r.id) for r in self._changed])
            for row in self._changed:
                row.changed = False
            self._changed.clear()

    def committed(self) -> None:
        """What was written is so."""
        for request_id in self._told:
            del self._holds[request_id]
        self._told.clear()
        self._taken.clear()

    def roll_back(self) -> None:
        """Nothing was written: forget all that was read."""
        for request_id in self._taken:
            self._holds.pop(request_id, None)
        self._taken.clear()
        self._changed.clear()
        self._forget_rows()
        self._worker_id = None

    def _forget_rows(self) -> None:
        self._rows.clear()
        self._by_id.clear()
        self._current.clear()

"""What the requests of one worker hold of budgets, in transactions on the limits' file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import accumulate, islice
from operator import sub
from typing import Final, NamedTuple, TypeAlias

from proxy.limits.budget_tables import form_of, written
from proxy.limits.budgets import SUM_MAX, Allowance, BudgetClaim, BudgetState, Charge, charges_of
from proxy.limits.sqlite_rows import NEVER, Row, Rows

_HOLD: Final = (
    "INSERT INTO budget_hold (request, worker, at, final, budgets) VALUES (?, ?, ?, 0, ?)"
)
_TELL: Final = "UPDATE budget_hold SET final = 1, budgets = ? WHERE request = ? AND final = 0"
_DROP: Final = "DELETE FROM budget_hold WHERE request = ? AND final = 0"


#: What a request claimed that has ended, and what it is charged.
_Told: TypeAlias = tuple[tuple[BudgetClaim, ...], Charge]


class Held(NamedTuple):
    """What a running request holds: of each of these windows so much."""

    windows: tuple[int, ...]
    amounts: tuple[int, ...]


class Budgets:
    """Budgets and holds, on a `connection` that has no other user; `rows` are on the same.

    All but `tell`, `drop` and `roll_back` belongs into a transaction, and raises sqlite3.Error.
    """

    def __init__(self, connection: sqlite3.Connection, worker: str, rows: Rows) -> None:
        cursor = connection.cursor()
        self._execute = cursor.execute
        self._execute_many = cursor.executemany
        self._rows = rows
        self._worker_id: int | None = None
        self._worker = worker
        #: What our requests hold whose entries were not charged yet, by their ids.
        self.holds: dict[str, Held] = {}
        self._taken: list[str] = []
        self._to_write: list[tuple[str, int, int, str]] = []
        #: What is still to be written of requests that have ended; None: the request never began.
        self.told: dict[str, _Told | None] = {}
        #: Requests whose entries wait to be charged by ourselves, and those that are in the
        #: transaction under way.
        self.awaited: set[str] = set()
        self.ending: set[str] = set()
        #: Of the awaited ones, those whose holds are final, as was told; and those whose holds are
        #: not as we left them.
        self.final: set[str] = set()
        self.odd: set[str] = set()
        # Of the transaction under way.
        self._made_final: list[str] = []

    def tell(self, request_id: str, claims: tuple[BudgetClaim, ...], charge: Charge) -> None:
        """A request with these claims has ended, and will be charged this."""
        if request_id in self.holds:
            self.told[request_id] = claims, charge

    def drop(self, request_id: str) -> None:
        """What a request took is given back: no entry will come of it."""
        if request_id in self.holds:
            self.told[request_id] = None

    def begin(self, now_us: int) -> None:
        """A transaction has begun: write what was told, but of what is charged in it."""
        for request_id, told in self.told.items():
            if request_id in self.ending or request_id in self.final:
                continue
            done = self._write_told(request_id, told, now_us)
            if request_id in self.awaited:
                self._made_final.append(request_id)
                if not done:
                    self.odd.add(request_id)

    def _write_told(self, request_id: str, told: _Told | None, now_us: int) -> bool:
        """Whether its hold was there."""
        windows, amounts = self.holds[request_id]
        charges = [0] * len(windows) if told is None else charges_of(*told)
        if told is None:
            done = self._execute(_DROP, (request_id,)).rowcount
        else:
            pairs = zip(windows, charges, strict=True)
            done = self._execute(_TELL, (written(pairs), request_id)).rowcount
        if not done:
            # Its entry came first, or it was taken for dead.
            return False
        for number, hold, charge in zip(windows, amounts, charges, strict=True):
            if (row := self._rows.by_id(number)) is None:
                continue
            row.held -= hold
            if row.bucket:
                row.run_back(now_us)
                row.spent = max(0, min(SUM_MAX, row.spent + charge - hold))
            else:
                row.spent = min(SUM_MAX, row.spent + charge)
            self._rows.change(row)
        return True

    def look(
        self, claims: tuple[BudgetClaim, ...], amounts: Iterable[int], now_us: int
    ) -> tuple[list[Row], bool, tuple[Allowance, ...]]:
        """The row of each, whether each has room for its amount, and those that have to be made
        first."""
        rows = []
        fits = True
        missing: tuple[Allowance, ...] = ()
        current = self._rows.current
        for (allowance, _), amount in zip(claims, amounts, strict=True):
            row = current.get(allowance.key)
            if (
                row is None
                or not row.start <= now_us < row.until
                or (row.allowance is not allowance and row.allowance != allowance)
            ):
                row = self._rows.of(allowance, now_us)
                if row is None:
                    missing += (allowance,)
                    continue
            taken = row.spent + row.held
            if row.bucket:
                if now_us < row.at:
                    # The clock was set back: unless this is written, the bucket stands still.
                    self._rows.change(row)
                row.run_back(now_us)
                taken = row.spent
            if taken + amount > allowance.amount and allowance.hard:
                fits = False
            rows.append(row)
        return rows, fits, missing

    def states(self, claims: tuple[BudgetClaim, ...], rows: list[Row]) -> list[BudgetState]:
        """What was counted of each."""
        return [
            BudgetState(claim, row.spent, row.held, None if row.until == NEVER else row.until)
            for claim, row in zip(claims, rows, strict=True)
        ]

    def take(
        self,
        requests: Sequence[str],
        claims: tuple[BudgetClaim, ...],
        amounts: Sequence[tuple[int, ...]],
        rows: list[Row],
        now_us: int,
    ) -> Iterable[tuple[int, ...]]:
        """Take what each request holds of these rows; what is left of each budget then."""
        left = []
        for (allowance, _), row, holds in zip(
            claims, rows, zip(*amounts, strict=True), strict=True
        ):
            left.append(accumulate(holds, sub, initial=allowance.amount - row.level))
            if all_of_them := sum(holds):
                row.held += all_of_them
                if row.bucket:
                    row.spent += all_of_them
                self._rows.change(row)
        windows = tuple([row.id for row in rows])
        if self._worker_id is None:
            self._worker_id = self._name_ourselves()
        worker, text = self._worker_id, form_of(windows)
        for request_id, of_each in zip(requests, amounts, strict=True):
            self._to_write.append((request_id, worker, now_us, text % of_each))
            self.holds[request_id] = Held(windows, of_each)
        self._taken += requests
        # The first ones are before any of them has taken something.
        return islice(zip(*left, strict=True), 1, None)

    def write(self) -> None:
        """Write the holds that were taken, before the commit."""
        if self._to_write:
            self._execute_many(_HOLD, self._to_write)
            self._to_write.clear()

    def _name_ourselves(self) -> int:
        self._execute("INSERT OR IGNORE INTO budget_worker (worker) VALUES (?)", (self._worker,))
        found = self._execute("SELECT id FROM budget_worker WHERE worker = ?", (self._worker,))
        return int(found.fetchone()[0])

    def committed(self) -> None:
        """What was written is so."""
        self.final.update(self._made_final)
        for request_id in self.told:
            if request_id not in self.awaited:
                self.holds.pop(request_id, None)
        self.told.clear()
        self._forget_changes()

    def forget(self, requests: Sequence[str]) -> None:
        """They are charged."""
        for request_id in requests:
            self.holds.pop(request_id, None)
        for told in (self.odd, self.final, self.awaited):
            told.difference_update(requests)
        if self.told:
            for request_id in requests:
                self.told.pop(request_id, None)

    def leave(self, request_id: str) -> None:
        """It will be charged by the sink."""
        self.awaited.discard(request_id)
        self.odd.discard(request_id)
        if request_id in self.final:
            self.final.discard(request_id)
            self.holds.pop(request_id, None)

    def _forget_changes(self) -> None:
        self._taken.clear()
        self._to_write.clear()
        self._made_final.clear()
        self.ending.clear()

    def roll_back(self) -> None:
        """Nothing was written: forget all that was read."""
        for request_id in self._taken:
            self.holds.pop(request_id, None)
        self._forget_changes()
        self._rows.forget()
        self._worker_id = None

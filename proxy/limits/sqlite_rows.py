"""Windows of budgets in the limits' file, as one worker's transactions read and write them.

As with counters, rows are kept between transactions until another connection commits: another
worker's decisions, or the journal's sink.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

from proxy.limits.budget_tables import listed
from proxy.limits.budgets import (
    SPENT,
    Allowance,
    bucket_us,
    needs_base,
    parts_of,
    run_back,
    window_of,
)
from proxy.limits.store import project_key, token_key

#: Windows that are kept, some 600 bytes each with their keys.
_KEPT_MAX: Final = 10_000

_COLUMNS: Final = "id, key, start, until, spent, held, at, amount, alerts, alerted, matches"
_READ: Final = f"SELECT {_COLUMNS} FROM budget WHERE key = ? AND start = ?"  # noqa: S608
_READ_BY_ID: Final = f"SELECT {_COLUMNS} FROM budget WHERE id = ?"  # noqa: S608
_READ_OF: Final = (
    # The end is the character behind the one that ends a subject in a key.
    "SELECT id, key FROM budget WHERE key >= ? AND key < ? AND (until IS NULL OR until > ?)"
)
_READ_NEWEST: Final = "SELECT id, key, start FROM budget ORDER BY id DESC LIMIT 1"
_MAKE: Final = (
    "INSERT INTO budget (key, start, until, spent, held, at, amount, alerts, matches)"
    " VALUES (?, ?, ?, 0, 0, ?, ?, ?, ?)"
)
_WRITE: Final = "UPDATE budget SET spent = ?, held = ?, at = ? WHERE id = ?"
_WRITE_RULE: Final = "UPDATE budget SET amount = ?, alerts = ?, matches = ? WHERE id = ?"
#: The end of a window that never ends: no time is later.
NEVER: Final = 2**63


class Row:
    """The sums of one window. Its allowance is the one that was claimed last, as far as known."""

    __slots__ = (
        "alerted",
        "alerts",
        "allowance",
        "amount",
        "at",
        "bucket",
        "changed",
        "held",
        "id",
        "in_usd",
        "key",
        "matches",
        "next_alert",
        "spent",
        "start",
        "until",
    )

    def __init__(self, columns: tuple[Any, ...]):
        number, key, start, until, spent, held, at, amount, alerts, alerted, matches = columns
        self.id: int = number
        self.key: str = key
        self.start: int = start
        self.until: int = NEVER if until is None else until
        self.spent: int = spent
        self.held: int = held
        self.at: int = at
        self.amount: int = amount
        self.alerts: str = alerts
        self.alerted: int = alerted
        self.matches: str = matches
        parts = parts_of(key)
        self.in_usd = parts.unit == "usd"
        self.bucket = bucket_us(parts.period)
        self.changed = False
        self.allowance: Allowance | None = None
        #: From which sum on somebody is to be told.
        self.next_alert = self._next_alert()

    @property
    def level(self) -> int:
        """What is taken of the amount. A bucket's level has what is held in it."""
        return self.spent if self.bucket else self.spent + self.held

    def _next_alert(self) -> int:
        if self.bucket:
            return NEVER
        shares = [*map(int, self.alerts.split())]
        sums = [-(-self.amount * share // 100) for share in shares if share > self.alerted]
        if SPENT in shares:
            # Of that one each charge tells.
            sums.append(self.amount)
        return min(sums, default=NEVER)

    def run_back(self, now_us: int) -> None:
        """Of a bucket: what has run back in since is no longer in its level."""
        self.spent, self.at = run_back(self.spent, self.at, now_us, self.amount, self.bucket)

    def rule(self, allowance: Allowance) -> None:
        """It is another one from now on."""
        self.amount, self.matches = allowance.amount, allowance.match
        self.alerts = listed(allowance.alerts)
        self.allowance = allowance
        self.next_alert = self._next_alert()

    def follows(self, allowance: Allowance) -> bool:
        """Whether it is written by that rule."""
        rule = allowance.amount, listed(allowance.alerts), allowance.match
        return rule == (self.amount, self.alerts, self.matches)


class Rows:
    """Those on a `connection` that has no other user; all of it belongs into a transaction.

    Where they have `bases`, a window in which something may have been spent before its budget was
    added is made elsewhere.
    """

    def __init__(self, connection: sqlite3.Connection, *, has_bases: bool) -> None:
        cursor = connection.cursor()
        self._execute = cursor.execute
        self._execute_many = cursor.executemany
        self._has_bases = has_bases
        self._version = -1
        self._rows: dict[tuple[str, int], Row] = {}
        self._by_id: dict[int, Row] = {}
        # By budget, the window that a request was last about.
        self.current: dict[str, Row] = {}
        # Of a token and its project, the windows that a request with these holds has nothing of:
        # they stay the same until a window is made, which then has the highest id.
        self._others: dict[tuple[str, str, tuple[int, ...]], tuple[int, ...]] = {}
        self._newest: tuple[int, str, int] | None = None
        self._is_new = True
        # Those that the transaction under way has changed.
        self._changed: list[Row] = []

    def begin(self, version: int) -> None:
        """A transaction has begun; `version` says whether another connection has committed."""
        if version != self._version or len(self._rows) > _KEPT_MAX:
            self._version = version
            self.forget()

    def forget(self) -> None:
        """Nothing that was read holds any more."""
        self._rows.clear()
        self._by_id.clear()
        self.current.clear()
        self._changed.clear()
        self._is_new = True

    def by_id(self, number: int) -> Row | None:
        """A window that a request holds something of; None where it was removed."""
        row = self._by_id.get(number)
        if row is None:
            found = self._execute(_READ_BY_ID, (number,)).fetchone()
            row = None if found is None else self._known(found)
        return row

    def of(self, allowance: Allowance, now_us: int) -> Row | None:
        """The row of the window that is now; None where it has to be made elsewhere."""
        row = self._find(allowance, now_us)
        if row is not None:
            self.current[allowance.key] = row
        return row

    def _find(self, allowance: Allowance, now_us: int) -> Row | None:
        key, amount = allowance.key, allowance.amount
        start, end = window_of(allowance.period, allowance.zone, now_us)
        row = self._rows.get((key, start))
        if row is None:
            found = self._execute(_READ, (key, start)).fetchone()
            if found is None:
                return self._made(allowance, start, end, now_us)
            row = self._keep(Row(found))
        if row.follows(allowance):
            row.allowance = allowance
            return row
        if row.bucket and amount < row.amount:
            # Lowered: an empty bucket fills within its time.
            row.run_back(now_us)
            row.spent = min(row.spent, amount)
            self.change(row)
        row.rule(allowance)
        self._execute(_WRITE_RULE, (row.amount, row.alerts, row.matches, row.id))
        return row

    def _made(self, allowance: Allowance, start: int, end: int | None, now_us: int) -> Row | None:
        if self._has_bases and needs_base(allowance, start):
            return None
        key, amount = allowance.key, allowance.amount
        alerts, match = listed(allowance.alerts), allowance.match
        made = self._execute(_MAKE, (key, start, end, now_us, amount, alerts, match)).lastrowid
        columns = (made or 0, key, start, end, 0, 0, now_us, amount, alerts, 0, match)
        row = self._keep(Row(columns))
        row.allowance = allowance
        self._is_new = True
        return row

    def others(
        self, token: str, project: str, holds: tuple[int, ...], since_us: int
    ) -> Sequence[Row]:
        """The windows of a token and its project of whose budgets a request that held something of
        these holds nothing; it may have to be charged to them all the same. Those are missing that
        ended before `since_us`."""
        if self._is_new:
            self._is_new = False
            newest = self._execute(_READ_NEWEST).fetchone()
            if newest != self._newest:
                self._newest = newest
                self._others.clear()
        key = token, project, holds
        found = self._others.get(key)
        if found is None:
            if len(self._others) > _KEPT_MAX:
                self._others.clear()
            found = self._others[key] = self._find_others(key, since_us)
        if not found:
            return ()
        rows = map(self.by_id, found)
        return [row for row in rows if row is not None]

    def _find_others(self, of: tuple[str, str, tuple[int, ...]], since_us: int) -> tuple[int, ...]:
        token, project, holds = of
        known = map(self.by_id, holds)
        held = {row.key for row in known if row is not None}
        found = []
        for subject in (token_key(token), project_key(project)):
            bounds = f"{subject}|", f"{subject}}}", since_us
            found += [number for number, key in self._execute(_READ_OF, bounds) if key not in held]
        return tuple(found)

    def _known(self, columns: tuple[Any, ...]) -> Row:
        row = self._rows.get((columns[1], columns[2]))
        return self._keep(Row(columns)) if row is None else row

    def _keep(self, row: Row) -> Row:
        self._rows[row.key, row.start] = self._by_id[row.id] = row
        return row

    def change(self, row: Row) -> None:
        """It is to be written before the commit."""
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

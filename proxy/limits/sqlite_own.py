"""A worker's own entries, charged to budgets in its own transactions on the limits' file.

The journal's sink would take them a moment later, from a thread and on a connection of its own,
read anew from the disk, while decisions wait for its transaction. A worker has them at hand when
they were written, and charges them together with its next decisions: holds go, sums follow, and
the sink's position behind them moves, all in that one transaction. So whichever of the two comes
first charges an entry, and whatever dies, it is charged once.

Everything that is not plain is left to the sink: whatever lies before an entry that was not
charged, a share of a budget that is reached, a hold that is not as we wrote it.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from loguru import logger

from models.again import Again, Recorded
from models.entry import Entry
from proxy.limits.budgets import SUM_MAX, Charge, charged
from proxy.limits.charging import charge_of, concerns
from proxy.limits.gate import Gate
from proxy.limits.sqlite_budgets import Budgets, Held
from proxy.limits.sqlite_rows import Row, Rows
from proxy.limits.store import Moved

#: Entries that wait to be charged; the oldest of more are left to the sink.
_WAITING_MAX: Final = 2_000

#: Requests that began before that are left to the sink.
_LONGEST_US: Final = 3_600_000_000

_POSITION: Final = "SELECT position FROM budget_position WHERE journal = ?"
_MOVE: Final = "REPLACE INTO budget_position (journal, position) VALUES (?, ?)"
_HOLDS: Final = "SELECT 1 FROM budget_hold WHERE request = ?"
_END: Final = "DELETE FROM budget_hold WHERE request = ? AND final = ?"


class Written(NamedTuple):
    """Entries between two bytes of a journal."""

    journal: str
    start: int
    end: int
    entries: Sequence[Recorded]


class _Odd(Exception):
    """Something is left to the sink."""


class OwnEntries:
    """Of one worker, on a `connection` that has no other user.

    `gate` is shared with the sinks: while a window is made from what was used before, none of them
    moves.
    """

    def __init__(
        self, connection: sqlite3.Connection, budgets: Budgets, rows: Rows, gate: Gate
    ) -> None:
        cursor = connection.cursor()
        self._execute = cursor.execute
        self._execute_many = cursor.executemany
        self._budgets = budgets
        self._rows = rows
        self._gate = gate
        #: What is still to be charged; of it the sink may have charged some.
        self.waiting: deque[Written] = deque()
        self._count = 0
        # Of the transaction under way: how many of those that wait it charges, and where to.
        self._charged = 0
        self._position: tuple[str, int] | None = None
        self._entered = False
        self._complained = False
        self._version = -1
        # How far the sink is in our journal, as far as known.
        self._known: dict[str, int] = {}

    @property
    def is_waiting(self) -> bool:
        """Whether a transaction would charge something, as far as known."""
        return bool(self.waiting) and self._is_next(self.waiting[0])

    def _is_next(self, written: Written) -> bool:
        known = self._known.get(written.journal)
        return known is None or known >= written.start

    def add(self, written: Written) -> bool:
        """These were written to our journal; False where none of them is our concern."""
        budgets = self._budgets
        if not budgets.holds and not self.waiting:
            return False
        self.waiting.append(written)
        self._count += len(written.entries)
        for entry in written.entries:
            if entry.id in budgets.holds:
                budgets.awaited.add(entry.id)
        while self._count > _WAITING_MAX:
            self._leave(self._next())
        return True

    def has(self, journal: str, position: int) -> bool:
        """Whether what lies behind there is charged by our next transaction."""
        if not self.waiting:
            return False
        first, last = self.waiting[0], self.waiting[-1]
        if first.journal != journal or not first.start <= position < last.end:
            return False
        # The sink may have come further than we know.
        self._known.clear()
        return True

    def charge(self, version: int, now_us: int) -> bool:
        """Charge what waits, in the transaction that has just begun; False where it has to be
        rolled back, and begun again without that.

        `version` says whether another connection has committed.
        """
        if version != self._version:
            self._version = version
            self._known.clear()
        if not self.waiting:
            return True
        self._skip()
        if self.waiting and self._is_next(self.waiting[0]) and self._enter():
            try:
                self._charge(now_us)
            except Exception as exc:  # noqa: BLE001  (whatever it is, decisions are made)
                if not isinstance(exc, _Odd):
                    self._complain(exc)
                for _ in range(self._charged):
                    self._leave(self._next())
                return False
        return True

    def _enter(self) -> bool:
        try:
            self._entered = self._gate.enter()
        except OSError as exc:
            self._complain(exc)
            while self.waiting:
                self._leave(self._next())
        return self._entered

    def _complain(self, exc: Exception) -> None:
        if not self._complained:
            self._complained = True
            logger.warning("Entries are charged to budgets by the journal's sink: {!r}", exc)

    def _skip(self) -> None:
        """Let go of what the sink has charged."""
        while self.waiting:
            journal, start, end, _ = self.waiting[0]
            known = self._known.get(journal)
            if known is None:
                found = self._execute(_POSITION, (journal,)).fetchone()
                known = self._known[journal] = 0 if found is None else int(found[0])
            if start < known < end:
                # It has taken a part of them: the rest is its own, too.
                self._leave(self._next())
            elif known >= end:
                self._let_go(self._next())
            else:
                return

    def _charge(self, now_us: int) -> None:
        journal = self.waiting[0].journal
        position = self._known[journal]
        entries: list[Entry] = []
        for written in self.waiting:
            if written.journal != journal or written.start != position:
                break
            position = written.end
            entries += [one.entry if isinstance(one, Again) else one for one in written.entries]
            self._charged += 1
        self._take(entries, now_us)
        self._execute(_MOVE, (journal, position))
        self._position = journal, position

    def _take(self, entries: Sequence[Entry], now_us: int) -> None:
        budgets, sums = self._budgets, _Sums(self._rows, now_us)
        held, told = [], []
        since_us = now_us - _LONGEST_US
        holds = budgets.holds
        for entry in entries:
            request, charge = entry.id, charge_of(entry)
            hold = holds.get(request)
            windows: tuple[int, ...] = ()
            if hold is not None:
                windows = hold.windows
                if request in budgets.odd:
                    raise _Odd
                budgets.ending.add(request)
                if request in budgets.final:
                    told.append((request, 1))
                    sums.touch(windows)
                else:
                    held.append((request, 0))
                    sums.end(hold, charge)
            if entry.at_us < since_us:
                raise _Odd
            for row in self._rows.others(entry.token_id, entry.project_id, windows, since_us):
                if concerns(row, entry, now_us):
                    if hold is None and self._holds_all_the_same(request):
                        raise _Odd
                    sums.add(row, charge)
        if sums.reach_a_share():
            raise _Odd
        for ends in (held, told):
            if ends and self._execute_many(_END, ends).rowcount != len(ends):
                # One was taken for dead, or is not there: what to do then the sink knows.
                raise _Odd
        sums.write()

    def _holds_all_the_same(self, request: str) -> bool:
        """Whether it holds what we do not know of."""
        return self._execute(_HOLDS, (request,)).fetchone() is not None

    def committed(self, moved: Moved | None) -> None:
        """What was charged is so."""
        for _ in range(self._charged):
            self._let_go(self._next())
        self._charged = 0
        self._leave_gate()
        if self._position is not None:
            self._moved(*self._position, moved)

    def _moved(self, journal: str, position: int, moved: Moved | None) -> None:
        self._position = None
        self._known = {journal: position}
        if moved is not None:
            moved(journal, position)

    def roll_back(self) -> None:
        """Nothing was written."""
        self._charged = 0
        self._position = None
        self._known.clear()
        self._leave_gate()

    def _let_go(self, written: Written) -> None:
        budgets = self._budgets
        budgets.forget([entry.id for entry in written.entries if entry.id in budgets.holds])

    def _leave(self, written: Written) -> None:
        for entry in written.entries:
            self._budgets.leave(entry.id)

    def _leave_gate(self) -> None:
        if self._entered:
            self._entered = False
            self._gate.leave()

    def _next(self) -> Written:
        written = self.waiting.popleft()
        self._count -= len(written.entries)
        return written


class _Sums:
    """What becomes of the rows that entries are charged to: in the rows once all are known."""

    def __init__(self, rows: Rows, now_us: int) -> None:
        self._rows = rows
        self._now_us = now_us
        # What is spent and held of each.
        self._sums: dict[Row, list[int]] = {}
        # By the windows that they hold something of, which are mostly the same ones: what requests
        # that have ended held, and what they are charged.
        self._ended: dict[tuple[int, ...], list[tuple[tuple[int, ...], Charge]]] = {}

    def _of(self, row: Row) -> list[int]:
        found = self._sums.get(row)
        if found is None:
            if row.bucket:
                row.run_back(self._now_us)
            found = self._sums[row] = [row.spent, row.held]
        return found

    def end(self, hold: Held, charge: Charge) -> None:
        """A charge takes the place of what was held."""
        windows, amounts = hold
        ended = self._ended.get(windows)
        if ended is None:
            ended = self._ended[windows] = []
        ended.append((amounts, charge))

    def add(self, row: Row, charge: Charge) -> None:
        """A charge of a request that held nothing."""
        # Those before it go first: a bucket's level never falls below nothing.
        self._end_all()
        self._of(row)[0] += charged("usd" if row.in_usd else "tokens", 0, charge)

    def touch(self, windows: Iterable[int]) -> None:
        """They were charged before, but nobody was told of shares."""
        for number in windows:
            if (row := self._rows.by_id(number)) is not None:
                self._of(row)

    def reach_a_share(self) -> bool:
        """Whether somebody is to be told of one of them."""
        self._end_all()
        return any(found[0] >= row.next_alert for row, found in self._sums.items())

    def _end_all(self) -> None:
        for windows, ended in self._ended.items():
            amounts, charges = zip(*ended, strict=True)
            kinds, nanos, tokens = zip(*charges, strict=True)
            for number, held in zip(windows, zip(*amounts, strict=True), strict=True):
                row = self._rows.by_id(number)
                # One may have been removed.
                if row is not None:
                    used = nanos if row.in_usd else tokens
                    self._end(row, held, _rights(kinds, used, held))
        self._ended.clear()

    def _end(self, row: Row, held: Sequence[int], rights: Sequence[int]) -> None:
        found = self._of(row)
        found[1] -= sum(held)
        if not row.bucket:
            found[0] += sum(rights)
            return
        level = found[0]
        for amount, right in zip(held, rights, strict=True):
            level = max(0, level + right - amount)
        found[0] = level

    def write(self) -> None:
        """Have them in the rows."""
        for row, found in self._sums.items():
            row.spent, row.held = min(found[0], SUM_MAX), found[1]
            self._rows.change(row)


def _rights(kinds: Sequence[str], used: Sequence[int], held: Sequence[int]) -> Sequence[int]:
    """What each is charged of one budget: what it used, held, or nothing."""
    if kinds.count("used") == len(kinds):
        return used
    return [
        one if kind == "used" else amount if kind == "held" else 0
        for kind, one, amount in zip(kinds, used, held, strict=True)
    ]

"""The limits engine of one machine: a SQLite file that its workers share, used from the loop.

A decision is one BEGIN IMMEDIATE transaction of some microseconds, too short to be worth a thread;
what it says is in `decision`. Nothing here waits inside SQLite: where another worker's transaction
is under way, it tries again, and lets the loop go on. What is committed survives the death of every
process; a power failure can undo the last second: a sync for every request would cost more than it.

Rows of tokens that are gone stay, some 80 bytes each: nothing here knows which token lives.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final
from uuid import uuid4

from loguru import logger

from models.again import Recorded
from proxy.limits.asking import Asking, Decided, amounts_of, answer, refuse, runs
from proxy.limits.budgets import BudgetClaim, Charge
from proxy.limits.decision import ClaimState, first_refusal, remaining_of_each
from proxy.limits.gate import Gate
from proxy.limits.health import Health
from proxy.limits.making import MakeBases, Making
from proxy.limits.sqlite_budgets import Budgets
from proxy.limits.sqlite_checkpoint import Checkpointer
from proxy.limits.sqlite_claims import Claims
from proxy.limits.sqlite_counters import Counters
from proxy.limits.sqlite_opening import opened
from proxy.limits.sqlite_own import OwnEntries, Written
from proxy.limits.sqlite_rows import Row, Rows
from proxy.limits.sqlite_slots import Slots
from proxy.limits.store import (
    AS_TAKEN,
    NOT_SENT,
    Amounts,
    Claim,
    LimitsUnavailable,
    Moved,
    Reservation,
    refund,
)
from proxy.limits.worker_locks import WorkerLocks

# On an overloaded machine the process that holds the lock may not run for a while. The loop does.
_BUSY_TIMEOUT_S: Final = 1.0
_PAUSE_S: Final = 0.001
_RETRY_S: Final = 0.05
#: What counts of the time between two tries; more is a stall of the machine.
_MOST_BETWEEN_TRIES_S: Final = 2 * _RETRY_S
_CLOSE_TIMEOUT_S: Final = 2.0
#: How long a free slot waits for the next decision to write it, where no other worker is there to
#: see it: a transaction for it alone costs as much. A worker that starts takes far longer. For as
#: long rows of slots may say more than is true, so that most transactions write none.
_LINGER_S: Final = 0.005
_MICRO: Final = 1_000_000


class SqliteLimits:
    """The counters in the file at `path`. `clock` gives Unix time and may be set back.

    `bases` makes windows in which something may have been spent before their budget was added.
    With `gate`, which the sinks share, it charges budgets for what is `written` to its journal.
    """

    def __init__(
        self,
        path: Path,
        worker: str,
        *,
        clock: Callable[[], float] = time.time,
        bases: MakeBases | None = None,
        gate: Gate | None = None,
    ) -> None:
        self._path = path
        # A worker's successor has the same name while its own requests may still be running.
        self._worker = f"{worker}-{uuid4().hex}"
        self._clock = clock
        self._locks = WorkerLocks(path.with_name(path.stem + "-workers"), self._worker)
        self._checkpointer = Checkpointer(path)
        self._connection: sqlite3.Connection | None = None
        self._counters: Counters
        self._claims: Claims
        self._rows: Rows
        self._budgets: Budgets
        self._own: OwnEntries
        self._gate = gate or Gate(path.parent)
        self.moved: Moved | None = None
        self._making = Making(bases, self._ask_again)
        self._slots = Slots(self._locks)
        self._refunds: Counter[tuple[str, int]] = Counter()
        self._asking: list[Asking] = []
        self._next: asyncio.Handle | None = None
        # Whether nobody waits for what is next, so that whoever comes need not wait as long.
        self._is_put_off = False
        self._lingers: asyncio.TimerHandle | None = None
        self._alone = False
        self._locked_for = 0.0
        self._tried_at = 0.0
        self._health = Health(self._schedule)

    @property
    def healthy(self) -> bool:
        """Whether the file could be written when that was last tried."""
        return self._health.healthy

    async def open(self) -> None:
        """Make or open the file, and free the slots of dead workers. Raises LimitsUnavailable."""
        try:
            self._connection = await asyncio.to_thread(opened, self._path, self._locks)
        except (sqlite3.DatabaseError, OSError) as exc:
            raise LimitsUnavailable(str(exc)) from exc
        self._counters = Counters(self._connection, self._worker)
        self._claims = Claims(self._counters, self._slots)
        self._rows = Rows(self._connection, has_bases=self._making.possible)
        self._budgets = Budgets(self._connection, self._worker, self._rows)
        self._own = OwnEntries(self._connection, self._budgets, self._rows, self._gate)
        self._checkpointer.start()
        self._health.open()

    async def close(self) -> None:
        """Write what is left to write, and leave."""
        if self._connection is None:
            return
        self._health.close()
        self._making.close()
        deadline = time.monotonic() + _CLOSE_TIMEOUT_S
        try:
            while not self._write_all():
                if time.monotonic() > deadline:
                    raise LimitsUnavailable("the file stayed locked")
                await asyncio.sleep(_PAUSE_S)
        except (sqlite3.Error, LimitsUnavailable) as exc:
            # A full disk, say. It must not keep the worker from closing what else is open.
            logger.error("Limits: refunds were lost at the close: {}", exc)
        self._stop_lingering()
        if self._next is not None:
            self._next.cancel()
        await asyncio.to_thread(self._close, self._connection)
        self._connection = None

    def _write_all(self) -> bool:
        """Write what is left, as it is; False where another process has a transaction under way."""
        # Requests that end while we wait for that one linger again.
        self._stop_lingering()
        return self._transact([]) is not None

    def _stop_lingering(self) -> None:
        if self._lingers is not None:
            self._lingers.cancel()
            self._lingers = None

    def _close(self, connection: sqlite3.Connection) -> None:
        self._checkpointer.stop()
        connection.close()
        self._gate.close()
        # From here on other workers see our slots as a dead worker's.
        self._locks.unregister()

    def decide(
        self, claims: tuple[Claim, ...], budgets: tuple[BudgetClaim, ...] = (), request_id: str = ""
    ) -> Asking:
        """As `LimitStore` says: await it.

        Requests that ask in the same turn of the loop share one transaction: its beginning and
        its commit are most of what a decision costs.
        """
        asking = Asking(claims=claims, store=self, budgets=budgets, request_id=request_id)
        self._asking.append(asking)
        if self._next is None or self._is_put_off:
            self._schedule()
        return asking

    def give_back(self, reservation: Reservation) -> None:
        """Of a request that has gone before it was told."""
        self._budgets.drop(reservation.request_id)
        self.settle(reservation, NOT_SENT)

    def settle(
        self, reservation: Reservation, actual: Amounts = AS_TAKEN, charge: Charge | None = None
    ) -> None:
        """Written with the next transaction, which is in the next turn of the loop.

        Freed slots are for other workers to see. Where there are none, it may be later.
        """
        if reservation.lease is not None:
            self._slots.release(reservation.lease)
        if actual:
            for claim in reservation.claims:
                if unused := refund(claim, actual):
                    self._refunds[claim.key, claim.epoch] += unused
        if charge is not None and reservation.budgets:
            self._budgets.tell(reservation.request_id, reservation.budgets, charge)
        if self._next is None and (self._lingers is None or self._refunds or not self._alone):
            self._soon(is_seen=True)

    def written(self, journal: str, start: int, end: int, entries: Sequence[Recorded]) -> None:
        """As `ChargesItself` says; an answer that is about to be written goes first."""
        if self._own.add(Written(journal, start, end, entries)):
            self._soon(is_seen=False)

    def takes(self, journal: str, position: int) -> bool:
        """As `ChargesItself` says."""
        if found := self._own.has(journal, position):
            self._schedule()
        return found

    def _soon(self, *, is_seen: bool) -> None:
        """`is_seen`: other workers wait for it, where there are any."""
        if self._lingers is None:
            self._alone = self._locks.is_alone
        if self._refunds or (is_seen and not self._alone):
            self._schedule()
        elif self._next is None and self._lingers is None:
            self._lingers = asyncio.get_running_loop().call_later(_LINGER_S, self._linger_no_more)

    def _linger_no_more(self) -> None:
        self._lingers = None
        if self._is_behind:
            self._schedule()

    @property
    def _is_behind(self) -> bool:
        charges = self._budgets.told or self._own.is_waiting
        return bool(charges) or self._slots.are_behind or bool(self._refunds)

    def _schedule(self, delay: float = 0.0) -> None:
        if self._next is not None:
            if delay or not self._is_put_off:
                return
            self._next.cancel()
        loop = asyncio.get_running_loop()
        self._next = loop.call_later(delay, self._turn) if delay else loop.call_soon(self._turn)
        self._is_put_off = delay == _RETRY_S

    def _turn(self) -> None:
        """One transaction for everything that waits for one."""
        self._next = None
        asking, self._asking = self._asking, []
        self._decide_together(asking)

    def _decide_together(self, asking: list[Asking]) -> None:
        try:
            decided = self._transact(asking)
        except Exception as exc:  # noqa: BLE001  (whatever it is: those who wait must learn of it)
            self._failed(exc)
            if len(asking) > 1:
                # One request's trouble is not the others'.
                for one in asking:
                    self._decide_together([one])
                return
            refuse(asking, exc)
            if self._is_behind:
                logger.debug("Limits: refunds and freed slots are written later: {}", exc)
                self._schedule(_RETRY_S)
            return
        if decided is None:
            self._try_again(asking)
            return
        answer(decided)
        self._making.start()
        if self._own.waiting and self._own.is_waiting:
            # A window is being made.
            self._soon(is_seen=False)

    def _ask_again(self, asking: Asking) -> None:
        self._asking.append(asking)
        self._schedule()

    def _failed(self, exc: Exception) -> None:
        self._roll_back()
        self._making.forget()
        if isinstance(exc, sqlite3.Error | LimitsUnavailable):
            self._health.failed(exc)

    def _roll_back(self) -> None:
        self._counters.roll_back()
        self._budgets.roll_back()
        self._own.roll_back()

    def _begin(self, *, has_budgets: bool) -> bool:
        """Begin a transaction, and charge in it what was written; False where another has one."""
        counters = self._counters
        while counters.begin():
            if not has_budgets:
                return True
            self._rows.begin(counters.version)
            if self._own.charge(counters.version, int(self._clock() * _MICRO)):
                return True
            self._roll_back()
        return False

    def _try_again(self, asking: list[Asking]) -> None:
        """Another process has the file. Let the loop go on, but no request wait for ever."""
        now = time.monotonic()
        if self._tried_at:
            # Where we were stopped ourselves, so was the other one perhaps.
            self._locked_for += min(now - self._tried_at, _MOST_BETWEEN_TRIES_S)
        self._tried_at = now
        if self._locked_for > _BUSY_TIMEOUT_S:
            error = LimitsUnavailable("another process keeps the limits locked")
            self._health.failed(error)
            refuse(asking, error)
        else:
            self._asking[:0] = asking
        self._schedule(_PAUSE_S if self._asking else _RETRY_S)

    def _transact(self, asking: list[Asking]) -> Decided | None:
        """Decide, write and commit; None where another process has a transaction under way."""
        health, slots, counters, budgets = self._health, self._slots, self._counters, self._budgets
        if not (asking or health.probing or self._is_behind):
            return []
        claimed = runs(asking)
        has_budgets = bool(budgets.told or self._own.waiting)
        for run in claimed:
            has_budgets = has_budgets or bool(run[0].budgets)
        if not self._begin(has_budgets=has_budgets):
            return None
        self._locked_for = self._tried_at = 0.0
        for (key, epoch), count in self._refunds.items():
            counters.refund(key, epoch, count)
        slots.begin()
        changes = counters.changes
        now = self._clock()
        decided: Decided = []
        try:
            if has_budgets:
                budgets.begin(int(now * _MICRO))
            for run in claimed:
                decided += self._decide(run, now)
            # What others need not see yet is written when the time to linger is over.
            slots.write(counters, exactly=self._lingers is None or not self._alone)
            if health.probing:
                counters.probe()
            if has_budgets:
                budgets.write()
                self._rows.write()
            counters.commit()
        except BaseException:
            slots.failed()
            raise
        self._checkpointer.wrote()
        health.committed(wrote=counters.changes > changes)
        slots.committed()
        self._refunds.clear()
        if has_budgets:
            self._own.committed(self.moved)
            budgets.committed()
        return decided

    def _decide(self, run: list[Asking], now: float) -> Decided:
        """Of requests that claim the same. Those are missing for which windows are to be made."""
        count, claims, budgets = len(run), run[0].claims, run[0].budgets
        levels, room = self._claims.levels(claims, now, count)
        fits = room == count
        rows: list[Row] = []
        amounts: list[tuple[int, ...]] = []
        if budgets:
            amounts = amounts_of(run)
            rows, has_room, missing = self._budgets.look(
                budgets, map(sum, zip(*amounts, strict=True)), int(now * _MICRO)
            )
            if missing:
                for one in run:
                    self._making.add(one, missing)
                return []
            fits = fits and has_room
        if not fits:
            if count > 1:
                # First those that the limits have room for, then each by itself.
                fitting = room if room < count else 0
                parts = [run[:fitting]] if fitting else []
                parts += [[one] for one in run[fitting:]]
                return [each for part in parts for each in self._decide(part, now)]
            states = self._budgets.states(budgets, rows)
            refused = first_refusal(list(map(ClaimState, claims, levels)), states)
            if refused is not None:
                # Nothing was taken. What a dead worker left may have been cleared away, though.
                return [(run[0], refused)]
        leases = self._claims.take(claims, levels, now, count)
        remaining = remaining_of_each(claims, levels, count)
        if not budgets:
            return [
                (one, Reservation(claims, lease, first))
                for one, lease, first in zip(run, leases, remaining, strict=True)
            ]
        requests = [one.request_id for one in run]
        left = self._budgets.take(requests, budgets, amounts, rows, int(now * _MICRO))
        return [
            (one, Reservation(claims, lease, first, one.budgets, one.request_id, rest))
            for one, lease, first, rest in zip(run, leases, remaining, left, strict=True)
        ]

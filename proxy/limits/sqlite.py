"""The limits engine of one machine: a SQLite file that its workers share, used from the loop.

A decision is one BEGIN IMMEDIATE transaction of some microseconds, too short to be worth a thread.
What it says is in `decision`.
Nothing here waits inside SQLite: a transaction that finds another worker's under way tries again,
and lets the loop go on in between. What is committed survives the death of every process; a power
failure can undo the last second, since a sync for every request would cost more than the request.

Rows of tokens that are gone stay, some 80 bytes each: nothing here knows which token lives.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final
from uuid import uuid4

from loguru import logger

from proxy.driving import Waiter
from proxy.limits.asking import Asking, Decided, Refusal, answer, refuse, unheard
from proxy.limits.budgets import BudgetClaim, Charge, charges_of
from proxy.limits.decision import ClaimState, first_refusal, remaining
from proxy.limits.health import Health
from proxy.limits.making import MakeBases, Making
from proxy.limits.sqlite_budgets import Budgets, Row
from proxy.limits.sqlite_checkpoint import Checkpointer
from proxy.limits.sqlite_claims import Claims
from proxy.limits.sqlite_counters import Counters
from proxy.limits.sqlite_file import prepare
from proxy.limits.sqlite_slots import Slots
from proxy.limits.store import (
    AS_TAKEN,
    NOT_SENT,
    Amounts,
    Answered,
    Claim,
    LimitsUnavailable,
    Outcome,
    Reservation,
    refund,
)
from proxy.limits.worker_locks import WorkerLocks

_OPEN_TIMEOUT_S: Final = 10.0
# On an overloaded machine the process that holds the lock may not run for a while. The loop does.
_BUSY_TIMEOUT_S: Final = 1.0
_PAUSE_S: Final = 0.001
_RETRY_S: Final = 0.05
#: What counts of the time between two tries; more is a stall of the machine.
_MOST_BETWEEN_TRIES_S: Final = 2 * _RETRY_S
_CLOSE_TIMEOUT_S: Final = 2.0
#: How long a free slot waits for the next decision to write it, where no other worker is there to
#: see it: a transaction for it alone costs as much. A worker that starts takes far longer.
_LINGER_S: Final = 0.005
_MICRO: Final = 1_000_000


class SqliteLimits:
    """The counters in the file at `path`. `clock` gives Unix time and may be set back.

    `bases` makes windows in which something may have been spent before their budget was added.
    """

    def __init__(
        self,
        path: Path,
        worker: str,
        *,
        clock: Callable[[], float] = time.time,
        bases: MakeBases | None = None,
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
        self._budgets: Budgets
        self._making = Making(bases, self._ask_again)
        self._slots = Slots(self._locks)
        self._refunds: Counter[tuple[str, int]] = Counter()
        self._asking: list[Asking] = []
        self._next: asyncio.Handle | None = None
        self._lingers: asyncio.TimerHandle | None = None
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
            self._connection = await asyncio.to_thread(self._open)
        except (sqlite3.DatabaseError, OSError) as exc:
            raise LimitsUnavailable(str(exc)) from exc
        self._counters = Counters(self._connection, self._worker)
        self._claims = Claims(self._counters, self._slots)
        self._budgets = Budgets(self._connection, self._worker, has_bases=self._making.possible)
        self._checkpointer.start()
        self._health.open()

    def _open(self) -> sqlite3.Connection:
        for worker in self._locks.stale():
            # Its slots are freed below, by the first that comes.
            self._locks.remove(worker)
        with self._locks.register():
            self._path.touch(mode=0o600)
            connection = sqlite3.connect(
                self._path, timeout=_OPEN_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            try:
                prepare(connection)
                for (worker,) in connection.execute("SELECT DISTINCT worker FROM slot").fetchall():
                    if not self._locks.is_alive(worker):
                        connection.execute("DELETE FROM slot WHERE worker = ?", (worker,))
                connection.execute("PRAGMA busy_timeout = 0")
            except BaseException:
                connection.close()
                raise
        return connection

    async def close(self) -> None:
        """Write what is left to write, and leave."""
        if self._connection is None:
            return
        self._health.close()
        self._making.close()
        deadline = time.monotonic() + _CLOSE_TIMEOUT_S
        try:
            while self._transact([]) is None:
                if time.monotonic() > deadline:
                    raise LimitsUnavailable("the file stayed locked")
                await asyncio.sleep(_PAUSE_S)
        except (sqlite3.Error, LimitsUnavailable) as exc:
            # A full disk, say. It must not keep the worker from closing what else is open.
            logger.error("Limits: refunds were lost at the close: {}", exc)
        for timer in (self._next, self._lingers):
            if timer is not None:
                timer.cancel()
        await asyncio.to_thread(self._close, self._connection)
        self._connection = None

    def _close(self, connection: sqlite3.Connection) -> None:
        self._checkpointer.stop()
        connection.close()
        # From here on other workers see our slots as a dead worker's.
        self._locks.unregister()

    async def decide(
        self, claims: tuple[Claim, ...], budgets: tuple[BudgetClaim, ...] = (), request_id: str = ""
    ) -> Reservation:
        """Take the amount of every claim and the hold of every budget, or nothing.

        Requests that ask in the same turn of the loop share one transaction: its beginning and
        its commit are most of what a decision costs.
        """
        waiter: Waiter[Reservation] = Waiter()
        asking = Asking(claims, partial(self._tell, waiter), budgets, request_id)
        self._asking.append(asking)
        self._schedule()
        try:
            return await waiter
        except asyncio.CancelledError:
            asking.withdrawn = True
            if waiter.woken:
                # Taken, but its request has gone.
                self._give_back(waiter.result())
            raise

    def _tell(self, waiter: Waiter[Reservation], outcome: Outcome) -> None:
        if not isinstance(outcome, Reservation):
            waiter.fail(outcome)
        elif waiter.done:
            self._give_back(outcome)
        else:
            waiter.wake(outcome)

    def _give_back(self, reservation: Reservation) -> None:
        """Of a request that will have no entry."""
        self._budgets.drop(reservation.request_id)
        self.settle(reservation, NOT_SENT)

    def decide_then(
        self,
        claims: tuple[Claim, ...],
        answered: Answered,
        budgets: tuple[BudgetClaim, ...] = (),
        request_id: str = "",
    ) -> bool:
        """As `LimitStore` says: in the transaction that all requests of this turn share."""
        self._asking.append(Asking(claims, answered, budgets, request_id))
        self._schedule()
        return True

    def decide_now(
        self, claims: tuple[Claim, ...], budgets: tuple[BudgetClaim, ...] = (), request_id: str = ""
    ) -> Reservation | Refusal | None:
        """As `LimitStore` says: in a transaction of its own."""
        try:
            decided = self._transact([Asking(claims, unheard, budgets, request_id)])
        except Exception as exc:  # noqa: BLE001  (whatever it is: `decide` finds it, and says so)
            self._failed(exc)
            return None
        if decided is None:
            return None
        # `decide` finds again what has to be made first.
        self._making.forget()
        return decided[0][1] if decided else None

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
            self._budgets.tell(reservation.request_id, charges_of(reservation.budgets, charge))
        if self._refunds or (self._lingers is None and not self._locks.is_alone):
            self._schedule()
        elif self._lingers is None:
            self._lingers = asyncio.get_running_loop().call_later(_LINGER_S, self._linger_no_more)

    def _linger_no_more(self) -> None:
        self._lingers = None
        if self._slots.behind or not self._budgets.is_told:
            self._schedule()

    def _schedule(self, delay: float = 0.0) -> None:
        if self._next is None:
            loop = asyncio.get_running_loop()
            self._next = loop.call_later(delay, self._turn) if delay else loop.call_soon(self._turn)

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
            if self._slots.behind or self._refunds or not self._budgets.is_told:
                logger.debug("Limits: refunds and freed slots are written later: {}", exc)
                self._schedule(_RETRY_S)
            return
        if decided is None:
            self._try_again(asking)
        else:
            answer(decided)
            self._making.start()

    def _ask_again(self, asking: Asking) -> None:
        self._asking.append(asking)
        self._schedule()

    def _failed(self, exc: Exception) -> None:
        """A transaction failed: nothing of it is left."""
        self._counters.roll_back()
        self._budgets.roll_back()
        self._making.forget()
        if isinstance(exc, sqlite3.Error | LimitsUnavailable):
            self._health.failed(exc)

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
        budgets = self._budgets
        if not (asking or self._slots.behind or self._refunds or self._health.probing) and (
            budgets.is_told
        ):
            return []
        counters = self._counters
        if not counters.begin():
            return None
        self._locked_for = self._tried_at = 0.0
        for (key, epoch), count in self._refunds.items():
            counters.refund(key, epoch, count)
        self._slots.begin()
        changes = counters.changes
        try:
            now = self._clock()
            budgets.begin(counters.version, int(now * _MICRO))
            decided: Decided = [
                (one, outcome)
                for one in asking
                if not one.withdrawn and (outcome := self._decide(one, now)) is not None
            ]
            self._slots.write(counters)
            if self._health.probing:
                counters.probe()
            budgets.write()
            counters.commit()
        except BaseException:
            self._slots.failed()
            raise
        self._checkpointer.wrote()
        self._health.committed(wrote=counters.changes > changes)
        self._slots.committed()
        self._refunds.clear()
        budgets.committed()
        return decided

    def _decide(self, asking: Asking, now: float) -> Reservation | Refusal | None:
        """None where windows of its budgets have to be made first."""
        claims, budgets = asking.claims, asking.budgets
        levels, fits = self._claims.levels(claims, now)
        rows: list[Row] = []
        if budgets:
            rows, room, missing = self._budgets.look(budgets, int(now * _MICRO))
            if missing:
                self._making.add(asking, missing)
                return None
            fits = fits and room
        if not fits:
            states = self._budgets.states(budgets, rows)
            if (
                refused := first_refusal(list(map(ClaimState, claims, levels)), states)
            ) is not None:
                # Nothing was taken. What a dead worker left may have been cleared away, though.
                return refused
        lease = self._claims.take(claims, levels, now)
        left = remaining(zip(claims, levels, strict=True))
        if not budgets:
            return Reservation(claims, lease, left)
        of_budgets = self._budgets.take(asking.request_id, budgets, rows, int(now * _MICRO))
        return Reservation(claims, lease, left, budgets, asking.request_id, of_budgets)

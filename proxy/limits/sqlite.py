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
import itertools
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
from proxy.limits.asking import Asking, Decided, answer, refuse, unheard
from proxy.limits.decision import GRAIN, ClaimState, refilled, refusal, remaining
from proxy.limits.health import Health
from proxy.limits.sqlite_checkpoint import Checkpointer
from proxy.limits.sqlite_counters import Counters
from proxy.limits.sqlite_file import prepare
from proxy.limits.store import (
    AS_TAKEN,
    NOT_SENT,
    Amounts,
    Answered,
    Claim,
    LimitExceeded,
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


class SqliteLimits:
    """The counters in the file at `path`. `clock` gives Unix time and may be set back."""

    def __init__(self, path: Path, worker: str, *, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        # A worker's successor has the same name while its own requests may still be running.
        self._worker = f"{worker}-{uuid4().hex}"
        self._clock = clock
        self._locks = WorkerLocks(path.with_name(path.stem + "-workers"), self._worker)
        self._checkpointer = Checkpointer(path)
        self._connection: sqlite3.Connection | None = None
        self._counters: Counters
        self._lease_numbers = itertools.count(1)
        # The truth about this worker's slots; its rows follow, at once or a little later.
        self._leases: dict[str, tuple[str, ...]] = {}
        self._held: Counter[str] = Counter()
        self._behind: set[str] = set()
        self._refunds: Counter[tuple[str, int]] = Counter()
        self._asking: list[Asking] = []
        # Leases of the transaction under way.
        self._granted: list[str] = []
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

    async def decide(self, claims: tuple[Claim, ...]) -> Reservation:
        """Take the amount of every claim, or nothing.

        Requests that ask in the same turn of the loop share one transaction: its beginning and
        its commit are most of what a decision costs.
        """
        waiter: Waiter[Reservation] = Waiter()
        asking = Asking(claims, partial(self._tell, waiter))
        self._asking.append(asking)
        self._schedule()
        try:
            return await waiter
        except asyncio.CancelledError:
            asking.withdrawn = True
            if waiter.woken:
                # Taken, but its request has gone.
                self.settle(waiter.result(), NOT_SENT)
            raise

    def _tell(self, waiter: Waiter[Reservation], outcome: Outcome) -> None:
        if not isinstance(outcome, Reservation):
            waiter.fail(outcome)
        elif waiter.done:
            self.settle(outcome, NOT_SENT)
        else:
            waiter.wake(outcome)

    def decide_then(self, claims: tuple[Claim, ...], answered: Answered) -> bool:
        """As `LimitStore` says: in the transaction that all requests of this turn share."""
        self._asking.append(Asking(claims, answered))
        self._schedule()
        return True

    def decide_now(self, claims: tuple[Claim, ...]) -> Reservation | LimitExceeded | None:
        """As `LimitStore` says: in a transaction of its own."""
        try:
            decided = self._transact([Asking(claims, unheard)])
        except Exception as exc:  # noqa: BLE001  (whatever it is: `decide` finds it, and says so)
            self._failed(exc)
            return None
        if decided is None:
            return None
        ((_, outcome),) = decided
        return outcome

    def settle(self, reservation: Reservation, actual: Amounts = AS_TAKEN) -> None:
        """Written with the next transaction, which is in the next turn of the loop.

        Freed slots are for other workers to see. Where there are none, it may be later.
        """
        if reservation.lease is not None:
            self._release(reservation.lease)
        if actual:
            for claim in reservation.claims:
                if unused := refund(claim, actual):
                    self._refunds[claim.key, claim.epoch] += unused
        if self._refunds or (self._lingers is None and not self._locks.is_alone):
            self._schedule()
        elif self._lingers is None:
            self._lingers = asyncio.get_running_loop().call_later(_LINGER_S, self._linger_no_more)

    def _linger_no_more(self) -> None:
        self._lingers = None
        if self._behind:
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
            if self._behind or self._refunds:
                logger.debug("Limits: refunds and freed slots are written later: {}", exc)
                self._schedule(_RETRY_S)
            return
        if decided is None:
            self._try_again(asking)
        else:
            answer(decided)

    def _failed(self, exc: Exception) -> None:
        """A transaction failed: nothing of it is left."""
        self._counters.roll_back()
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
        if not asking and not self._behind and not self._refunds and not self._health.probing:
            return []
        counters = self._counters
        if not counters.begin():
            return None
        self._locked_for = self._tried_at = 0.0
        for (key, epoch), count in self._refunds.items():
            counters.refund(key, epoch, count)
        self._granted.clear()
        changes = counters.changes
        try:
            now = self._clock()
            decided: Decided = [
                (one, self._decide(one.claims, now)) for one in asking if not one.withdrawn
            ]
            for key in self._behind:
                counters.write_slots(key, self._held[key])
                if not self._held[key]:
                    del self._held[key]
            if self._health.probing:
                counters.probe()
            counters.commit()
        except BaseException:
            for lease in self._granted:
                self._release(lease)
            raise
        self._checkpointer.wrote()
        self._health.committed(wrote=counters.changes > changes)
        self._behind.clear()
        self._refunds.clear()
        return decided

    def _decide(self, claims: tuple[Claim, ...], now: float) -> Reservation | LimitExceeded:
        fits = True
        # Beside `claims`, since an object for each of them would cost more than the arithmetic.
        levels: list[float] = []
        for key, dimension, limit, amount, base, epoch in claims:
            if dimension == "slots":
                level: float = self._slots_in_use(key, limit - amount)
            else:
                row = self._counters.counter(key)
                if dimension == "requests":
                    level = base if row.epoch < epoch else row.used
                else:
                    if now < row.at:
                        # The clock was set back: unless this is written, the bucket stands still.
                        row.at, row.changed = now, True
                    level = refilled(row.bucket_level, now - row.at, limit)
            if level + amount > limit + GRAIN:
                fits = False
            levels.append(level)
        if not fits and (refused := refusal(list(map(ClaimState, claims, levels)))) is not None:
            # Nothing was taken. What a dead worker left may have been cleared away, though.
            return refused
        slots = self._take(claims, levels, now)
        lease = None
        if slots:
            lease = str(next(self._lease_numbers))
            self._leases[lease] = slots
            for key in slots:
                self._held[key] += 1
                self._behind.add(key)
            self._granted.append(lease)
        return Reservation(claims, lease, remaining(zip(claims, levels, strict=True)))

    def _slots_in_use(self, key: str, enough: int) -> int:
        """Where there are more than `enough`, those of dead workers are freed first."""
        others = self._counters.slots_elsewhere(key)
        busy = self._held.get(key, 0) + (sum(others.values()) if others else 0)
        if busy <= enough:
            return busy
        for worker, held in list(others.items()):
            if not self._locks.is_alive(worker):
                self._counters.drop_worker(worker)
                busy -= held
        return busy

    def _take(self, claims: tuple[Claim, ...], levels: list[float], now: float) -> tuple[str, ...]:
        """Take what is claimed; the key of each slot."""
        slots: tuple[str, ...] = ()
        for (key, dimension, _, amount, _, epoch), level in zip(claims, levels, strict=True):
            if dimension == "slots":
                slots += (key,) * amount
                continue
            row = self._counters.counter(key)
            row.changed = True
            if dimension == "requests":
                if row.epoch < epoch:
                    row.epoch, row.used = epoch, int(level)
                row.used += amount
            else:
                row.bucket_level, row.at = level + amount, now
        return slots

    def _release(self, lease: str) -> None:
        for key in self._leases.pop(lease, ()):
            self._held[key] -= 1
            self._behind.add(key)

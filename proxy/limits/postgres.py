"""The limits engine of several machines: a function in PostgreSQL that decides in batches.

Requests that wait together are decided in one call and one commit: a request that comes while calls
are under way is part of the next one, and one that comes alone is sent at once. A batch also
reports what has ended since. At most two calls under way have a counter in common, so that one
project leaves other connections to others; a counter that is kept locked is left out, and tried
apart.

In doubt quota counts as used: after a connection that broke it is not known whether a call was
carried out. Slots do not depend on it, since a worker says how many it has (`batch`).

A server that hangs rather than refuses is noticed by the first decision that takes too long. From
then on only a probe waits for it, until that is answered.

How the function decides is described in the migration that installs it.
"""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Final
from uuid import uuid4

from loguru import logger

from config import Database
from proxy.limits.batch import Account, Batch, CallsUnderWay
from proxy.limits.budget_batch import BudgetAccount
from proxy.limits.budgets import BudgetClaim, Charge
from proxy.limits.making import MakeBases
from proxy.limits.patience import Patience
from proxy.limits.postgres_connections import (
    UNAVAILABLE,
    Connections,
    Loan,
    NotSent,
    reason,
    was_not_carried_out,
)
from proxy.limits.postgres_statements import Statements
from proxy.limits.queue import SLICES, FairQueue, Waiting
from proxy.limits.silence import Silence
from proxy.limits.slots import Ask, SlotsElsewhere
from proxy.limits.store import (
    AS_TAKEN,
    NOT_SENT,
    Amounts,
    Claim,
    LimitsUnavailable,
    Reservation,
)
from proxy.limits.worker_locks import WorkerLocks

#: Statements under way at once, where nothing else is said.
CONNECTIONS: Final = 4
_TIMEOUT_S: Final = 2.0
# Longer than any request waits, so that a call's outcome becomes known.
_COMMAND_TIMEOUT_S: Final = 5.0
_HEARTBEAT_S: Final = 1.5
_RETRY_S: Final = 0.5
_CLOSE_TIMEOUT_S: Final = 1.0
#: Requests that wait for a decision; each is a few kilobytes.
_WAITING_MAX: Final = 4096
#: Before rows that were locked are tried again.
_LOCKED_PAUSE_S: Final = 0.05
#: How long a slot that became free waits for the next decision to tell it. A client that asks again
#: at once comes within it, and its request is not held up by a call of its own.
_LINGER_S: Final = 0.005

#: The heartbeat before goes first.
_HEARTBEAT: Final = "SELECT (SELECT beat FROM limit_worker WHERE worker = $1), limit_beat($1)"
_HOLDER_BEAT: Final = "UPDATE limit_holder SET beat = limit_uptime() WHERE worker = $1"
_WORKER_GONE: Final = "SELECT limit_worker_gone($1)"

_UNAVAILABLE: Final = (NotSent, *UNAVAILABLE)


class PostgresLimits:
    """The counters in `database`. Workers of this machine share the directory `workers`.

    `connections` is how many this worker may open for limits; where the server takes none of them,
    `loan` lends another. `home` names the directory in which the journals of this machine are;
    `bases` makes windows in which something may have been spent before their budget was added.
    """

    def __init__(
        self,
        database: Database,
        worker: str,
        *,
        workers: Path,
        connections: int = CONNECTIONS,
        loan: Loan | None = None,
        home: str = "",
        bases: MakeBases | None = None,
    ) -> None:
        # A worker's successor has the same name while its own requests may still be running.
        self._worker = f"{worker}-{uuid4().hex}"
        self._locks = WorkerLocks(workers, self._worker)
        self._silence = Silence(self._worker, self._locks.is_alive)
        self._connections = Connections(
            database,
            size=connections,
            connect_timeout=_TIMEOUT_S,
            command_timeout=_COMMAND_TIMEOUT_S,
            loan=loan,
        )
        self._statements = Statements(self._worker, home=home, bases=bases)
        self._queue = FairQueue(_WAITING_MAX)
        self._account = Account()
        self._budgets = BudgetAccount(has_bases=bases is not None)
        self._slots = SlotsElsewhere(self._account.count)
        # Every request that waits, queued or in a call.
        self._undecided: dict[Waiting, None] = {}
        self._calls: set[asyncio.Task[None]] = set()
        self._calls_made = 0
        self._answers = 0
        self._under_way = CallsUnderWay()
        self._tries_locked = False
        self._sync_due = False
        self._patience = Patience(self._undecided, lambda: self._answers)
        self._silent = self._patience.silent
        # The last statement failed.
        self._failing = False
        self._next: asyncio.Handle | None = None
        self._sync_timer: asyncio.TimerHandle | None = None
        self._locked_timer: asyncio.TimerHandle | None = None
        self._background: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Begin to beat. The server may be away: it is reached when it is needed.

        Raises LimitsUnavailable when the directory cannot be used.
        """
        try:
            with self._locks.register():
                pass
        except OSError as exc:
            raise LimitsUnavailable(str(exc)) from exc
        self._background = [
            asyncio.create_task(self._beat_forever(), name="limits-heartbeat"),
            asyncio.create_task(self._probe_while_silent(), name="limits-probe"),
        ]

    async def close(self) -> None:
        """Send what is left to send, for a while, and leave."""
        if not self._background:
            return
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                await self._send_the_rest()
                await self._connections.fetch(_WORKER_GONE, self._worker)
        except _UNAVAILABLE as exc:
            logger.warning(
                "Limits: refunds and freed slots could not be sent before the close: {}",
                reason(exc),
            )
            self._connections.abandon()
        self._patience.end()
        for timer in (self._next, self._sync_timer, self._locked_timer):
            if timer is not None:
                timer.cancel()
        tasks = (*self._background, *self._calls)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._background = []
        await self._connections.close()
        self._locks.unregister()

    async def _send_the_rest(self) -> None:
        """Wait for the calls under way, then tell what is left to tell, unless that fails."""
        if self._calls:
            await asyncio.wait(self._calls)
        answers = -1
        while not self._is_synced() and answers != self._answers:
            answers = self._answers
            if self._sync_timer is not None:
                # What it would tell is told now.
                self._sync_timer.cancel()
                self._sync_timer = None
            self._sync_due = True
            self._pump()
            if self._calls:
                await asyncio.wait(self._calls)

    @property
    def healthy(self) -> bool:
        """Whether the last statement was carried out, of which there is one every few seconds."""
        return not self._failing and not self._silent.is_set()

    async def decide(
        self, claims: tuple[Claim, ...], budgets: tuple[BudgetClaim, ...] = (), request_id: str = ""
    ) -> Reservation:
        """Take the amount of every claim and the hold of every budget, or nothing."""
        ask: Ask = self._ask_once
        if budgets:
            ask = partial(self._ask_once, budgets=budgets, request_id=request_id)
        return await self._slots.decide(ask, claims)

    async def _ask_once(
        self, claims: tuple[Claim, ...], budgets: tuple[BudgetClaim, ...] = (), request_id: str = ""
    ) -> Reservation:
        if self._silent.is_set():
            raise LimitsUnavailable("the database does not answer")
        outcome: asyncio.Future[Reservation] = asyncio.get_running_loop().create_future()
        waiting = Waiting(claims, outcome, self._answers, budgets, request_id)
        self._queue.add(waiting)
        self._undecided[waiting] = None
        self._patience.begin(_TIMEOUT_S / SLICES)
        self._schedule()
        try:
            return await outcome
        except asyncio.CancelledError:
            if outcome.done() and not outcome.cancelled() and outcome.exception() is None:
                # Taken, but its request has gone.
                self._budgets.end(outcome.result(), None)
                self.settle(outcome.result(), NOT_SENT)
            raise
        finally:
            del self._undecided[waiting]
            self._queue.discard(waiting)
            if not self._undecided:
                self._patience.end()
            # A refusal refers to this frame.
            del outcome, waiting

    def settle(
        self, reservation: Reservation, actual: Amounts = AS_TAKEN, charge: Charge | None = None
    ) -> None:
        """Sent with the next call, within milliseconds."""
        if reservation.lease is not None:
            self._account.release(reservation.lease)
        if actual:
            self._account.refund(reservation.claims, actual)
        if charge is not None:
            self._budgets.end(reservation, charge)
        if not self._is_synced():
            self._sync_soon()

    def _is_synced(self) -> bool:
        return self._account.synced and self._budgets.synced

    # Calls

    def _schedule(self) -> None:
        if self._next is None:
            self._next = asyncio.get_running_loop().call_soon(self._pump)

    def _pump(self) -> None:
        """Send what can be sent: all that came in this turn of the loop goes together."""
        self._next = None
        while not self._silent.is_set() and len(self._calls) < self._connections.usable:
            waiting = self._queue.take(self._under_way)
            tries_locked = not waiting and self._may_try_locked()
            if tries_locked:
                waiting = self._queue.take(self._under_way, locked=True)
                self._tries_locked = tries_locked = bool(waiting)
            syncing: list[str] = []
            tells = False
            if self._sync_due:
                # A call that is under way already will tell of its keys, or have it done later.
                syncing = self._account.pending(self._under_way.keys)
                tells = not self._budgets.synced
                self._sync_due = bool(syncing)
            if not waiting and not syncing and not tells:
                return
            self._send(waiting, syncing, tries_locked=tries_locked)

    def _may_try_locked(self) -> bool:
        """One connection waits for locks, and the others serve requests that need none."""
        return not self._tries_locked and self._locked_timer is None

    def _send(self, waiting: list[Waiting], syncing: list[str], *, tries_locked: bool) -> None:
        self._calls_made += 1
        batch = Batch(
            self._calls_made,
            waiting,
            syncing,
            self._account,
            self._under_way,
            budgets=self._budgets,
        )
        self._under_way.begin(batch.number, batch.about)
        call = self._call(batch, tries_locked=tries_locked)
        self._calls.add(asyncio.create_task(call))

    async def _call(self, batch: Batch, *, tries_locked: bool) -> None:
        pause = 0.0
        try:
            locked, overtaken = await self._statements.decide(self._connections, batch)
            self._queue.unlock(set(batch.waiting).difference(locked))
        except _UNAVAILABLE as exc:
            if was_not_carried_out(exc):
                batch.undone()
            else:
                batch.lost()
            batch.refuse(reason(exc))
            self._failed(exc)
            pause = _RETRY_S
        except BaseException as exc:
            batch.lost()
            batch.refuse(reason(exc))
            raise
        else:
            self._answers += 1
            self._answered()
            self._queue.put_back(overtaken, locked=False)
            self._queue.put_back(locked, locked=True)
            if locked:
                self._pause_locked()
            if batch.unmade:
                await self._statements.make(batch.unmade)
                self._queue.put_back(batch.unmade, locked=False)
        finally:
            self._under_way.end(batch.number, batch.about)
            if current := asyncio.current_task():
                self._calls.discard(current)
            if tries_locked:
                self._tries_locked = False
            if not self._is_synced():
                self._sync_soon(pause)
            self._schedule()

    def _pause_locked(self) -> None:
        if self._locked_timer is None:
            loop = asyncio.get_running_loop()
            self._locked_timer = loop.call_later(_LOCKED_PAUSE_S, self._try_locked_again)

    def _try_locked_again(self) -> None:
        self._locked_timer = None
        self._schedule()

    # What has ended

    def _sync_soon(self, pause: float = 0.0) -> None:
        if self._sync_timer is None and not self._sync_due:
            loop = asyncio.get_running_loop()
            self._sync_timer = loop.call_later(max(pause, _LINGER_S), self._sync)

    def _sync(self) -> None:
        """Tell what has ended, also where no decision takes it along."""
        self._sync_timer = None
        self._sync_due = True
        self._schedule()

    # A server that does not answer

    def _failed(self, error: BaseException) -> None:
        if not self._failing:
            self._failing = True
            logger.error("Limits cannot be decided, limited tokens are refused: {}", reason(error))

    def _answered(self) -> None:
        # A late answer to one call does not end the silence; that of a probe does.
        if self._failing and not self._silent.is_set():
            self._failing = False
            logger.info("Limits can be decided again.")

    async def _probe_while_silent(self) -> None:
        while True:
            await self._silent.wait()
            # Said here, because the calls that nobody waits for any more may still be answered.
            self._failed(LimitsUnavailable("the database does not answer in time"))
            try:
                await self._connections.probe()
            except _UNAVAILABLE as exc:
                logger.debug("The limits' database is still silent: {}", reason(exc))
                await asyncio.sleep(_RETRY_S)
            else:
                self._silent.clear()
                self._answered()
                self._schedule()

    async def _beat_forever(self) -> None:
        while True:
            try:
                rows = await self._connections.fetch(_HEARTBEAT, self._worker)
                if self._silence.was_taken_for_dead(rows[0][0]):
                    self._account.sync_all()
                    self._sync_soon()
                if self._budgets.has_held:
                    await self._connections.fetch(_HOLDER_BEAT, self._worker)
                    self._budgets.tell_lost_again()
                for worker in self._locks.stale():
                    await self._connections.fetch(_WORKER_GONE, worker)
                    self._locks.remove(worker)
                await self._silence.free_slots(self._connections.fetch)
                await self._connections.close_idle()
                self._answered()
            except _UNAVAILABLE as exc:
                self._silence.interrupted()
                self._failed(exc)
            await asyncio.sleep(_RETRY_S if self._failing else _HEARTBEAT_S)

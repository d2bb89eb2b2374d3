"""Deliveries to one destination: in order, until nothing waits or the receiver fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from loguru import logger

from delivery.backoff import pause
from delivery.items import Item, items_of
from delivery.senders import Senders, Unusable
from delivery.sending import Outcome, Sender
from models import Actor, deliveries, outbox
from models.deliveries import LEASE_S
from models.destinations import Destination
from models.errors import DatabaseUnavailable

#: Rows that are read at once.
_READ: Final = 100
#: Seconds between two looks at the lease, and for which deliveries are noted together.
_RENEW_EVERY: Final = 2.0
_NOTED_WITHIN: Final = 0.2
#: Seconds between two lines of the log about what was dropped.
_TOLD_EVERY: Final = 10.0
_BY: Final = Actor("system")
_PRUNED: Final = "it is no longer in the request log or among the events"


class Run:
    """One turn of deliveries. `is_current` says whether the destination still is as it is here."""

    def __init__(
        self,
        destination: Destination,
        senders: Senders,
        owner: str,
        is_current: Callable[[Destination], bool],
    ) -> None:
        self._destination = destination
        self._senders = senders
        self._owner = owner
        self._is_current = is_current
        self._loop = asyncio.get_running_loop()
        self._ours_until = 0.0
        self._failures = 0
        self._batch = 1
        # Of the rows that are done with: those that were delivered, and how many were not wanted.
        self._taken: list[int] = []
        self._rejected = 0
        self._noted_at = 0.0
        # Dropped, and not in the log yet; and when the log was last told.
        self._dropped = 0
        self._told_at = float("-inf")

    async def go(self) -> None:
        """Deliver what waits. Raises DatabaseUnavailable, after which another run goes on."""
        if not await self._claim():
            return
        renewing = self._loop.create_task(self._renew(), name="delivery-lease")
        try:
            await self._deliver()
        finally:
            if self._dropped:
                self._tell_of_dropped("as said before")
            renewing.cancel()
            try:
                await asyncio.gather(renewing, return_exceptions=True)
            finally:
                # Also where we are cancelled once more, or just now.
                await deliveries.release(self._destination.id, self._owner)

    async def _claim(self) -> bool:
        asked_at = self._loop.time()
        claimed = await deliveries.claim(self._destination.id, self._owner)
        if claimed is None:
            return False
        self._ours_until = asked_at + LEASE_S
        self._failures = claimed.failures
        return True

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(_RENEW_EVERY)
            try:
                if not await self._claim():
                    self._ours_until = 0.0
            except DatabaseUnavailable:
                # Until it is back, or the lease has ended.
                continue

    def _may_go_on(self) -> bool:
        return self._loop.time() < self._ours_until and self._is_current(self._destination)

    async def _deliver(self) -> None:
        try:
            sender = self._senders.of(self._destination)
        except Unusable as exc:
            await self._put_off(Outcome("again", str(exc)))
            return
        self._batch = sender.batch
        goes_on = True
        while goes_on and self._may_go_on():
            rows = await outbox.waiting_items(self._destination.id, _READ)
            if not rows:
                return
            found = await items_of(rows)
            gone = [row.id for row in rows if row.id not in found]
            if gone:
                await self._drop(gone, _PRUNED)
            waiting = [(row.id, found[row.id]) for row in rows if row.id in found]
            try:
                goes_on = await self._send_all(sender, waiting)
            finally:
                await self._note()

    async def _send_all(self, sender: Sender, waiting: list[tuple[int, Item]]) -> bool:
        """Send them in order; whether to go on."""
        while waiting and self._may_go_on():
            batch = waiting[: self._batch]
            outcome = await sender.send([item for _, item in batch])
            if outcome.verdict == "refused" and len(batch) > 1:
                # One of them is what the receiver does not want; the others it is to get.
                self._batch = len(batch) // 2
                continue
            if outcome.verdict in ("again", "gone"):
                await self._note()
                await self._put_off(outcome)
                return False
            waiting = waiting[len(batch) :]
            await self._count(outcome, [row for row, _ in batch])
            self._batch = min(sender.batch, self._batch * 2)
        return True

    async def _count(self, outcome: Outcome, rows: Sequence[int]) -> None:
        if outcome.verdict == "refused":
            await self._note()
            await self._drop(rows, outcome.why)
        elif outcome.rejected:
            await self._note()
            await self._drop(rows, outcome.why, dropped=outcome.rejected)
        else:
            self._taken += rows
            self._failures = 0
            if self._loop.time() - self._noted_at >= _NOTED_WITHIN:
                await self._note()

    async def _note(self) -> None:
        """What was delivered since the last time; a worker that dies before delivers it again."""
        self._noted_at = self._loop.time()
        taken, self._taken = self._taken, []
        if taken:
            await deliveries.took(self._destination.id, taken, delivered=len(taken))

    async def _drop(self, rows: Sequence[int], why: str, *, dropped: int | None = None) -> None:
        number = len(rows) if dropped is None else dropped
        self._dropped += number
        if self._loop.time() - self._told_at >= _TOLD_EVERY:
            self._tell_of_dropped(why)
        await deliveries.took(
            self._destination.id, rows, delivered=len(rows) - number, dropped=number, why=why
        )

    def _tell_of_dropped(self, why: str) -> None:
        """A receiver that wants nothing at all is no reason for a line each."""
        self._told_at = self._loop.time()
        name, number, self._dropped = self._destination.name, self._dropped, 0
        logger.warning("destination {}: {} not delivered, and dropped: {}", name, number, why)

    async def _put_off(self, outcome: Outcome) -> None:
        name = self._destination.name
        if outcome.verdict == "gone":
            await deliveries.failed(self._destination.id, outcome.why, retry_in=None)
            await self._destination.switch_off(by=_BY, reason=outcome.why)
            logger.warning("destination {} is switched off: {}", name, outcome.why)
            return
        self._failures += 1
        seconds = pause(self._failures, outcome.retry_after)
        await deliveries.failed(self._destination.id, outcome.why, retry_in=seconds)
        logger.warning("destination {}: {} Next try in {:.0f} s.", name, outcome.why, seconds)

"""Requests that wait for a decision: a queue per project, served round robin.

A hot project fills its own queue and its own share of a batch, and no more than that.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Container, Iterable
from typing import Final

from proxy.limits.budgets import BudgetClaim, parts_of
from proxy.limits.store import Claim, LimitsUnavailable, Reservation

#: Requests in one batch, and those of one project in it. A request takes the server some 15 µs.
BATCH_MAX: Final = 256
SHARE_MAX: Final = 128
#: Slices of the time that a request waits at most (see `Waiting.slices`).
SLICES: Final = 4


class Waiting:
    """A request that was not decided yet.

    `slices` are what is left of the time that it waits. They are counted rather than measured, so
    that a stall of this process uses up one of them at most. `answers` is how often the server had
    answered when the request came.
    """

    __slots__ = ("answers", "budgets", "claims", "outcome", "queue", "request_id", "slices")

    def __init__(
        self,
        claims: tuple[Claim, ...],
        outcome: asyncio.Future[Reservation],
        answers: int,
        budgets: tuple[BudgetClaim, ...] = (),
        request_id: str = "",
    ) -> None:
        self.claims = claims
        self.budgets = budgets
        self.request_id = request_id
        self.outcome = outcome
        self.answers = answers
        # One more: the slice under way is not a whole one.
        self.slices = SLICES + 1
        # A token's claim comes before its project's. Without one, its counters are its own.
        self.queue = claims[-1].key if claims else parts_of(budgets[-1].allowance.key).subject

    def is_about(self, keys: Container[str]) -> bool:
        """Whether one of these counters or budgets is among its own."""
        if any(claim.key in keys for claim in self.claims):
            return True
        return any(claim.allowance.key in keys for claim in self.budgets)

    def refuse(self, error: Exception) -> None:
        """End the wait with an error, unless it has ended."""
        if not self.outcome.done():
            self.outcome.set_exception(error)


class FairQueue:
    """Up to `capacity` waiting requests."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._queues: OrderedDict[str, OrderedDict[Waiting, None]] = OrderedDict()
        self._length = 0
        # Queues in which a counter's row was found locked for long by another transaction.
        self._locked: set[str] = set()

    def __len__(self) -> int:
        return self._length

    def add(self, one: Waiting) -> None:
        """Queue a request. Raises LimitsUnavailable.

        A queue may be as long as there is room left beside all of them: one hot project leaves
        half of the room to the others, two leave a third, and so on.
        """
        queue = self._queues.get(one.queue)
        if (0 if queue is None else len(queue)) >= self._capacity - self._length:
            raise LimitsUnavailable("too many requests wait for the database")
        if queue is None:
            queue = self._queues[one.queue] = OrderedDict()
        queue[one] = None
        self._length += 1

    def discard(self, one: Waiting) -> None:
        """Forget a request, if it is still queued."""
        queue = self._queues.get(one.queue)
        if queue is not None and one in queue:
            del queue[one]
            self._length -= 1
            if not queue:
                del self._queues[one.queue]

    def take(self, busy: Container[str], *, locked: bool = False) -> list[Waiting]:
        """The next batch, from queues whose rows were last found locked, or from the others.

        Requests about counters that are `busy`, in a call under way, stay where they are.
        """
        taken: list[Waiting] = []
        for name in list(self._queues):
            if (name in self._locked) is locked:
                self._take_share(name, busy, taken)
                if len(taken) >= BATCH_MAX:
                    break
        return taken

    def _take_share(self, name: str, busy: Container[str], taken: list[Waiting]) -> None:
        queue = self._queues[name]
        most = min(len(taken) + SHARE_MAX, BATCH_MAX)
        before = len(taken)
        while queue and len(taken) < most:
            one = next(iter(queue))
            if one.is_about(busy):
                break
            queue.popitem(last=False)
            if not one.outcome.done():
                taken.append(one)
            self._length -= 1
        if not queue:
            del self._queues[name]
        elif len(taken) > before:
            self._queues.move_to_end(name)

    def put_back(self, waiting: Iterable[Waiting], *, locked: bool) -> None:
        """Queue requests again, in their places before all others."""
        for one in reversed(list(waiting)):
            if one.outcome.done():
                continue
            queue = self._queues.setdefault(one.queue, OrderedDict())
            queue[one] = None
            queue.move_to_end(one, last=False)
            self._length += 1
            if locked:
                self._locked.add(one.queue)

    def unlock(self, waiting: Iterable[Waiting]) -> None:
        """These were decided: their rows are not locked any more."""
        if self._locked:
            self._locked.difference_update(one.queue for one in waiting)

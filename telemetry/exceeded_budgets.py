"""Budgets that had no room for a request: each told of once in its window, off the path.

A worker remembers which it has told of, so that a flood of refusals is a look-up each; only for a
while, since a budget that is reset, by whatever process and machine, may be told of anew. What it
could not write waits; what waits in a worker that is killed is told by the next refusal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import monotonic
from typing import Final, TypeAlias

from loguru import logger
from tortoise.exceptions import BaseORMException

from models import spent_budgets
from models.errors import DatabaseUnavailable
from models.spent_budgets import SpentBudget

#: Budgets that are remembered, and those that wait. One that is forgotten costs a write in vain.
KNOWN_MAX: Final = 10_000
#: Seconds for which one is remembered: then whether it was told of is asked of the database again.
REMEMBERED_S: Final = 30.0
_AFTER_FAILURE_S: Final = 1.0
#: Seconds to tell of the last, when a worker ends.
_LAST_WRITE_S: Final = 0.5

Tell: TypeAlias = Callable[[SpentBudget], Awaitable[None]]


class ExceededBudgets:
    """One worker's. `tell` is `models.spent_budgets.tell`."""

    def __init__(
        self, tell: Tell = spent_budgets.tell, clock: Callable[[], float] = monotonic
    ) -> None:
        self._tell = tell
        self._clock = clock
        #: And until when.
        self._known: dict[str, float] = {}
        self._waiting: dict[str, SpentBudget] = {}
        self._some = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def note(self, budget: SpentBudget) -> None:
        """A request was refused for it."""
        once, now = budget.once, self._clock()
        if self._known.get(once, now) > now or len(self._waiting) >= KNOWN_MAX:
            return
        if len(self._known) >= KNOWN_MAX:
            self._known.clear()
        self._known[once] = now + REMEMBERED_S
        self._waiting[once] = budget
        self._some.set()

    def open(self) -> None:
        """Begin, in the running loop."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="exceeded-budgets")

    async def close(self) -> None:
        """Stop, after a last write where that takes no time."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        with suppress(TimeoutError, DatabaseUnavailable, BaseORMException, OSError):
            async with asyncio.timeout(_LAST_WRITE_S):
                await self._write()

    async def _run(self) -> None:
        while True:
            await self._some.wait()
            self._some.clear()
            try:
                await self._write()
            except (DatabaseUnavailable, BaseORMException, OSError) as exc:
                logger.debug("exceeded budgets are told of later: {}", exc)
                self._some.set()
                await asyncio.sleep(_AFTER_FAILURE_S)

    async def _write(self) -> None:
        while self._waiting:
            once, budget = next(iter(self._waiting.items()))
            await self._tell(budget)
            del self._waiting[once]

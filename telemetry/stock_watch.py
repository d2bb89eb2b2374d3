"""What there is, for `/metrics`: read now and then, by one worker of each machine, off the path."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeAlias

from loguru import logger
from tortoise.exceptions import BaseORMException

from models.errors import DatabaseUnavailable
from models.stock import stock
from proxy import beat
from proxy.limits.most_used import BudgetLeft
from proxy.limits.store import LimitsUnavailable
from telemetry.machine_turn import MachineTurn
from telemetry.metrics import Metrics

#: Budgets that are told of in one scrape.
BUDGETS_MAX: Final = 20
_EVERY_S: Final = 30.0
_FIRST_AFTER_S: Final = 1.0
_CLOSE_TIMEOUT_S: Final = 0.5

#: So many budgets with the least left.
LeastLeft: TypeAlias = Callable[[int], Awaitable[Sequence[BudgetLeft]]]


class StockWatch:
    """One worker's. `directory` is DATA_DIR."""

    def __init__(self, directory: Path, metrics: Metrics, least_left: LeastLeft) -> None:
        self._turn = MachineTurn(directory / "stock.lock")
        self._metrics = metrics
        self._least_left = least_left
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begin, in a task of its own."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="stock")

    async def close(self) -> None:
        """Stop; another worker goes on."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,), timeout=_CLOSE_TIMEOUT_S)
        self._turn.give_up()

    async def look(self) -> None:
        """Read it, unless another worker does.

        Raises DatabaseUnavailable, LimitsUnavailable, or what else the database says.
        """
        if self._turn.take():
            found = await stock(datetime.now(UTC))
            self._metrics.set_stock(found, await self._least_left(BUDGETS_MAX))

    async def _run(self) -> None:
        await asyncio.sleep(_FIRST_AFTER_S)
        while True:
            try:
                await self.look()
            except (DatabaseUnavailable, LimitsUnavailable, BaseORMException, OSError) as exc:
                logger.debug("what there is was not read for the metrics: {}", exc)
                # What was true then says nothing of now.
                self._metrics.forget_stock()
            await beat.pause(_EVERY_S)

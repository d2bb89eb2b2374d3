"""A task of one worker that looks now and then whether there is something to do on its machine."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Final

from loguru import logger
from tortoise.exceptions import BaseORMException

from models.errors import DatabaseUnavailable
from proxy import beat
from telemetry.machine_turn import MachineTurn

_CLOSE_TIMEOUT_S: Final = 0.5


class Looking(ABC):
    """One worker of a machine looks, for as long as it lives: who has `lock`. Times in seconds."""

    def __init__(self, name: str, lock: Path, *, first_after: float, every: float) -> None:
        self._name = name
        self._turn = MachineTurn(lock)
        self._first_after = first_after
        self._every = every
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begin, in a task of its own."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name=self._name)

    async def close(self) -> None:
        """Stop, in the middle if need be: what is left is found again."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,), timeout=_CLOSE_TIMEOUT_S)
        self._turn.give_up()

    @abstractmethod
    async def look(self) -> None:
        """Do what is to be done by now, unless another worker is about it.

        Raises DatabaseUnavailable, or what else the database says.
        """

    async def _run(self) -> None:
        await asyncio.sleep(self._first_after)
        while True:
            try:
                await self.look()
            except (DatabaseUnavailable, BaseORMException, OSError) as exc:
                # It can wait; the journal's consumer logs an outage.
                logger.debug("{} put off: {}", self._name, exc)
            await beat.pause(self._every)

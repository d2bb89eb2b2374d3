"""Kept answers that no request can find any more are removed from the machine's disk.

None is given since its project's epoch ended (`models.project_cache`), or its time was over: this
frees the room, and leaves nothing of what somebody wanted to be rid of. One worker of a machine is
about it, for as long as it lives.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID

from loguru import logger
from tortoise.exceptions import BaseORMException

from models import generation, project_cache
from models.errors import DatabaseUnavailable
from telemetry.machine_turn import MachineTurn

#: How often it is asked whether anything was changed: one row is read.
_EVERY_S: Final = 2.0
#: And how often all answers are looked at, for those whose time is over.
_ALL_EVERY_S: Final = 600.0
_CLOSE_TIMEOUT_S: Final = 0.5


class KeptAnswers(Protocol):
    """The machine's."""

    async def forget(self, current: dict[str, int]) -> int:
        """Remove what is of no project (by its id) in its epoch of `current`, and what is too old;
        how many answers that were."""


class VoidAnswers:
    """The background task of one worker. `directory` is the machine's DATA_DIR."""

    def __init__(self, directory: Path, answers: KeptAnswers, *, every: float = _EVERY_S) -> None:
        self._turn = MachineTurn(directory / "void-answers.lock")
        self._answers = answers
        self._every = every
        self._seen: int | None = None
        self._current: dict[UUID, int] | None = None
        #: When all are looked at again, by the loop's clock.
        self._next = 0.0
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begin, in a task of its own."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="void answers")

    async def close(self) -> None:
        """Stop, in the middle if need be: what is left is found again."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,), timeout=_CLOSE_TIMEOUT_S)
        self._turn.give_up()

    async def look(self) -> None:
        """Remove what is void by now, unless another worker is about it.

        Raises DatabaseUnavailable, or what else the database says.
        """
        if not self._turn.take():
            return
        now = asyncio.get_running_loop().time()
        seen = await generation.current()
        if seen == self._seen and now < self._next:
            return
        current = await project_cache.current()
        if current != self._current or now >= self._next:
            gone = await self._answers.forget({str(one): epoch for one, epoch in current.items()})
            if gone:
                logger.info("removed {} kept answers that are void or too old", gone)
            self._next = now + _ALL_EVERY_S
        self._seen, self._current = seen, current

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._every)
            try:
                await self.look()
            except (DatabaseUnavailable, BaseORMException, OSError) as exc:
                # It can wait: no request is given any of them.
                logger.debug("void answers stay for now: {}", exc)

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

from models import project_cache
from models.polling import Polling
from server.process.looking import Looking

#: How often it is looked whether anything was changed.
_EVERY_S: Final = 2.0
#: And how often all answers are looked at, for those whose time is over.
_ALL_EVERY_S: Final = 600.0


class KeptAnswers(Protocol):
    """The machine's."""

    async def last(self) -> int:
        """The id of the newest answer."""

    async def forget(self, current: dict[str, int], last: int) -> int:
        """Of the answers up to an id remove what is of no project (by its id) in its epoch of
        `current`, and what is too old; how many answers that were."""


class VoidAnswers(Looking):
    """The background task of one worker. `directory` is the machine's DATA_DIR."""

    def __init__(
        self,
        directory: Path,
        answers: KeptAnswers,
        polling: Polling,
        *,
        every: float = _EVERY_S,
    ) -> None:
        lock = directory / "void-answers.lock"
        super().__init__("void answers", lock, first_after=every, every=every)
        self._answers = answers
        self._polling = polling
        self._seen: int | None = None
        self._current: dict[UUID, int] | None = None
        #: When all are looked at again, by the loop's clock.
        self._next = 0.0

    async def look(self) -> None:
        """Remove what is void by now, unless another worker is about it.

        Raises DatabaseUnavailable, or what else the database says.
        """
        if not self._turn.take():
            return
        now = asyncio.get_running_loop().time()
        seen = await self._polling.generation()
        if seen == self._seen and now < self._next:
            return
        current = await project_cache.current()
        if current != self._current or now >= self._next:
            # What is kept after the epochs are read may be of a later one.
            last = await self._answers.last()
            current = await project_cache.current()
            gone = await self._answers.forget(
                {str(one): epoch for one, epoch in current.items()}, last
            )
            if gone:
                logger.info("removed {} kept answers that are void or too old", gone)
            self._next = now + _ALL_EVERY_S
        self._seen, self._current = seen, current

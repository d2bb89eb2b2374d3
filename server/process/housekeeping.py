"""What is removed once it is older than it has to be, in steps small enough to delay no request.

One worker of a machine does it at a time; several machines may, which costs nothing but a look.
Journal positions stay for good: a few bytes each, and a backup may bring their journals back.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from loguru import logger
from tortoise.exceptions import BaseORMException

from models import (
    AdminSession,
    events,
    heartbeats,
    key_states,
    objects,
    refusals,
    retention,
    upstream_tokens,
)
from models.errors import DatabaseUnavailable

_FIRST_AFTER_S: Final = 2.0
_EVERY_S: Final = 600.0
#: Between two steps, in seconds: other writers, the journal's consumer above all, come first.
_PAUSE_S: Final = 0.2
_CLOSE_TIMEOUT_S: Final = 0.5


class Housekeeping:
    """The background task of one worker. `directory` is the machine's DATA_DIR."""

    def __init__(
        self,
        directory: Path,
        *,
        log_days: int,
        first_after: float = _FIRST_AFTER_S,
        every: float = _EVERY_S,
        pause: float = _PAUSE_S,
    ) -> None:
        self._lock = directory / "housekeeping.lock"
        self._log_kept = timedelta(days=log_days)
        self._first_after = first_after
        self._every = every
        self._pause = pause
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begin, in a task of its own."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="housekeeping")

    async def close(self) -> None:
        """Stop, in the middle if need be: the next round goes on."""
        if self._task is not None:
            self._task.cancel()
            # A cancelled statement ends once the database has received the cancellation.
            await asyncio.wait((self._task,), timeout=_CLOSE_TIMEOUT_S)

    async def sweep(self) -> None:
        """Remove all that is too old now, unless another worker is about it.

        Raises DatabaseUnavailable, or what else the database says.
        """
        async with self._alone() as alone:
            if not alone:
                return
            present = datetime.now(UTC)
            await self._remove("requests", retention.prune_request_log, present - self._log_kept)
            await self._remove("minutes", retention.prune_minutes, present - retention.MINUTES_KEPT)
            await self._remove("refusals", refusals.prune_newest, present - self._log_kept)
            await self._remove("refusal counters", refusals.prune_hours, present - self._log_kept)
            await refusals.prune_writers(present - self._log_kept)
            await self._remove("responses", objects.forget, present - objects.FORGOTTEN_AFTER)
            await self._remove("events", events.prune, present - self._log_kept)
            await self._remove("events' keys", events.forget, present)
            await AdminSession.purge(present)
            await heartbeats.forget_the_dead(present)
            await upstream_tokens.purge(present)
            await key_states.forget(present)

    async def _run(self) -> None:
        await asyncio.sleep(self._first_after)
        while True:
            try:
                await self.sweep()
            except (DatabaseUnavailable, BaseORMException, OSError) as exc:
                # It can wait; the journal's consumer logs an outage.
                logger.debug("housekeeping postponed: {}", exc)
            await asyncio.sleep(self._every)

    async def _remove(
        self, what: str, step: Callable[[datetime], Awaitable[int]], before: datetime
    ) -> None:
        total = 0
        while removed := await step(before):
            total += removed
            await asyncio.sleep(self._pause)
        if total:
            logger.info("removed {} {} from before {:%Y-%m-%d %H:%M}", total, what, before)

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[bool]:
        """Whether no other worker of this machine is at it; none is until this block ends."""
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            yield False
            return
        try:
            yield True
        finally:
            os.close(descriptor)

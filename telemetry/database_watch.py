"""Whether the database takes writes now, found out by writing; and what waits for locked rows.

Reads say nothing of it: a replica answers them, and so does a server whose rows are locked.
On SQLite a write lock that is taken and let go says it, which costs the disk nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Literal, TypeAlias, get_args

from loguru import logger
from tortoise.exceptions import BaseORMException

from models import heartbeats, revocations
from models.errors import (
    DatabaseBlocked,
    DatabaseReadOnly,
    DatabaseUnavailable,
    TooManyConnections,
)
from proxy import beat
from proxy.deadline import StallTolerantDeadline

DatabaseState: TypeAlias = Literal["ok", "away", "read-only", "blocked"]
DATABASE_STATES: Final[tuple[DatabaseState, ...]] = get_args(DatabaseState)

_EVERY_S: Final = 1.2
#: While something is wrong: its end is to be known soon.
_RETRY_S: Final = 0.4
#: How long one write has: longer than reads have, so that it is known by then whether they do.
_PATIENCE_S: Final = 3.0
_CLOSE_TIMEOUT_S: Final = 0.5


class DatabaseWatch:
    """One worker's, named `worker` in the database; its task begins with `open`.

    `reads` says whether the database answers reads. `crowded` is called where the server takes no
    further connection, and this worker has none. `told` is told what was found, each time.
    `lacks` says whether no revocation is known to wait for locked rows.
    """

    def __init__(
        self,
        worker: str,
        *,
        reads: Callable[[], bool],
        crowded: Callable[[], None],
        told: Callable[[DatabaseState], Awaitable[None]] | None = None,
        lacks: Callable[[], bool] = lambda: False,
    ) -> None:
        self._worker = worker
        self._told = told
        self._lacks = lacks
        self._reads = reads
        self._crowded = crowded
        #: `ok` until something else was found out.
        self.state: DatabaseState = "ok"
        self._task: asyncio.Task[None] | None = None
        self._writing: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begin, in the running loop; the database may be away."""
        self._task = asyncio.get_running_loop().create_task(self._watch(), name="database-watch")

    async def close(self) -> None:
        """Stop, and remove this worker's row where that takes no time."""
        tasks = [task for task in (self._task, self._writing) if task is not None]
        for task in tasks:
            task.cancel()
        if self.state == "ok":
            tasks.append(asyncio.create_task(self._leave()))
        if tasks:
            await asyncio.wait(tasks, timeout=_CLOSE_TIMEOUT_S)

    async def _leave(self) -> None:
        try:
            await heartbeats.end(self._worker)
        except (DatabaseUnavailable, BaseORMException) as exc:
            logger.debug("heartbeat row not removed: {}", exc)

    async def _watch(self) -> None:
        while True:
            self._become(await self.look())
            if self._told is not None:
                await self._told(self.state)
            if self.state == "ok" and not self._lacks():
                await self._complete()
            await beat.pause(_EVERY_S if self.state == "ok" else _RETRY_S)

    async def look(self) -> DatabaseState:
        """Write a heartbeat; the state of the database after it.

        A write that takes too long is left alone rather than cancelled, and asked for again.
        """
        if self._writing is None:
            self._writing = asyncio.create_task(heartbeats.beat(self._worker))
        writing = self._writing
        if not await StallTolerantDeadline(_PATIENCE_S).done(writing):
            return "blocked" if self._reads() else "away"
        self._writing = None
        error = writing.exception()
        if isinstance(error, TooManyConnections):
            self._crowded()
        return _meaning(error)

    def _become(self, state: DatabaseState) -> None:
        if state != self.state:
            logger.log(*_TOLD[state])
            self.state = state

    async def _complete(self) -> None:
        try:
            waiting = await revocations.complete()
        except (DatabaseUnavailable, BaseORMException) as exc:
            logger.debug("revocations not written into their rows yet: {}", exc)
        else:
            if waiting:
                logger.debug("{} revocations in force, waiting for locked rows", waiting)


_TOLD: Final[dict[DatabaseState, tuple[str, str]]] = {
    "ok": ("INFO", "database writes succeed again"),
    "away": ("ERROR", "database unavailable: writes fail"),
    "read-only": ("ERROR", "database is read-only: nothing can be changed or counted"),
    "blocked": ("ERROR", "database writes are blocked by a lock or a slow disk"),
}


def _meaning(error: BaseException | None) -> DatabaseState:
    if error is None:
        return "ok"
    if isinstance(error, DatabaseReadOnly):
        return "read-only"
    return "blocked" if isinstance(error, DatabaseBlocked) else "away"

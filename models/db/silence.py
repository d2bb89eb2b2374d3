"""Finds out whether a PostgreSQL server that keeps us waiting is at work, or silent.

How long something takes says nothing: a report reads a million rows, a change waits for a lock, and
a busy pool has no connection to give. So the server is asked, on a connection of its own: one that
hangs does not take it. What waits then is given up, and what follows fails at once until the
server answers.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import asyncpg

from models.errors import DatabaseUnavailable

#: How long something waits before the server is asked, and between two questions.
_ASK_AFTER_S: Final = 2.0


class Silence:
    """One server's. `connect` connects to it once, and raises TimeoutError where it does not
    answer in time; `cut` cuts the connections that are in use."""

    def __init__(self, connect: Callable[[], Awaitable[None]], cut: Callable[[], None]) -> None:
        self._connect = connect
        self._cut = cut
        #: What waits, and when the server is to be asked because of it.
        self._waiting: dict[object, float] = {}
        self._acquiring: set[asyncio.Timeout] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._question: asyncio.Task[None] | None = None
        self._answers = 0
        self._is_silent = False

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Around whatever waits for the server, or for one of the connections to it."""
        wait = object()
        self._waiting[wait] = asyncio.get_running_loop().time() + _ASK_AFTER_S
        self._set_timer()
        try:
            yield
        finally:
            del self._waiting[wait]

    def answered(self) -> None:
        """A statement was: where no further connection is to be had, the server is still there."""
        self._answers += 1

    @asynccontextmanager
    async def acquiring(self) -> AsyncIterator[None]:
        """Around the wait for a connection. Raises TimeoutError where the server falls silent,
        and DatabaseUnavailable at once where it is."""
        if self._is_silent:
            self._ask()
            raise DatabaseUnavailable("The database does not answer.")
        async with asyncio.timeout(None) as timeout:
            self._acquiring.add(timeout)
            try:
                yield
            finally:
                self._acquiring.discard(timeout)

    def close(self) -> None:
        """Ask nothing more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._question is not None:
            self._question.cancel()

    def _set_timer(self) -> None:
        if self._timer is None and self._waiting:
            due = min(self._waiting.values())
            self._timer = asyncio.get_running_loop().call_at(due, self._look)

    def _look(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        overdue = [wait for wait, due in self._waiting.items() if due <= now]
        if overdue:
            self._ask()
            self._waiting |= dict.fromkeys(overdue, now + _ASK_AFTER_S)
        self._set_timer()

    def _ask(self) -> None:
        if self._question is None or self._question.done():
            self._question = asyncio.get_running_loop().create_task(self._hear())

    async def _hear(self) -> None:
        answers = self._answers
        try:
            await self._connect()
        except TimeoutError:
            if self._answers == answers:
                self._give_up()
        except (
            OSError,
            asyncpg.PostgresError,
            asyncpg.InterfaceError,
            asyncpg.InternalClientError,
        ):
            # Not what was hoped for, but what is asked of it is answered as soon.
            self._is_silent = False
        else:
            self._is_silent = False

    def _give_up(self) -> None:
        self._is_silent = True
        acquiring, self._acquiring = self._acquiring, set()
        for timeout in acquiring:
            timeout.reschedule(0.0)
        self._cut()

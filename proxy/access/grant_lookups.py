"""Look-ups of secrets that are not cached, put to the database many at a time.

Anybody can make up tokens that are well formed. A query for each would have honest new tokens wait
behind thousands of them; together, some two hundred cost little more than one.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final, Generic, TypeVar

from models.errors import DatabaseUnavailable

T = TypeVar("T")

#: Digests in one query, and queries under way.
_BATCH: Final = 200
_AT_ONCE: Final = 2
#: Requests that wait for an answer; more come only where the database is slower than they are.
_WAITING_MAX: Final = 5_000


class Lookups(Generic[T]):
    """`load` says what some digests lead to: nothing where one is missing, or an error of its own.

    What it raises goes to all that asked.
    """

    def __init__(
        self, load: Callable[[list[str]], Coroutine[Any, Any, Mapping[str, T | Exception]]]
    ) -> None:
        self._load = load
        self._queue: deque[str] = deque()
        self._waiting: dict[str, asyncio.Future[T | None]] = {}
        self._running: set[asyncio.Task[None]] = set()

    async def find(self, digest: str) -> T | None:
        """What `load` says of it. Raises DatabaseUnavailable where too many wait already."""
        future = self._waiting.get(digest)
        if future is None:
            if len(self._waiting) >= _WAITING_MAX:
                raise DatabaseUnavailable("Too many tokens are being looked up.")
            future = asyncio.get_running_loop().create_future()
            self._waiting[digest] = future
            self._queue.append(digest)
            if len(self._running) < _AT_ONCE:
                # A task of its own: the client that asked may leave while others wait for it.
                self._running.add(asyncio.get_running_loop().create_task(self._work()))
        return await asyncio.shield(future)

    async def _work(self) -> None:
        while self._queue:
            batch = [self._queue.popleft() for _ in range(min(_BATCH, len(self._queue)))]
            try:
                found = await self._load(batch)
            except Exception as exc:  # noqa: BLE001  (those who wait must learn of it)
                for digest in batch:
                    self._answer(digest, exc)
            else:
                for digest in batch:
                    self._answer(digest, found.get(digest))
        # In the step that found nothing more to do: whoever asks next must not rely on it.
        if (task := asyncio.current_task()) is not None:
            self._running.discard(task)

    def _answer(self, digest: str, answer: T | Exception | None) -> None:
        future = self._waiting.pop(digest)
        if isinstance(answer, Exception):
            future.set_exception(answer)
            # Read, so that asyncio does not report an error whose callers have all left.
            future.exception()
        else:
            future.set_result(answer)

    def close(self) -> None:
        """Ask no more."""
        for task in self._running:
            task.cancel()

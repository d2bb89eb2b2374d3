"""Look-ups of secrets that are not cached, many in one query.

Anyone can make up well-formed tokens. With a query for each, a valid new token would wait behind
thousands of them; one query for two hundred costs little more than one for a single digest.
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
#: Digests that wait for a result; more only come where the database is slower than requests.
_WAITING_MAX: Final = 5_000


class Lookups(Generic[T]):
    """Batches calls of `load`, which returns a value or an error by digest; None for a missing one.

    What `load` raises itself is raised to every caller whose digest was in the batch.
    """

    def __init__(
        self, load: Callable[[list[str]], Coroutine[Any, Any, Mapping[str, T | Exception]]]
    ) -> None:
        self._load = load
        self._queue: deque[str] = deque()
        self._waiting: dict[str, asyncio.Future[T | None]] = {}
        self._running: set[asyncio.Task[None]] = set()

    async def find(self, digest: str) -> T | None:
        """The result for one digest. Raises DatabaseUnavailable where too many wait already."""
        future = self._waiting.get(digest)
        if future is None:
            if len(self._waiting) >= _WAITING_MAX:
                raise DatabaseUnavailable("Too many tokens are being looked up.")
            future = asyncio.get_running_loop().create_future()
            self._waiting[digest] = future
            self._queue.append(digest)
            if len(self._running) < _AT_ONCE:
                # A task of its own: the client that asked first may leave while others wait.
                self._running.add(asyncio.get_running_loop().create_task(self._work()))
        return await asyncio.shield(future)

    async def _work(self) -> None:
        while self._queue:
            batch = [self._queue.popleft() for _ in range(min(_BATCH, len(self._queue)))]
            try:
                found = await self._load(batch)
            except Exception as exc:  # noqa: BLE001  (raised to those who wait)
                for digest in batch:
                    self._answer(digest, exc)
            else:
                for digest in batch:
                    self._answer(digest, found.get(digest))
        # Without an await after the queue was found empty: else the next `find` could count on a
        # task that is about to end.
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
